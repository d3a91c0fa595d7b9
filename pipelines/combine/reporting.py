"""Computation of the report from the results of the steps."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.combine.configuration import CombineParameters
from pipelines.combine.effects import parameters_without_effect
from pipelines.combine.homogenisation import STAR
from pipelines.combine.preparation import Prepared
from pipelines.combine.report import CatalogueReport, CombineReport, SurveyReport, histogram, redshift_edges
from pipelines.combine.resolution import Resolution, rows_kept_by_identifier
from pipelines.crossmatch import Pairs

__all__ = ["report_of"]

_Mask = npt.NDArray[np.bool_]
_MOST_SURVEYS = 100
_TIES = ("duplicate", "kept", "unresolved", "star")


def report_of(
    prepared: Sequence[Prepared],
    columns: Mapping[str, pa.ChunkedArray],
    keep: _Mask,
    pairs: Pairs | None,
    resolution: Resolution | None,
    param: CombineParameters,
) -> CombineReport:
    """Compute the report of a combination.

    Parameters
    ----------
    param
        The parameters, with what the rules decided.
    columns, keep
        All rows that were combined, and which of them are in the result.
    pairs, resolution
        None when duplicates were left alone.
    """
    z = columns["z"].to_numpy()
    star = columns["z_flag_homogenized"].to_numpy() == STAR
    none = np.empty(0, dtype=np.int64)
    left, right = (none, none) if pairs is None else (pairs.left, pairs.right)
    galaxies = ~(star[left] | star[right])
    kept = z if keep.all() else z[keep]
    edges = redshift_edges(kept)
    compared, radius = pairs is not None, param.crossmatch_radius_arcsec or 1.0
    sources = frozenset().union(*(each.sources for each in prepared))
    return CombineReport(
        rows_in=sum(each.report.rows_in for each in prepared),
        rows_cut=sum(each.report.rows_cut for each in prepared),
        rows_out=int(keep.sum()),
        catalogues=_catalogues(prepared, keep),
        surveys=_surveys(prepared, columns["survey"], z, keep, edges),
        ties={} if resolution is None else _ties(resolution),
        reasons={} if resolution is None else _reasons(resolution),
        radius_arcsec=param.crossmatch_radius_arcsec if compared else None,
        delta_z_threshold=param.delta_z_threshold if compared else None,
        pairs=len(left),
        kept_by_identifier=0 if resolution is None else rows_kept_by_identifier(resolution),
        group_sizes={} if resolution is None else _group_sizes(resolution, star),
        separations=histogram(
            np.empty(0) if pairs is None else pairs.separation,
            np.linspace(0, radius, 21),
        ),
        redshift_differences=histogram(_differences(z, left[galaxies], right[galaxies]), np.linspace(0, 0.01, 41)),
        redshifts=histogram(kept, edges),
        warnings=[
            *(warning for each in prepared for warning in each.warnings),
            *_overlap(prepared, pairs),
            *parameters_without_effect(param, sources),
        ],
    )


def _differences(
    z: npt.NDArray[np.float64], left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # infinite redshifts have no difference
        return np.abs(z[left] - z[right])


def _catalogues(prepared: Sequence[Prepared], keep: _Mask) -> list[CatalogueReport]:
    ends = np.cumsum([len(each) for each in prepared])
    return [
        each.report.model_copy(update={"rows_out": int(keep[end - len(each) : end].sum())})
        for each, end in zip(prepared, ends.tolist(), strict=True)
    ]


def _surveys(
    prepared: Sequence[Prepared],
    survey: pa.ChunkedArray,
    z: npt.NDArray[np.float64],
    keep: _Mask,
    edges: npt.NDArray[np.float64],
) -> dict[str, SurveyReport]:
    rows_in: Counter[str] = Counter()
    for each in prepared:
        rows_in.update(each.surveys_in)
    encoded = survey.dictionary_encode().combine_chunks()
    numbers = {name: code for code, name in enumerate(encoded.dictionary.to_pylist())} | {"missing": len(encoded)}
    codes = pc.fill_null(encoded.indices, len(encoded)).to_numpy(zero_copy_only=False)
    reports = {}
    for name, count in rows_in.most_common(_MOST_SURVEYS):
        chosen = keep & (codes == numbers.get(name, -1))
        reports[name] = SurveyReport(rows_in=count, rows_out=int(chosen.sum()), redshifts=histogram(z[chosen], edges))
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


def _overlap(prepared: Sequence[Prepared], pairs: Pairs | None) -> list[str]:
    if pairs is None or len(prepared) < 2:
        return []
    catalogue = np.repeat(np.arange(len(prepared)), [len(each) for each in prepared])
    if np.any(catalogue[pairs.left] != catalogue[pairs.right]):
        return []
    return ["No two catalogues have a row in common within the radius."]
