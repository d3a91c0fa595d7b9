"""Combine Redshift Catalogs: several catalogues become one, with one system of flags and duplicates resolved."""

from pipelines.combine.combination import Combined, combine_redshifts
from pipelines.combine.configuration import CombineConfiguration, load_configuration, load_rules
from pipelines.combine.report import CombineReport
from pipelines.combine.rules import FlagsTranslation

__all__ = [
    "CombineConfiguration",
    "CombineReport",
    "Combined",
    "FlagsTranslation",
    "combine_redshifts",
    "load_configuration",
    "load_rules",
]
