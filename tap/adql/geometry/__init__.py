"""Geometry of ADQL as SQL: predicates, shapes, coverage maps, HEALPix ranges."""
