"""Tables of users in schemas of their own, managed through TAP (VOSI 1.2 draft)."""
