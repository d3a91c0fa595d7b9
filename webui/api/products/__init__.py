"""REST resources of products."""
