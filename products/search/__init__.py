"""Search of products: queries, facets and sky coverage."""
