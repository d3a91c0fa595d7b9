"""Result formats: one streaming writer for each format of `RESULT_FORMATS`, from Arrow batches."""

from tap.results.formats import DEFAULT_FORMAT, RESULT_FORMATS, ResultFormat, ResultWriter, format_for

__all__ = ["DEFAULT_FORMAT", "RESULT_FORMATS", "ResultFormat", "ResultWriter", "format_for"]
