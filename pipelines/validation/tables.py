"""Tables of a validation: metrics overall and in bins, PIT histogram and quantiles, N(z)."""

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from core.columns import Column, field_of_column
from pipelines.outputs import output_format_of, write_table
from pipelines.validation.metrics import METRICS
from pipelines.validation.report import BINNED_BY, EstimatesReport, ValidationReport

__all__ = ["calibration_table", "metrics_table", "redshift_table", "table_documents"]

_DESCRIPTIONS = {
    "estimates": "Table of estimates",
    "binned_by": f"all, or by what objects are put into bins: {', '.join(BINNED_BY)}",
    "bin_low": "Lower edge of the bin",
    "bin_high": "Upper edge of the bin",
    "objects": "Number of objects",
}


def metrics_table(report: ValidationReport) -> pa.Table:
    """Return the metrics: one row for all objects of each table of estimates, and one for each bin."""
    rows = [row for each in report.estimates for row in _metric_rows(each)]
    names = [*_DESCRIPTIONS]
    fields = [
        field_of_column(Column("estimates", "unicodeChar", "*", description=_DESCRIPTIONS["estimates"])),
        field_of_column(Column("binned_by", "char", "*", description=_DESCRIPTIONS["binned_by"])),
        *(field_of_column(Column(name, "double", description=_DESCRIPTIONS[name])) for name in names[2:4]),
        field_of_column(Column("objects", "long", ucd="meta.number", description=_DESCRIPTIONS["objects"])),
    ]
    for metric in METRICS:
        fields.append(field_of_column(Column(metric.name, "double", description=metric.words)))
        if metric.is_resampled:
            words = f"Standard error of {metric.name} by bootstrap"
            fields.append(field_of_column(Column(f"{metric.name}_err", "double", ucd="stat.error", description=words)))
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def calibration_table(report: ValidationReport) -> pa.Table:
    """Return the quantiles of the PIT (QQ plot) of each table of estimates that has densities."""
    schema = pa.schema([
        field_of_column(Column("level", "double", description="Level of the quantile; that of calibrated densities")),
        *(
            field_of_column(Column(each.name, "double", description=f"Quantile of the PIT of {each.label}"))
            for each in report.estimates if each.pit_quantiles
        ),
    ])  # fmt: skip
    columns: dict[str, list[float | None]] = {"level": list(report.levels)}
    columns |= {each.name: list(each.pit_quantiles) for each in report.estimates if each.pit_quantiles}
    return pa.table(columns, schema=schema)


def redshift_table(report: ValidationReport) -> pa.Table:
    """Return the stacked densities N(z), one row for each bin and point of the grid."""
    rows = [
        {
            "estimates": each.name, "bin_low": of.low, "bin_high": of.high, "objects": of.objects, "z": z,
            "nz": value,
        }
        for each in report.estimates
        for of in each.tomography
        for z, value in zip(report.grid, of.stacked, strict=True)
    ]  # fmt: skip
    words = {
        "bin_low": "Lower edge of the tomographic bin in the point estimate; none for all objects",
        "bin_high": "Upper edge of the tomographic bin",
        "z": "Redshift",
        "nz": "Sum of the densities, normalised to 1",
    }
    schema = pa.schema([
        field_of_column(Column("estimates", "unicodeChar", "*", description=_DESCRIPTIONS["estimates"])),
        *(field_of_column(Column(name, "double", description=words[name])) for name in ("bin_low", "bin_high")),
        field_of_column(Column("objects", "long", ucd="meta.number", description=_DESCRIPTIONS["objects"])),
        *(field_of_column(Column(name, "double", description=words[name])) for name in ("z", "nz")),
    ])  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema)


def table_documents(report: ValidationReport) -> dict[str, bytes]:
    """Return the tables as files: the metrics as ECSV and VOTable, the others as Parquet if there are densities."""
    metrics = metrics_table(report)
    documents = {"metrics.ecsv": _ecsv(metrics), "metrics.vot": _written(metrics, "votable")}
    if any(each.pit_quantiles for each in report.estimates):
        documents["pit_quantiles.parquet"] = _written(calibration_table(report), "parquet")
        documents["nz.parquet"] = _written(redshift_table(report), "parquet")
    return documents


def _metric_rows(each: EstimatesReport) -> Iterator[dict[str, object]]:
    yield {"estimates": each.name, "binned_by": "all", "objects": each.objects} | _values(each.metrics, each.errors)
    for by, bins in each.bins.items():
        for one in bins:
            place = {"estimates": each.name, "binned_by": by, "bin_low": one.low, "bin_high": one.high}
            yield place | {"objects": one.objects} | _values(one.metrics, one.errors)


def _values(metrics: Mapping[str, float | None], errors: Mapping[str, float | None]) -> dict[str, object]:
    return {**metrics, **{f"{name}_err": error for name, error in errors.items()}}


def _written(table: pa.Table, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        write_table(table, path, output_format_of(name))
        return path.read_bytes()


def _ecsv(table: pa.Table) -> bytes:
    """Return a table as ECSV, with descriptions."""
    from astropy.table import MaskedColumn, Table

    columns: Sequence[object] = [
        MaskedColumn(
            [_filler(field) if value is None else value for value in column.to_pylist()],
            name=field.name,
            mask=[value is None for value in column.to_pylist()],
            description=(field.metadata or {}).get(b"description", b"").decode(),
        )
        for field, column in zip(table.schema, table.columns, strict=True)
    ]
    text = io.StringIO()
    Table(columns).write(text, format="ascii.ecsv")
    return text.getvalue().encode()


def _filler(field: pa.Field) -> object:
    """Return a value of the type of a column, for masked rows."""
    return "" if pa.types.is_string(field.type) else 0.0 if pa.types.is_floating(field.type) else 0
