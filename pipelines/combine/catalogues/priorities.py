"""Columns that decide between duplicates, and their values in a catalogue."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.combine.catalogues.models import PreparedRows
from pipelines.combine.configuration import CombineParameters
from pipelines.combine.resolution import Priority
from pipelines.combine.rules import FlagsTranslation

__all__ = ["priorities_of", "priority_columns"]


def priority_columns(parameters: CombineParameters, rules: FlagsTranslation) -> tuple[str, ...]:
    """Return the columns that decide between duplicates; none if duplicates are not resolved."""
    if parameters.combine_type == "concatenate":
        return ()
    return rules.tiebreaking_priority if parameters.tiebreaking_priority is None else parameters.tiebreaking_priority


def priorities_of(each: PreparedRows, param: CombineParameters, rules: FlagsTranslation) -> list[Priority]:
    """Return the columns of a catalogue that decide between duplicates, the most important first."""
    found = []
    for name in priority_columns(param, rules):
        if name == "instrument_type_homogenized":
            score = _instrument_scores(each.columns[name], rules)
        elif name == "z_flag_homogenized":
            score = each.columns[name].to_numpy(zero_copy_only=False)
        else:
            score = each.scores[name]
        found.append(Priority(name, score))
    return found


def _instrument_scores(types: pa.Array, rules: FlagsTranslation) -> npt.NDArray[np.float64]:
    encoded = types.dictionary_encode()
    priorities: Mapping[str, float] = rules.instrument_type_priority
    scores = np.array([*(priorities.get(kind, 0.0) for kind in encoded.dictionary.to_pylist()), 0.0])
    codes = encoded.indices.fill_null(len(scores) - 1).to_numpy(zero_copy_only=False)
    chosen: npt.NDArray[np.float64] = scores[codes]
    return chosen
