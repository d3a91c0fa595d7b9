"""Columns of any names give their own values: in TAP, cone searches, uploads, user tables, and after a migration."""

import io
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.fits.verify import VerifyWarning
from astropy.io.votable.exceptions import W03
from astropy.table import Table
from sqlalchemy import select, update

from core.auth.models import Identity
from core.columns import HEALPIX_COLUMN
from core.database import utc_now
from products.rows.stored_columns import column_names
from products.schema import STORED_LAYOUT, ProductRow, ProductTableRow, UserTablePartRow, UserTableRow
from server.migrations.upgrade import migrate_rows
from server.services import Services
from tests.pipelines.runs.published import publish
from tests.server.application import Application, running_application

_NAMES = ("Z", "z", "z_1", "c0", "C1", "SELECT", "two words", "😀", 'quo"ted', "a.b", "É", "é", "x'y", HEALPIX_COLUMN)
_ROWS = 5
_MEANINGS = {"RA": "ra", "DEC": "dec", "z": "z"}


def values() -> dict[str, np.ndarray]:
    """Make columns of odd names, each with values of its own."""
    columns = {"RA": np.linspace(10, 11, _ROWS), "DEC": np.linspace(-1, 1, _ROWS)}
    columns |= {name: np.arange(_ROWS) / 8 + number / 64 for number, name in enumerate(_NAMES)}
    return columns


def delimited(name: str) -> str:
    """Write a name as a delimited identifier (ADQL 2.1 §2.1.2)."""
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(tmp_path_factory.mktemp("names") / "data") as running:
        running.services.accounts.service.add_user("alice", "three-green-birds-of-alice")
        yield running


@pytest.fixture(scope="module")
def alice(app: Application) -> Identity:
    return app.services.accounts.service.identity_of_user("alice")


