"""Partitions of HATS catalogues in folders, S3 and behind HTTP: which are listed, opened and read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import s3fs

from core.errors import InvalidValueError, UnreadableFileError
from core.sky.healpix import nested_indices
from pipelines.crossmatch.reach import reach_around
from pipelines.inputs.partition_lists import parquet_part
from pipelines.training import TrainingSetConfiguration, make_training_set, open_objects
from tests.pipelines.training.skies import redshift_table
from tests.support.files_over_http import RangeHandler, folder_over_http
from tests.support.hats import write_hats
from tests.support.s3 import running_s3

_SETTINGS = TrainingSetConfiguration.model_validate(
    {"param": {"random_seed": 3, "convert_flux_to_mag": False, "dereddening": "none"}}
)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(9)
    count = 6000
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    made = {"id": np.arange(count), "ra": random.uniform(0, 360, count), "dec": dec}
    return pd.DataFrame(made | {f"wide{i}": random.random(count) for i in range(20)})


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> Path:
    folder = tmp_path_factory.mktemp("partitions") / "sky"
    write_hats(frame, folder, most_rows=100)
    return folder


@pytest.fixture(scope="module")
def redshifts(frame: pd.DataFrame) -> pa.Table:
    """Redshifts at the north pole, around RA 0 and near some other objects, half an arcsecond from them."""
    near = frame[(frame.dec > 80) | ((frame.ra % 359 < 1) & (abs(frame.dec) < 20))]
    return redshift_table(near.ra.to_numpy(), np.clip(near.dec.to_numpy() - 0.5 / 3600, -90, 90))


def _only_near(catalogue: Path, redshifts: pa.Table, target: Path) -> Path:
    """Copy a catalogue without the partitions that no redshift is near to."""
    shutil.copytree(catalogue, target)
    cells = nested_indices(redshifts["ra"].to_numpy(), redshifts["dec"].to_numpy())
    reach, removed = reach_around(cells, 1.0), 0
    first = min(target.rglob("Npix=*.parquet"), key=lambda path: parquet_part(path).cells or (0, 0))
    for path in sorted(target.rglob("Npix=*.parquet")):
        span = parquet_part(path).cells
        if span is not None and path != first and not reach.overlaps(*span):
            path.unlink()
            removed += 1
    assert removed > 50
    return target


def test_partitions_that_no_redshift_is_near_to_are_not_opened(
    catalogue: Path, redshifts: pa.Table, tmp_path: Path
) -> None:
    expected = make_training_set(redshifts, catalogue, _SETTINGS)
    made = make_training_set(redshifts, _only_near(catalogue, redshifts, tmp_path / "near"), _SETTINGS)
    assert made.table.num_rows == redshifts.num_rows
    assert made.table.equals(expected.table)
    assert made.report == expected.report
    assert made.report.objects_passed == 6000


def test_listed_and_found_partitions_are_the_same(catalogue: Path, redshifts: pa.Table, tmp_path: Path) -> None:
    expected = make_training_set(redshifts, catalogue, _SETTINGS)
    shutil.copytree(catalogue, tmp_path / "sky")
    (tmp_path / "sky" / "partition_info.csv").unlink()
    assert make_training_set(redshifts, tmp_path / "sky", _SETTINGS).table.equals(expected.table)


def test_rows_of_partitions_come_from_their_list(catalogue: Path, redshifts: pa.Table, tmp_path: Path) -> None:
    near = _only_near(catalogue, redshifts, tmp_path / "sky")
    lines = (near / "partition_info.csv").read_text().splitlines()
    counted = "\n".join([f"{lines[0]},num_rows", *(f"{line},7" for line in lines[1:])])
    (near / "partition_info.csv").write_text(counted)
    for name in ("hats.properties", "properties"):
        path = near / name
        if path.is_file():
            path.write_text("\n".join(line for line in path.read_text().splitlines() if "hats_nrows" not in line))
    assert make_training_set(redshifts, near, _SETTINGS).report.objects_passed == 7 * (len(lines) - 1)


@pytest.mark.parametrize("line", ["1,x", "1,99", "30,0", "2"])
def test_lists_with_wrong_cells_are_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "hats.properties").write_text("dataproduct_type=object\n")
    (tmp_path / "partition_info.csv").write_text(f"Norder,Npix\n{line}\n")
    with pytest.raises(UnreadableFileError, match="Line 2 of partition_info"):
        open_objects(tmp_path)


def test_a_catalogue_in_s3_gives_the_same(catalogue: Path, redshifts: pa.Table, tmp_path: Path) -> None:
    expected = make_training_set(redshifts, catalogue, _SETTINGS)
    near = _only_near(catalogue, redshifts, tmp_path / "near")
    with running_s3("objects"):
        s3fs.S3FileSystem().put(str(near), "objects/sky", recursive=True)
        made = make_training_set(redshifts, "s3://objects/sky", _SETTINGS)
        with pytest.raises(InvalidValueError, match="no Parquet file"):
            open_objects("s3://objects/nothing")
    assert made.table.equals(expected.table)
    assert made.report == expected.report


def test_a_catalogue_behind_http_gives_the_same_and_only_near_partitions_are_fetched(
    catalogue: Path, redshifts: pa.Table
) -> None:
    expected = make_training_set(redshifts, catalogue, _SETTINGS)
    with _web(catalogue.parent) as (url, fetched):
        made = make_training_set(redshifts, f"{url}/sky", _SETTINGS)
        with pytest.raises(InvalidValueError, match="no object catalogue 'nothing'"):
            open_objects(f"{url}/nothing")
    assert made.table.equals(expected.table)
    cells = nested_indices(redshifts["ra"].to_numpy(), redshifts["dec"].to_numpy())
    reach = reach_around(cells, 1.0)
    spans = [parquet_part(name).cells for name in fetched if "Npix" in name]
    parts = sorted({span for span in spans if span is not None})
    assert all(reach.overlaps(*span) for span in parts[1:])
    total = sum(path.stat().st_size for path in catalogue.rglob("Npix=*.parquet"))
    assert sum(fetched.values()) < total / 4


@contextmanager
def _web(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Serve a folder; yield its address, and the bytes that were sent of each file."""
    fetched: dict[str, int] = {}

    class Counting(RangeHandler):
        def count(self, length: int) -> None:
            fetched[self.path] = fetched.get(self.path, 0) + length

    with folder_over_http(folder, Counting) as url:
        yield url, fetched
