"""Warnings about parameters that have no effect beside the others of a request."""

from collections.abc import Iterable

from pipelines.combine.configuration import CombineParameters

__all__ = ["parameters_without_effect"]

#: Parameters that only the search for duplicates uses.
_OF_DUPLICATES = ("crossmatch_radius_arcsec", "delta_z_threshold", "tiebreaking_priority")
#: Parameters of the public server's own engine.
_OF_ANOTHER_ENGINE = ("prepare_max_inflight", "auto_cross_max_inflight", "cross_max_inflight")


def parameters_without_effect(param: CombineParameters, sources: Iterable[str]) -> list[str]:
    """Return a sentence for each parameter that was given in vain.

    Parameters
    ----------
    sources
        All columns that the catalogues have.
    """
    found = []
    if param.combine_type == "concatenate":
        given = [name for name in _OF_DUPLICATES if getattr(param, name) is not None]
        found += [f"'{name}' has no effect: 'combine_type' is concatenate." for name in given]
    removes = param.combine_type == "concatenate_and_remove_duplicates"
    if _differs(param, "tie_treatment_option") and not removes:
        found.append(f"'tie_treatment_option' has no effect: 'combine_type' is {param.combine_type}.")
    if _differs(param, "random_seed") and not (removes and param.tie_treatment_option == "draw_one"):
        found.append("'random_seed' has no effect: no row is drawn at random.")
    found += [f"'{name}' has no effect on this server." for name in _OF_ANOTHER_ENGINE if _differs(param, name)]
    there = set(sources)
    for name, extra in param.extra_columns.items():
        source = extra.source or name
        if source not in there:
            found.append(f"'extra_columns' names {source}, which no catalogue has: {name} has no values.")
    return found


def _differs(param: CombineParameters, name: str) -> bool:
    return bool(getattr(param, name) != CombineParameters.model_fields[name].default)
