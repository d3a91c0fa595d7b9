"""Photometry kernels: AB magnitudes from fluxes, and dereddening."""

from pipelines.photometry.coefficients import EXTINCTION_COEFFICIENTS, ExtinctionCoefficients
from pipelines.photometry.configuration import Dereddening, PhotometryConfiguration
from pipelines.photometry.conversion import BandSummary, add_magnitudes, photometry_columns
from pipelines.photometry.magnitudes import dereddened, magnitude_errors, magnitudes_of_fluxes

__all__ = [
    "EXTINCTION_COEFFICIENTS",
    "BandSummary",
    "Dereddening",
    "ExtinctionCoefficients",
    "PhotometryConfiguration",
    "add_magnitudes",
    "dereddened",
    "magnitude_errors",
    "magnitudes_of_fluxes",
    "photometry_columns",
]
