"""Files of products: adding, removing, downloads, names and media types."""
