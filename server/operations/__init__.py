"""What the operator runs on a server, and what a server does by itself at intervals."""
