"""The commands of `photoz`."""
