"""Pages of the data explorer over HTTP."""
