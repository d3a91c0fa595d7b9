"""Combine Redshift Catalogs: one catalogue from several, with homogenised flags and resolved duplicates."""

from pipelines.combine.combination import Combined, combine_redshifts
from pipelines.combine.configuration import CombineConfiguration, load_configuration, load_rules
from pipelines.combine.gathering import Spill
from pipelines.combine.report import CombineReport
from pipelines.combine.rules import FlagsTranslation

__all__ = [
    "CombineConfiguration",
    "CombineReport",
    "Combined",
    "FlagsTranslation",
    "Spill",
    "combine_redshifts",
    "load_configuration",
    "load_rules",
]
