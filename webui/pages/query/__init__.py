"""Query page: editor, results, jobs, and what is done with results."""
