"""Boards and scores in the forms of papers: tables, figures, and all of them in one archive."""
