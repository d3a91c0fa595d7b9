"""The page and the REST resource of survey catalogues."""

from collections.abc import Mapping
from pathlib import Path

import httpx2
import numpy as np
import pandas as pd
import pytest

from core.auth.models import Identity, Scope
from core.files.kept import KeptFolder
from server.services import Services
from tap.metadata.survey_catalogues.places import CataloguePlaces
from tap.metadata.survey_catalogues.service import SurveyCatalogues
from tests.support.hats import write_hats
from tests.webui.pages.conftest import SignIn
from webui.api.models.base import Listed
from webui.api.models.catalogues import Catalogue
from webui.api.openapi.examples import CATALOGUE


@pytest.fixture
def root(sign_in: SignIn) -> httpx2.Client:
    return sign_in("root")


@pytest.fixture
def place(services: Services, tmp_path: Path) -> Path:
    folder = tmp_path / "hats"
    random = np.random.default_rng(5)
    made = {"id": np.arange(60), "ra": random.uniform(0, 360, 60), "dec": random.uniform(-80, 80, 60)}
    write_hats(pd.DataFrame(made), folder / "sky", most_rows=20)
    services.tap.catalogues = SurveyCatalogues(
        services.database, CataloguePlaces((str(folder),)), KeptFolder(tmp_path / "lists"), max_columns=100
    )
    return folder


def test_a_catalogue_is_registered_changed_and_removed_on_its_page(
    root: httpx2.Client, place: Path, alice: httpx2.Client, services: Services
):
    assert "There are no survey catalogues yet" in root.get("/admin/catalogues").text
    assert 'name="url"' in root.get("/admin/new-catalogue").text
    fields = {"name": "sky", "url": "/etc", "description": "<b>Sky", "visibility": "private"}
    refused = root.post("/admin/new-catalogue", data=fields)
    assert refused.status_code == 400
    assert "is not below a place of PHOTOZ_CATALOGUE_PLACES" in refused.text
    assert 'value="sky"' in refused.text
    assert root.post("/admin/new-catalogue", data={**fields, "visibility": "x"}).status_code == 400
    fields |= {"url": f"{place}/sky", "metadata": f"{place}/none.csv"}
    refused = root.post("/admin/new-catalogue", data=fields)
    assert (refused.status_code, "none.csv&#39; cannot be read" in refused.text) == (400, True)
    (place / "columns.csv").write_text("name,description\nid,Number of the object\n")
    fields["metadata"] = f"{place}/columns.csv"
    assert root.post("/admin/new-catalogue", data=fields).headers["location"] == "/admin/catalogues"
    assert root.post("/admin/new-catalogue", data=fields).status_code == 409
    listed = root.get("/admin/catalogues").text
    assert "hats.sky" in listed
    assert _description_of_id(services) == "Number of the object"
    assert "administrators" in listed
    assert "&lt;b&gt;Sky" in root.get("/admin/catalogues/sky").text
    assert alice.get("/tap/tables/hats.sky").status_code == 404
    change = {"description": "The sky", "visibility": "registered"}
    assert root.post("/admin/catalogues/sky", data=change).status_code == 303
    assert root.post("/admin/catalogues/sky", data={**change, "visibility": "groups"}).status_code == 400
    assert root.post("/admin/catalogues/sky/refresh").status_code == 303
    assert "change catalogue" in root.get("/admin/log").text
    assert root.post("/admin/catalogues/sky/remove").status_code == 303
    assert root.get("/admin/catalogues/sky").status_code == 404
    assert (place / "sky/hats.properties").exists()


def test_the_release_of_a_catalogue_restricts_its_readers(root: httpx2.Client, place: Path, alice: httpx2.Client):
    release = {"name": "dp1", "display_name": "Data Preview 1", "indexing_column": "objectId"}
    assert root.post("/admin/new-release", data=release).status_code == 303
    assert "No <a" in root.get("/admin/releases/dp1").text
    made = root.post("/api/catalogues", json={"name": "sky", "url": f"{place}/sky", "release": "dp1"})
    assert (made.status_code, made.json()["release"]) == (201, "dp1")
    assert '<option value="dp1" selected>' in root.get("/admin/catalogues/sky").text
    assert "hats.sky" in root.get("/admin/releases/dp1").text
    assert root.post("/admin/releases/dp1/delete").status_code == 409
    explore = "/explore?table=hats.sky"
    assert alice.get(explore).status_code != 404
    assert root.post("/api/groups", json={"name": "few", "description": "Few"}).status_code == 201
    assert root.post("/admin/releases/dp1", data={**release, "group:few": "1"}).status_code == 303
    assert alice.get(explore).status_code == 404
    cleared = root.patch("/api/catalogues/sky", json={"release": None})
    assert (cleared.status_code, cleared.json()["release"]) == (200, "")
    assert alice.get(explore).status_code != 404
    assert root.patch("/api/catalogues/sky", json={"release": "none"}).status_code == 400


def test_rest_gives_catalogues_like_the_example(
    root: httpx2.Client, place: Path, alice: httpx2.Client, services: Services
):
    assert alice.get("/api/catalogues").status_code == 403
    wrong = root.post("/api/catalogues", json={"name": "sky"})
    assert (wrong.status_code, "url" in wrong.text) == (400, True)
    (place / "columns.csv").write_text("name,description\nid,Number of the object\n")
    sent = {"name": "sky", "url": f"{place}/sky", "metadata": f"{place}/columns.csv"}
    made = root.post("/api/catalogues", json=sent)
    assert made.status_code == 201
    _assert_alike(made.json(), CATALOGUE)
    assert (made.json()["rows"], made.json()["visibility"], made.json()["table"]) == (60, "registered", "hats.sky")
    assert _description_of_id(services) == "Number of the object"
    listed = root.get("/api/catalogues").json()
    assert (listed["count"], listed["results"]) == (1, [root.get("/api/catalogues/sky").json()])
    changed = root.patch("/api/catalogues/sky", json={"visibility": "public"}).json()
    assert (changed["visibility"], changed["description"]) == ("public", made.json()["description"])
    assert root.post("/api/catalogues/sky/refresh").json()["partitions"] == made.json()["partitions"]
    assert root.delete("/api/catalogues/sky").status_code == 204
    assert root.get("/api/catalogues/sky").status_code == 404


def test_catalogues_without_a_known_number_of_rows_come_before_all_others(root: httpx2.Client, place: Path):
    frame = pd.DataFrame({"id": [1, 2], "ra": [10.0, 200.0], "dec": [5.0, -60.0]})
    for name in ("bare", "plain"):
        write_hats(frame, place / name, most_rows=5, metadata=False)
        properties = place / name / "hats.properties"
        lines = properties.read_text().splitlines(keepends=True)
        properties.write_text("".join(line for line in lines if not line.startswith("hats_nrows")))
    for name in ("plain", "sky", "bare"):
        assert root.post("/api/catalogues", json={"name": name, "url": f"{place}/{name}"}).status_code == 201
    for ordering, expected in (("rows", [None, None, 60]), ("-rows", [60, None, None])):
        listed = root.get("/api/catalogues", params={"ordering": ordering})
        assert [each.rows for each in Listed[Catalogue].model_validate_json(listed.content).results] == expected


def _description_of_id(services: Services) -> str | None:
    operator = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
    found = services.tap.catalogues.find(operator, "sky")
    return next(item.column.description for item in found.columns if item.column.name == "id")


def _assert_alike(found: Mapping[str, object], example: Mapping[str, object]) -> None:
    assert list(found) == list(example)
    for key, value in example.items():
        assert type(found[key]) is type(value), key
