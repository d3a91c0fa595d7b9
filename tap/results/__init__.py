"""Result formats: one streaming writer for each format of `RESULT_FORMATS`, from Arrow batches."""

from tap.results.formats import DEFAULT_FORMAT, RESULT_FORMATS, ResultFormat, ResultWriter, format_for
from tap.results.names import result_name

__all__ = ["DEFAULT_FORMAT", "RESULT_FORMATS", "ResultFormat", "ResultWriter", "format_for", "result_name"]
