"""Validators against a server with demo data, a catalogue of edge cases and, where available, real ones.

``stilts taplint`` has nothing to say in any stage; MAXREC is exact in every format; every value comes back from every
format; pyvo and STILTS reach everything.
"""

import io
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pyvo
import requests
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import Table
from lxml import etree
from pzserver.sessions import TidySession

from tests.conftest import PROJECT_ROOT
from tests.server.api import Api
from tests.server.test_real_catalogues import CATALOGUES
from tests.support.server import running_server
from tests.support.taplint import complaints
from tests.support.tools import Stilts
from tests.tap.nasty import COLUMNS, ROWS, write_nasty_votable

#: pyvo leaves connections to the garbage collector when it has read a VOTable to its last tag.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*socket.*:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collected"),
]

FORMATS = ("votable", "votable/td", "votable/b", "csv", "tsv", "parquet", "fits", "ecsv", "json", "arrow", "html")
DEMO = "object_catalog.p1_mock_lsst_object_catalogue"


@dataclass(frozen=True, slots=True)
class Site:
    """The server, and the name of the nasty table."""

    base_url: str
    api: Api
    nasty: str

    def query(self, query: str, **parameters: object) -> requests.Response:
        """Run a synchronous query."""
        answer = requests.post(
            f"{self.base_url}/tap/sync", data={"LANG": "ADQL", "QUERY": query, **parameters}, timeout=120
        )
        assert answer.ok, answer.text
        return answer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("standards")
    with running_server(folder / "data", env={"PHOTOZ_DEMO": "true"}) as server:
        assert server.account is not None
        api = Api(server.base_url, server.account.token)
        path = folder / "select.vot"
        write_nasty_votable(path)
        meanings = {"ra": "ra", "dec": "dec", "z": "z"}
        nasty = api.publish("SELECT", "redshift_catalog", path, meanings, visibility="public")["tap_table"]
        real = PROJECT_ROOT.parent / "shared" / "data" / "redshift_catalogs"
        for name, named in CATALOGUES.items() if real.is_dir() else ():
            api.publish(name, "redshift_catalog", real / f"{name}.parquet", named, visibility="public")
        yield Site(server.base_url, api, nasty)


def test_taplint_has_nothing_to_say_in_any_stage(site: Site, stilts: Stilts):
    said = stilts("taplint", f"tapurl={site.base_url}/tap", "report=EWF", "maxtable=100")
    # Two stages are about tables of other services: observations, and plans of observations.
    left = [line for line in complaints(said) if not re.match("F-(OBS-NOTB|LOC-NOTP)", line)]
    assert not left, "\n".join(left)
    assert "Totals: Errors: 0; Warnings: 0;" in said


def rows_of(name: str, answer: requests.Response) -> tuple[int, bool | None]:
    """Count the rows of an answer, and tell whether it says that there are more; none where a format cannot."""
    content = io.BytesIO(answer.content)
    if name.startswith("votable"):
        document = parse(content)
        completion = [info.value for info in document.resources[0].infos if info.name == "QUERY_STATUS"]
        return len(document.get_first_table().array), completion[-1] == "OVERFLOW"
    if name in {"csv", "tsv"}:
        return len(answer.text.splitlines()) - 1, None
    if name == "ecsv":
        return len([line for line in answer.text.splitlines() if not line.startswith("#")]) - 1, None
    if name == "parquet":
        read = pq.ParquetFile(content)
        said = read.schema_arrow.metadata or {}
        footer = read.metadata.metadata or said
        return read.metadata.num_rows, b"OVERFLOW" in footer[b"IVOA.VOTable-Parquet.content"]
    if name == "fits":
        with warnings.catch_warnings(), fits.open(content) as opened:
            warnings.simplefilter("ignore")  # columns may have any names
            return len(opened[1].data), opened[1].header["QSTATUS"] == "OVERFLOW"
    if name == "json":
        told = json.loads(answer.text)
        return len(told["data"]), told["status"]["value"] == "OVERFLOW"
    if name == "arrow":
        with pa.ipc.open_stream(content) as reader:
            rows, overflow = 0, False
            while True:
                try:
                    batch, said = reader.read_next_batch_with_custom_metadata()
                except StopIteration:
                    return rows, overflow
                rows += batch.num_rows
                overflow |= bool(said) and dict(said).get(b"QUERY_STATUS") == b"OVERFLOW"
    page = etree.HTML(answer.text)
    return len(page.xpath("//tbody/tr")), "more" in " ".join(page.itertext())


