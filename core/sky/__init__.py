"""Arithmetic on the sphere: HEALPix, MOC, polygons, regions, epochs, cosmology; and the conventions of HATS files.

Nothing here knows ADQL, an engine or a product, and importing it is cheap: query processes are small until they need
more.
"""
