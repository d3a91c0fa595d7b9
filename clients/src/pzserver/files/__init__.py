"""Files of products: downloads, and readers of tables."""

__all__: list[str] = []
