"""Form of step 3 of the wizard about how the table is taken from the main file: choices and entered values.

The value of each choice is the JSON of what it chooses, so that a form stays valid when the file is inspected again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.errors import InvalidValueError
from products.adjustments.options import AS_GIVEN, MissingNumber, TableOptions
from products.inspection.inspection import Inspection
from products.inspection.position_forms import PositionForm
from products.inspection.position_warnings import form_words, open_question
from products.readers import TableChoice
from products.service import ProductDetails

__all__ = ["MissingChoice", "MissingGroup", "PositionChoice", "TableChoices", "chosen_options", "table_choices"]

#: Number of columns that the words of a group name.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class MissingChoice:
    """A value that may stand for a missing one.

    Parameters
    ----------
    rows
        Number of rows that have it; none when it is accepted, because they are null then.
    """

    column: str
    value: MissingNumber
    rows: int | None
    reason: str
    accepted: bool

    @property
    def field(self) -> str:
        """Value in the form."""
        return json.dumps([self.column, self.value])


@dataclass(frozen=True, slots=True)
class MissingGroup:
    """All columns in which one value may stand for a missing one, which are accepted together or one by one."""

    value: MissingNumber
    choices: tuple[MissingChoice, ...]

    @property
    def accepted(self) -> bool:
        """Whether it is accepted in all of them."""
        return all(choice.accepted for choice in self.choices)

    @property
    def rows(self) -> int | None:
        """The largest number of rows of a column that have it; none when it is accepted everywhere."""
        return max((choice.rows for choice in self.choices if choice.rows is not None), default=None)

    @property
    def named(self) -> tuple[str, ...]:
        """The first columns."""
        return tuple(choice.column for choice in self.choices[:_NAMED])


@dataclass(frozen=True, slots=True)
class PositionChoice:
    """A choice of where positions come from: its value in the form, its words, and whether it is selected."""

    field: str
    words: str
    selected: bool


@dataclass(frozen=True, slots=True)
class TableChoices:
    """All choices of the form.

    Parameters
    ----------
    tables
        The tables of a file that holds several.
    question
        What only the owner can decide; None when nothing is open.
    """

    tables: tuple[TableChoice, ...]
    missing: tuple[MissingGroup, ...]
    positions: tuple[PositionChoice, ...]
    question: str | None

    def __bool__(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self.tables or self.missing or self.positions)


def table_choices(details: ProductDetails) -> TableChoices:
    """Return the choices that the inspection of a product leaves to its owner."""
    found, options = details.found, details.options
    if found is None:
        return TableChoices((), (), (), None)
    question = open_question(found.position_forms) if options.position is None else None
    tables = found.tables if len(found.tables) > 1 else ()
    return TableChoices(tables, _groups(_missing(found, options)), tuple(_positions(found, options)), question)


def chosen_options(details: ProductDetails, fields: Mapping[str, str]) -> TableOptions:
    """Return the options that a form chooses.

    Raises
    ------
    InvalidValueError
        A field has a value that the form does not offer.
    """
    missing: dict[str, list[MissingNumber]] = {}
    try:
        for name, value in fields.items():
            if name.startswith("missing-"):
                column, stand_in = json.loads(value)
                missing.setdefault(str(column), []).append(stand_in)
        position = json.loads(fields.get("position") or "null")
    except (ValueError, TypeError) as e:
        raise InvalidValueError("The form has a value that it does not offer; load the page again.") from e
    chosen = {"table": fields.get("table") or details.options.table, "missing_values": missing, "position": position}
    return TableOptions.from_object(chosen)


def _groups(choices: Iterable[MissingChoice]) -> tuple[MissingGroup, ...]:
    """Return the choices by value, that of most columns first."""
    by_value: dict[MissingNumber, list[MissingChoice]] = {}
    for choice in choices:
        by_value.setdefault(choice.value, []).append(choice)
    groups = [MissingGroup(value, tuple(same)) for value, same in by_value.items()]
    return tuple(sorted(groups, key=lambda group: -len(group.choices)))


def _missing(found: Inspection, options: TableOptions) -> Iterator[MissingChoice]:
    for column, values in options.missing_values.items():
        for value in values:
            yield MissingChoice(column, value, None, "accepted; these rows have no value", accepted=True)
    for item in found.missing_values:
        yield MissingChoice(item.column, item.value, item.rows, item.reason, accepted=False)


def _positions(found: Inspection, options: TableOptions) -> Iterator[PositionChoice]:
    """Yield the forms of positions; none where there is nothing to decide."""
    chosen = options.form
    forms = list(found.position_forms)
    if chosen is not None and not any(_same(chosen, form) for form in forms):
        forms.insert(0, chosen)
    if not options.position and (not forms or (forms[0].certain and forms[0].is_plain)):
        return
    derived = f": {_source(found.derived_from)}" if found.derived_from and options.position is None else ""
    undecided = options.position is None and open_question(forms) is not None
    words = "Not decided: choose one" if undecided else f"As the file tells{derived}"
    yield PositionChoice("", words, selected=options.position is None)
    for form in forms:
        if not form.is_plain:
            value = json.dumps(TableOptions(position=form).to_object()["position"])
            yield PositionChoice(value, _source(form), selected=chosen is not None and _same(chosen, form))
    words = "The columns are ICRS positions in degrees as they are"
    yield PositionChoice(json.dumps(AS_GIVEN), words, selected=options.position == AS_GIVEN)


def _source(form: PositionForm | None) -> str:
    return "" if form is None else f"{', '.join(name for name in form.columns if name)} in {form_words(form)}"


def _same(one: PositionForm, other: PositionForm) -> bool:
    return (one.kind, one.columns, one.units, one.frame, one.equinox) == (
        other.kind, other.columns, other.units, other.frame, other.equinox
    )  # fmt: skip
