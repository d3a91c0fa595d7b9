"""REST resources of processes."""
