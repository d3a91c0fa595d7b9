"""Tables of pipelines as files, in the format that the configuration asks for."""

from pipelines.outputs.formats import OutputFormat, output_format_of, write_table
from pipelines.outputs.hats import write_hats

__all__ = ["OutputFormat", "output_format_of", "write_hats", "write_table"]
