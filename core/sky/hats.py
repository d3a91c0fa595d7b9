"""Names of the files of HATS catalogues, and their properties (IVOA Note HATS 1.0): files of Java properties."""

import re
from collections.abc import Mapping

__all__ = ["CATALOGUE_FILES", "COLLECTION_FILE", "partition_name", "properties_of", "properties_text"]

#: File with the properties of a collection.
COLLECTION_FILE = "collection.properties"
#: Files with the properties of a catalogue, by its present name and by that of older catalogues.
CATALOGUE_FILES = ("hats.properties", "properties")

_DIRECTORY = 10_000
_BREAKS = str.maketrans("\r\n", "  ")


def partition_name(order: int, pixel: int, suffix: str = ".parquet") -> str:
    """Return the path of a partition below the folder of the partitions."""
    return f"Norder={order}/Dir={pixel // _DIRECTORY * _DIRECTORY}/Npix={pixel}{suffix}"


def properties_of(text: str) -> dict[str, str]:
    """Return the properties in a file, without the backslashes that escape characters."""
    pairs = (
        line.split("=", 1) for line in text.splitlines() if "=" in line and not line.lstrip().startswith(("#", "!"))
    )
    return {key.strip(): re.sub(r"\\(.)", r"\1", value.strip()) for key, value in pairs}


def properties_text(title: str, values: Mapping[str, object]) -> str:
    """Return the text of a file of properties; those that are None are left out.

    A line break in a value, such as the name of a column, would begin another property: it becomes a blank.
    """
    texts = {
        key: str(value).translate(_BREAKS).replace("\\", "\\\\") for key, value in values.items() if value is not None
    }
    return "\n".join([f"#{title}", *(f"{key}={text}" for key, text in texts.items())]) + "\n"
