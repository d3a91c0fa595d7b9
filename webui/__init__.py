"""Web pages, and the REST API under ``/api``: a thin layer over the services of the other packages."""
