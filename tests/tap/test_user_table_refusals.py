"""Refused user tables and rows: an error with a reason, and nothing stored."""

from collections.abc import Iterator

import pytest

from tests.tap.user_site import CSV, VOTABLE, XML, UserSite, made, user_site, vositable

pytestmark = pytest.mark.slow

TSV = "text/tab-separated-values"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserSite]:
    with user_site(tmp_path_factory.mktemp("refusals"), {}) as running:
        yield running


@pytest.fixture(scope="module")
def strict(site: UserSite) -> str:
    """A table with one row."""
    return made(site, "strict", rows="id,ra,dec\n1,2,3\n")


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        ("id,ra\n1,north\n", CSV, "In row 1, the value 'north' of the column 'ra' is not of the type double"),
        ("id\tra\n1\t2\n\nx\t3\n", TSV, "In row 2, the value 'x' of the column 'id'"),
        (b"id,name\n1,a\n2,\xff\n", CSV, "In row 2, a value that is not UTF-8 of the column 'name'"),
        ("id,colour\n1,red\n", CSV, "no column 'colour'"),
        ("id,id\n1,1\n", CSV, "each column once"),
        ("id,ra\n1,2\n1,2,3\n", CSV, "In row 2, there are 3 values, and 2 columns"),
        ("", CSV, "could not be read"),
        (b"\xff\xfe\x00", CSV, "could not be read"),
        ("nonsense", VOTABLE, "not well-formed"),
        ("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", VOTABLE, "DTD"),
        ("nonsense", "application/fits", "The file"),
        ("id\n1\n", "application/x-python-pickle", "cannot be read as"),
        ("99999999999999999999\n", TSV, "no column"),
    ],
)
def test_rows_that_do_not_fit_add_nothing(site: UserSite, strict: str, content: str | bytes, kind: str, said: str):
    answer = site.ask("maria", "POST", f"load/{strict}", content, kind)
    assert answer.status_code == 400, answer.text
    assert said in answer.text
    assert not any(word in answer.text for word in ("/data/", "Traceback", "site-packages"))
    assert site.rows("maria", f"SELECT id, ra FROM {strict}") == ["1,2"]


@pytest.mark.parametrize(
    ("name", "definition", "kind", "said"),
    [
        ("user_maria.t", "<table/>", XML, "at least one column"),
        ("user_maria.t", "<tableset/>", XML, "begins with the element 'table'"),
        ("user_maria.t", "no xml", XML, "not well-formed"),
        ("user_maria.t", "<!DOCTYPE a [<!ENTITY b 'c'>]><table>&b;</table>", XML, "DTD"),
        ("user_maria.t", vositable("a|int", "a|int"), XML, "Several columns are called a"),
        ("user_maria.t", vositable("a|quaternion"), XML, "'quaternion'"),
        ("user_maria.t", vositable("a|int|many"), XML, "'many'"),
        ("user_maria.t", vositable("a\u200bb|int"), XML, "cannot be the name of a column"),
        ("user_maria.t", vositable("a|int"), "text/csv", "VOSITable"),
        ("user_maria.select", vositable("a|int"), XML, "'select' cannot be the name"),
        ("user_maria.a-b", vositable("a|int"), XML, "'a-b' cannot be the name"),
        ("user_maria", vositable("a|int"), XML, "cannot be the name"),
    ],
)
def test_what_cannot_be_a_table_is_refused(site: UserSite, name: str, definition: str, kind: str, said: str):
    answer = site.ask("maria", "PUT", f"tables/{name}", definition, kind)
    assert answer.status_code == 400, answer.text
    assert said in answer.text
    assert name not in site.rows("maria", "SELECT table_name FROM tap_schema.tables")
