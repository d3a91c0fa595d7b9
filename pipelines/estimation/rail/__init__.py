"""Algorithms of RAIL, which run as processes in an environment of their own."""
