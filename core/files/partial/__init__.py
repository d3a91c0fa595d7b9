"""Files that arrive in parts at any of several servers: pieces in an object store, and their order in the database."""
