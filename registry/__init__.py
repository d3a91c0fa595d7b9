"""How clients and registries find the services of this server."""
