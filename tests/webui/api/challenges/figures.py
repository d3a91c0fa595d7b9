"""What people see of the figures of a board, and of two submissions side by side."""

import io
import zipfile
from typing import Any

from astropy.table import Table
from lxml import etree
from pypdf import PdfReader

from tests.webui.api.challenges.conftest import Arena

__all__ = ["look_at_the_figures"]


def look_at_the_figures(arena: Arena, board: dict[str, Any]) -> None:
    """The board is a table for papers and a chart; metrics in bins are drawn for several submissions, or two."""
    paper = arena.ask("bob", "GET", "/api/challenges/dc/board/?format=latex").text
    read = Table.read(paper, format="ascii.latex")
    assert list(read["Method"]) == ["FlexZBoost", "method of bob", "method of carol"]
    assert r"\pm" in read["bias"][1]
    chart = arena.ask("bob", "GET", "/api/challenges/dc/board/?format=svg")
    assert chart.headers["content-type"] == "image/svg+xml"
    assert chart.text.count("<circle") == 3
    one, other = (entry["submission_id"] for entry in board["results"][:2])
    binned = [subset.split(" ") for subset in board["subsets"] if " " in subset]
    by = binned[0][1]
    bins = sum(each[1] == by for each in binned)
    address = f"/api/challenges/dc/board/?format=svg&figure=bias-{by}"
    assert arena.ask("bob", "GET", address).text.count("<circle") == 3 * bins
    pair = arena.ask("bob", "GET", f"{address}&submissions={one},{other}").text
    assert pair.count("<circle") == 2 * bins
    assert "method of bob" in pair
    assert arena.ask("bob", "GET", address.replace("bias-", "crps-")).status_code == 404
    for wrong, word in (("x", "no number"), ("987654", "not on this board"), ("1,2,3,4,5,6,7", "too many")):
        refused = arena.json("bob", "GET", f"/dc/board/?submissions={wrong}", status=400)
        assert word in refused["submissions"][0]
    _look_at_distributions(arena, one, other)
    content = arena.ask("bob", "GET", "/api/challenges/dc/board/?format=zip").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        assert {"board.csv", "board.ecsv", "board.tex", "ranking.svg", f"bias-{by}.svg", "pit.svg"} <= names
        drawn = sorted(name for name in names if name.endswith(".pdf"))
        assert drawn == sorted(name.replace(".svg", ".pdf") for name in names if name.endswith(".svg"))
        for name in drawn:
            assert len(PdfReader(io.BytesIO(archive.read(name)), strict=True).pages) == 1
        assert (
            archive.read("board.csv").decode() == arena.ask("bob", "GET", "/api/challenges/dc/board/?format=csv").text
        )
    page = arena.ask("bob", "GET", "/challenges/dc/board?text=BOB").text
    assert page.count('<th scope="row">') == 1
    assert f"figure=bias-{by}" in page
    both = arena.ask("bob", "GET", f"/challenges/dc/compare?first={one}&second={other}").text
    assert "FlexZBoost and method of bob" in both
    assert "<td>public</td>" in both
    assert "<td>private</td>" not in both
    assert "<td>private</td>" in arena.ask("olga", "GET", f"/challenges/dc/compare?first={one}&second={other}").text


def _look_at_distributions(arena: Arena, one: int, other: int) -> None:
    """Distributions are drawn of the part whose scores are shown, in bins that a participant may see."""
    address = "/api/challenges/dc/board/?format=svg&figure="
    for name in ("pit", "qq", "nz", f"redshifts-{one}"):
        for who in ("bob", "olga"):
            drawn = arena.ask(who, "GET", f"{address}{name}")
            assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml"), drawn.text
            etree.fromstring(drawn.content)
        written = arena.ask("bob", "GET", f"{address}{name}".replace("format=svg", "format=pdf"))
        assert written.headers["content-type"] == "application/pdf"
        assert PdfReader(io.BytesIO(written.content), strict=True).pages[0].extract_text().strip()
        # The private part is shown to organisers alone, while the challenge is open.
        assert arena.ask("bob", "GET", f"{address}{name}&subset=private").status_code == 400
        assert arena.ask("olga", "GET", f"{address}{name}&subset=private").status_code == 200
        assert arena.ask("nobody", "GET", f"{address}{name}").status_code == 404
    for wrong, word in (("987654", "not on this board"), ("x", "no number")):
        refused = arena.json("bob", "GET", f"/dc/board/?format=svg&figure=redshifts-{wrong}", status=400)
        assert word in refused["submissions"][0]
    steps = {who: arena.ask(who, "GET", f"{address}pit&submissions={one}").text.count("H") for who in ("bob", "olga")}
    assert steps["bob"] < steps["olga"]  # bins are merged for participants
    board = arena.ask("bob", "GET", "/challenges/dc/board").text
    for name in ("pit", "qq", "nz", f"redshifts-{one}", f"redshifts-{other}"):
        assert f"figure={name}" in board
    assert f"figure=redshifts-{one}" in arena.ask("alice", "GET", f"/challenges/dc/submissions/{one}").text
    assert "figure=qq" in arena.ask("bob", "GET", f"/challenges/dc/compare?first={one}&second={other}").text
