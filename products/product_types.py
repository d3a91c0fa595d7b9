"""The types of products, with the column meanings that each one must have.

Ids, names and mandatory meanings stand here, because clients and pipelines rely on them; what administrators changed of
the words, the order, and whether new products are made, is laid over them.
"""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidValueError
from products.models import ProductType
from products.schema import ProductTypeRow

__all__ = ["PRODUCT_TYPES", "all_types", "open_type", "product_type", "product_type_named", "type_of_row"]

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
        "What a photo-z code learnt: trained models, kept as they are, in whatever format the code writes.",
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
        "elsewhere, at an address that the description tells.",
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


def product_type_named(name: str) -> ProductType:
    """Find a product type by its internal name, or raise InvalidValueError with the names there are."""
    for kind in _TYPES:
        if kind.name == name:
            return kind
    names = ", ".join(kind.name for kind in _TYPES)
    message = f"'{name}' is not a product type; the types are {names}."
    raise InvalidValueError(message, field="product_type")


def type_of_row(type_id: int, changes: ProductTypeRow | None) -> ProductType:
    """Give a product type with what administrators changed of it."""
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
    """Give all product types as administrators left them, in their order."""
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
