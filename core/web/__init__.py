"""HTTP for all services: DALI parameters, multipart forms, routes, streaming responses."""
