"""kill -9 of any part at any moment while clients work.

``make chaos`` runs two hundred rounds with another seed each time (``ROUNDS=``, ``SEED=``); here are a few with one.
"""

import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.invariants import check, check_store
from tests.chaos.ledger import Ledger
from tests.chaos.targets import ChaosSite, running_site
from tests.chaos.work import ROWS, Worker
from tests.support.nginx import nginx_binary
from tests.support.postgres import postgres_binaries
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "0"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
SHORT = ("web-0", "worker-0", "postgres", "redis", "backup")
CLIENTS = 4 if ROUNDS else 2


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "t.csv"
    lines = [f"{i},{i % 360}.5,{i % 90}.25,{i % 30 / 10}" for i in range(ROWS)]
    path.write_text("\n".join(["objid,RAJ2000,DEJ2000,zspec", *lines, ""]))
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosSite]:
    binaries, redis = postgres_binaries(), shutil.which("redis-server")
    if binaries is None or redis is None:
        pytest.skip("PostgreSQL or Redis is not installed: apt-get install postgresql redis-server")
    nginx = nginx_binary() if ROUNDS else None
    if ROUNDS and nginx is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    folder, count = tmp_path_factory.mktemp("chaos"), 2 if ROUNDS else 1
    with (
        running_site(folder, binaries, redis, servers=count, workers=count, nginx_binary=nginx) as site,
        pytest.MonkeyPatch.context() as patch,
    ):
        if site.nginx is not None:
            patch.setenv("REQUESTS_CA_BUNDLE", str(site.nginx.certificate))
        yield site


def test_whatever_is_killed_nothing_that_was_answered_is_lost(site: ChaosSite, table: Path):
    choose, ledger = random.Random(SEED), Ledger()  # noqa: S311 - the same again with the same seed
    _try_each_action(site, table, ledger)
    victims = [choose.choice(site.victims) for _ in range(ROUNDS)] or list(SHORT)
    for number, victim in enumerate(victims):
        _round(site, table, ledger, victim, choose)
        if ROUNDS:
            print(f"round {number} of seed {SEED}: {victim}, {ledger.done} actions done", flush=True)
            check(site, ledger, table)
    check(site, ledger, table)
    assert ledger.done > len(victims)
    check_store(site)
    if ROUNDS:  # the last victim of the short form is a backup
        print(f"what succeeded: {dict(ledger.succeeded)}", flush=True)
        site.back_up()


def _try_each_action(site: ChaosSite, table: Path, ledger: Ledger) -> None:
    """Do each action while nothing is killed: one that never succeeds would be taken for one that kills disturb."""
    client = Worker(site.urls, site.account.token, table, ledger, random.Random(SEED))  # noqa: S311 - as below
    for action in client.actions:
        assert action(), f"{action.__name__} fails although nothing is killed"


def _round(site: ChaosSite, table: Path, ledger: Ledger, victim: str, choose: random.Random) -> None:
    """Let clients work, kill something at a random moment of it, start it again, and let them work on."""
    ended, done = threading.Event(), ledger.done
    seeds = [random.Random(choose.random()) for _ in range(CLIENTS)]  # noqa: S311 - as above
    clients = [Worker(site.urls, site.account.token, table, ledger, seed) for seed in seeds]
    threads = [threading.Thread(target=client.run, args=(ended,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        time.sleep(choose.uniform(0, 1.5))  # the moment is the case
        start_again = site.kill(victim, choose)
        time.sleep(choose.uniform(0, 0.5))  # while it is away
        start_again()
        site.revive()
        wait_for(lambda: ledger.done >= done + CLIENTS, f"after the kill of {victim} nothing is answered")
    finally:
        ended.set()
        for thread in threads:
            thread.join(180)
    assert not any(thread.is_alive() for thread in threads), f"a request hangs after the kill of {victim}"
