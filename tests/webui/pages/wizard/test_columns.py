"""Step 3 of the wizard: how the table is read, and columns that cannot have a meaning."""

import json
import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from lxml import html

from products.adjustments.options import AS_GIVEN, TableOptions
from server.services import Services
from tests.webui.pages.conftest import Publish

_HOURS = b"ra_hours,dec,z\n" + b"".join(b"%d,%d,0.%d\n" % (n, n, n) for n in range(1, 9))
_UNTOLD = b"ra,dec,z\n0.5,-60,0.1\n12,0,0.2\n23.5,60,0.3\n"
_STAND_INS = b"ra,dec,z\n" + b"".join(b"%d,%d,%s\n" % (n, n, b"-99" if n % 2 else b"0.5%d" % n) for n in range(1, 41))
_SEXAGESIMAL = b"ra,dec,z\n10:00:24,+02:12:00,0.5\n10:00:48,-00:18:00,0.7\n"


def shown(browser: TestClient, name: str) -> str:
    """Return the document of step 3."""
    answer = browser.get(f"/product/{name}/columns")
    assert answer.status_code == 200
    return answer.text


def choices(page: str, select: str) -> list[str]:
    """Return the values of a list of choices."""
    found = re.search(rf'<select name="{select}".*?</select>', page, re.DOTALL)
    return [] if found is None else [unescape(value) for value in re.findall(r'<option value="(.*?)"', found[0])]


def test_a_plain_table_has_nothing_to_choose(alice: TestClient, register: Publish) -> None:
    assert "How the table is read" not in shown(alice, register().internal_name)


def test_missing_values_are_offered_with_their_counts(alice: TestClient, register: Publish, services: Services) -> None:
    name = register(table=_STAND_INS).internal_name
    page = shown(alice, name)
    assert "<code>-99</code> in <code>z</code>" in page
    assert "20 of 40 rows" in page
    sent = alice.post(f"/product/{name}/table", data={"missing-1": json.dumps(["z", -99])})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/product/{name}/columns")
    identity = services.accounts.service.identity_of_user("alice")
    details = services.products.service.details(identity, name)
    assert details.options == TableOptions(missing_values={"z": (-99,)})
    assert "progress" in shown(alice, name)


def test_a_value_of_several_columns_is_offered_once_and_accepted_by_column(
    alice: TestClient, register: Publish, services: Services
) -> None:
    """The columns of one value stand together, and any of them can be left out."""
    rows = "".join(f"{n},{n},0.{n},{-99 if n % 2 else n / 9},{-99 if n % 2 else n / 8}\n" for n in range(1, 41))
    name = register(table=f"ra,dec,z,gmag,rmag\n{rows}".encode()).internal_name
    (group,) = html.document_fromstring(shown(alice, name)).xpath("//*[@data-group]")
    boxes = group.xpath(".//input[@name]")
    assert [json.loads(box.get("value"))[0] for box in boxes] == ["gmag", "rmag"]
    assert "-99 in 2 columns" in " ".join(group.text_content().split())
    assert alice.post(f"/product/{name}/table", data={boxes[1].get("name"): boxes[1].get("value")}).status_code == 303
    identity = services.accounts.service.identity_of_user("alice")
    assert services.products.service.details(identity, name).options == TableOptions(missing_values={"rmag": (-99,)})


def test_a_question_about_positions_can_be_answered(alice: TestClient, register: Publish, services: Services) -> None:
    name = register(table=_UNTOLD).internal_name
    page = shown(alice, name)
    assert "may be hours and degrees" in page
    assert "Not decided: choose one" in page
    identity = services.accounts.service.identity_of_user("alice")
    fields = {f"meaning-{c.id}": c.column.name for c in services.products.service.details(identity, name).columns}
    refused = alice.post(f"/product/{name}/columns", data=fields)
    assert (refused.status_code, "may be hours" in refused.text) == (400, True)
    hours = next(value for value in choices(shown(alice, name), "position") if "hourangle" in value)
    assert alice.post(f"/product/{name}/table", data={"position": hours}).status_code == 303
    chosen = services.products.service.details(identity, name).options.form
    assert chosen is not None
    assert (chosen.columns, chosen.units) == (("ra", "dec"), ("hourangle", "deg"))


def test_positions_can_be_taken_as_given(alice: TestClient, register: Publish, services: Services) -> None:
    name = register(table=_HOURS).internal_name
    assert "As the file tells: ra_hours, dec in hours and degrees, ICRS" in shown(alice, name)
    assert alice.post(f"/product/{name}/table", data={"position": json.dumps(AS_GIVEN)}).status_code == 303
    identity = services.accounts.service.identity_of_user("alice")
    assert services.products.service.details(identity, name).options.position == AS_GIVEN


