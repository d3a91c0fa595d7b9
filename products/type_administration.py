"""Product types as administrators keep them: their words, their order, and whether new products of them are made."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.administration import require_admin
from core.auth.audit import Subject, record
from core.auth.models import Identity
from core.database import Database
from core.errors import ConflictError, InvalidValueError, NotFoundError
from products.models import ProductType
from products.product_types import PRODUCT_TYPES, all_types, type_of_row
from products.schema import ProductTypeRow

__all__ = ["TypeAdministration", "TypeChanges"]

_LONGEST_NAME = 255
_LONGEST_DESCRIPTION = 2_000
_LAST_ORDER = 1_000


@dataclass(frozen=True, slots=True)
class TypeChanges:
    """What changes of a product type; None leaves it as it is.

    Parameters
    ----------
    display_name, description
        Words that people read; empty ones bring back those that the server came with.
    order
        Its place among the types.
    is_open
        Whether new products of it may be made; those that there are stay.
    """

    display_name: str | None = None
    description: str | None = None
    order: int | None = None
    is_open: bool | None = None


class TypeAdministration:
    """List and change product types; each method is for administrators alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, identity: Identity) -> tuple[ProductType, ...]:
        """All product types, in their order."""
        require_admin(identity)
        with self._database.read() as session:
            return all_types(session)

    def find(self, identity: Identity, name: str) -> ProductType:
        """Find a product type by its internal name, or raise NotFoundError."""
        require_admin(identity)
        with self._database.read() as session:
            number = _number(name)
            return type_of_row(number, session.get(ProductTypeRow, number))

    def save(self, identity: Identity, name: str, changes: TypeChanges) -> ProductType:
        """Change a product type.

        Raises
        ------
        NotFoundError
            There is no type of this internal name.
        InvalidValueError
            A value cannot be used; the field is named.
        ConflictError
            Somebody else changed it for the first time at the same moment.
        """
        require_admin(identity)
        number = _number(name)
        try:
            return self._save(identity, number, changes)
        except IntegrityError as e:
            message = f"Somebody else changed the type '{name}' at the same moment; look at it, and try again."
            raise ConflictError(message) from e

    def _save(self, identity: Identity, number: int, changes: TypeChanges) -> ProductType:
        with self._database.write() as session:
            row = _row(session, number)
            before = type_of_row(number, row)
            _fill(row, PRODUCT_TYPES[number], changes)
            after = type_of_row(number, row)
            changed = {
                field: [getattr(before, field), getattr(after, field)]
                for field in ("display_name", "description", "order", "is_open")
                if getattr(before, field) != getattr(after, field)
            }
            if changed:
                row.version += 1
                session.add(row)
                record(session, identity, "change type", Subject.TYPE, number, after.name, **changed)
            return after


def _number(name: str) -> int:
    for kind in PRODUCT_TYPES.values():
        if kind.name == name:
            return kind.id
    names = ", ".join(kind.name for kind in PRODUCT_TYPES.values())
    message = f"There is no product type named '{name:.110}'; the types are {names}."
    raise NotFoundError(message)


def _row(session: Session, number: int) -> ProductTypeRow:
    row = session.get(ProductTypeRow, number, with_for_update=True)
    return ProductTypeRow(type_id=number, is_open=True, version=0) if row is None else row


def _fill(row: ProductTypeRow, kind: ProductType, changes: TypeChanges) -> None:
    if changes.display_name is not None:
        name = changes.display_name.strip()
        if len(name) > _LONGEST_NAME or not name.isprintable():
            message = f"The display name of a type is one line of at most {_LONGEST_NAME} characters."
            raise InvalidValueError(message, field="display_name")
        row.display_name = None if name in {"", kind.display_name} else name
    if changes.description is not None:
        text = changes.description.strip()
        if len(text) > _LONGEST_DESCRIPTION or "\0" in text:
            message = f"The description of a type may have at most {_LONGEST_DESCRIPTION} characters."
            raise InvalidValueError(message, field="description")
        row.description = None if text in {"", kind.description} else text
    if changes.order is not None:
        if not 0 <= changes.order <= _LAST_ORDER:
            message = f"{changes.order} cannot be a type's place; it is a number from 0 to {_LAST_ORDER}."
            raise InvalidValueError(message, field="order")
        row.sort_order = None if changes.order == kind.order else changes.order
    if changes.is_open is not None:
        row.is_open = changes.is_open