@pytest.fixture(scope="module")
def table(app: Application, alice: Identity, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("file") / "odd.parquet"
    pq.write_table(pa.table(values()), path)
    product = publish(app.services, alice, "Odd names", None, meanings=_MEANINGS, path=path)
    found = app.services.products.service.details(alice, product.id).table
    assert found is not None
    return found.full_name


def ask(app: Application, query: str, response_format: str = "votable", **sent: Any) -> Table:
    """Run a query; read its answer with astropy."""
    form = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": response_format} | sent.pop("form", {})
    answer = app.client.post("/tap/sync", headers=bearer(app), data=form, **sent)
    assert answer.status_code == 200, answer.text
    reader = {"votable": "votable", "votable/td": "votable", "ecsv": "ascii.ecsv", "fits": "fits", "csv": "ascii.csv"}
    content = io.BytesIO(answer.content) if response_format in {"votable", "votable/td", "fits"} else answer.text
    names = {"use_names_over_ids": True} if reader[response_format] == "votable" else {}
    with warnings.catch_warnings(action="ignore", category=VerifyWarning):
        return Table.read(content, format=reader[response_format], **names)


def votable(rows: Table) -> bytes:
    """Write a VOTable with astropy, which warns that an ID cannot be as odd as a name."""
    content = io.BytesIO()
    with warnings.catch_warnings(action="ignore", category=W03):
        rows.write(content, format="votable")
    return content.getvalue()


def bearer(app: Application) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {app.token('alice')}"}


def assert_own_values(found: Table, without: Collection[str] = ()) -> None:
    """Compare each column with the values that were written under its name."""
    found.sort("RA")
    for name in found.colnames:
        if name not in without:
            np.testing.assert_array_equal(np.asarray(found[name]), values()[name], err_msg=name)


@pytest.mark.parametrize("response_format", ["votable", "votable/td", "fits", "ecsv", "csv"])
def test_all_columns_of_a_table_have_their_names_and_values(app: Application, table: str, response_format: str) -> None:
    found = ask(app, f"SELECT * FROM {table}", response_format)
    if response_format == "fits":  # other letters are escaped, and no names are alike in any case (FITS 4.0 §7.3.2)
        escaped = [name.encode("ascii", "backslashreplace").decode() for name in values()]
        assert [name for name in found.colnames if name in escaped] == [name for name in escaped if name != "z"]
        assert len({name.lower() for name in found.colnames}) == len(escaped)
        found.rename_columns(found.colnames, list(values()))
    assert found.colnames == list(values())
    assert_own_values(found)


def test_each_delimited_name_gives_its_own_column(app: Application, table: str) -> None:
    for name, expected in values().items():
        found = ask(app, f"SELECT {delimited(name)} FROM {table} ORDER BY {delimited(name)} DESC")
        assert found.colnames == [name]
        np.testing.assert_array_equal(np.asarray(found[name]), expected[::-1], err_msg=name)


def test_names_work_in_conditions_groups_and_subqueries(app: Application, table: str) -> None:
    found = ask(app, f'SELECT MAX("z") AS a, MAX("Z") AS b FROM (SELECT "z", "Z" FROM {table} WHERE "z_1" < 0.5) AS t')
    kept = values()["z_1"] < 0.5
    assert (found["a"][0], found["b"][0]) == (values()["z"][kept].max(), values()["Z"][kept].max())
    found = ask(app, f'SELECT a."z", b."Z" FROM {table} AS a JOIN {table} AS b ON a."RA" = b."RA" WHERE a."é" > b."É"')
    assert found.colnames == ["z", "Z"]
    assert len(found) == _ROWS


def test_tap_schema_tells_the_names_that_answers_have(app: Application, table: str) -> None:
    found = ask(app, f"SELECT column_name FROM tap_schema.columns WHERE table_name = '{table}' ORDER BY column_index")
    told = [name[1:-1].replace('""', '"') if name.startswith('"') else name for name in found["column_name"]]
    assert told == list(values())


def test_a_cone_search_gives_the_values_of_each_column(app: Application, table: str) -> None:
    query = {"RA": 10.5, "DEC": 0, "SR": 3, "VERB": 3}
    answer = app.client.get(f"/conesearch/{table}", headers=bearer(app), params=query)
    assert answer.status_code == 200, answer.text
    found = Table.read(io.BytesIO(answer.content), format="votable", use_names_over_ids=True)
    found.sort("RA")
    for name, expected in values().items():
        np.testing.assert_array_equal(np.asarray(found[name]), expected, err_msg=name)


def test_an_uploaded_table_keeps_its_names(app: Application) -> None:
    content = votable(Table(values()))
    form = {"UPLOAD": "mine,param:file"}
    found = ask(app, "SELECT * FROM tap_upload.mine", form=form, files={"file": ("t.vot", content)})
    assert found.colnames == list(values())
    assert_own_values(found)


def test_a_table_of_a_user_keeps_its_names(app: Application, alice: Identity, user_table: str) -> None:
    found = ask(app, f"SELECT * FROM {user_table}")
    assert found.colnames == [name for name in values() if name != HEALPIX_COLUMN]
    assert_own_values(found)


@pytest.fixture(scope="module")
def user_table(app: Application) -> str:
    rows = Table({name: column for name, column in values().items() if name != HEALPIX_COLUMN})
    rows["RA"].meta["ucd"], rows["DEC"].meta["ucd"] = "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"
    content = votable(rows)
    name = "user_alice.odd"
    headers = {**bearer(app), "Content-Type": "application/x-votable+xml"}
    answer = app.client.put(f"/tap/tables/{name}", headers=headers, content=content)
    assert answer.status_code in {200, 201}, answer.text
    return name


def test_rows_of_the_earlier_layout_are_converted(app: Application, table: str, user_table: str) -> None:
    services = app.services
    files = _stored_files(services)
    for path in files:
        _write_as_before(path)
    said: list[str] = []
    migrate_rows(services.settings, services.database, said.append)
    assert said == ["Converted the rows of 2 of 2 tables to the layout of this version."]
    assert not any(path.exists() for path in files)
    with services.database.write() as session:
        layouts = [*session.scalars(select(ProductTableRow.layout)), *session.scalars(select(UserTablePartRow.layout))]
        # A server converts rows before it reads any; this one has to look again.
        session.execute(update(ProductRow).values(updated_at=utc_now()))
        session.execute(update(UserTableRow).values(version=UserTableRow.version + 1))
    assert layouts == [STORED_LAYOUT] * 2
    for name in (table, user_table):
        found = ask(app, f"SELECT * FROM {name}")
        assert_own_values(found, without={HEALPIX_COLUMN})
        assert len(ask(app, f'SELECT * FROM {name} WHERE DISTANCE(POINT("RA", "DEC"), POINT(10.5, 0)) < 0.1')) == 1
    assert np.asarray(ask(app, f"SELECT * FROM {table}")[HEALPIX_COLUMN]).dtype == np.int64
    migrate_rows(services.settings, services.database, said.append)
    assert len(said) == 1
    _stored_files(services)[0].unlink()  # lost, which must not keep a server from its other tables
    migrate_rows(services.settings, services.database, said.append)
    with services.database.read() as session:
        assert list(session.scalars(select(ProductTableRow.layout))) == [0]
        assert list(session.scalars(select(UserTablePartRow.layout))) == [STORED_LAYOUT]


def _stored_files(services: Services) -> list[Path]:
    """Return the files with stored rows, and mark them as those of the earlier layout."""
    with services.database.write() as session:
        session.execute(update(ProductTableRow).values(layout=0))
        session.execute(update(UserTablePartRow).values(layout=0))
        files = [services.settings.tables_folder / name for name in session.scalars(select(ProductTableRow.stored_id))]
        parts = session.scalars(select(UserTablePartRow.stored_id))
        return [*files, *(services.settings.user_tables_folder / name for name in parts)]


def _write_as_before(path: Path) -> None:
    """Write rows under the names of their table; a column of the index's name was replaced by the index."""
    rows = pq.read_table(path)
    names, index = column_names(rows.schema), rows[HEALPIX_COLUMN]
    rows = rows.rename_columns([f"{name}{number}" for number, name in enumerate(names)])
    if HEALPIX_COLUMN in names[:-1]:
        place = names.index(HEALPIX_COLUMN)
        rows, names = rows.set_column(place, "index", index).drop_columns([rows.column_names[-1]]), names[:-1]
    path.unlink()
    pq.write_table(rows.rename_columns(names), path)
