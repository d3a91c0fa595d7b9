"""TAP 1.1 with ADQL 2.1 on the metadata and tables of products; Simple Cone Search and DataLink on the same."""
