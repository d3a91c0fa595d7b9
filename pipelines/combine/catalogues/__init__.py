"""Catalogues of a combination: their columns are mapped, flags homogenised, rows cut, part by part."""

from pipelines.combine.catalogues.mapping import CatalogueError, WrongValuesError
from pipelines.combine.catalogues.models import PreparedCatalogue, PreparedRows
from pipelines.combine.catalogues.preparation import CataloguePreparation
from pipelines.combine.catalogues.priorities import priorities_of, priority_columns

__all__ = [
    "CatalogueError",
    "CataloguePreparation",
    "PreparedCatalogue",
    "PreparedRows",
    "WrongValuesError",
    "priorities_of",
    "priority_columns",
]
