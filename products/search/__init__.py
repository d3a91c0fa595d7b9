"""Search of products: queries, facets, and coverage of the sky."""
