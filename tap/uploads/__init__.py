"""Tables brought by users: TAP_UPLOAD and persistent tables."""
