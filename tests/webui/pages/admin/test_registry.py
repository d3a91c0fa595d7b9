"""The page of the registry."""

from server.services import Services
from tests.webui.pages.conftest import Publish, SignIn


def test_records_are_listed_with_their_validation_and_the_last_harvest(
    sign_in: SignIn, publish: Publish, services: Services
):
    root = sign_in("root")
    publish("Seen by all", visibility="public")
    publish("Seen by nobody", visibility="private")

    page = root.get("/admin/registry").text
    assert "Seen by all" in page
    assert "Seen by nobody" not in page
    assert "There is no licence" in page
    assert "No registry has harvested the records yet." in page
    assert "Set PHOTOZ_AUTHORITY" in page
    assert "PHOTOZ_REGISTRY_SOURCES</code> names no registries" in page

    pairs = [("verb", "ListRecords"), ("metadataPrefix", "oai_dc")]
    assert b"Seen by all" in b"".join(services.registry.repository.answer(pairs, "harvester/1"))
    page = root.get("/admin/registry").text
    assert "harvester/1" in page


def test_a_page_after_all_records_is_empty(sign_in: SignIn):
    assert sign_in("root").get("/admin/registry?after=999999").status_code == 200
    assert sign_in("root").get("/admin/registry?after=x").status_code == 200
