"""Administration of data releases: their metadata, access groups, and the options of their object catalogues."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.administration import require_admin
from core.auth.audit import Subject, record
from core.auth.models import Identity
from core.auth.schema import GroupRow
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError
from products.models import Release
from products.schema import ProductRow, ReleaseRow
from products.storage import release_of_row

__all__ = ["Choice", "ReleaseAdministration", "ReleaseValues", "StoredRelease", "choices_of_text", "text_of_choices"]

#: The name of a release is also the name of the folder of its object catalogue.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CHOICE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,49}")
_LONGEST_NAME = 255
_MOST_CHOICES = 50
_LONGEST_DESCRIPTION = 10_000

#: One flux or dereddening with which a training set can be made.
Choice = dict[str, object]


@dataclass(frozen=True, slots=True)
class ReleaseValues:
    """Values of a release that administrators set.

    Parameters
    ----------
    indexing_column
        Column that identifies an object in the object catalogue.
    has_magnitudes, has_fluxes
        Whether there is such a catalogue with magnitudes, and with fluxes.
    dereddening, fluxes
        Options of the catalogue.
    is_public
        Whether everybody may see the release, whatever the groups.
    groups
        Names of the groups to which it is restricted; without any every registered user sees it.
    """

    name: str
    display_name: str
    description: str = ""
    indexing_column: str = "objectId"
    has_magnitudes: bool = False
    has_fluxes: bool = False
    dereddening: Sequence[Choice] = ()
    fluxes: Sequence[Choice] = ()
    is_public: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release with the attributes that only administrators see."""

    release: Release
    groups: tuple[str, ...]
    products: int


