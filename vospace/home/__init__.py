"""Nodes below /home, which users own."""
