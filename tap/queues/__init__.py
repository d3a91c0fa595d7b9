"""Queries that wait for their turn: in this process, and what other processes tell of theirs."""
