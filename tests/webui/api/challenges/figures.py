"""What people see of the figures of a board, and of two submissions side by side."""

import io
import zipfile
from typing import Any

from astropy.table import Table

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
    content = arena.ask("bob", "GET", "/api/challenges/dc/board/?format=zip").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {"board.csv", "board.ecsv", "board.tex", "ranking.svg", f"bias-{by}.svg"} <= set(archive.namelist())
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
