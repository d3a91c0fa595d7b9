"""Runs of pipelines: requests, checks, the job function, progress, completion, provenance."""
