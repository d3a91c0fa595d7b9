"""REST resources of challenges, their submissions and their boards."""
