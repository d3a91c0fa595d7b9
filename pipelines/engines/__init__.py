"""Execution engines of pipelines: the process of the job, or a Dask cluster."""
