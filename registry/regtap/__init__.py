"""Relational registry: records as rows of the tables of RegTAP 1.1."""

from registry.regtap.capability_rows import CAPABILITY_DETAILS
from registry.regtap.rows import coarse_coverage
from registry.regtap.source import AllTableSources, RegistryTableSource

__all__ = ["CAPABILITY_DETAILS", "AllTableSources", "RegistryTableSource", "coarse_coverage"]
