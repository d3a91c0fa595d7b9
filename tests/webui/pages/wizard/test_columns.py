"""Step 3 of the wizard: how the table is read, and columns that cannot have a meaning."""

import json
import re
from html import unescape

import pytest
from fastapi.testclient import TestClient

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
    fields = {f"meaning-{item.id}": key for item, key in zip(columns, ("ra", "dec", "z"), strict=False)}
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
