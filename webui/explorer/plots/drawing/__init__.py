"""Plots drawn as SVG documents, with classes for the style sheet instead of colours."""
