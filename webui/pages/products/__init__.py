"""Pages of products: search, one product, drafts, sharing, deleted products."""
