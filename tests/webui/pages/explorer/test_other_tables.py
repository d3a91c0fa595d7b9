"""Survey catalogues in the explorer, and the export of a view in every format."""

import base64
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx2
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table
from astropy.table import Table
from lxml import html

from core.auth.models import ANONYMOUS, Identity, Scope
from core.web.dali import DaliParameters
from products.models import Visibility
from server.services import Services
from tap.metadata.survey_catalogues.models import CatalogueValues
from tests.support.hats import write_hats
from webui.pages.explorer.view import export_formats

_Ids = Callable[[bytes], object]


def _shown(page: httpx2.Response) -> list[list[str]]:
    """Give the cells of a page of rows, without their numbers."""
    assert page.status_code == 200, page.text[-2000:]
    rows = html.document_fromstring(page.text).xpath("//table[@class='rows']/tbody/tr")
    return [[cell.text_content().strip() for cell in row.iterchildren()][1:] for row in rows]


def test_a_survey_catalogue_is_explored_in_place(visitor: httpx2.Client, services: Services):
    folder = Path(services.settings.catalogue_places[0]) / "sky"
    frame = pd.DataFrame(
        {
            "id": range(900),
            "ra": [150 + (n % 30) / 10 for n in range(900)],
            "dec": [2 + n // 30 / 10 for n in range(900)],
        }
    )
    frame["mag"] = frame.id / 100
    write_hats(frame, folder, most_rows=200)
    operator = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
    services.tap.catalogues.add(operator, "sky", str(folder), CatalogueValues(visibility=Visibility.PUBLIC))
    page = visitor.get("/explore", params={"table": "hats.sky", "size": "100", "page": "9", "sort": "asc:id"})
    assert [int(row[0]) for row in _shown(page)] == list(range(800, 900))
    cone = {"table": "hats.sky", "cone": "150.55,2.05,0.08", "show": ["id"], "sort": "asc:id"}
    assert _shown(visitor.get("/explore", params=cone)) == [["5"], ["6"], ["35"], ["36"]]
    statistics = visitor.get("/explore/column", params={"table": "hats.sky", "column": "mag"}).text
    assert "<dt>Maximum</dt><dd>8.99" in statistics
    for plot in ("sky", "hist:mag", "xy:id,mag"):
        drawn = visitor.get("/explore/plot.svg", params={"table": "hats.sky", "plot": plot})
        assert (drawn.status_code, "900 rows" in drawn.text) == (200, True), plot


def _fits_of_votable(content: bytes) -> bytes:
    return base64.b64decode(str(html.fromstring(content).findtext(".//stream")))


_READERS: Mapping[str, _Ids] = {
    **dict.fromkeys(
        ("votable", "votable/td", "votable/b"),
        lambda content: parse_single_table(io.BytesIO(content)).array["objid"],
    ),
    "votable/fits": lambda content: Table.read(io.BytesIO(_fits_of_votable(content)), format="fits")["objid"],
    "csv": lambda content: pd.read_csv(io.BytesIO(content)).objid,
    "tsv": lambda content: pd.read_csv(io.BytesIO(content), sep="\t").objid,
    "parquet": lambda content: pq.read_table(io.BytesIO(content))["objid"],
    "fits": lambda content: Table.read(io.BytesIO(content), format="fits")["objid"],
    "ecsv": lambda content: Table.read(content.decode(), format="ascii.ecsv")["objid"],
    "json": lambda content: [row[0] for row in json.loads(content)["data"]],
    "arrow": lambda content: pa.ipc.open_stream(content).read_all()["objid"],
    "html": lambda content: pd.read_html(io.BytesIO(content))[0].objid,
}


@pytest.mark.parametrize("name", export_formats())
def test_a_view_is_exported_in_every_format(visitor: httpx2.Client, services: Services, table: str, name: str):
    page = visitor.get("/explore", params={"table": table, "filter": ["eq:flag:A", "gt:objid:100"]})
    form = next(form for form in html.document_fromstring(page.text).forms if form.action == "/tap/sync")
    form.fields["RESPONSEFORMAT"] = name
    answer = services.tap.service.query(DaliParameters(dict(form.fields).items()), ANONYMOUS).wait()
    content = b"".join(answer.chunks)
    answer.close()
    assert sorted(int(number) for number in _READERS[name](content)) == list(range(102, 121, 2))  # type: ignore[attr-defined]
