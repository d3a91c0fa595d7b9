"""Conversion of Arrow tables to astropy tables, with masked values and the metadata of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzserver.tables.parquet import column_of_array

if TYPE_CHECKING:
    import pyarrow as pa
    from astropy.table import Table

__all__ = ["astropy_table"]


def astropy_table(table: pa.Table) -> Table:
    """Return an Arrow table, whose fields may have ``unit``, ``ucd`` and ``description``, as an astropy table."""
    from astropy.table import Table
    from astropy.units import Unit

    columns = {field.name: column_of_array(table.column(field.name).combine_chunks()) for field in table.schema}
    result = Table(columns, copy=False)
    for field in table.schema:
        known = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        column = result[field.name]
        if known.get("unit"):
            column.unit = Unit(known["unit"], parse_strict="silent")
        column.description = known.get("description") or None
        column.meta.update({key: known[key] for key in ("ucd", "utype", "xtype") if known.get(key)})
    return result
