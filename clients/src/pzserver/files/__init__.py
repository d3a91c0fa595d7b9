"""Files of products: downloads, and readers of tables."""
