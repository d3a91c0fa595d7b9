"""The pages that people see, and the REST API under ``/api``; both are thin covers over the services."""
