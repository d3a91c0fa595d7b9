"""UWS over HTTP: the resource tree, its parameters and documents, blocking requests, events."""
