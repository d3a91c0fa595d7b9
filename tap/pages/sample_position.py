"""Position of a row of a table, for examples and test queries."""

from functools import lru_cache
from pathlib import Path

from products.rows.stored_file import StoredFile
from tap.models import TapTable

__all__ = ["sample_position"]


def sample_position(table: TapTable) -> tuple[float, float]:
    """Return the right ascension and declination of a row near the middle of a table that has positions, in degrees."""
    held = table.engine_table  # which keeps the file where it is
    return _row_in_the_middle(held.files[0], *(table.entry.position or ("", "")))


@lru_cache(maxsize=256)
def _row_in_the_middle(path: Path, ra: str, dec: str) -> tuple[float, float]:
    """Return the position; cached, because the file never changes."""
    with StoredFile(path) as file:
        rows = file.read_row_group(file.num_row_groups // 2, [ra, dec]).drop_null()
    if not rows.num_rows:
        return 0.0, 0.0
    row = rows.num_rows // 2
    return float(rows[ra][row].as_py()), float(rows[dec][row].as_py())
