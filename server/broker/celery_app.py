"""Celery application: Redis carries the ids of jobs, and nothing else, to one task.

The state of a job is in the database alone. A message may therefore be lost or come twice: the recovery of jobs sends
the id of a waiting job again, and a job can be claimed once.
"""

import json

import redis
from celery import Celery
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = [
    "LONG_PRIORITY",
    "MARK_SECONDS",
    "RUN_JOB",
    "SHORT_PRIORITY",
    "broker_client",
    "make_celery",
    "sent_mark",
    "waiting_ids",
]

#: Name of the task; its one argument is a job's id, which is the id of the task, too.
RUN_JOB = "photoz.run_job"

#: With Redis the lowest number is served first.
SHORT_PRIORITY, LONG_PRIORITY = 0, 9

#: Lifetime of the mark of a sent id. A worker renews the marks of the messages that it holds, so those of a dead worker
#: are sent again after it, at the next recovery.
MARK_SECONDS = 15

_QUEUE = "photoz.jobs"
_PRIORITY_SEPARATOR = "\x06\x16"  # of kombu, between the name of a queue and a priority
_ANSWER_SECONDS = 1.0

# Redis delivers a message again that was not acknowledged for this time, because it considers its worker dead. Nothing
# depends on that here, and jobs may take a day.
_VISIBILITY_SECONDS = 2 * 24 * 3600


def make_celery(redis_url: str, *, patient: bool) -> Celery:
    """Construct the Celery application of one process.

    Parameters
    ----------
    patient
        Whether to wait for an unavailable broker, as a worker does; a server that submits jobs fails at once.
    """
    app = Celery("photoz", broker=redis_url, set_as_current=False)
    transport = {
        "visibility_timeout": _VISIBILITY_SECONDS,
        "priority_steps": [SHORT_PRIORITY, LONG_PRIORITY],
        "queue_order_strategy": "priority",
    }
    impatient = {
        "socket_timeout": _ANSWER_SECONDS,
        "socket_connect_timeout": _ANSWER_SECONDS,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
    }
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_default_queue=_QUEUE,
        task_acks_late=True,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        worker_pool_start_method="fork",  # the task is a closure, which a fresh interpreter would not have
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # the database, not the broker, knows who runs a job
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=transport if patient else transport | impatient,
    )
    return app


def broker_client(redis_url: str) -> redis.Redis:
    """Open a connection to the broker beside that of Celery, with the same short timeouts."""
    return redis.Redis.from_url(
        redis_url,
        socket_timeout=_ANSWER_SECONDS,
        socket_connect_timeout=_ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )


def sent_mark(job_id: str) -> str:
    """Return the Redis key that exists while an id is known to wait in the broker, or in a living worker."""
    return f"photoz:sent:{job_id}"


def waiting_ids(broker: redis.Redis) -> frozenset[str]:
    """Return the ids of the jobs whose messages wait in the broker, and were not taken by a worker.

    Raises
    ------
    redis.RedisError
        The broker does not answer.
    """
    messages: list[bytes] = []
    for key in (_QUEUE, f"{_QUEUE}{_PRIORITY_SEPARATOR}{LONG_PRIORITY}"):
        messages += broker.lrange(key, 0, -1)  # type: ignore[arg-type]  # this client is no asynchronous one
    return frozenset(str(json.loads(message)["headers"]["id"]) for message in messages)
