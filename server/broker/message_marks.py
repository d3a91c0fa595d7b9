"""Marks of the messages that a Celery worker holds: taken from the broker, and not begun by a process of its pool."""

import logging
import threading

import redis
from celery.worker import state

from server.broker.celery_app import MARK_SECONDS, broker_client, sent_mark

__all__ = ["MessageMarks"]

_RENEW_SECONDS = 4.0

_logger = logging.getLogger(__name__)


class MessageMarks:
    """Thread of the main process of a worker that renews the marks of the ids in its messages.

    Redis does not tell whether the worker that took a message still lives. The marks of a dead one are renewed no more,
    and the recovery sends its ids again.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._closed = threading.Event()

    def start(self, **_: object) -> None:
        """Start when the worker is ready; the processes of its pool have been forked by then."""
        threading.Thread(target=self._renew, name="message marks", daemon=True).start()

    def close(self) -> None:
        """Renew no more."""
        self._closed.set()

    def _renew(self) -> None:
        broker = broker_client(self._redis_url)
        while not self._closed.wait(_RENEW_SECONDS):
            try:
                for request in tuple(state.reserved_requests):
                    broker.expire(sent_mark(request.id), MARK_SECONDS)  # nothing when the job has begun
            except (redis.RedisError, OSError, RuntimeError) as e:  # RuntimeError: the set changed just now
                _logger.debug("marks were not renewed: %s", e)
        broker.close()
