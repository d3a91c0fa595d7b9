"""Properties of HATS catalogues and collections (IVOA Note HATS 1.0)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.columns import HEALPIX_COLUMN
from core.errors import InvalidValueError
from core.sky.hats import CATALOGUE_FILES, COLLECTION_FILE, properties_of
from core.sky.healpix import FINEST_ORDER
from tap.metadata.survey_catalogues.places import CatalogueFolder

__all__ = ["CatalogueProperties", "catalogue_properties"]

_KINDS = frozenset({"object", "source"})
_SEPARATORS = re.compile(r"[; ,\n]+")


@dataclass(frozen=True, slots=True)
class CatalogueProperties:
    """What the properties of a catalogue, and of its collection, declare.

    Parameters
    ----------
    root
        Folder of the catalogue: that of the primary table of a collection.
    values
        The properties of the catalogue; empty for Parquet without properties.
    indexes
        Folders of the HATS indexes of the collection, by the column that each is of.
    """

    root: CatalogueFolder
    values: Mapping[str, str]
    indexes: Mapping[str, CatalogueFolder]

    @property
    def title(self) -> str:
        """Title of the catalogue."""
        return self.values.get("obs_title") or self.values.get("obs_description") or ""

    @property
    def position(self) -> tuple[str, str] | None:
        """Names of the columns of the position."""
        ra, dec = (self.values.get(f"hats_col_{name}") for name in ("ra", "dec"))
        return (ra, dec) if ra and dec else None

    @property
    def healpix(self) -> str | None:
        """Name of the column with the index of order 29; None when the index is of another order."""
        if self.values.get("hats_col_healpix_order", str(FINEST_ORDER)) != str(FINEST_ORDER):
            return None
        return self.values.get("hats_col_healpix") or HEALPIX_COLUMN

    @property
    def suffix(self) -> str:
        """End of the names of partitions; a slash where each partition is a folder."""
        return self.values.get("hats_npix_suffix") or ".parquet"

    def number(self, key: str) -> int | None:
        """Return a property that is a whole number, if it is there."""
        text = self.values.get(key, "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < FINEST_ORDER else None


def catalogue_properties(folder: CatalogueFolder) -> CatalogueProperties:
    """Read the properties of a catalogue, or of a collection and its primary table.

    Raises
    ------
    InvalidValueError
        A collection has no primary table, or the catalogue is of a kind that is no table, such as a margin.
    """
    root, indexes = folder, {}
    collection = folder.text(COLLECTION_FILE)
    if collection is not None:
        declared = properties_of(collection)
        root = folder.child(declared.get("hats_primary_table_url") or "")
        names = [name for name in _SEPARATORS.split(declared.get("all_indexes", "")) if name]
        indexes = {column: folder.child(name) for column, name in zip(names[::2], names[1::2], strict=False)}
    text = next((text for name in CATALOGUE_FILES if (text := root.text(name)) is not None), None)
    values = {} if text is None else properties_of(text)
    kind = values.get("dataproduct_type", "object")
    if kind not in _KINDS:
        raise InvalidValueError(
            f"The catalogue is of type '{kind[:60]}'; a catalogue of type 'object' or 'source' can be a table.",
            field="url",
        )
    return CatalogueProperties(root, values, indexes)
