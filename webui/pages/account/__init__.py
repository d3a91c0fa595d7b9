"""Pages of an account: sign-in, tokens, groups."""
