"""Pages of pipelines and their runs."""
