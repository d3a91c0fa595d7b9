"""Product types with their mandatory column meanings, and their administration.

Ids, names and mandatory meanings are defined here, because clients and pipelines rely on them. Administrators can
change display names, descriptions, the order, and whether new products can be made; these changes are in the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.administration import require_admin
from core.auth.audit import Subject, record
from core.auth.models import Identity
from core.database import Database
from core.errors import ConflictError, InvalidValueError, NotFoundError
from products.models import ProductType
from products.schema import ProductTypeRow

__all__ = [
    "PRODUCT_TYPES",
    "TypeAdministration",
    "TypeChanges",
    "all_types",
    "open_type",
    "product_type",
    "product_type_by_name",
    "type_of_row",
]

_TYPES = (
    ProductType(
        1,
        "redshift_catalog",
        "Reference Redshift Catalog",
        1,
        "A catalogue of measured redshifts, spectroscopic or of similar quality: positions, redshifts, and usually "
        "their errors and quality flags.",
        mandatory=("ra", "dec", "z"),
        tabular=True,
        has_release=False,
        takes_pz_code=False,
        has_spectroscopic_redshifts=True,
    ),
    ProductType(
        2,
        "training_set",
        "Training Set",
        2,
        "A table on which photo-z codes learn: photometry of objects together with their reference redshifts.",
        mandatory=("z",),
        tabular=True,
        takes_pz_code=False,
        has_spectroscopic_redshifts=True,
    ),
    ProductType(
        5,
        "training_results",
        "Training Results",
        3,
        "Trained models of a photo-z code, stored as they are, in whatever format the code writes.",
        takes_pz_code=False,
    ),
    ProductType(
        3,
        "validation_results",
        "Validation Results",
        4,
        "How well a photo-z code does on objects of known redshift: estimates, figures and statistics.",
        has_pz_code=True,
    ),
    ProductType(
        4,
        "photoz_estimates",
        "Photo-z Estimates",
        5,
        "Photometric redshifts of many objects: single values or whole probability densities. Large ones may lie "
        "elsewhere, at an address given in the description.",
        has_pz_code=True,
        data_elsewhere=True,
    ),
    ProductType(
        6,
        "object_catalog",
        "Objects Catalog",
        6,
        "A catalogue of objects with positions and photometry, such as the object table of a release.",
        mandatory=("ra", "dec"),
        tabular=True,
    ),
    ProductType(7, "other", "Other", 7, "Anything else that helps photo-z work."),
)

#: Every product type by its id.
PRODUCT_TYPES: Mapping[int, ProductType] = {kind.id: kind for kind in _TYPES}


def product_type(type_id: int) -> ProductType:
    """Find a product type by its id, or raise InvalidValueError."""
    if type_id not in PRODUCT_TYPES:
        message = f'Invalid pk "{type_id}" - object does not exist.'
        raise InvalidValueError(message, field="product_type")
    return PRODUCT_TYPES[type_id]


def product_type_by_name(name: str) -> ProductType:
    """Find a product type by its internal name, or raise InvalidValueError with the known names."""
    for kind in _TYPES:
        if kind.name == name:
            return kind
    names = ", ".join(kind.name for kind in _TYPES)
    message = f"'{name}' is not a product type; the types are {names}."
    raise InvalidValueError(message, field="product_type")


def type_of_row(type_id: int, changes: ProductTypeRow | None) -> ProductType:
    """Return a product type with the changes of administrators applied."""
    kind = PRODUCT_TYPES[type_id]
    if changes is None:
        return kind
    return replace(
        kind,
        display_name=kind.display_name if changes.display_name is None else changes.display_name,
        description=kind.description if changes.description is None else changes.description,
        order=kind.order if changes.sort_order is None else changes.sort_order,
        is_open=changes.is_open,
    )


def all_types(session: Session) -> tuple[ProductType, ...]:
    """Return all product types with the changes of administrators applied, in their order."""
    changes = {row.type_id: row for row in session.scalars(select(ProductTypeRow))}
    kinds = (type_of_row(number, changes.get(number)) for number in PRODUCT_TYPES)
    return tuple(sorted(kinds, key=lambda kind: (kind.order, kind.id)))


def open_type(session: Session, type_id: int) -> ProductType:
    """Find a product type of which new products may be made, or raise InvalidValueError."""
    product_type(type_id)
    kind = type_of_row(type_id, session.get(ProductTypeRow, type_id))
    if not kind.is_open:
        message = f"No new products of the type '{kind.display_name}' are made here; choose another type."
        raise InvalidValueError(message, field="product_type")
    return kind


_LONGEST_NAME = 255
_LONGEST_DESCRIPTION = 2_000
_LAST_ORDER = 1_000


@dataclass(frozen=True, slots=True)
class TypeChanges:
    """Changes to a product type; None leaves a value as it is.

    Parameters
    ----------
    display_name, description
        Texts shown to users; empty ones restore the defaults.
    order
        Position among the types.
    is_open
        Whether new products of this type may be made; existing ones stay.
    """

    display_name: str | None = None
    description: str | None = None
    order: int | None = None
    is_open: bool | None = None


class TypeAdministration:
    """Administration of product types; every method requires the role of administrator."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, identity: Identity) -> tuple[ProductType, ...]:
        """Return all product types, in their order."""
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
            Somebody else changed the type at the same time.
        """
        require_admin(identity)
        number = _number(name)
        try:
            return self._save(identity, number, changes)
        except IntegrityError as e:
            message = f"Somebody else changed the type '{name}' at the same time; check it and try again."
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
            message = f"{changes.order} cannot be the order of a type; it is a number from 0 to {_LAST_ORDER}."
            raise InvalidValueError(message, field="order")
        row.sort_order = None if changes.order == kind.order else changes.order
    if changes.is_open is not None:
        row.is_open = changes.is_open
