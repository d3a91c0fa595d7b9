"""Kills of any part of a whole deployment at any moment, and what must hold afterwards."""
