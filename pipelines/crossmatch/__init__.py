"""Cross-match kernel of all pipelines: positions to pairs of row numbers."""

from pipelines.crossmatch.groups import connected_groups, paired_rows
from pipelines.crossmatch.pairs import Pairs, find_pairs, find_pairs_within, pairs_among
from pipelines.crossmatch.positions import SkyPositions

__all__ = ["Pairs", "SkyPositions", "connected_groups", "find_pairs", "find_pairs_within", "paired_rows", "pairs_among"]
