"""Column metadata: name, datatype, unit, UCD and description, and conversion to and from Arrow fields.

The types are those of VOTable 1.5 §2.1; ``xtype`` values are those of DALI 1.1 §3.3. Metadata travels on Arrow
schemas as field metadata (keys ``unit``, ``ucd``, ``utype``, ``xtype``, ``description``, ``datatype``,
``arraysize``, ``frame``, ``density``), so that every stream of record batches describes its columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import pyarrow as pa

__all__ = [
    "ARROW_TYPES",
    "COMPUTED_UTYPE",
    "DENSITY_UTYPE",
    "HEALPIX_COLUMN",
    "Column",
    "column_of_field",
    "field_of_column",
    "votable_type_of",
]

#: Name of the derived column by which rows are sorted: NESTED HEALPix index at order 29, as in HATS catalogues.
HEALPIX_COLUMN = "_healpix_29"

#: UTypes of columns of probability densities, and of numbers that the server computed from them.
DENSITY_UTYPE = "photoz:density"
COMPUTED_UTYPE = "photoz:density.computed"

_SCALAR_TYPES: Mapping[pa.DataType, str] = {
    pa.bool_(): "boolean",
    pa.int8(): "short",
    pa.uint8(): "unsignedByte",
    pa.int16(): "short",
    pa.uint16(): "int",
    pa.int32(): "int",
    pa.uint32(): "long",
    pa.int64(): "long",
    pa.uint64(): "long",
    pa.float16(): "float",
    pa.float32(): "float",
    pa.float64(): "double",
}

#: Default Arrow type of each VOTable datatype.
ARROW_TYPES: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "unsignedByte": pa.uint8(),
    "short": pa.int16(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "char": pa.string(),
    "unicodeChar": pa.string(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, described as VOTable's FIELD describes it.

    Parameters
    ----------
    name
        The name as its author spelt it, without quotes.
    datatype
        A VOTable primitive: ``boolean``, ``unsignedByte``, ``short``, ``int``, ``long``, ``float``, ``double``,
        ``char`` (text, ASCII only) or ``unicodeChar`` (any text).
    arraysize
        ``*`` for text, a length or ``N*`` for arrays, none for scalars.
    frame
        Frame of a coordinate, as declared by its file: ``ICRS``, ``FK4(B1950)``, ``GALACTIC``; a name of the IVOA
        vocabulary refframe, and the equinox where the frame has one.
    density
        For arrays that are probability densities: JSON of their form and of what all rows share, such as the grid.
    """

    name: str
    datatype: str
    arraysize: str | None = None
    xtype: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    description: str | None = field(default=None, compare=False)
    frame: str | None = None
    density: str | None = None

    @property
    def is_text(self) -> bool:
        """Whether the values are text."""
        return self.datatype in {"char", "unicodeChar"}

    @property
    def is_numeric(self) -> bool:
        """Whether the values are single numbers."""
        return self.arraysize is None and self.datatype not in {"boolean", "char", "unicodeChar"}


_METADATA_KEYS = tuple(f.name for f in fields(Column) if f.name != "name")


def votable_type_of(arrow_type: pa.DataType) -> tuple[str, str | None, str | None]:
    """Return the VOTable type that holds an Arrow type.

    Returns
    -------
    datatype, arraysize, xtype
        For text the datatype is ``unicodeChar``, which is right for any text.

    Raises
    ------
    TypeError
        For types that no VOTable column holds (structs, maps, unions, lists of lists).
    """
    if pa.types.is_dictionary(arrow_type):
        return votable_type_of(arrow_type.value_type)
    if arrow_type in _SCALAR_TYPES:
        return _SCALAR_TYPES[arrow_type], None, None
    if pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type) or pa.types.is_string_view(arrow_type):
        return "unicodeChar", "*", None
    if pa.types.is_timestamp(arrow_type) or pa.types.is_date(arrow_type):
        return "char", "*", "timestamp"
    if pa.types.is_time(arrow_type):  # a time of day is no timestamp of DALI
        return "char", "*", None
    if pa.types.is_decimal(arrow_type):
        return "double", None, None
    if pa.types.is_null(arrow_type):
        return "char", "*", None
    if pa.types.is_fixed_size_list(arrow_type) and arrow_type.value_type in _SCALAR_TYPES:
        return _SCALAR_TYPES[arrow_type.value_type], str(arrow_type.list_size), None
    if (pa.types.is_list(arrow_type) or pa.types.is_large_list(arrow_type)) and arrow_type.value_type in _SCALAR_TYPES:
        return _SCALAR_TYPES[arrow_type.value_type], "*", None
    message = f"no VOTable type holds Arrow's {arrow_type}"
    raise TypeError(message)


def column_of_field(arrow_field: pa.Field) -> Column:
    """Return the column that an Arrow field describes; a missing datatype is derived from the Arrow type."""
    metadata = {key.decode(): value.decode("utf-8", "replace") for key, value in (arrow_field.metadata or {}).items()}
    known = {key: metadata[key] for key in _METADATA_KEYS if metadata.get(key)}
    if "datatype" not in known:
        datatype, arraysize, xtype = votable_type_of(arrow_field.type)
        known["datatype"] = datatype
        if arraysize:
            known.setdefault("arraysize", arraysize)
        if xtype:
            known.setdefault("xtype", xtype)
    return Column(name=arrow_field.name, **known)


def field_of_column(column: Column, arrow_type: pa.DataType | None = None) -> pa.Field:
    """Return a column as an Arrow field with metadata, of the given type or the default of its datatype."""
    if arrow_type is None:
        arrow_type = pa.string() if column.xtype == "timestamp" else ARROW_TYPES[column.datatype]
        if column.arraysize is not None and not column.is_text:
            size = int(column.arraysize) if column.arraysize.isdigit() else -1
            arrow_type = pa.list_(arrow_type, size)
    metadata = {key: value for key in _METADATA_KEYS if (value := getattr(column, key))}
    return pa.field(column.name, arrow_type, metadata=metadata)
