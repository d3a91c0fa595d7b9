"""Readers of photo-z probability densities, in the forms of qp (https://qp.readthedocs.io) and as nested lists."""
