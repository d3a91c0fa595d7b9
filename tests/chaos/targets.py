"""The deployment that is killed: PostgreSQL, Redis, web processes, workers, and where they are there nginx and S3."""

import os
import random
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.commands import photoz
from tests.support.deployment import Deployment, Part
from tests.support.forwarder import Forwarder, running_forwarder
from tests.support.nginx import Nginx, running_nginx
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.processes import private_folder
from tests.support.redis import RedisServer, redis_server
from tests.support.s3 import running_s3
from tests.support.server import Account, warm_starter

SHIPPED = Path(__file__).resolve().parents[2] / "server" / "deployment" / "photoz.nginx.conf"

__all__ = ["ChaosSite", "running_site"]


@dataclass(frozen=True, slots=True)
class ChaosSite:
    """A running deployment.

    Parameters
    ----------
    env
        Settings of its parts, with which commands can be run beside them.
    backups
        Folder into which the server is backed up.
    nginx, s3
        The proxy, and the connections to S3; none in the short form.
    """

    deployment: Deployment
    postgres: PostgresServer
    redis: RedisServer
    account: Account
    backups: Path
    nginx: Nginx | None = None
    s3: Forwarder | None = None

    @property
    def env(self) -> Mapping[str, str]:
        return self.deployment.env

    @property
    def urls(self) -> list[str]:
        """Addresses of the web processes, and of the proxy before them."""
        servers = [server.url for server in self.deployment.servers]
        return servers if self.nginx is None else [*servers, self.nginx.url]

    @property
    def victims(self) -> list[str]:
        """What can be killed: the parts, a random process that one of them started, beat of a worker, and a backup."""
        parts = [part.name for part in self.deployment.parts]
        beats = [f"beat of {part.name}" for part in self.deployment.workers]
        return [*parts, *(f"child of {name}" for name in parts), *beats, *self._others, "backup"]

    @property
    def _others(self) -> Mapping[str, "RedisServer | Nginx | Forwarder"]:
        known = {"redis": self.redis, "nginx": self.nginx, "s3": self.s3}
        return {name: each for name, each in known.items() if each is not None}

    def kill(self, victim: str, choose: random.Random) -> Callable[[], None]:
        """Kill something at once; give the function that starts it again and waits until it is ready."""
        if victim in self._others:
            self._others[victim].kill()
            return self._others[victim].start
        if victim == "postgres":
            self.postgres.crash()
            return self.postgres.start
        if victim == "backup":
            return self._kill_backup(choose)
        part = self._part(victim.removeprefix("child of ").removeprefix("beat of "))
        if part.name != victim:
            children = part.process.children(recursive=victim.startswith("child of "))
            if victim.startswith("beat of "):  # processes of the pool have one for their jobs
                children = [child for child in children if not child.children()]
            if children:
                child = choose.choice(sorted(children, key=lambda child: child.pid))
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            return lambda: None
        part.kill()
        return part.start

    def _kill_backup(self, choose: random.Random) -> Callable[[], None]:
        """Kill a backup at a random moment; the next one must be whole, whatever it left."""
        env = dict(os.environ) | dict(self.env) | {"PHOTOZ_DATA": str(self.deployment.data)}
        words, log = ["backup", str(self.backups)], self.backups.with_suffix(".log")
        running = warm_starter().start(words, env=env, output=log)
        with suppress(subprocess.TimeoutExpired):
            running.wait(choose.uniform(0, 2))  # the moment is the case
        running.kill()
        running.wait()
        return self.back_up

    def back_up(self) -> None:
        """Back the server up, and read the backup."""
        for words in ((), ("--verify",)):
            photoz("backup", str(self.backups), *words, data=self.deployment.data, env=self.env)

    def _part(self, name: str) -> Part:
        return next(part for part in self.deployment.parts if part.name == name)

    def revive(self) -> None:
        """Start the parts that ended by themselves, as a service manager does, and wait until all are ready."""
        for part in self.deployment.parts:
            if not part.is_running:
                part.start()
        for part in self.deployment.servers:
            part.wait_until_ready()


@contextmanager
def running_site(
    folder: Path, binaries: Path, redis_binary: str, *, servers: int, workers: int, nginx_binary: str | None = None
) -> Iterator[ChaosSite]:
    """Start a deployment on private servers of its own, and stop it at the end.

    Parameters
    ----------
    nginx_binary
        With it there are a proxy before the servers, and files in S3.
    """
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres(binaries, durable=True))
        url = stack.enter_context(postgres.new_database())
        redis = stack.enter_context(redis_server(redis_binary))
        env = {
            "PHOTOZ_DATABASE_URL": url,
            "PHOTOZ_JOB_QUEUE": "celery",
            "PHOTOZ_REDIS_URL": redis.url,
            "PHOTOZ_STOP_SECONDS": "5",
        }
        s3 = None
        if nginx_binary is not None:
            target = int(stack.enter_context(running_s3("photoz")).rpartition(":")[2])
            s3 = stack.enter_context(running_forwarder(target, folder / "s3.log"))
            env |= {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3.port}", "PHOTOZ_FILES_URL": "s3://photoz/files"}
            env["PHOTOZ_ROWS_URL"] = "s3://photoz/rows"
            env["PHOTOZ_FORWARDING_PROXIES"] = "127.0.0.1"
        deployment = Deployment(folder, env, servers=servers, workers=workers)
        stack.callback(deployment.close)
        account = deployment.start()
        nginx = nginx_binary and stack.enter_context(_nginx(nginx_binary, deployment, stack))
        yield ChaosSite(deployment, postgres, redis, account, folder / "backups", nginx or None, s3)


def _nginx(binary: str, deployment: Deployment, stack: ExitStack) -> AbstractContextManager[Nginx]:
    folder = stack.enter_context(private_folder("nginx", None))
    folder.chmod(0o755)  # its workers are another user
    ports = [server.port for server in deployment.servers]
    return running_nginx(binary, SHIPPED, folder, ports, (free_port(), free_port()))
