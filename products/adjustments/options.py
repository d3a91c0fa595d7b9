"""Options of a product's table: which table of the file it is, what means no value, and where positions come from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard, get_args

from core.errors import InvalidValueError
from products.inspection.meanings import Meanings
from products.inspection.position_axes import ANGLE_UNITS
from products.inspection.position_forms import KNOWN_FRAMES, PositionForm
from products.inspection.position_warnings import column_problem

__all__ = ["AS_GIVEN", "MissingNumber", "TableOptions"]

#: A value that means no value: a number, or a word in a column of text.
MissingNumber = float | int | str

#: The choice that the columns of position are ICRS positions in degrees, whatever their names and metadata tell.
AS_GIVEN = "as given"

_COLUMNS = {"numbers": 2, "sexagesimal": 2, "split": 7}
_MOST_VALUES = 20
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How the table of a product is taken from its main file; the file itself stays as it is.

    Parameters
    ----------
    table
        Name of the table in a file that holds several; None for the one that the reader proposes.
    missing_values
        Values that become null, by column.
    position
        The columns from which positions in ICRS degrees are derived; `AS_GIVEN` to derive none; None to decide by what
        the file tells.
    """

    table: str | None = None
    missing_values: Mapping[str, tuple[MissingNumber, ...]] = field(default_factory=dict)
    position: PositionForm | str | None = None

    @property
    def form(self) -> PositionForm | None:
        """The form from which positions are derived, if one is chosen."""
        return self.position if isinstance(self.position, PositionForm) else None

    def position_problem(
        self, chosen: Meanings, forms: Sequence[PositionForm], derived: Sequence[str], form: PositionForm | None
    ) -> str | None:
        """Return why the columns chosen as position are not ICRS positions in degrees, or None.

        Parameters
        ----------
        forms
            The recognised forms, the best first.
        derived, form
            The derived columns, and the form from which they were computed.
        """
        if self.position == AS_GIVEN or chosen.ra is None or chosen.dec is None:
            return None
        return column_problem(chosen.ra, chosen.dec, forms, derived, form=form)

    def to_object(self) -> dict[str, Any]:
        """Return the options as an object of JSON."""
        form = self.form
        return {
            "table": self.table,
            "missing_values": {name: list(values) for name, values in self.missing_values.items()},
            "position": self.position if form is None else _object_of_form(form),
        }

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> "TableOptions":
        """Return the options of an object of JSON, whose members may all be missing.

        Raises
        ------
        InvalidValueError
            A member is unknown or has no valid value.
        """
        if unknown := sorted(set(item) - {"table", "missing_values", "position"}):
            raise InvalidValueError(
                f"'{unknown[0][:_LONGEST]}' is no option of a table; there are table, missing_values and position.",
                field=unknown[0][:_LONGEST],
            )
        table = item.get("table")
        if table is not None and not isinstance(table, str):
            raise InvalidValueError("The option table is the name of a table in the file.", field="table")
        return cls(table or None, _missing_values(item.get("missing_values")), _position(item.get("position")))


def _object_of_form(form: PositionForm) -> dict[str, Any]:
    return {
        "kind": form.kind,
        "columns": list(form.columns),
        "units": list(form.units),
        "frame": form.frame,
        "equinox": form.equinox,
        "reason": form.reason,
    }


def _missing_values(given: object) -> dict[str, tuple[MissingNumber, ...]]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise _wrong("missing_values", "an object of column names and lists of values")
    found: dict[str, tuple[MissingNumber, ...]] = {}
    for name, values in given.items():
        listed = values if isinstance(values, list) else [values]
        if len(listed) > _MOST_VALUES or not all(_is_value(value) for value in listed):
            raise _wrong("missing_values", f"up to {_MOST_VALUES} numbers or texts for each column")
        if listed:
            found[str(name)] = tuple(listed)
    return found


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST
    return isinstance(value, get_args(float | int)) and not isinstance(value, bool) and math.isfinite(value)


def _position(given: object) -> PositionForm | str | None:
    if given is None or given == AS_GIVEN:
        return AS_GIVEN if given else None
    if not isinstance(given, Mapping):
        raise _wrong("position", f"null, '{AS_GIVEN}', or an object with kind, columns, units, frame and equinox")
    kind, frame = given.get("kind", "numbers"), str(given.get("frame") or "icrs").lower()
    columns, units = given.get("columns"), given.get("units") or ["deg", "deg"]
    if kind not in _COLUMNS:
        raise _wrong("position.kind", " or ".join(_COLUMNS))
    if not _are_texts(columns) or len(columns) != _COLUMNS[kind]:
        raise _wrong("position.columns", f"the names of {_COLUMNS[kind]} columns for the kind {kind}")
    if not _are_texts(units) or len(units) != 2 or not set(units) <= set(ANGLE_UNITS):
        raise _wrong("position.units", f"two of {', '.join(ANGLE_UNITS)}")
    if frame not in KNOWN_FRAMES:
        raise _wrong("position.frame", ", ".join(KNOWN_FRAMES))
    equinox = given.get("equinox")
    reason = str(given.get("reason") or "chosen by the owner")[:500]
    chosen = str(equinox)[:20] if equinox else None
    return PositionForm(kind, tuple(columns), (units[0], units[1]), frame, chosen, reason, certain=True)


def _are_texts(given: object) -> TypeGuard[list[str]]:
    return isinstance(given, list) and all(isinstance(item, str) for item in given)


def _wrong(field_name: str, wanted: str) -> InvalidValueError:
    return InvalidValueError(f"The option {field_name} is {wanted}.", field=field_name)
