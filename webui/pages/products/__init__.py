"""Pages of products: search, one product, sharing, deleted products."""
