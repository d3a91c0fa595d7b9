"""Tables that users keep in a schema of their own: made, filled, shared and removed through TAP (VOSI 1.2 draft)."""
