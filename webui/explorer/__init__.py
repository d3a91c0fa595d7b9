"""Data explorer: selections of the rows of a table, their pages, and statistics of their columns."""
