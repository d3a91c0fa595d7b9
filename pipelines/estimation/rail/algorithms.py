"""Algorithms of RAIL that this server offers: their modules, and the packages that have them."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import InvalidValueError

__all__ = ["ALGORITHMS", "RailAlgorithm", "checked_parameters"]


@dataclass(frozen=True, slots=True)
class RailAlgorithm:
    """An algorithm of RAIL.

    Parameters
    ----------
    package
        Its package on PyPI.
    module
        Module of RAIL with its classes.
    stem
        Name of its classes without ``Informer`` and ``Estimator``.
    needs_errors
        Whether it needs errors of the magnitudes.
    """

    package: str
    module: str
    stem: str
    needs_errors: bool = False


#: The algorithms by the value of the parameter ``algorithm``.
ALGORITHMS: Mapping[str, RailAlgorithm] = {
    "rail_knn": RailAlgorithm("pz-rail-sklearn", "rail.estimation.algos.k_nearneigh", "KNearNeigh"),
    "rail_flexzboost": RailAlgorithm("pz-rail-flexzboost", "rail.estimation.algos.flexzboost", "FlexZBoost"),
    "rail_cmnn": RailAlgorithm("pz-rail-cmnn", "rail.estimation.algos.cmnn", "CMNN", needs_errors=True),
    "rail_bpz": RailAlgorithm("pz-rail-bpz", "rail.estimation.algos.bpz_lite", "BPZlite", needs_errors=True),
    "rail_gpz": RailAlgorithm("pz-rail-gpz-v1", "rail.estimation.algos.gpz", "GPz", needs_errors=True),
}

#: Parameters of RAIL that this server sets itself.
_OURS = frozenset({
    "bands", "err_bands", "hdf5_groupname", "mag_limits", "model", "nondetect_val", "nzbins", "output_mode",
    "redshift_col", "ref_band", "zmax", "zmin", "chunk_size", "logging_level", "name", "config", "input", "output",
})  # fmt: skip
#: Parameters whose values are words; any other word could be the path of a file.
_WORDS = frozenset({"basis_system", "regression_params", "gpz_method", "qp_representation"})


def checked_parameters(values: Mapping[str, object]) -> None:
    """Check parameters of RAIL, which are numbers; whether they exist is known when the algorithm runs.

    Raises
    ------
    InvalidValueError
        The server sets a parameter itself, or its value is no number.
    """
    for name, value in values.items():
        if name in _OURS:
            raise InvalidValueError(
                f"The parameter '{name}' of RAIL is set by the grid, the columns and files of the run; leave it out.",
                field="rail",
            )
        if name not in _WORDS and not _is_of_numbers(value):
            raise InvalidValueError(
                f"The parameter '{name}' of RAIL cannot be {value!r:.60}; it takes numbers, true or false here.",
                field="rail",
            )


def _is_of_numbers(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_of_numbers, value))
    return isinstance(value, int | float | bool)
