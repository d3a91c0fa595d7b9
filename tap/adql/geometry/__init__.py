"""Geometry of ADQL: predicates, shapes, MOC coverage, HEALPix ranges."""
