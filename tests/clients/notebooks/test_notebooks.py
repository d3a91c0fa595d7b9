"""The notebooks run from top to bottom against one server with demo data, and so does the scientist's day."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html

from tests.clients.notebooks.execution import Output, cells_of
from tests.clients.notebooks.rendering import page_of
from tests.clients.notebooks.running import EXAMPLE, NOTEBOOKS, run_notebooks, run_script
from tests.support.server import RunningServer, photoz_command, running_server

pytestmark = pytest.mark.slow

_NAMES = [path.stem for path in NOTEBOOKS]
_BY_NAME = dict(zip(_NAMES, NOTEBOOKS, strict=True))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    if photoz_command() is None:
        pytest.skip("the command photoz is not installed beside this Python: pip install -e .")
    with running_server(tmp_path_factory.mktemp("demo") / "data", env={"PHOTOZ_DEMO": "true"}) as running:
        yield running


@pytest.fixture(scope="module")
def outputs(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Output]]:
    pytest.importorskip("lsdb")
    return run_notebooks(server, tmp_path_factory.mktemp("notebooks"))


@pytest.mark.parametrize("name", _NAMES)
def test_a_notebook_runs_from_top_to_bottom(outputs: dict[str, list[Output]], name: str):
    assert {n: cell["error"] for n, cell in enumerate(outputs[name]) if cell["error"]} == {}
    assert [cell["warned"] for cell in outputs[name] if cell["warned"]] == []


@pytest.mark.parametrize("name", _NAMES)
def test_the_page_has_the_cells_and_the_kinds_of_output_of_the_notebook(outputs: dict[str, list[Output]], name: str):
    committed = _BY_NAME[name].with_suffix(".html").read_text(encoding="utf-8")
    assert _without_outputs(committed) == page_of(_BY_NAME[name]), "run 'make notebooks'"
    assert _kinds(committed) == _kinds(page_of(_BY_NAME[name], outputs[name])), "run 'make notebooks'"


@pytest.mark.parametrize("name", _NAMES)
def test_the_page_loads_nothing_and_has_no_scripts_and_styles_of_others(name: str):
    page = html.document_fromstring(_BY_NAME[name].with_suffix(".html").read_text(encoding="utf-8"))
    assert not page.xpath("//script | //link | //iframe | //object | //@style | //main//style")
    assert not [a for element in page.iter() for a in element.attrib if a.startswith("on")]
    assert all(source.startswith("data:image/png;base64,") for source in page.xpath("//@src"))
    assert all(picture.get("alt") for picture in page.xpath("//img"))
    assert "url(" not in page.xpath("string(//style)")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_NAMES)
def test_a_notebook_is_committed_without_outputs(path: Path):
    cells = cells_of(path)
    assert cells[0]["cell_type"] == "markdown"
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_a_scientists_day(server: RunningServer, tmp_path: Path):
    """List, load, query, upload a frame, share, combine, train, estimate by scikit-learn, upload, validate."""
    printed = run_script(server, tmp_path, EXAMPLE)
    steps = re.findall(r"^(\w+): ", printed, re.MULTILINE)
    assert list(dict.fromkeys(steps)) == [
        "Listed", "Loaded", "Queried", "Matched", "Uploaded", "Shared", "Combined", "Trained", "Estimated", "Validated",
    ]  # fmt: skip
    metrics = {name: float(value) for name, value in re.findall(r"Validated: (\w+) (-?[\d.]+)", printed)}
    # The simulated redshifts follow the colours: neighbours find them, though with some outliers.
    assert abs(metrics["bias"]) < 0.02
    assert 0 < metrics["sigma_iqr"] < 0.1
    assert 0 < metrics["outlier_rate"] < 0.3
    assert metrics["cde_loss"] < 0


def _without_outputs(page: str) -> str:
    """Return a page without the outputs, whose elements begin and end in lines of their own."""
    lines, inside = [], 0
    for line in page.splitlines(keepends=True):
        if line == '<div class="output">\n':
            inside = 1
        if not inside:
            lines.append(line)
        elif line == "</section>\n":
            inside = 0
            lines.append(line)
    return "".join(lines)


def _kinds(page: str) -> list[Counter[str]]:
    """Count the printed texts, pictures and tables of each cell."""
    shown = "./div//*[self::pre or self::img or self::table]"
    return [
        Counter(str(element.tag) for element in cell.xpath(shown))
        for cell in html.document_fromstring(page).xpath("//section")
    ]