@pytest.mark.parametrize("name", FORMATS)
def test_maxrec_is_exact_in_every_format(site: Site, name: str):
    small = "SELECT TOP 7 objectId, coord_ra, field FROM " + DEMO
    for maxrec, rows, overflow in ((0, 0, True), (6, 6, True), (7, 7, False), (8, 7, False)):
        found, said = rows_of(name, site.query(small, MAXREC=maxrec, FORMAT=name))
        assert found == rows, (name, maxrec)
        if said is not None:
            assert said is overflow, (name, maxrec)


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_are_a_table_in_every_format(site: Site, name: str):
    found, said = rows_of(name, site.query(f"SELECT * FROM {site.nasty} WHERE z > 99", FORMAT=name))
    assert (found, bool(said)) == (0, False)


def as_python(value: object) -> object:
    """Make a cell comparable: masked is none, arrays are lists."""
    if value is None or value is np.ma.masked or (isinstance(value, np.ma.MaskedArray) and value.mask.all()):
        return None
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [as_python(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value


def check_nasty(table: Table, *, keeps_order: bool = False) -> None:
    """Compare with what was written; an empty text and a missing one are one in some formats."""
    assert len(table) == ROWS
    table.sort("ra")
    order = sorted(range(ROWS), key=lambda row: COLUMNS[0][2][row])
    for position, (name, attributes, values) in enumerate(COLUMNS):
        column = table.columns[position]
        assert column.name == name
        for row, source in enumerate(order):
            expected, found = values[source], as_python(column[row])
            if isinstance(expected, list) or attributes.get("arraysize", "*") != "*":
                blank = expected is None or expected == []
                empty = found is None or found == [] or all(item is None for item in found)
                assert empty if blank else found == expected, (name, row, found, expected)
            elif attributes["datatype"] in {"char", "unicodeChar"}:
                assert (found or "") == (expected or ""), (name, row)
            else:
                assert found == expected, (name, row)


@pytest.mark.parametrize("name", ["votable", "votable/td", "votable/b"])
def test_every_value_of_the_nasty_table_comes_back_as_votable(site: Site, name: str):
    answer = site.query(f"SELECT * FROM {site.nasty}", FORMAT=name)
    document = parse(io.BytesIO(answer.content))
    table = document.get_first_table()
    assert [field.name for field in table.fields] == [name for name, _, _ in COLUMNS]
    assert [(field.unit and str(field.unit), field.ucd, field.xtype) for field in table.fields] == [
        (attributes.get("unit"), attributes.get("ucd"), attributes.get("xtype")) for _, attributes, _ in COLUMNS
    ]
    assert [field.ref for field in table.fields[:2]] == [document.resources[0].coordinate_systems[0].ID] * 2
    check_nasty(table.to_table(use_names_over_ids=True))


def test_every_value_of_the_nasty_table_comes_back_as_parquet_and_arrow(site: Site):
    query = f"SELECT * FROM {site.nasty} ORDER BY ra"
    parquet = pq.read_table(io.BytesIO(site.query(query, FORMAT="parquet").content))
    with pa.ipc.open_stream(site.query(query, FORMAT="arrow").content) as reader:
        arrow = reader.read_all()
    order = sorted(range(ROWS), key=lambda row: COLUMNS[0][2][row])
    for table in (parquet, arrow):
        assert table.column_names == [name for name, _, _ in COLUMNS]
        for name, attributes, values in COLUMNS:
            found = table[name].to_pylist()
            expected = [values[row] for row in order]
            if attributes["datatype"] in {"char", "unicodeChar"} or attributes.get("arraysize") == "*":
                found, expected = [item or None for item in found], [item or None for item in expected]
            assert found == expected, name


def test_every_value_of_the_nasty_table_comes_back_as_json_and_ecsv(site: Site):
    query = f"SELECT * FROM {site.nasty} ORDER BY ra"
    order = sorted(range(ROWS), key=lambda row: COLUMNS[0][2][row])
    told = json.loads(site.query(query, FORMAT="json").text)
    assert [column["name"] for column in told["metadata"]] == [name for name, _, _ in COLUMNS]
    for row, source in zip(told["data"], order, strict=True):
        for cell, (name, _, values) in zip(row, COLUMNS, strict=True):
            assert (cell or None) == (values[source] or None) or cell == values[source], name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_nasty(Table.read(site.query(query, FORMAT="ecsv").text, format="ascii.ecsv"))


@pytest.mark.parametrize("name", ["votable", "votable/td", "votable/b", "fits", "csv"])
def test_stilts_reads_every_format_alike(site: Site, stilts: Stilts, tmp_path: Path, name: str):
    path = tmp_path / "answer"
    query = f'SELECT ra, "select", "Order", "1st", MixedCase, "flux[3]" FROM {site.nasty} ORDER BY ra'
    path.write_bytes(site.query(query, FORMAT=name).content)
    form = name.partition("/")[0]
    said = stilts("tpipe", f"in={path}", f"ifmt={form}", "omode=out", "ofmt=csv", "out=-")
    lines = [line.split(",") for line in said.splitlines()]
    assert [line[0] for line in lines] == ["ra", "0.0", "12.5", "359.9999"]
    assert [line[1] for line in lines] == ["select", "2", "3", "1"]
    assert [line[2] for line in lines[1:]] == ["-9007199254740993", "", "9223372036854775807"]
    # Texts of FITS are ASCII, and STILTS reads CSV as if it were.
    assert ("κόσμος" in said) == name.startswith("votable")


def test_pyvo_reaches_everything(site: Site):
    with TidySession() as session:
        check_with_pyvo(site, pyvo.dal.TAPService(f"{site.base_url}/tap", session=session))


def check_with_pyvo(site: Site, tap: pyvo.dal.TAPService) -> None:
    """Walk through the interface of pyvo's TAPService."""
    assert {capability.standardid for capability in tap.capabilities} >= {"ivo://ivoa.net/std/TAP"}
    assert tap.maxrec == 100_000
    assert tap.hardlimit == 20_000_000
    language = tap.get_tap_capability().get_adql()
    assert language.get_udf("ivo_healpix_index") is not None
    assert language.get_udf("pz_mag") is not None
    tables = tap.tables
    assert site.nasty in tables
    described = {column.name: column for column in tables[site.nasty].columns}
    assert described['"select"'].ucd == "meta.id;meta.main"
    assert (described['"flux[3]"'].unit, described['"flux[3]"'].datatype.arraysize) == ("nJy", "3")
    assert {key.targettable for key in tables["photoz.product_files"].foreignkeys} == {"photoz.products"}
    found = tap.search(f'SELECT "select", "Order" AS big FROM {site.nasty} ORDER BY 1', maxrec=2)
    assert found["select"].tolist() == [1, 2]
    assert found.getdesc("big").ucd == "meta.id"
    assert found.query_status == "OVERFLOW"
    with pytest.raises(pyvo.dal.DALQueryError, match="did you mean"):
        tap.search(f"SELECT zz FROM {site.nasty.replace('select', 'selekt')}")
    results = tap.run_async(f"SELECT COUNT(*) AS n FROM {site.nasty}")
    assert results["n"].tolist() == [ROWS]
    job = tap.submit_job(f"SELECT z FROM {site.nasty} WHERE z > 1", maxrec=5)
    try:
        job.run().wait(phases=["COMPLETED", "ERROR"], timeout=120)
        assert job.phase == "COMPLETED"
        assert job.fetch_result()["z"].tolist() == [1.5]
    finally:
        job.delete()
    assert len(tap.examples) >= 10


def test_stilts_queries_synchronously_and_asynchronously(site: Site, stilts: Stilts):
    for sync in ("true", "false"):
        said = stilts(
            "tapquery",
            f"tapurl={site.base_url}/tap",
            f"sync={sync}",
            f'adql=SELECT "select", "1st" FROM {site.nasty} ORDER BY "select"',
            "ofmt=csv",
            "out=-",
        )
        assert [line.partition(",")[0] for line in said.splitlines()] == ["select", "1", "2", "3"]


def test_tables_are_told_briefly_in_full_and_one_by_one(site: Site):
    brief = etree.fromstring(requests.get(f"{site.base_url}/tap/tables?detail=min", timeout=60).content)
    full = etree.fromstring(requests.get(f"{site.base_url}/tap/tables?DETAIL=max", timeout=60).content)
    names = brief.xpath("//table/name/text()")
    assert names == full.xpath("//table/name/text()")
    assert not brief.xpath("//column")
    assert len(full.xpath(f"//table[name='{site.nasty}']/column")) == len(COLUMNS)
    for name in (site.nasty, "tap_schema.columns", "photoz.products"):
        answer = requests.get(f"{site.base_url}/tap/tables/{name}", timeout=60)
        one = etree.fromstring(answer.content)
        assert etree.QName(one).localname == "table"
        assert one.xpath("name/text()") == [name]
        assert one.xpath("count(column)") == full.xpath(f"count(//table[name='{name}']/column)")
    missing = requests.get(f"{site.base_url}/tap/tables/no.such", timeout=60)
    assert missing.status_code == 404


def test_statistics_of_columns_are_those_of_the_rows(site: Site):
    wanted = "min_value, max_value, fill_factor, null_count, distinct_count"
    about = f"FROM tap_schema.columns WHERE table_name = '{site.nasty}' ORDER BY column_index"
    told = json.loads(site.query(f"SELECT {wanted} {about}", FORMAT="json").text)["data"]
    assert len(told) == len(COLUMNS)
    for (name, attributes, values), (low, high, filled, nulls, distinct) in zip(COLUMNS, told, strict=True):
        # TABLEDATA has no missing text, only empty one.
        is_text = attributes["datatype"] in {"char", "unicodeChar"}
        known = [value or "" for value in values] if is_text else [value for value in values if value not in (None, [])]
        numbers = known if "arraysize" not in attributes and attributes["datatype"] != "boolean" else []
        assert (low, high) == ((float(min(numbers)), float(max(numbers))) if numbers else (None, None)), name
        assert (nulls, filled) == (ROWS - len(known), pytest.approx(len(known) / ROWS)), name
        is_array = attributes["datatype"] not in {"char", "unicodeChar"} and "arraysize" in attributes
        assert distinct == (None if is_array else len(set(known))), name


def test_footprints_find_the_products_that_cover_a_place(site: Site):
    inside = "SELECT table_name FROM photoz.products WHERE 1 = CONTAINS(POINT({}), footprint)"
    ra, dec = site.query(f"SELECT TOP 1 coord_ra, coord_dec FROM {DEMO}", FORMAT="csv").text.splitlines()[1].split(",")
    assert DEMO in site.query(inside.format(f"{ra}, {dec}"), FORMAT="csv").text.split()
    assert site.query(inside.format(f"{ra}, {-float(dec)}"), FORMAT="csv").text.split() == ["table_name"]
    meeting = f"""SELECT COUNT(*) AS n FROM photoz.products AS p JOIN photoz.products AS q
        ON 1 = INTERSECTS(p.footprint, q.footprint) WHERE p.table_name = '{DEMO}'"""
    assert int(site.query(meeting, FORMAT="csv").text.splitlines()[1]) >= 5
    rows = f"""SELECT COUNT(*) AS n FROM {DEMO} WHERE 1 = CONTAINS(POINT(coord_ra, coord_dec),
        MOC(8, CIRCLE({ra}, {dec}, 0.4)))"""
    cone = rows.replace("MOC(8, CIRCLE(", "CIRCLE(").replace("0.4))", "0.4)")
    covered, exact = (int(site.query(text, FORMAT="csv").text.splitlines()[1]) for text in (rows, cone))
    assert covered >= exact > 0
