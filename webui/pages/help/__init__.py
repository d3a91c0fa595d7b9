"""Pages of help: the documentation of this version, its search, and texts that administrators write."""
