"""Prepared rows of all catalogues on disk: their columns in the order of rows, and what duplicates need by position."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.sky.healpix import nested_indices
from pipelines.combine.facts import RowFacts, Surveys
from pipelines.combine.homogenisation import STAR
from pipelines.combine.preparation import Prepared
from pipelines.outputs.sorted_runs import SortedRuns

__all__ = ["ROWS_AT_A_TIME", "SpilledRows", "contest_schema"]

#: Rows that are read and written at a time, of all columns.
ROWS_AT_A_TIME = 131_072
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
    """Writer and reader of the rows in a folder.

    Parameters
    ----------
    scores
        Number of columns that decide between duplicates; None when duplicates are left alone.

    Attributes
    ----------
    prepared
        The catalogues, without their rows.
    empty
        Names of the columns that have no value in any row.
    """

    def __init__(self, folder: Path, scores: int | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.contest = None if scores is None else SortedRuns(self.contest_folder, contest_schema(scores))
        self.prepared: list[Prepared] = []
        self.empty: set[str] | None = None
        self.rows = 0
        self._files: list[Path] = []
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

    def add(self, each: Prepared, columns: Mapping[str, pa.Array], scores: list[npt.NDArray[np.float64]]) -> None:
        """Write the rows of a catalogue.

        Parameters
        ----------
        columns
            Its columns, with those that are computed of each row alone.
        scores
            Its values of the columns that decide between duplicates, in their order.
        """
        path = self._folder / f"catalogue_{len(self._files):04}.arrow"
        table = pa.table(dict(columns))
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=ROWS_AT_A_TIME)
        self._files.append(path)
        without = {name for name in table.column_names if table[name].null_count == table.num_rows}
        self.empty = without if self.empty is None else self.empty & without
        z, star = table["z"].to_numpy(), table["z_flag_homogenized"].to_numpy() == STAR
        if self.contest is not None:
            self._add_contest(self.contest, table, z, star, each.tie_result, scores)
        self._z.append(z.copy())
        self._stars.append(star)
        self._earlier.append(each.tie_result)
        self._surveys.add(table["survey"])
        self.rows += table.num_rows
        self.prepared.append(
            replace(each, columns={}, scores={}, tie_result=np.broadcast_to(np.int8(1), len(each.tie_result)))
        )

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
        for path in self._files:
            with pa.OSFile(str(path), "rb") as file, pa.ipc.open_file(file) as reader:
                for number in range(reader.num_record_batches):
                    yield reader.get_batch(number)

    def _add_contest(
        self,
        runs: SortedRuns,
        table: pa.Table,
        z: npt.NDArray[np.float64],
        star: npt.NDArray[np.bool_],
        earlier: npt.NDArray[np.int8],
        scores: list[npt.NDArray[np.float64]],
    ) -> None:
        ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
        for start in range(0, table.num_rows, _ROWS_IN_RUN):
            part = slice(start, start + _ROWS_IN_RUN)
            values: dict[str, object] = {
                "row": np.arange(self.rows + start, self.rows + start + len(ra[part])),
                "ra": ra[part],
                "dec": dec[part],
                "CRD_ID": table["CRD_ID"].slice(start, _ROWS_IN_RUN),
                "z": z[part],
                "star": star[part],
                "earlier": earlier[part],
                **{f"score_{number}": score[part] for number, score in enumerate(scores)},
            }
            runs.add(nested_indices(ra[part], dec[part]), pa.table(values, schema=contest_schema(len(scores))))
