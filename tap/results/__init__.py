"""Results as files: VOTable, CSV, TSV, Parquet, each written piece by piece from Arrow batches."""

from tap.results.formats import DEFAULT_FORMAT, RESULT_FORMATS, ResultFormat, ResultWriter, format_for

__all__ = ["DEFAULT_FORMAT", "RESULT_FORMATS", "ResultFormat", "ResultWriter", "format_for"]
