"""Pipelines on files: today's configurations as they are, with results that equal today's."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from astropy.table import Table
from typer.testing import CliRunner

from core.errors import InvalidValueError
from pipelines.runs.command_line import ROWS_IN_MEMORY, FileRun, run_files
from server.cli.main import app
from tests.pipelines.combine.golden import GOLDEN, combined_with, needs_golden

pytestmark = needs_golden

_ROWS = {"tsm_parquet": 40, "tsm_k3_r60": 40, "tsm_hats_in": 40}


def _run(name: str, folder: Path, rows_in_memory: int = ROWS_IN_MEMORY, **changes: object) -> FileRun:
    """Run a golden configuration, with some of its keys changed."""
    configuration = GOLDEN / "configs" / f"{name}.yaml"
    if changes:
        document = yaml.safe_load(configuration.read_text())
        configuration = folder / "changed.yaml"
        configuration.write_text(yaml.safe_dump(document | changes))
    pipeline = "training_set_maker" if name.startswith("tsm") else "combine_redshift_dedup"
    return run_files(
        pipeline,
        configuration,
        folder,
        lambda _fraction, _sentence: None,
        inputs=GOLDEN,
        rows_in_memory=rows_in_memory,
    )


@pytest.mark.parametrize(("name", "rows"), [("crc_mark4", 0), ("crc_elais_cut3", 0), ("crc_edge_remove_all", 10**9)])
def test_files_are_combined_as_tables_are(name: str, rows: int, tmp_path: Path):
    done = _run(name, tmp_path, rows)
    assert [path.name for path in done.result.parent.glob(".work*")] == []
    assert pq.read_table(done.result).to_pandas().equals(combined_with(name).table.to_pandas())
    process = yaml.safe_load((done.result.parent / "process.yml").read_text())
    assert process["outputs"][0]["columns_assoc"]["z_flag"] == "z_flag_homogenized"
    assert all(len(each["sha256"]) == 64 for each in process["inputs"])


def _read_fits(path: Path) -> pd.DataFrame:
    return Table.read(path, hdu=1, unit_parse_strict="silent").to_pandas()


def _read_hdf5(path: Path) -> pd.DataFrame:
    with h5py.File(path) as file:
        return pd.DataFrame({name: file[name][:] for name in file})


@pytest.mark.parametrize(("output_format", "read"), [("csv", pd.read_csv), ("fits", _read_fits), ("hdf5", _read_hdf5)])
def test_other_formats_hold_the_values_of_todays(output_format: str, read, tmp_path: Path):
    done = _run("crc_elais_mark", tmp_path, output_format=output_format)
    ours, theirs = read(done.result), read(GOLDEN / f"crc_elais_{output_format}.{output_format}")
    keys = [
        frame["CRD_ID"].map(lambda v: v.decode() if isinstance(v, bytes) else v.strip()) for frame in (ours, theirs)
    ]
    ours, theirs = (frame.set_index(key) for frame, key in zip((ours, theirs), keys, strict=True))
    ours = ours.loc[theirs.index]
    for name in ("ra", "dec", "z", "z_flag_homogenized", "tie_result"):
        np.testing.assert_array_equal(ours[name].astype(float), theirs[name].astype(float), err_msg=name)


@pytest.mark.parametrize("name", sorted(_ROWS))
def test_training_sets_are_made_of_files(name: str, tmp_path: Path):
    done = _run(name, tmp_path, output_dir="made", output_name="set")
    golden = pq.read_table(GOLDEN / f"{name}.parquet")
    made = pq.read_table(done.result)
    assert done.rows == golden.num_rows == _ROWS[name]
    for column in golden.column_names:
        np.testing.assert_allclose(
            made[column].to_numpy(), golden[column].to_numpy(), atol=1e-6 if column == "_dist_arcsec" else 0
        )


def test_a_hats_catalogue_is_written_once_and_read_again(tmp_path: Path):
    done = _run("crc_elais_mark", tmp_path, output_format="hats")
    assert (done.result / "catalog" / "hats.properties").is_file()
    with pytest.raises(InvalidValueError, match="exists; remove it"):
        _run("crc_elais_mark", tmp_path, output_format="hats")
    again = {
        "inputs": {"specz": [{"path": str(done.result), "internal_name": "7_again", "columns": {
            "ra": "ra", "dec": "dec", "z": "z", "z_flag": "z_flag_homogenized", "survey": "survey"}}]},
    }  # fmt: skip
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(again))
    run = run_files("combine_redshift_dedup", tmp_path / "again.yaml", tmp_path / "more", lambda *_: None)
    assert run.rows == done.rows


def test_the_command_says_what_it_does_and_what_is_wrong(tmp_path: Path):
    words = ["pipeline", "run", "combine_redshift_dedup", str(GOLDEN / "configs" / "crc_edge.yaml")]
    done = CliRunner().invoke(app, [*words, "--base-dir", str(tmp_path), "--inputs", str(GOLDEN)])
    assert done.exit_code == 0, done.output
    assert Path(done.stdout.strip().splitlines()[-1]).is_file()
    assert "Finding duplicates among" in done.stderr
    wrong = CliRunner().invoke(app, ["pipeline", "run", "stir", "config.yaml"])
    assert "There is no pipeline 'stir'" in str(wrong.exception)
    missing = CliRunner().invoke(app, ["pipeline", "run", "training_set_maker", str(tmp_path / "none.yaml")])
    assert "There is no configuration" in str(missing.exception)
    assert "radius_arcsec" in CliRunner().invoke(app, ["pipeline", "parameters", "training_set_maker"]).stdout
    assert "combine_redshift_dedup" in CliRunner().invoke(app, ["pipeline", "list"]).stdout
