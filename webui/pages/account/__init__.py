"""Pages of the user's account: sign-in, tokens, groups."""
