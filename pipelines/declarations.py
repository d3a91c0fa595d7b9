"""Declarations of a pipeline: input slots, rules file, and hints for the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["InputSlot", "ParameterHint", "RulesFile"]


@dataclass(frozen=True, slots=True)
class InputSlot:
    """A group of inputs of a pipeline.

    Parameters
    ----------
    noun
        Noun for one of them, in lower case: ``redshift catalogue``.
    product_types
        Names of accepted product types; a file in the VOSpace counts as the first of them.
    key
        Name under ``inputs`` of a configuration file.
    minimum, maximum
        Number of inputs; without a maximum any number.
    if_too_many
        Advice when there are more, for the error message.
    help
        Explanation in the form.
    takes_release
        Whether the object catalogue of a release can be used instead.
    """

    noun: str
    product_types: tuple[str, ...]
    key: str
    minimum: int = 1
    maximum: int | None = None
    if_too_many: str = ""
    help: str = ""
    takes_release: bool = False

    @property
    def plural(self) -> str:
        """The noun in the plural: ``catalogues``, ``tables of estimates``."""
        head, of, rest = self.noun.partition(" of ")
        return f"{head}s{of}{rest}"

    @property
    def one(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"


@dataclass(frozen=True, slots=True)
class RulesFile:
    """A rules file that a pipeline accepts beside its configuration (parameter RULES).

    Parameters
    ----------
    name
        Name of the file among those of the result.
    label, help
        Label and explanation of its field in the form.
    """

    name: str
    label: str
    help: str


@dataclass(frozen=True, slots=True)
class ParameterHint:
    """Hints for the form of a parameter, beyond what its model declares.

    Parameters
    ----------
    label
        By default the name of the parameter.
    advanced, hidden
        Whether it is among the advanced parameters, or not in the form.
    words
        Labels of the values of a choice.
    choices
        Values and labels of a select field, instead of a free entry.
    of_release
        Attribute of releases with the values that they have: ``fluxes`` or ``dereddening``; they are suggested.
    """

    label: str | None = None
    advanced: bool = False
    hidden: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[tuple[str, str], ...] = ()
    of_release: Literal["fluxes", "dereddening"] | None = None
