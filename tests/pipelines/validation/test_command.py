"""The command ``photoz validate``: metrics as text and as JSON, and options that are refused."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.errors import InvalidValueError
from server.cli.main import app
from tests.pipelines.validation.samples import OBJECTS, recipe_files

_NAMES = (
    "rows", "bias", "sigma_iqr", "sigma_mad", "outlier_rate", "cde_loss", "pit_ks", "pit_cvm", "pit_ad",
    "pit_outlier_rate",
)  # fmt: skip


def _output(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["validate", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_metrics_are_printed_one_a_line_or_as_json(tmp_path: Path):
    files = [str(path) for path in recipe_files(tmp_path)]
    chosen = ["--point", "mode", "--grid", "0,2.5,301"]
    lines = dict(line.split(maxsplit=1) for line in _output(*files, *chosen).splitlines())
    values = json.loads(_output(*files, *chosen, "--json", "--bootstrap", "20"))
    assert set(_NAMES) <= lines.keys() & values.keys()
    assert (values["rows"], values["unmatched"], values["matched_by"]) == (OBJECTS, 0, "id")
    assert values["cde_loss"] == pytest.approx(-4.3119925, rel=1e-7)
    assert float(lines["pit_ks"]) == pytest.approx(0.3673844, rel=1e-6)
    assert values["bias_err"] > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--grid", "3,0,10"], "does not increase"),
        (["--grid", "3"], "grid"),
        (["--match", "name"], "match"),
        (["--cut", "mag ~~ 3"], "cuts"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, options: list[str], words: str):
    result = CliRunner().invoke(app, ["validate", "a.hdf5", "b.hdf5", *options])
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(InvalidValueError, match=r"There is no file a\.hdf5"):
        _output("a.hdf5", "b.hdf5")
