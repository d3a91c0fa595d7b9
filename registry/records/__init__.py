"""Records: what the registry says of products, and of the services of this server."""
