"""Declarations of a pipeline: input slots, rules file, and hints for the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["InputSlot", "ParameterHint", "RulesFile"]


@dataclass(frozen=True, slots=True)
class InputSlot:
    """Inputs of one kind that a pipeline takes.

    Parameters
    ----------
    noun
        What one of them is called, in lower case: ``redshift catalogue``.
    product_types
        Names of the product types that are accepted; a file in VOSpace is taken for one of the first.
    key
        Name under ``inputs`` of a configuration file.
    minimum, maximum
        How many there may be; no maximum for any number.
    if_too_many
        What to do when there are more, for the error.
    help
        What the pipeline does with them, for the form.
    takes_release
        Whether the object catalogue of a release may stand in.
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
        """The noun in the plural."""
        return f"{self.noun}s"

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
        Of its field in the form.
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
        Whether it stands among those that most people leave alone, or not in the form at all.
    words
        Words for the values of a choice.
    choices
        Values and words that are offered in place of a free entry.
    """

    label: str | None = None
    advanced: bool = False
    hidden: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[tuple[str, str], ...] = ()
