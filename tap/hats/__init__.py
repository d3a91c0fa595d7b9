"""HATS catalogues (IVOA Note HATS 1.0) of the tables of products, cut from their stored rows on request."""
