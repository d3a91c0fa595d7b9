"""The process that forks Celery workers with the kinds of job of the tests; run as a script by ``WarmStarter``."""

import importlib
import sys
from pathlib import Path

__all__: list[str] = []

# What Celery, SQLAlchemy and Redis import when they start.
_IMPORTED = (
    *("celery.apps.worker", "celery.beat", "celery.concurrency.prefork", "celery.concurrency.asynpool"),
    *("celery.worker.consumer", "celery.worker.control", "celery.app.trace", "celery.backends.base", "celery.app.amqp"),
    *("kombu.transport.redis", "kombu.asynchronous.hub", "billiard.pool", "billiard.sharedctypes"),
    *("sqlalchemy.dialects.postgresql.psycopg2", "psycopg2.extras", "encodings.idna"),
)

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2]))
    from tests.support.warm_process import serve
    from tests.uws.celery_workers import main

    for name in _IMPORTED:
        importlib.import_module(name)
    serve(main)
