"""Warnings about parameters that have no effect beside the others of a request."""

from pipelines.photometry import PhotometryConfiguration, photometry_columns
from pipelines.training.configuration import TrainingSetParameters

__all__ = ["parameters_without_effect"]


def parameters_without_effect(
    param: TrainingSetParameters, photometry: PhotometryConfiguration | None, *, has_path: bool
) -> list[str]:
    """Return a sentence for each parameter that was given in vain.

    Parameters
    ----------
    photometry
        The magnitudes that are computed.
    has_path
        Whether the object catalogue was given by its path.
    """
    found = []
    if param.prefer is not None and param.unique == "none":
        found.append(f"'prefer' ({param.prefer}) has no effect: 'unique' is none, so that all rows stay.")
    if photometry is not None and not photometry.keep_sources:
        kept = sorted(set(param.selected_cols).intersection(photometry_columns(photometry, param.flux_type)))
        if kept:
            found.append(f"'photometry.keep_sources' has no effect on {', '.join(kept)}, which 'selected_cols' names.")
    if param.use_absolute_lsdb_path and not has_path:
        found.append("'use_absolute_lsdb_path' has no effect: the object catalogue was not given by a path.")
    return found
