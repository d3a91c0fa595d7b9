"""Photo-z estimators as a pipeline: training on redshifts of known objects, and densities p(z) of others."""
