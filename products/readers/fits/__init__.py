"""Reader of FITS tables."""
