"""Names of the files in which results are stored by clients (Content-Disposition, RFC 6266)."""

from collections.abc import Sequence

__all__ = ["result_name"]


def result_name(tables: Sequence[str], extension: str) -> str:
    """Return the name of the file of a result: that of the table whose rows it has, or ``result``.

    Parameters
    ----------
    tables
        Full names of the tables that the query reads.
    extension
        Extension of the format, without a dot.
    """
    stem = tables[0].rpartition(".")[2] if len(tables) == 1 else "result"
    is_plain = stem.isascii() and stem.replace("_", "").isalnum()
    return f"{stem if is_plain else 'result'}.{extension}"
