"""Arithmetic on photometric redshift probability densities, p(z): densities, CDFs, quantiles, scores, stacks.

Nothing here knows ADQL, a product or a file, and importing it is cheap. The numbers are those of ``qp`` (DESC's
library for ensembles of densities, PyPI ``qp-prob``), by vectorised arithmetic on arrays.
"""
