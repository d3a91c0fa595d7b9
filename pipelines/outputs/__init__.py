"""Tables of pipelines as files, in the format that the configuration asks for."""

from pipelines.outputs.formats import OutputFormat, output_format_of, write_table

__all__ = ["OutputFormat", "output_format_of", "write_table"]
