"""Products as objects: metadata, columns and rows."""

__all__: list[str] = []
