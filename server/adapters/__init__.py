"""Join packages that must not import each other."""
