"""JSON representations of products and processes."""
