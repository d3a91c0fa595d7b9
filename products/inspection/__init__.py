"""What a table holds and what its columns probably mean."""
