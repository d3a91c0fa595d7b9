"""The deployment that is killed: PostgreSQL, Redis, web processes, workers, and where they are there nginx and S3."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.deployment import Deployment, Part
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.redis import RedisServer, redis_server
from tests.support.server import Account

__all__ = ["ChaosSite", "running_site"]


@dataclass(frozen=True, slots=True)
class ChaosSite:
    """A running deployment.

    Parameters
    ----------
    env
        Settings of its parts, with which commands can be run beside them.
    """

    deployment: Deployment
    postgres: PostgresServer
    redis: RedisServer
    account: Account

    @property
    def env(self) -> Mapping[str, str]:
        return self.deployment.env

    @property
    def urls(self) -> list[str]:
        """Addresses of the web processes."""
        return [server.url for server in self.deployment.servers]

    @property
    def victims(self) -> list[str]:
        """What can be killed: the parts, and a random process that one of them started."""
        parts = [part.name for part in self.deployment.parts]
        return [*parts, *(f"child of {name}" for name in parts), "redis", "postgres"]

    def kill(self, victim: str, choose: random.Random) -> Callable[[], None]:
        """Kill something at once; give the function that starts it again and waits until it is ready."""
        if victim == "redis":
            self.redis.kill()
            return self.redis.start
        if victim == "postgres":
            self.postgres.crash()
            return self.postgres.start
        part = self._part(victim.removeprefix("child of "))
        if victim.startswith("child of "):
            children = part.process.children(recursive=True)
            if children:
                child = choose.choice(sorted(children, key=lambda child: child.pid))
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            return lambda: None
        part.kill()
        return part.start

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
    folder: Path, binaries: Path, redis_binary: str, *, servers: int, workers: int, extra: Mapping[str, str]
) -> Iterator[ChaosSite]:
    """Start a deployment on private servers of its own, and stop it at the end."""
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres(binaries, durable=True))
        url = stack.enter_context(postgres.new_database())
        redis = stack.enter_context(redis_server(redis_binary))
        env = {
            "PHOTOZ_DATABASE_URL": url,
            "PHOTOZ_JOB_QUEUE": "celery",
            "PHOTOZ_REDIS_URL": redis.url,
            "PHOTOZ_STOP_SECONDS": "5",
            **extra,
        }
        deployment = Deployment(folder, env, servers=servers, workers=workers)
        stack.callback(deployment.close)
        yield ChaosSite(deployment, postgres, redis, deployment.start())
