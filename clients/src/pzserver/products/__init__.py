"""Products as objects: metadata, columns and rows."""
