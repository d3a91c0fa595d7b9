"""Pages of challenges: list, challenge, board, submissions, and their management."""
