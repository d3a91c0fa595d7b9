"""The migrations of the database, run by ``photoz migrate`` and at each start of the server."""
