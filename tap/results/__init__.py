"""Results as files of every format of `RESULT_FORMATS`, each written piece by piece from Arrow batches."""

from tap.results.formats import DEFAULT_FORMAT, RESULT_FORMATS, ResultFormat, ResultWriter, format_for

__all__ = ["DEFAULT_FORMAT", "RESULT_FORMATS", "ResultFormat", "ResultWriter", "format_for"]
