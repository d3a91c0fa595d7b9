"""Catalogues under the name of their module in version 0.3."""

from pzserver.compat.catalogs import Catalog, SpeczCatalog, TrainingSet

__all__ = ["Catalog", "SpeczCatalog", "TrainingSet"]
