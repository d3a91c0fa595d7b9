"""Combination beyond memory: rows wait on disk and are compared partition by partition of the sky."""

from pipelines.combine.partitioned.combination import combine_spilled, decide_spilled
from pipelines.combine.partitioned.decisions import Terms
from pipelines.combine.partitioned.rows import SpilledRows

__all__ = ["SpilledRows", "Terms", "combine_spilled", "decide_spilled"]
