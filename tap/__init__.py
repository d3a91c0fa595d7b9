"""TAP 1.1: the metadata of products and the rows of their tables, queried in ADQL 2.1."""
