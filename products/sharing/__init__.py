"""Sharing of products: groups, co-owners, new owners, and links for people without an account."""
