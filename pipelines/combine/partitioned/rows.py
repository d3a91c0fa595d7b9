"""Prepared rows of all catalogues on disk: their columns in the order of rows, and what duplicates need by position."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.sky.healpix import nested_indices
from pipelines.combine.catalogues.homogenisation import STAR
from pipelines.combine.facts import RowFacts, Surveys
from pipelines.outputs.sorted_runs import SortedRuns

__all__ = ["SpilledRows", "contest_schema"]

#: Rows that are read at a time, of all columns.
_ROWS_AT_A_TIME = 131_072
#: Rows that are sorted by position together.
_ROWS_IN_RUN = 1_000_000


def contest_schema(scores: int) -> pa.Schema:
    """Return the columns that duplicates are found and decided by, with a number of priorities."""
    return pa.schema(
        [
            ("row", pa.int64()),
            ("ra", pa.float64()),
            ("dec", pa.float64()),
            ("CRD_ID", pa.string()),
            ("z", pa.float64()),
            ("star", pa.bool_()),
            ("earlier", pa.int8()),
            *((f"score_{number}", pa.float64()) for number in range(scores)),
        ]
    )


class SpilledRows:
    """Writer and reader of the rows in a folder; they are read after `close`.

    Parameters
    ----------
    scores
        Number of columns that decide between duplicates; None when duplicates are left alone.

    Attributes
    ----------
    empty
        Names of the columns that have no value in any row.
    """

    def __init__(self, folder: Path, scores: int | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.contest = None if scores is None else SortedRuns(self.contest_folder, contest_schema(scores))
        self.empty: set[str] | None = None
        self.rows = 0
        self._writer: pa.RecordBatchFileWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows_waiting = 0
        self._z: list[npt.NDArray[np.float64]] = []
        self._stars: list[npt.NDArray[np.bool_]] = []
        self._earlier: list[npt.NDArray[np.int8]] = []
        self._surveys = Surveys()

    @property
    def contest_folder(self) -> Path:
        """Folder of the runs by position."""
        return self._folder / "contest"

    def folder(self, name: str) -> Path:
        """Return a folder for other rows."""
        return self._folder / name

    def add(
        self, columns: Mapping[str, pa.Array], tie_result: npt.NDArray[np.int8], scores: list[npt.NDArray[np.float64]]
    ) -> None:
        """Write the next rows.

        Parameters
        ----------
        columns
            Their columns, with those that are computed of each row alone.
        tie_result
            With which they came.
        scores
            Their values of the columns that decide between duplicates, in their order.
        """
        table = pa.table(dict(columns))
        if self._writer is None:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writer = pa.ipc.new_file(str(self._path), table.schema, options=options)
        self._writer.write_table(table, max_chunksize=_ROWS_AT_A_TIME)
        without = {name for name in table.column_names if table[name].null_count == table.num_rows}
        self.empty = without if self.empty is None else self.empty & without
        z, star = table["z"].to_numpy(), table["z_flag_homogenized"].to_numpy() == STAR
        if self.contest is not None:
            self._add_contest(self.contest, table, z, star, tie_result, scores)
        self._z.append(z.copy())
        self._stars.append(star)
        self._earlier.append(tie_result)
        self._surveys.add(table["survey"])
        self.rows += table.num_rows

    def close(self) -> None:
        """Write what waits; no rows are added any more."""
        if self._writer is not None:
            self._writer.close()
        if self.contest is not None:
            self._flush(self.contest)

    def facts(self) -> RowFacts:
        """Return the values of all rows that the report needs."""
        z, star = np.concatenate(self._z), np.concatenate(self._stars)
        self._z, self._stars = [], []
        return RowFacts(z, star, *self._surveys.codes())

    def earlier(self) -> npt.NDArray[np.int8]:
        """Return ``tie_result`` with which the rows came."""
        return np.concatenate(self._earlier)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the columns of all rows, in their order."""
        with pa.OSFile(str(self._path), "rb") as file, pa.ipc.open_file(file) as reader:
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)

    @property
    def _path(self) -> Path:
        return self._folder / "rows.arrow"

    def _add_contest(
        self,
        runs: SortedRuns,
        table: pa.Table,
        z: npt.NDArray[np.float64],
        star: npt.NDArray[np.bool_],
        earlier: npt.NDArray[np.int8],
        scores: list[npt.NDArray[np.float64]],
    ) -> None:
        values: dict[str, object] = {
            "row": np.arange(self.rows, self.rows + table.num_rows),
            "ra": table["ra"],
            "dec": table["dec"],
            "CRD_ID": table["CRD_ID"],
            "z": z,
            "star": star,
            "earlier": earlier,
            **{f"score_{number}": score for number, score in enumerate(scores)},
        }
        self._waiting.append(pa.table(values, schema=contest_schema(len(scores))))
        self._rows_waiting += table.num_rows
        if self._rows_waiting >= _ROWS_IN_RUN:
            self._flush(runs)

    def _flush(self, runs: SortedRuns) -> None:
        """Write the rows that wait as one run."""
        if self._waiting:
            table = pa.concat_tables(self._waiting)
            runs.add(nested_indices(table["ra"].to_numpy(), table["dec"].to_numpy()), table)
        self._waiting, self._rows_waiting = [], 0
