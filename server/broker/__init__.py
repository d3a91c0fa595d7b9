"""Celery and Redis: job queue, workers, periodic tasks."""