@pytest.mark.parametrize(
    ("table", "said"), [(_SEXAGESIMAL, "it holds text"), (_HOURS, "choose 'ra_icrs' and 'dec_icrs'")]
)
def test_a_column_that_cannot_have_its_meaning_is_marked_at_once(
    alice: TestClient, register: Publish, services: Services, table: bytes, said: str
) -> None:
    name = register(table=table).internal_name
    identity = services.accounts.service.identity_of_user("alice")
    columns = services.products.service.details(identity, name).columns
    keys = ("ra", "dec", "z", *[""] * len(columns))
    fields = {f"meaning-{item.id}": key for item, key in zip(columns, keys, strict=False)}
    refused = alice.post(f"/product/{name}/columns", data=fields)
    assert refused.status_code == 400
    assert said in unescape(refused.text)
    assert 'class="field-error"' in refused.text


@pytest.mark.parametrize("value", ["{", '["z"]', "[1, 2, 3]", '{"columns": ["x", "y"]}'])
def test_values_that_the_form_does_not_offer_are_refused(alice: TestClient, register: Publish, value: str) -> None:
    name = register(table=_UNTOLD).internal_name
    for field in ("position", "missing-1"):
        answer = alice.post(f"/product/{name}/table", data={field: value})
        assert answer.status_code == 400, answer.text
        assert "How the table is read" in answer.text


