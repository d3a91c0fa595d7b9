"""Writers of result tables, one per format."""

from pipelines.outputs.formats import (
    OUTPUT_FORMATS,
    OUTPUT_LABELS,
    OutputFormat,
    checked_output_name,
    output_format_of,
    output_name_for,
    write_table,
)
from pipelines.outputs.hats import write_hats

__all__ = [
    "OUTPUT_FORMATS",
    "OUTPUT_LABELS",
    "OutputFormat",
    "checked_output_name",
    "output_format_of",
    "output_name_for",
    "write_hats",
    "write_table",
]
