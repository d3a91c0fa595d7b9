"""Tables of the server are listed and described; users create, fill, index, share and remove their own."""

import io

import pandas as pd
import pytest
from astropy import units as u
from astropy.table import Table
from pyvo.io.vosi import parse_tables
from pzserver import InvalidValueError, NotFoundError, PermissionDeniedError, PzServer, RequestError
from pzserver.tables.server_table import UserTable

FRAME = pd.DataFrame(
    {
        "id": [1, 2],
        "ra": [10.0, None],
        "name": ["é", None],
        "seen": pd.to_datetime(["2024-01-02", "2024-02-03"]),
        "v": [[1.0, 2.0], [3.0, 4.0]],
        "ok": [True, False],
    }
)


@pytest.fixture
def mine(ours: PzServer):
    table = ours.tables.create(
        "mine",
        FRAME,
        description="My objects",
        units={"ra": u.deg},
        ucds={"ra": "pos.eq.ra;meta.main"},
        descriptions={"id": "number"},
        index=["id"],
    )
    yield table
    if table.table_name in ours.tables:
        table.drop()


def test_a_frame_becomes_a_table_with_units_and_every_value(ours: PzServer, mine):
    assert isinstance(mine, UserTable)
    assert (mine.table_name, mine.description, len(mine)) == (f"{ours.tables.schema}.mine", "My objects", 2)
    assert [(column.unit, column.ucd) for column in mine.columns[1:2]] == [("deg", "pos.eq.ra;meta.main")]
    assert mine.columns["id"].description == "number"
    (row,) = mine.query("SELECT * FROM {table} WHERE id = 2").to_arrow().to_pylist()
    assert {**row, "seen": row["seen"][:10]} == {
        "id": 2,
        "ra": None,
        "name": None,
        "seen": "2024-02-03",
        "v": [3.0, 4.0],
        "ok": False,
    }
    document = ours.connection.request("GET", f"{ours.url}/tap/tables/{mine.table_name}").content
    assert parse_tables(io.BytesIO(document)).get_first_table().columns[1].unit == "deg"


def test_rows_are_appended_all_or_none_and_tables_replaced(ours: PzServer, mine):
    assert len(mine.append(FRAME)) == 4
    with pytest.raises(InvalidValueError, match="no column 'x'; its columns are id, ra"):
        mine.append({"x": [1]})
    with pytest.raises(RequestError, match="already"):
        ours.tables.create("mine", FRAME)

    mine.share(public=True)
    again = ours.tables.create("mine", Table({"id": [5]}), replace=True)

    assert (list(again.rows()), again.permissions.is_public) == ([{"id": 5}], True)
    with pytest.raises(InvalidValueError, match="unique index"):
        again.index("id", unique=True).append({"id": [5]})


def test_tables_are_found_by_name_word_and_schema(ours: PzServer, mine):
    assert "photoz.products" in ours.tables
    assert ours.tables.list("my OBJECTS").names == (mine.table_name,)
    assert ours.tables.own.names == (mine.table_name,)
    assert ours.tables["mine"].table_name == mine.table_name
    assert ours.tables["tap_schema.tables"].to_pandas(["table_name"], limit=1).shape == (1, 1)
    assert f"<td>{mine.table_name}</td>" in ours.tables._repr_html_()
    assert list(ours.tables.own.to_pandas()["description"]) == ["My objects"]
    with pytest.raises(NotFoundError, match="no table 'gone'"):
        ours.tables["gone"]


def test_what_cannot_be_a_table_is_refused(ours: PzServer, mine, tmp_path):
    with pytest.raises(PermissionDeniedError, match=f"make {ours.tables.schema}.x"):
        ours.tables.create("user_somebody.x", FRAME)
    with pytest.raises(InvalidValueError, match="'s'"):
        ours.tables.create("x", {"s": [{"a": 1}]})
    path = tmp_path / "x.csv"
    path.write_text("id\n1\n")
    read = ours.tables.create("x", path)
    assert len(read) == 1
    read.drop()
    mine.drop()
    with pytest.raises(NotFoundError):
        mine.drop()


def test_the_registry_is_searched_with_pyvos_constraints(ours: PzServer):
    found = ours.search_registry(servicetype="tap")

    assert [each.ivoid for each in found if each.ivoid.endswith("/tap")]
    with pytest.raises(InvalidValueError, match="colour is not a valid registry constraint"):
        ours.search_registry(colour="red")