def fields_of(page: str) -> dict[str, str]:
    """Return what the form of the columns has in it, as a browser would send it."""
    form = page.partition('<form method="post" action="/product/')[2].partition('class="columns-form"')[2]
    inputs = {
        unescape(name): unescape(value)
        for name, value in re.findall(r'<input[^>]*name="(.*?)"[^>]*value="(.*?)"', form)
    }
    for name, options in re.findall(r'<select[^>]*name="(.*?)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        inputs[name] = chosen[1] if chosen else ""
    return inputs


def field_of(services: Services, name: str, column: str, key: str) -> str:
    identity = services.accounts.service.identity_of_user("alice")
    columns = services.products.service.details(identity, name).columns
    return next(f"{key}-{item.id}" for item in columns if item.column.name == column)


def _wide(count: int) -> bytes:
    names = ["ra", "dec", "z", *(f"mag_{number}" for number in range(count))]
    return f"{','.join(names)}\n{','.join(['1.5'] * len(names))}\n{','.join(['2.5'] * len(names))}\n".encode()


def test_a_wide_table_is_paged_and_pages_keep_what_the_others_have(
    alice: TestClient, register: Publish, services: Services
) -> None:
    name = register(table=_wide(1000)).internal_name
    first = shown(alice, name)
    assert len(first) < 80_000
    assert first.count('<select name="meaning-') == 30
    assert "Columns 1 to 30 of " in first
    moved = alice.post(f"/product/{name}/columns", data={**fields_of(first), "then": "page-2"})
    assert moved.headers["location"] == f"/product/{name}/columns?page=2"
    second = alice.get(moved.headers["location"]).text
    assert "mag_27" in second
    fields = {**fields_of(second), field_of(services, name, "mag_30", "description"): "A magnitude"}
    assert alice.post(f"/product/{name}/columns", data=fields).headers["location"].endswith("/review")
    identity = services.accounts.service.identity_of_user("alice")
    columns = {item.column.name: item for item in services.products.service.details(identity, name).columns}
    assert [columns[key].alias for key in ("ra", "dec", "z")] == ["RA", "Dec", "z"]
    assert columns["mag_30"].column.description == "A magnitude"


def test_the_list_is_searched_and_filtered_with_the_form_saved(alice: TestClient, register: Publish) -> None:
    name = register(table=_wide(40)).internal_name
    fields = {**fields_of(shown(alice, name)), "q": "mag_3", "then": "list"}
    moved = alice.post(f"/product/{name}/columns", data=fields)
    assert moved.headers["location"] == f"/product/{name}/columns?q=mag_3"
    page = alice.get(moved.headers["location"]).text
    assert "Columns 1 to 11 of 11; the table has 43" in page
    for show, number in (("assigned", 3), ("guessed", 0), ("undescribed", 43), ("problems", 0)):
        listed = alice.get(f"/product/{name}/columns", params={"show": show}).text
        assert (f"of {number}" in listed) if number else ("No column matches." in listed), show
    assert "Columns 1 to 30" in alice.get(f"/product/{name}/columns", params={"page": "x", "show": "y"}).text


def test_the_summary_says_what_is_assigned_and_what_is_missing(alice: TestClient, register: Publish) -> None:
    summary = shown(alice, register().internal_name).partition('id="summary-box"')[2].partition("</section>")[0]
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", summary)).split())
    for said in (
        "RA RAJ2000 required",
        "z zspec required",
        "z_err no column recommended",
        "survey no column recommended",
    ):
        assert said in text, text
    assert "instrument_type no column recommended" in text


def test_ranges_and_empty_values_stand_beside_the_columns(alice: TestClient, register: Publish) -> None:
    page = shown(alice, register().internal_name)
    row = page.partition("<tbody>")[2].partition("<code>zspec</code>")[2].partition("</tr>")[0]
    assert "0.31 to 0.42" in row
    assert "1 empty" in row


def test_problems_are_told_before_anything_is_saved(alice: TestClient, register: Publish, services: Services) -> None:
    name = register(table=_SEXAGESIMAL).internal_name
    fields = fields_of(shown(alice, name))
    for column, key in (("ra", "ra"), ("ra_icrs", ""), ("z", "dec")):
        fields[field_of(services, name, column, "meaning")] = key
    checked = alice.post(f"/product/{name}/columns", data={**fields, "then": "check"})
    assert checked.status_code == 200
    assert "it holds text; choose a column of numbers" in unescape(checked.text)
    assert "Another column has this meaning too." in checked.text
    identity = services.accounts.service.identity_of_user("alice")
    assert all(item.alias is None for item in services.products.service.details(identity, name).columns)


def test_units_and_ucds_are_refused_beside_their_column_and_only_when_changed(
    alice: TestClient, register: Publish, services: Services
) -> None:
    name = register().internal_name
    fields = fields_of(shown(alice, name))
    unit, ucd = (field_of(services, name, "flag", key) for key in ("unit", "ucd"))
    refused = alice.post(f"/product/{name}/columns", data={**fields, unit: "furlong", ucd: "meta.code.qual"})
    assert refused.status_code == 400
    row = refused.text.partition("<tbody>")[2].partition("<code>flag</code>")[2].partition("</tr>")[0]
    assert "&#39;furlong&#39; is not a unit" in row
    assert 'value="furlong"' in row
    assert '<details class="attributes" open>' in row
    assert alice.post(f"/product/{name}/columns", data={**fields, ucd: "meta.code.qual"}).status_code == 303
    identity = services.accounts.service.identity_of_user("alice")
    assert services.products.service.details(identity, name).columns[4].column.ucd == "meta.code.qual"


def test_columns_of_a_published_product_are_described_by_the_same_page(
    alice: TestClient, publish: Publish, services: Services
) -> None:
    name = publish().internal_name
    assert f'href="/product/{name}/columns"' in alice.get(f"/product/{name}").text
    page = shown(alice, name)
    assert "Next: review" not in page
    assert f'name="{field_of(services, name, "zspec", "meaning")}"' not in page
    fields = fields_of(page)
    fields[field_of(services, name, "zspec", "description")] = "Redshift"
    fields[field_of(services, name, "flag", "meaning")] = "z_flag"
    assert alice.post(f"/product/{name}/columns", data=fields).headers["location"] == f"/product/{name}"
    identity = services.accounts.service.identity_of_user("alice")
    columns = services.products.service.details(identity, name).columns
    assert [item.alias for item in columns] == [None, "RA", "Dec", "z", "z_flag"]
    assert columns[3].column.description == "Redshift"


@pytest.mark.parametrize("sent", ["file", "pasted"])
def test_a_table_of_descriptions_is_pasted_or_sent(
    alice: TestClient, register: Publish, services: Services, sent: str
) -> None:
    name = register().internal_name
    address, text = f"/product/{name}/descriptions", "name,unit,description\n*2000,deg,Coordinate\nabsent,,x\n"
    assert "Paste or send" in alice.get(address).text
    data = {"descriptions": text if sent == "pasted" else ""}
    file = ("", b"") if sent == "pasted" else ("columns.csv", text.encode())
    done = alice.post(address, data=data, files={"file": file})
    assert (done.status_code, "2 columns described" in done.text, "<code>absent</code>" in done.text) == (
        200,
        True,
        True,
    )
    identity = services.accounts.service.identity_of_user("alice")
    assert services.products.service.details(identity, name).columns[1].column.description == "Coordinate"
    refused = alice.post(address, data={"descriptions": "name,unit\nflag,furlong\n"}, files={"file": ("", b"")})
    assert (refused.status_code, "Line 2, column &#39;flag&#39;" in refused.text) == (400, True)
    assert "flag,furlong" in refused.text
