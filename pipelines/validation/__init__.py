"""Validation of photo-z estimates against reference redshifts: matching, metrics, figures."""

from pipelines.validation.configuration import ValidationColumns, ValidationConfiguration, ValidationParameters
from pipelines.validation.files import FileValidation, validate_files
from pipelines.validation.validation import NamedTable, validate_estimates

__all__ = [
    "FileValidation",
    "NamedTable",
    "ValidationColumns",
    "ValidationConfiguration",
    "ValidationParameters",
    "validate_estimates",
    "validate_files",
]
