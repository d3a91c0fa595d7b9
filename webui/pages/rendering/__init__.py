"""Rendering of pages: templates and Markdown."""
