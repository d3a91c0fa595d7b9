"""Survey catalogues: HATS catalogues that administrators register as tables of the schema ``hats``."""
