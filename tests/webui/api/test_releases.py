"""Releases with every field that they have, and products that refer to them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete

from core.auth.schema import GroupRow
from core.database import utc_now
from products.schema import ProductRow, ReleaseRow
from tests.webui.api.conftest import Site

#: The fields of the release that the public server ships with.
DR2 = {
    "name": "dr2",
    "display_name": "Small Dataset",
    "description": "Small dataset for example runs",
    "indexing_column": "id",
    "has_mag_hats": True,
    "has_flux_hats": False,
    "dereddening": [
        {"name": "sfd", "display_name": "SFD", "selected": True},
        {"name": "csfd", "display_name": "CSFD", "disabled": True},
    ],
    "fluxes": [{"name": "auto", "display_name": "Auto", "selected": True}],
    "is_public": False,
}


@pytest.fixture
def release(site: Site) -> Iterator[int]:
    with site.database.write() as session:
        row = ReleaseRow(**DR2, created_at=utc_now())
        session.add(row)
        session.flush()
        number = row.id
    yield number
    with site.database.write() as session:
        session.execute(delete(ReleaseRow).where(ReleaseRow.id == number))


def test_a_release_has_all_its_fields(site: Site, release: int):
    found = site.bob.json("GET", "releases/?name=dr2")
    assert found["count"] == 1
    shown = found["results"][0]
    assert {key: shown[key] for key in DR2} == DR2
    assert (shown["id"], shown["access_groups"]) == (release, [])
    assert shown["created_at"].endswith("Z")
    assert site.bob.json("GET", f"releases/{release}/") == shown
    assert site.bob.json("GET", f"releases/?id={release}")["results"] == [shown]


def test_a_release_of_a_group_is_for_its_members(site: Site, release: int):
    with site.database.write() as session:
        group = GroupRow(name="team", description="", members=[])
        session.get_one(ReleaseRow, release).access_groups = [group]
        session.flush()
        number = group.id
    assert site.bob.json("GET", "releases/?name=dr2")["count"] == 0
    assert site.bob.call("GET", f"releases/{release}/").status_code == 404
    assert site.admin.json("GET", "releases/?name=dr2")["results"][0]["access_groups"] == [number]


def test_a_product_names_its_release(site: Site, release: int):
    product = site.alice.json("POST", "products/", json={"display_name": "x", "product_type": 2, "release": release})
    assert (product["release"], product["release_name"]) == (release, "Small Dataset")
    for query in (f"release={release}", f"release__in={release}", "release_name=small", "release_name__or=dr2,small"):
        found = site.alice.json("GET", f"products/?{query}")["results"]
        assert product["id"] in [item["id"] for item in found], query
    assert product["id"] not in [p["id"] for p in site.alice.json("GET", "products/?release__isnull=true")["results"]]
    with site.database.write() as session:
        session.execute(delete(ProductRow).where(ProductRow.id == product["id"]))
