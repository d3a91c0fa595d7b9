"""Preparation of a release: raw fluxes to a HATS collection that LSDB and the Training Set Maker read."""

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from core.columns import column_of_field
from core.errors import ConflictError, InvalidValueError
from pipelines.training import TrainingSetConfiguration, make_training_set
from pipelines.training.releases import ReleaseConfiguration, load_release, prepare_release
from pipelines.training.releases.objects import ReleaseObjects
from tests.pipelines.training.releases.test_dust_maps import write_sfd

_ROWS = 400
_SETTINGS: dict[str, Any] = {
    "name": "dr9",
    "inputs": ["raw/*.parquet"],
    "columns": {"extendedness": "refExtendedness"},
    "filters": ["detect_isPrimary == 1"],
    "cuts": ["mag_i < 25.5"],
    "photometry": {"bands": ["g", "i"]},
    "dust": {"kind": "sfd", "path": "dust", "coefficients": {"g": 3.0, "i": 2.0}, "keep": True},
    "invalid": {"limit": 90, "replacement": 99.0},
    "partitions": {"rows": 100, "highest_order": 3},
}


def _raw(seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    ra = random.uniform(10, 80, _ROWS)
    ra[3] = np.nan
    flux = {band: random.normal(2000, 1500, _ROWS) for band in "gi"}
    return pa.table(
        {
            "objectId": np.arange(_ROWS) + 1_000_000 * seed,
            "coord_ra": ra,
            "coord_dec": random.uniform(5, 35, _ROWS),
            "refExtendedness": random.integers(0, 2, _ROWS).astype(np.float32),
            "detect_isPrimary": random.random(_ROWS) < 0.8,
            "unused": random.random(_ROWS),
            **{f"{band}_cModelFlux": values for band, values in flux.items()},
            **{f"{band}_cModelFluxErr": random.uniform(1, 90, _ROWS) for band in flux},
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    (tmp_path / "dust").mkdir()
    write_sfd(tmp_path / "dust")
    for seed in (1, 2):
        pq.write_table(_raw(seed), tmp_path / "raw" / f"part{seed}.parquet")
    (tmp_path / "release.yaml").write_text(yaml.safe_dump(_SETTINGS))
    return tmp_path


@pytest.fixture
def client() -> Iterator[Any]:
    import distributed

    with distributed.Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as client:
        yield client


def _expected(raw: pa.Table) -> dict[int, float]:
    """Return the magnitude in i of each object that is kept: 31.4 - 2.5 log10 f."""
    rows = raw.to_pandas()
    magnitudes = 31.4 - 2.5 * np.log10(rows.i_cModelFlux.where(rows.i_cModelFlux > 0))
    chosen = rows.detect_isPrimary & rows.coord_ra.notna() & magnitudes.notna()
    return dict(zip(rows.objectId[chosen], magnitudes[chosen], strict=True))


def test_rows_are_converted_as_configured(folder: Path) -> None:
    counts = folder / "counts"
    counts.mkdir()
    objects = ReleaseObjects(load_release(folder / "release.yaml"), folder, counts)
    table = pa.concat_tables(objects.read(folder / "raw" / "part1.parquet"))
    assert table.column_names == [
        "id", "ra", "dec", "extendedness", "ebv", "mag_g", "magerr_g", "mag_i", "magerr_i",
    ]  # fmt: skip
    assert column_of_field(table.schema.field("mag_i")).unit == "mag"
    made = table.to_pandas()
    plain = _expected(_raw(1))
    undone = made.mag_i + 2.0 * made.ebv
    np.testing.assert_allclose(undone, [plain[number] for number in made.id])
    assert (made.mag_i < 25.5).all()
    faint = made[made.mag_g == 99.0]
    assert len(faint) > 10
    assert (faint.magerr_g == 99.0).all()
    found = json.loads(next(counts.glob("*.json")).read_text())
    assert (found["rows"], found["without_position"]) == (_ROWS, 1)
    assert found["filters"]["detect_isPrimary == 1"] == int((~_raw(1)["detect_isPrimary"].to_numpy()).sum())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # libraries of the cluster warn of one another's changes
@pytest.mark.usefixtures("collected")
@pytest.mark.skipif(find_spec("hats_import") is None, reason="the extra 'dask' is not installed")
def test_a_release_is_prepared_once_and_read_by_lsdb_and_the_training_set_maker(folder: Path, client: Any) -> None:
    import lsdb

    settings, told = load_release(folder / "release.yaml"), list[str]()
    made = prepare_release(settings, folder, folder / "out", client, progress=told.append)
    assert made.path == folder / "out" / "dr9" / "mag" / "cModel" / "sfd" / "catalog"
    catalogue = lsdb.open_catalog(made.path)
    assert catalogue.margin is not None
    rows = catalogue.compute()
    assert len(rows) == made.report.rows_out
    nowhere = sum(bool(_raw(seed)["detect_isPrimary"][3].as_py()) for seed in (1, 2))
    assert (made.report.files, made.report.rows, made.report.without_position) == (2, 2 * _ROWS, nowhere)
    assert made.report.partitions >= 3
    some = int(rows.id.iloc[5])
    assert list(catalogue.id_search(values={"id": some}).compute().id) == [some]
    near = rows.iloc[:20]
    redshifts = pa.table({"ra": near.ra.to_numpy(), "dec": near.dec.to_numpy(), "z": np.linspace(0, 1, len(near))})
    wanted = TrainingSetConfiguration.model_validate({"param": {"flux_type": "cModel", "random_seed": 1}})
    training = make_training_set(redshifts, folder / "out" / "dr9", wanted)
    assert set(training.table["id"].to_pylist()) == {int(number) for number in near.id}
    before = (made.path / "objects" / "partition_info.csv").stat().st_mtime_ns
    again = prepare_release(settings, folder, folder / "out", client, progress=told.append)
    assert again.report == made.report
    assert (made.path / "objects" / "partition_info.csv").stat().st_mtime_ns == before
    other = settings.model_copy(update={"cuts": ()})
    with pytest.raises(ConflictError, match="of another configuration"):
        prepare_release(other, folder, folder / "out", client, progress=told.append)


def test_wrong_configurations_are_refused(folder: Path) -> None:
    with pytest.raises(InvalidValueError, match="no file 'nothing'"):
        prepare_release(
            ReleaseConfiguration.model_validate(_SETTINGS | {"inputs": ["nothing"]}),
            folder, folder / "out", None, progress=lambda _step: None,
        )  # fmt: skip
    for changes, sentence in (
        ({"dust": {"kind": "sfd"}}, "must name the files of the map 'sfd'"),
        ({"dust": {"kind": "sfd", "path": "dust", "coefficients": {"g": 1.0}}}, "no extinction coefficient for band i"),
        ({"photometry": {"keep_sources": True}}, "configured by 'keep_fluxes'"),
        ({"name": "../x"}, "name"),
    ):
        (folder / "other.yaml").write_text(yaml.safe_dump(_SETTINGS | changes))
        with pytest.raises(InvalidValueError, match=sentence):
            load_release(folder / "other.yaml")
