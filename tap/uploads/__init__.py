"""Tables of users: TAP_UPLOAD of one query, and persistent tables."""
