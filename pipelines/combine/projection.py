"""Projection of a catalogue to the columns that the combination reads."""

import re
from collections.abc import Iterable

from pipelines.combine.configuration import RESERVED, CatalogueInput, CombineParameters
from pipelines.combine.rules import FlagsTranslation

__all__ = ["columns_needed"]

_COPY = re.compile(r"__orig\d*$")


def columns_needed(
    entry: CatalogueInput, parameters: CombineParameters, rules: FlagsTranslation, available: Iterable[str]
) -> list[str]:
    """Return the columns of a catalogue that are mapped, used by rules or priorities, or copied to the result."""
    needed = {name for name in entry.columns.model_dump().values() if name}
    needed |= {*RESERVED, "type"}
    for survey in rules.translation_rules.values():
        for translation in (survey.z_flag_translation, survey.instrument_type_translation):
            for condition in translation.conditions if translation else ():
                needed |= {_COPY.sub("", name) for name in condition.expression.names}
    needed |= {extra.source or name for name, extra in parameters.extra_columns.items()}
    needed |= set(parameters.extra_columns)
    needed |= set(parameters.tiebreaking_priority or rules.tiebreaking_priority)
    return [name for name in available if name in needed]