class ReleaseAdministration:
    """Administration of releases; every method requires the role of administrator."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, identity: Identity) -> tuple[StoredRelease, ...]:
        """Return all releases, the newest first."""
        require_admin(identity)
        with self._database.read() as session:
            rows = session.scalars(select(ReleaseRow).order_by(ReleaseRow.created_at.desc(), ReleaseRow.id.desc()))
            return tuple(_stored(session, row) for row in rows)

    def find(self, identity: Identity, name: str) -> StoredRelease:
        """Find a release by its name, or raise NotFoundError."""
        require_admin(identity)
        with self._database.read() as session:
            return _stored(session, _find(session, name))

    def save(self, identity: Identity, values: ReleaseValues, *, name: str | None = None) -> StoredRelease:
        """Change the release of this name, or create one.

        Raises
        ------
        InvalidValueError
            A value cannot be used; the field is named.
        ConflictError
            The name is taken.
        """
        require_admin(identity)
        _check(values)
        try:
            with self._database.write() as session:
                row = ReleaseRow(created_at=utc_now()) if name is None else _find(session, name)
                before = {} if name is None else _shape(row)
                _fill(session, row, values)
                session.add(row)
                session.flush()
                after = _shape(row)
                action = "create release" if name is None else "change release"
                changed = {key: [before.get(key), after[key]] for key in after if before.get(key) != after[key]}
                if changed:
                    record(session, identity, action, Subject.RELEASE, row.id, row.name, **changed)
                return _stored(session, row)
        except IntegrityError as e:
            message = f"There is already a release named '{values.name}'."
            raise ConflictError(message, field="name") from e

    def delete(self, identity: Identity, name: str) -> None:
        """Delete a release that no product refers to.

        Raises
        ------
        ConflictError
            Products or survey catalogues refer to it.
        """
        require_admin(identity)
        try:
            with self._database.write() as session:
                row = _find(session, name)
                used = _products(session, row)
                if used:
                    message = f"{used} products belong to the release '{name}', so it cannot be deleted."
                    raise ConflictError(message)
                record(session, identity, "delete release", Subject.RELEASE, row.id, row.name)
                session.delete(row)
        except IntegrityError as e:
            message = f"A survey catalogue is the object catalogue of the release '{name}', so it cannot be deleted."
            raise ConflictError(message) from e


def choices_of_text(text: str, field: str) -> list[Choice]:
    """Parse choices from text: one a line, ``name`` or ``name: label``, with ``*`` before the default.

    A ``-`` before a line marks a choice that is shown and cannot be selected.
    """
    choices: list[Choice] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        mark, rest = (line.strip()[0], line.strip()[1:]) if line.strip()[0] in "*-" else ("", line.strip())
        name, _, words = (part.strip() for part in rest.partition(":"))
        if not _CHOICE_NAME.fullmatch(name):
            message = f"'{name:.60}' cannot be the name of a choice: use letters, digits and . _ -"
            raise InvalidValueError(message, field=field)
        choice: Choice = {"name": name, "display_name": words or name}
        choice |= {"selected": True} if mark == "*" else {"disabled": True} if mark == "-" else {}
        choices.append(choice)
    return choices


def text_of_choices(choices: Sequence[Choice] | None) -> str:
    """Write choices in the form that ``choices_of_text`` parses."""
    lines = []
    for choice in choices or ():
        mark = "*" if choice.get("selected") else "-" if choice.get("disabled") else ""
        lines.append(f"{mark}{choice['name']}: {choice['display_name']}")
    return "\n".join(lines)


def _check(values: ReleaseValues) -> None:
    if not _NAME.fullmatch(values.name):
        message = (
            f"'{values.name:.110}' cannot be a release's name: use letters, digits and . _ -, at most 100 of them."
        )
        raise InvalidValueError(message, field="name")
    if not 1 <= len(values.display_name.strip()) <= _LONGEST_NAME:
        message = f"A release needs a display name of 1 to {_LONGEST_NAME} characters."
        raise InvalidValueError(message, field="display_name")
    if len(values.description) > _LONGEST_DESCRIPTION:
        message = f"The description of a release may have at most {_LONGEST_DESCRIPTION} characters."
        raise InvalidValueError(message, field="description")
    if not 1 <= len(values.indexing_column.strip()) <= _LONGEST_NAME:
        message = "Name the column that identifies an object in the object catalogue, for example objectId."
        raise InvalidValueError(message, field="indexing_column")
    for field, choices in (("dereddening", values.dereddening), ("fluxes", values.fluxes)):
        names = [choice["name"] for choice in choices]
        if len(choices) > _MOST_CHOICES or len(set(names)) < len(names) or len(json.dumps(list(choices))) > 20_000:
            message = f"The choices must have different names, and be {_MOST_CHOICES} at most."
            raise InvalidValueError(message, field=field)


def _fill(session: Session, row: ReleaseRow, values: ReleaseValues) -> None:
    row.name, row.display_name = values.name, values.display_name.strip()
    row.description, row.indexing_column = values.description.strip(), values.indexing_column.strip()
    row.has_mag_hats, row.has_flux_hats = values.has_magnitudes, values.has_fluxes
    row.dereddening, row.fluxes = list(values.dereddening) or None, list(values.fluxes) or None
    row.is_public = values.is_public
    groups = session.scalars(select(GroupRow).where(GroupRow.name.in_(values.groups)).order_by(GroupRow.name)).all()
    unknown = sorted(set(values.groups) - {group.name for group in groups})
    if unknown:
        message = f"There is no group named '{unknown[0]:.150}'."
        raise InvalidValueError(message, field="groups")
    row.access_groups = list(groups)


def _find(session: Session, name: str) -> ReleaseRow:
    row = session.scalar(select(ReleaseRow).where(ReleaseRow.name == name))
    if row is None:
        message = f"There is no release named '{name:.110}'."
        raise NotFoundError(message)
    return row


def _stored(session: Session, row: ReleaseRow) -> StoredRelease:
    groups = tuple(sorted(group.name for group in row.access_groups))
    return StoredRelease(release_of_row(row), groups, _products(session, row))


def _products(session: Session, row: ReleaseRow) -> int:
    return len(session.scalars(select(ProductRow.id).where(ProductRow.release_id == row.id)).all())


def _shape(row: ReleaseRow) -> dict[str, object]:
    return {
        "name": row.name,
        "display_name": row.display_name,
        "description": row.description[:200],
        "indexing_column": row.indexing_column,
        "has_magnitudes": row.has_mag_hats,
        "has_fluxes": row.has_flux_hats,
        "dereddening": row.dereddening,
        "fluxes": row.fluxes,
        "is_public": row.is_public,
        "groups": sorted(group.name for group in row.access_groups),
    }
