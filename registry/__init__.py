"""Registry interface: how clients find the services of this server."""
