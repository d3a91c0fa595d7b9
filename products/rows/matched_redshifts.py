"""Redshifts of the same objects in two tables, matched by their identifiers."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.files.kept import HeldFiles
from products.rows.stored_file import StoredFile

__all__ = ["RedshiftColumns", "matched_redshifts"]


@dataclass(frozen=True, slots=True)
class RedshiftColumns:
    """Stored rows, with the columns of identifiers and of redshifts."""

    rows: HeldFiles
    identifier: str
    redshift: str


def matched_redshifts(first: RedshiftColumns, second: RedshiftColumns) -> tuple[np.ndarray, np.ndarray]:
    """Return the finite redshifts of the objects that both tables have, in the order of the first.

    Identifiers of different types are compared as texts. Of equal ones in the second table, the first counts.
    """
    (ids, redshifts), (other_ids, other_redshifts) = _read(first), _read(second)
    if ids.type != other_ids.type:
        ids, other_ids = ids.cast(pa.string()), other_ids.cast(pa.string())
    places = pc.index_in(ids, value_set=other_ids, skip_nulls=True)
    known = places.is_valid().to_numpy(zero_copy_only=False)
    ours = redshifts[known]
    theirs = other_redshifts[places.drop_null().to_numpy()]
    finite = np.isfinite(ours) & np.isfinite(theirs)
    return ours[finite], theirs[finite]


def _read(columns: RedshiftColumns) -> tuple[pa.Array, np.ndarray]:
    with StoredFile(columns.rows.path) as stored:
        table = stored.read(list(dict.fromkeys((columns.identifier, columns.redshift))))
    redshifts = table[columns.redshift].cast(pa.float64()).to_numpy()
    return table[columns.identifier].combine_chunks(), np.asarray(redshifts)
