"""Files in VOSpace: nodes, transfers, and a filesystem for fsspec."""
