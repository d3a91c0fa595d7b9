"""Join of redshifts and objects to the columns of the result."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.columns import HEALPIX_COLUMN, Column, field_of_column

__all__ = ["DISTANCE", "IS_TRAINING", "RESERVED", "SUFFIX", "append", "columns_of_objects", "joined", "result_names"]

SUFFIX = "_specz"
DISTANCE = Column("_dist_arcsec", "double", unit="arcsec", ucd="pos.angDistance", description="Redshift to object.")
IS_TRAINING = Column("is_training_set", "long", ucd="meta.code", description="1 for training, 0 for validation.")
OBJECTS_OF_REDSHIFT = Column(
    "n_objects_of_redshift", "int", ucd="meta.number", description="Objects within the radius of this redshift."
)
REDSHIFTS_OF_OBJECT = Column(
    "n_redshifts_of_object", "int", ucd="meta.number", description="Redshifts within the radius of this object."
)
INDEX = Column(HEALPIX_COLUMN, "long", ucd="pos.healpix", description="HEALPix cell of the redshift, NESTED, order 29.")

#: Names that the result has of its own; a column of the redshift catalogue with such a name gets the suffix.
RESERVED = frozenset(one.name for one in (DISTANCE, IS_TRAINING, OBJECTS_OF_REDSHIFT, REDSHIFTS_OF_OBJECT, INDEX))


def columns_of_objects(available: Sequence[str], selected: Sequence[str], position: tuple[str, str]) -> list[str]:
    """Return the object columns of the result: the selected ones or all, always with the position."""
    wanted = {*selected, *position} if selected else set(available)
    return [name for name in available if name in wanted and name not in RESERVED]


def result_names(names: Sequence[str], object_columns: Sequence[str]) -> list[str]:
    """Return the names of the redshift columns in the result, with a suffix where an object column has the name.

    A column that already had the name which another one gets by its suffix, as in an earlier training set, gets one
    suffix more.
    """
    taken = {*object_columns, *RESERVED}
    given: dict[str, str] = {}
    for name in sorted(names, key=lambda name: name not in taken):
        new = name
        while new in taken:
            new += SUFFIX
        taken.add(new)
        given[name] = new
    return [given[name] for name in names]


def joined(
    redshifts: pa.Table,
    objects: pa.Table,
    redshift_rows: npt.NDArray[np.int64],
    object_rows: npt.NDArray[np.int64],
    separation: npt.NDArray[np.float64],
) -> pa.Table:
    """Join rows of both tables into one, with the separation."""
    left = redshifts.drop_columns([name for name in redshifts.column_names if name == HEALPIX_COLUMN])
    names = result_names(left.column_names, objects.column_names)
    fields = [f.with_name(name) for f, name in zip(left.schema, names, strict=True)]
    left = left.take(pa.array(redshift_rows))
    right = objects.take(pa.array(object_rows))
    table = pa.table([*left.columns, *right.columns], schema=pa.schema([*fields, *right.schema]))
    return append(table, DISTANCE, separation)


def append(table: pa.Table, column: Column, values: npt.NDArray[np.generic]) -> pa.Table:
    """Append a column of numbers."""
    field = field_of_column(column)
    return table.append_column(field, pa.array(values).cast(field.type))
