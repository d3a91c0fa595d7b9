"""Pages of jobs of all kinds."""
