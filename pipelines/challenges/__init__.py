"""Challenges: photo-z estimates of many people, scored on the same hidden truth."""
