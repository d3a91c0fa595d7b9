"""Arithmetic of each form of densities, as classes with one interface."""
