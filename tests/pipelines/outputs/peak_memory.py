"""Program that writes tables on disk of several sizes in every format and prints how far resident memory rises.

Run: python -m tests.pipelines.outputs.peak_memory FOLDER ROWS [ROWS ...]
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.columns import Column, field_of_column
from pipelines.outputs import OUTPUT_FORMATS, write_hats, write_table
from pipelines.outputs.stored_tables import StoredTable, TableWriter

_NUMBERS = 12
_PART = 50_000
#: Rows in a file of HATS, so that a catalogue has many.
_ROWS_IN_FILE = 50_000


def main() -> None:
    """Print the bytes by which memory rises, by format and number of rows, as JSON."""
    folder, sizes = Path(sys.argv[1]), [int(word) for word in sys.argv[2:]]
    tables = {rows: _stored(folder / f"{rows}.parquet", rows) for rows in sizes}
    first = _stored(folder / "first.parquet", 1000)
    found: dict[str, dict[int, int]] = {}
    for name in (*OUTPUT_FORMATS, "hats"):
        _rise(name, first, folder)  # imports are no part of it
        found[name] = {rows: _rise(name, table, folder) for rows, table in tables.items()}
    print(json.dumps(found))


def _stored(path: Path, rows: int) -> StoredTable:
    position = [field_of_column(Column(name, "double", unit="deg")) for name in ("ra", "dec")]
    others = [pa.field("id", pa.int64()), pa.field("survey", pa.string())]
    schema = pa.schema([*position, *others, *(pa.field(f"n{number}", pa.float64()) for number in range(_NUMBERS))])
    with TableWriter(path) as writer:
        for start in range(0, rows, _PART):
            random, count = np.random.default_rng(start), min(_PART, rows - start)
            columns = [random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))]
            ids, surveys = pa.array(np.arange(count), mask=np.arange(count) % 7 == 0), pa.repeat("SURVEY", count)
            numbers = [random.random(count) for _ in range(_NUMBERS)]
            writer.write(pa.table([*columns, ids, surveys, *numbers], schema=schema))
    return writer.table


def _rise(name: str, table: StoredTable, folder: Path) -> int:
    """Return by how many bytes the resident memory rises above what it was before."""
    target = folder / f"made.{name}"
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew (proc(5))
    before = _kilobytes("VmRSS")
    if name == "hats":
        write_hats(table, target, ("ra", "dec"), rows_in_file=_ROWS_IN_FILE)
    else:
        write_table(table, target, OUTPUT_FORMATS[name])
    peak = _kilobytes("VmHWM")
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()
    return (peak - before) * 1024


def _kilobytes(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


if __name__ == "__main__":
    main()
