"""Tables with units, UCDs and descriptions of the columns of survey catalogues, beside the schema of their files."""

from collections.abc import Sequence
from dataclasses import replace

from core.errors import InvalidValueError
from products.lifecycle.column_descriptions import ColumnDescription, columns_described_by, read_descriptions
from products.lifecycle.column_words import checked_attributes
from tap.metadata.survey_catalogues.models import CatalogueColumn
from tap.metadata.survey_catalogues.places import CataloguePlaces

__all__ = ["column_descriptions", "described_columns"]

_MOST_BYTES = 4_000_000


def column_descriptions(places: CataloguePlaces, url: str) -> tuple[ColumnDescription, ...]:
    """Read a table that describes columns: CSV, a VOTable, or the ReadMe of a catalogue of the CDS.

    Raises
    ------
    InvalidValueError
        The table is not below one of the places, is not there, is too long, or describes no column.
    NotFoundError
        It may not be read.
    """
    folder, name = places.file(url)
    if not folder.has(name):
        raise InvalidValueError(f"The table of metadata '{url[:200]}' cannot be read.", field="metadata")
    with folder.opened(name) as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InvalidValueError(
            f"The table of metadata '{url[:200]}' is longer than {_MOST_BYTES} bytes.", field="metadata"
        )
    try:
        return read_descriptions(content)
    except InvalidValueError as e:
        raise InvalidValueError(f"The table of metadata '{url[:200]}': {e.message}", field="metadata") from e


def described_columns(
    columns: Sequence[CatalogueColumn], descriptions: Sequence[ColumnDescription]
) -> list[CatalogueColumn]:
    """Return columns with the units, UCDs and descriptions of a table, where it gives them.

    The table may describe columns that the catalogue does not have.

    Raises
    ------
    InvalidValueError
        It describes none of the columns, or a unit or UCD is not valid.
    """
    found = {item.column.name: item for item in columns}
    names, known = list(found), 0
    for description in descriptions:
        described = columns_described_by(description.name, names)
        attributes = _checked(description) if described else {}
        for name in described:
            column = replace(found[name].column, **attributes)
            found[name] = replace(found[name], column=column)
            known += 1
    if descriptions and not known:
        raise InvalidValueError(
            f"The table of metadata describes no column of the catalogue, but '{descriptions[0].name[:100]}'; the "
            f"catalogue has {', '.join(names[:8])}.",
            field="metadata",
        )
    return list(found.values())


def _checked(description: ColumnDescription) -> dict[str, str]:
    try:
        checked = checked_attributes(description.attributes)
    except InvalidValueError as e:
        raise InvalidValueError(
            f"The table of metadata, {description.place}, column '{description.name[:100]}': {e.message}",
            field="metadata",
        ) from e
    return {key: text for key, text in checked.items() if text is not None}
