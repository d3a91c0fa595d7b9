"""Engines on which pipelines compute: this process, or Dask."""
