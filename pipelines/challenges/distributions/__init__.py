"""Binned distributions of submissions: PIT, estimates against the truth, and N(z), and what is shown of them."""
