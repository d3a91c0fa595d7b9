"""Computation of the report from the results of the steps."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipelines.combine.catalogues import PreparedCatalogue
from pipelines.combine.configuration import CombineParameters
from pipelines.combine.effects import parameters_without_effect
from pipelines.combine.facts import DIFFERENCE_EDGES, PairCounts, RowFacts, separation_edges
from pipelines.combine.report import CatalogueReport, CombineReport, SurveyReport, counted, histogram, redshift_edges
from pipelines.combine.resolution import Resolution, rows_kept_by_identifier

__all__ = ["report_of"]

_Mask = npt.NDArray[np.bool_]
_MOST_SURVEYS = 100
#: Code that no row has.
_NONE = -2
_TIES = ("duplicate", "kept", "unresolved", "star")


def report_of(
    prepared: Sequence[PreparedCatalogue],
    facts: RowFacts,
    keep: _Mask,
    pairs: PairCounts | None,
    resolution: Resolution | None,
    param: CombineParameters,
) -> CombineReport:
    """Compute the report of a combination.

    Parameters
    ----------
    param
        The parameters, with what the rules decided.
    facts, keep
        Values of all rows that were combined, and which of them are in the result.
    pairs, resolution
        None when duplicates were left alone.
    """
    kept = facts.z if keep.all() else facts.z[keep]
    edges = redshift_edges(kept)
    compared, radius = pairs is not None, param.crossmatch_radius_arcsec or 1.0
    counts = pairs or PairCounts.sum([])
    sources = frozenset().union(*(each.sources for each in prepared))
    return CombineReport(
        rows_in=sum(each.report.rows_in for each in prepared),
        rows_cut=sum(each.report.rows_cut for each in prepared),
        rows_out=int(keep.sum()),
        catalogues=_catalogues(prepared, keep),
        surveys=_surveys(prepared, facts, keep, edges),
        ties={} if resolution is None else _ties(resolution),
        reasons={} if resolution is None else _reasons(resolution),
        radius_arcsec=param.crossmatch_radius_arcsec if compared else None,
        delta_z_threshold=param.delta_z_threshold if compared else None,
        pairs=counts.pairs,
        kept_by_identifier=0 if resolution is None else rows_kept_by_identifier(resolution),
        group_sizes={} if resolution is None else _group_sizes(resolution, facts.star),
        separations=counted(counts.separations, separation_edges(radius)),
        redshift_differences=counted(counts.differences, DIFFERENCE_EDGES),
        redshifts=histogram(kept, edges),
        warnings=[
            *(warning for each in prepared for warning in each.warnings),
            *_overlap(prepared, pairs),
            *parameters_without_effect(param, sources),
        ],
    )


def _catalogues(prepared: Sequence[PreparedCatalogue], keep: _Mask) -> list[CatalogueReport]:
    ends = np.cumsum([each.rows for each in prepared])
    return [
        each.report.model_copy(update={"rows_out": int(keep[end - each.rows : end].sum())})
        for each, end in zip(prepared, ends.tolist(), strict=True)
    ]


def _surveys(
    prepared: Sequence[PreparedCatalogue], facts: RowFacts, keep: _Mask, edges: npt.NDArray[np.float64]
) -> dict[str, SurveyReport]:
    rows_in: Counter[str] = Counter()
    for each in prepared:
        rows_in.update(each.surveys_in)
    reports = {}
    for name, count in rows_in.most_common(_MOST_SURVEYS):
        chosen = keep & (facts.survey == facts.surveys.get(name, _NONE))
        reports[name] = SurveyReport(
            rows_in=count, rows_out=int(chosen.sum()), redshifts=histogram(facts.z[chosen], edges)
        )
    return reports


def _ties(resolution: Resolution) -> dict[str, int]:
    counts = np.bincount(resolution.tie_result, minlength=len(_TIES))
    return {name: int(count) for name, count in zip(_TIES, counts, strict=True)}


def _reasons(resolution: Resolution) -> dict[str, int]:
    counts = np.bincount(resolution.reason, minlength=len(resolution.reasons))
    return {reason: int(count) for reason, count in zip(resolution.reasons, counts, strict=True) if count}


def _group_sizes(resolution: Resolution, star: _Mask) -> dict[int, int]:
    sizes = np.bincount(resolution.group[~star])
    found, counts = np.unique(sizes[sizes > 1], return_counts=True)
    return {int(size): int(count) for size, count in zip(found, counts, strict=True)}


def _overlap(prepared: Sequence[PreparedCatalogue], pairs: PairCounts | None) -> list[str]:
    if pairs is None or len(prepared) < 2 or pairs.is_across:
        return []
    return ["No two catalogues have a row in common within the radius."]
