"""Estimators of photometric redshifts."""
