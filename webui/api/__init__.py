"""REST API under ``/api``: JSON for scripts, for the ``pzserver`` library, and for the scripts of the pages."""
