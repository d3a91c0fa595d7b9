"""Lifecycle of a job: fair share of the queue, completion, destruction, recovery."""
