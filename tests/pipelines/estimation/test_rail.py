"""RAIL's algorithms run as processes: by a stand-in for RAIL in the real script, and by RAIL where it is installed."""

import json
import os
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import InvalidValueError, PhotozError
from pipelines.estimation.estimation import Estimation, estimate_redshifts
from pipelines.estimation.rail.environment import RailEnvironment
from tests.pipelines.estimation.fake_rail import make_fake_rail
from tests.pipelines.estimation.skies import opened, parameters, sky


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> RailEnvironment:
    """Make an environment that has the stand-in."""
    return make_fake_rail(tmp_path_factory.mktemp("fake"))


def _estimated(folder: Path, environment: RailEnvironment | None, **param: Any) -> tuple[pa.Table, Estimation]:
    made = estimate_redshifts(
        opened(sky(50, 1), "training"), opened(sky(20, 2), "objects"),
        parameters({"algorithm": "rail_knn", **param}), folder, lambda *_: None, environment,
    )  # fmt: skip
    return pq.read_table(made.written.table.path), made


def test_the_script_trains_and_estimates_in_a_process_without_settings_of_the_server(
    fake: RailEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOZ_DATABASE_URL", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    table, made = _estimated(tmp_path, fake, rail={"nneigh_max": 5})
    objects = sky(20, 2)
    expected = 1 + (objects["mag_g_lsst"].to_numpy() - objects["mag_r_lsst"].to_numpy()) / 10
    np.testing.assert_allclose(table["zmode"].to_numpy(), expected, atol=0.006)
    np.testing.assert_allclose(table["zmean"].to_numpy(), expected, atol=1e-4)  # normalised, whatever RAIL gives
    told = json.loads(made.model.read_text())
    assert not [name for name in told["environ"] if name.startswith(("PHOTOZ", "AWS", "http", "HTTP"))]
    assert told["rows"] == 50
    assert {"mag_u_lsst", "mag_err_u_lsst", "redshift"} <= set(told["columns"])
    assert "nneigh_max" in told["config"]
    assert (made.report.model.name, made.report.model.format) == ("model.pkl", "pickle")
    assert made.report.software["pz-rail-sklearn"] == "2.0.3"


@pytest.mark.parametrize(
    ("param", "error", "words"),
    [
        ({"rail": {"nneigh": 5}}, InvalidValueError, "there is no parameter 'nneigh'; there are .*nneigh_max"),
        ({"rail": {"nneigh_max": 666}}, InvalidValueError, "ValueError: the tree does not grow"),
        ({"rail": {"nneigh_max": 667}}, PhotozError, "ended with the code 9; its last words: what libraries print"),
        (
            {"rail": {"spectra_file": "/etc/passwd"}},
            InvalidValueError,
            "'spectra_file' of RAIL cannot be '/etc/passwd'",
        ),
        ({"rail": {"model": 3}}, InvalidValueError, "'model' of RAIL is set by the grid"),
        (
            {"algorithm": "rail_bpz"},
            InvalidValueError,
            "does not have pz-rail-bpz, .* it has knn, training_nz, rail_knn",
        ),
    ],
)
def test_what_fails_is_told(
    fake: RailEnvironment, tmp_path: Path, param: dict[str, Any], error: type[PhotozError], words: str
) -> None:
    with pytest.raises(error, match=words):
        _estimated(tmp_path, fake, **param)


def test_runs_on_files_have_no_rail(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="Runs on files have no rail_knn"):
        _estimated(tmp_path, None)


def test_an_abort_during_the_training_ends_the_process(fake: RailEnvironment, tmp_path: Path) -> None:
    class AbortedError(Exception):
        """The run was aborted."""

    def progress(_: float, step: str) -> None:
        if step.startswith("Training") and (tmp_path / "rail" / "training.npz").exists():
            raise AbortedError

    with pytest.raises(AbortedError):
        estimate_redshifts(
            opened(sky(50, 1), "training"), opened(sky(20, 2), "objects"), parameters({"algorithm": "rail_knn"}),
            tmp_path, progress, fake,
        )  # fmt: skip


@pytest.fixture
def rail() -> RailEnvironment:
    """The environment of RAIL that the variable PHOTOZ_TEST_ESTIMATORS names."""
    folder = os.environ.get("PHOTOZ_TEST_ESTIMATORS")
    if not folder or not RailEnvironment(Path(folder)).versions():
        pytest.skip("RAIL is not installed: photoz estimators install, and PHOTOZ_TEST_ESTIMATORS=<data>/estimators")
    return RailEnvironment(Path(folder))


def test_rail_itself_estimates_as_well_as_our_neighbours(rail: RailEnvironment, tmp_path: Path) -> None:
    param = {"rail": {"ngrid_sigma": 2, "nneigh_min": 6, "nneigh_max": 7}}
    z = sky(20, 2)["redshift"].to_numpy()
    for algorithm, values in (("rail_knn", param), ("knn", {})):
        table, _ = _estimated(tmp_path, rail, algorithm=algorithm, **values)
        scaled = np.abs(table["zmode"].to_numpy() - z) / (1 + z)
        assert np.median(scaled) < 0.15, textwrap.shorten(f"{algorithm}: {scaled}", 300)
