"""Units, UCDs and descriptions that owners state of columns, over REST: validated, and kept by later inspections."""

import json
from pathlib import Path

import httpx2
import pytest

from products.adjustments.options import TableOptions
from server.services import Services
from tests.webui.pages.conftest import Publish, inspected

_ATTRIBUTES = ("unit", "ucd", "description")


def attributes(alice: httpx2.Client, number: int) -> dict[str, tuple[str | None, ...]]:
    listed = alice.get("/api/product-contents", params={"product": number}).json()["results"]
    return {item["column_name"]: tuple(item[key] for key in _ATTRIBUTES) for item in listed}


def test_several_columns_are_described_at_once(alice: httpx2.Client, register: Publish) -> None:
    number = register().id
    sent = {"*2000": {"description": "A coordinate"}, "zspec": {"ucd": "src.redshift", "description": "Redshift"}}
    answer = alice.patch(f"/api/products/{number}/columns", json={**sent, "other": {"unit": "mag"}})
    assert (answer.status_code, answer.json()["count"], answer.json()["unknown"]) == (200, 3, ["other"])
    found = attributes(alice, number)
    assert found["RAJ2000"][2] == found["DEJ2000"][2] == "A coordinate"
    assert found["zspec"] == (None, "src.redshift", "Redshift")


def test_a_table_of_descriptions_is_taken_as_the_body(alice: httpx2.Client, register: Publish) -> None:
    number = register().id
    text = "name,unit,description\nzspec,,Redshift\nflag,,Quality\nobjid,,\n"
    answer = alice.patch(f"/api/products/{number}/columns", content=text, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    assert attributes(alice, number)["flag"] == (None, None, "Quality")


def test_every_wrong_row_is_named_and_nothing_is_changed(alice: httpx2.Client, register: Publish) -> None:
    number = register().id
    before = attributes(alice, number)
    text = "name,unit,ucd,description\nflag,,,Quality\nzspec,furlong,src.redshft,Redshift\nobjid,,meta.main,\n"
    refused = alice.patch(f"/api/products/{number}/columns", content=text, headers={"Content-Type": "text/csv"})
    assert refused.status_code == 400
    for said in (
        "Line 3, column 'zspec': 'furlong' is not a unit",
        "'src.redshft' is not a UCD",
        "Line 4, column 'objid'",
    ):
        assert said in json.dumps(refused.json(), ensure_ascii=False)
    assert attributes(alice, number) == before


@pytest.mark.parametrize(
    "sent", [{}, {"zspec": {}}, {"zspec": "mag"}, {"zspec": {"name": "z"}}, {"none": {"unit": "m"}}]
)
def test_bodies_that_describe_nothing_are_refused(alice: httpx2.Client, register: Publish, sent: dict) -> None:
    assert alice.patch(f"/api/products/{register().id}/columns", json=sent).status_code == 400


def test_what_was_stated_stays_when_the_file_is_inspected_again(
    alice: httpx2.Client, register: Publish, services: Services, tmp_path: Path
) -> None:
    product = register()
    sent = {"zspec": {"unit": "", "ucd": "src.redshift;pos.heliocentric", "description": "Redshift"}}
    assert alice.patch(f"/api/products/{product.id}/columns", json=sent).status_code == 200
    identity = services.accounts.service.identity_of_user("alice")
    services.products.column_meanings.describe_all(identity, product.id, {"RAJ2000": "ra", "zspec": "z"})
    stated = attributes(alice, product.id)
    assert stated["zspec"] == (None, "src.redshift;pos.heliocentric", "Redshift")
    options = TableOptions(missing_values={"objid": (1,)})
    product = services.products.uploads.take_table(identity, product.id, options)
    inspected(services, identity, product, tmp_path)
    assert attributes(alice, product.id) == stated


def test_the_ucd_of_a_meaning_follows_the_meaning(alice: httpx2.Client, register: Publish, services: Services) -> None:
    number = register().id
    identity = services.accounts.service.identity_of_user("alice")
    column = services.products.column_meanings.columns(identity, number)[3]
    changed = {"ucd": "pos.eq.ra;meta.main", "alias": "RA"}
    assert alice.patch(f"/api/product-contents/{column.id}", json=changed).json()["ucd"] == "pos.eq.ra;meta.main"
    services.products.column_meanings.describe_all(identity, number, {"zspec": "z"})
    assert attributes(alice, number)["zspec"][1] == "src.redshift"


def test_positions_have_no_other_unit_than_degrees(alice: httpx2.Client, register: Publish, services: Services) -> None:
    number = register().id
    identity = services.accounts.service.identity_of_user("alice")
    services.products.column_meanings.describe_all(identity, number, {"RAJ2000": "ra"})
    refused = alice.patch(f"/api/products/{number}/columns", json={"RAJ2000": {"unit": "rad"}})
    assert (refused.status_code, "which is in deg, not in 'rad'" in refused.text) == (400, True)
    assert alice.patch(f"/api/products/{number}/columns", json={"DEJ2000": {"unit": "rad"}}).status_code == 200
    with pytest.raises(Exception, match="which is in deg, not in 'rad'"):
        services.products.column_meanings.describe_all(identity, number, {"RAJ2000": "ra", "DEJ2000": "dec"})


def test_descriptions_reach_tap_after_publication(alice: httpx2.Client, publish: Publish, services: Services) -> None:
    product = publish()
    identity = services.accounts.service.identity_of_user("alice")
    assert services.products.published.all(identity)[0].columns[3].column.description is None
    sent = {"zspec": {"description": "Redshift of the best spectrum"}}
    assert alice.patch(f"/api/products/{product.id}/columns", json=sent).status_code == 200
    (found,) = services.products.published.all(identity)
    assert found.columns[3].column.description == "Redshift of the best spectrum"
