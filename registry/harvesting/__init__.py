"""Harvesting of other registries: their records stand in RegTAP beside those of this server."""

from registry.harvesting.models import HarvestError
from registry.harvesting.service import MANAGED, HarvestService
from registry.harvesting.source import HarvestedTableSource
from registry.harvesting.storage import HarvestStorage

__all__ = ["MANAGED", "HarvestError", "HarvestService", "HarvestStorage", "HarvestedTableSource"]
