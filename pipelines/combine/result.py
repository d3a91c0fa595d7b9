"""Columns of a combined catalogue, with units, UCDs and descriptions."""

from collections.abc import Collection, Mapping

import pyarrow as pa

from core.columns import Column, field_of_column

__all__ = ["result_table"]

_ICRS = "(ICRS), as its catalogue gives it"
_COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column("CRD_ID", "char", "*", ucd="meta.id;meta.main", description="Identifier: catalogue number and row."),
        Column("id", "unicodeChar", "*", ucd="meta.id", description="Identifier in its catalogue."),
        Column("ra", "double", unit="deg", ucd="pos.eq.ra;meta.main", description=f"Right ascension {_ICRS}."),
        Column("dec", "double", unit="deg", ucd="pos.eq.dec;meta.main", description=f"Declination {_ICRS}."),
        Column("z", "double", ucd="src.redshift", description="Redshift."),
        Column("z_flag", "double", ucd="meta.code.qual;src.redshift", description="Quality flag of its survey."),
        Column("z_err", "double", ucd="stat.error;src.redshift", description="Error of the redshift."),
        Column("instrument_type", "unicodeChar", "*", ucd="meta.code;instr", description="Instrument, as given."),
        Column("survey", "unicodeChar", "*", ucd="meta.id;obs", description="Survey, in capitals."),
        Column("source", "unicodeChar", "*", ucd="meta.ref", description="Internal name of its catalogue."),
        Column("tie_result", "short", ucd="meta.code",
               description="1 kept or alone, 0 duplicate, 2 unresolved duplicate, 3 star."),
        Column("tie_reason", "char", "*", ucd="meta.note", description="Why tie_result is what it is."),
        Column("is_in_DP1_fields", "long", ucd="meta.code",
               description="1 within 2.5 degrees of a field of Rubin Data Preview 1, else 0."),
        Column("is_in_rubin_footprint", "long", ucd="meta.code", description="1 in the LSST footprint, else 0."),
        Column("compared_to", "char", "*", ucd="meta.id.assoc", description="CRD_ID of all rows within the radius."),
        Column("z_flag_homogenized", "double", ucd="meta.code.qual;src.redshift",
               description="0 none, 1 below 70 %, 2 to 90 %, 3 to 99 %, 4 above 99 % confidence, 6 star."),
        Column("instrument_type_homogenized", "char", "*", ucd="meta.code;instr",
               description="s spectra, g grism, p photometry."),
        Column("group_id", "long", ucd="meta.id.parent", description="Number of the group of rows of one object."),
    )
}  # fmt: skip


def result_table(columns: Mapping[str, pa.ChunkedArray], without: Collection[str] = ()) -> pa.Table:
    """Return a table of the columns in the order of the result, extra ones before the last.

    Parameters
    ----------
    without
        Columns that are left out.
    """
    known = [name for name in _COLUMNS if name != "group_id"]
    order = [*known, *(name for name in columns if name not in _COLUMNS), "group_id"]
    names = [name for name in order if name in columns and name not in without]
    fields = [
        field_of_column(_COLUMNS[name], columns[name].type) if name in _COLUMNS else pa.field(name, columns[name].type)
        for name in names
    ]
    return pa.table([columns[name] for name in names], schema=pa.schema(fields))
