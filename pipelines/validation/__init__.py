"""Validation of photo-z estimates against reference redshifts: matching, metrics, figures."""
