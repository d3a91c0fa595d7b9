"""Modules that version 0.3 has directly below ``pzserver``, where they are found by its path."""
