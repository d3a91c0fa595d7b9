"""Functions of ADQL: signatures, calls, aggregates, casts, geometry, and the user-defined functions."""
