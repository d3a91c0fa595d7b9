"""DuckDB engine: a pool of sandboxed query processes."""
