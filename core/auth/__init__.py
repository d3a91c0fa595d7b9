"""Accounts, tokens and sessions, and the identity of each request."""
