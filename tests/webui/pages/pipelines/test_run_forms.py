"""The form of a pipeline: its inputs searched and paged, previews, presets, and earlier runs repeated and compared."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2
import numpy as np
import pytest
from lxml import html
from sqlalchemy import event

from core.auth.models import Identity
from pipelines.models import Run, RunRequest
from products.lifecycle.releases import ReleaseValues
from products.models import Product, ProductStatus, Visibility
from products.product_types import product_type_by_name
from products.schema import ProductRow
from products.service import NewProduct, ProductChanges
from server.services import Services
from tests.webui.pages.conftest import TABLE, Publish, SignIn

COMBINE, TRAINING = "/run/combine_redshift_dedup", "/run/training_set_maker"
_OBJECTS = product_type_by_name("object_catalog").id
_MEANINGS = {"RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z", "flag": "z_flag"}


@pytest.fixture
def identity(services: Services) -> Identity:
    return services.accounts.service.identity_of_user("alice")


@pytest.fixture
def add_run(services: Services, identity: Identity):
    """Queues a run of alice; no worker takes it."""

    def added(*products: Product, **values: object) -> Run:
        request = RunRequest(inputs=tuple(str(product.id) for product in products), **values)
        pipeline = services.pipelines.definitions["combine_redshift_dedup"]
        return services.pipelines.service.submit(identity, pipeline, request)

    return added


def _form(page: httpx2.Response, status: int = 200) -> dict[str, list[str]]:
    """Return the values that the form would send, all of each name."""
    assert page.status_code == status
    (form,) = html.document_fromstring(page.text).xpath("//form[contains(@class, 'broad')]")
    values: dict[str, list[str]] = {}
    for name, value in form.form_values():
        values.setdefault(str(name), []).append(str(value).removeprefix("\n"))
    return values


def _names(page: httpx2.Response, chooser: str = "chooser") -> list[str]:
    return html.document_fromstring(page.text).xpath("//div[@id=$id]//label/text()", id=chooser)


def _sent(values: Mapping[str, object]) -> dict[str, object]:
    return {"files": [(name, (None, text)) for name, given in values.items() for text in np.atleast_1d(given).tolist()]}


def test_inputs_are_searched_and_paged_and_stay_chosen(alice: httpx2.Client, publish: Publish, services: Services):
    products = [publish(f"Survey {number:02}") for number in range(3)]
    identity = services.accounts.service.identity_of_user("alice")
    chosen = publish("Another")
    page = alice.get(f"{COMBINE}?inputs={chosen.internal_name}&search=survey")
    assert _names(page) == ["Another", "Survey 00", "Survey 01", "Survey 02"]
    values = _form(page)
    assert values["inputs"] == [str(chosen.id)]
    entered = {**values, "inputs": [str(chosen.id), str(products[1].id)], "display_name": "Mine", "search": "02"}
    again = alice.post(f"{COMBINE}/form", **_sent(entered))
    assert _names(again) == ["Another", "Survey 01", "Survey 02"]
    assert _form(again)["inputs"] == [str(chosen.id), str(products[1].id)]
    assert _form(again)["display_name"] == ["Mine"]
    assert "1 found" in again.text
    # A search that finds nothing does not lose the choice.
    nothing = alice.post(f"{COMBINE}/form", **_sent({**entered, "search": "nowhere"}))
    assert _names(nothing) == ["Another", "Survey 01"]
    services.products.service.delete(identity, chosen.id)
    assert _names(alice.post(f"{COMBINE}/form", **_sent(entered))) == ["Survey 01", "Survey 02"]


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the object catalogue of a release, for servers that are made afterwards."""
    folder = tmp_path / "datasets"
    (folder / "dp1").mkdir(parents=True)
    monkeypatch.setenv("PHOTOZ_DATASETS", str(folder))
    return folder


def test_objects_are_of_a_release_or_a_product_and_searched_and_paged_beside_the_inputs(
    datasets: Path, alice: httpx2.Client, publish: Publish, services: Services
):
    assert (datasets / "dp1").is_dir()
    kinds = [{"name": "cmodel", "display_name": "CModel", "selected": True}, {"name": "psf", "display_name": "PSF"}]
    values = ReleaseValues("dp1", "Data Preview 1", has_fluxes=True, fluxes=kinds)
    services.products.releases.save(services.accounts.service.identity_of_user("root"), values)
    survey = publish("A survey")
    names = [f"Objects {number:02} {'deep' if number % 9 == 0 else 'wide'}" for number in range(27)]
    catalogues = _catalogues_of_objects(services, names)
    first = alice.get(TRAINING)
    assert _names(first, "objects-chooser") == ["Data Preview 1", *names[:25]]
    assert "Data Preview 1 has <code>cmodel</code>, <code>psf</code>." in first.text
    assert html.document_fromstring(first.text).xpath("//datalist[@id='flux_type-values']/option/@value") == [
        "cmodel",
        "psf",
    ]
    chosen = {"inputs": str(survey.id), "objects": f"product:{catalogues[3].id}", "search": "survey", "page": "1"}
    second = alice.post(f"{TRAINING}/form", **_sent({**_form(first), **chosen, "objects_page": "2"}))
    assert _names(second, "objects-chooser") == ["Data Preview 1", names[3], *names[25:]]
    assert _names(second) == ["A survey"]
    found = _form(second)
    assert (found["inputs"], found["objects"], found["objects_page"]) == (["1"], [chosen["objects"]], ["2"])
    entered = {**found, "objects": "release:dp1", "objects_search": "deep", "objects_page": "1"}
    third = alice.post(f"{TRAINING}/form", **_sent(entered))
    assert _names(third, "objects-chooser") == ["Data Preview 1", *names[::9]]
    assert _form(third)["objects"] == ["release:dp1"]
    # The buttons of pages come after the number of the page that is shown, so that what is pressed counts.
    fields = html.document_fromstring(first.text).xpath("//*[@name='objects_page']")
    assert [(field.tag, field.get("value")) for field in fields] == [("button", "1"), ("input", "1"), ("button", "2")]


def test_a_release_that_one_product_serves_is_a_choice(alice: httpx2.Client, services: Services):
    administrator = services.accounts.service.identity_of_user("root")
    for name in ("dp1", "dp2", "dp3"):
        services.products.releases.save(administrator, ReleaseValues(name, name.upper()))
    numbers = {release.name: release.id for release in services.products.service.releases(administrator)}
    _catalogues_of_objects(services, ["One"], numbers["dp1"])
    first, _ = _catalogues_of_objects(services, ["First", "Second"], numbers["dp2"])
    assert _names(alice.get(TRAINING), "objects-chooser")[:2] == ["DP1", "First"]
    services.products.service.change(administrator, first.id, ProductChanges(official=True))
    assert _names(alice.get(TRAINING), "objects-chooser")[:3] == ["DP2", "DP1", "First"]


def _catalogues_of_objects(services: Services, names: Sequence[str], release: int | None = None) -> list[Product]:
    """Make published object catalogues of alice without files."""
    owner = services.accounts.service.identity_of_user("alice")
    made = [services.products.service.create(owner, NewProduct(name, _OBJECTS, release)) for name in names]
    with services.database.write() as session:
        for product in made:
            session.get_one(ProductRow, product.id).status = ProductStatus.PUBLISHED
    return made


def test_a_preview_tells_rows_flags_and_overlaps(alice: httpx2.Client, publish: Publish, services: Services, identity):
    near = publish("Near")
    shifted = publish("Shifted", table=TABLE.replace(b"10.6", b"200.6").replace(b"10.7", b"200.7"))
    for product in (near, shifted):
        services.products.column_meanings.describe_all(identity, product.id, _MEANINGS)
    chosen = {"inputs": [str(near.id), str(shifted.id)], "combine_type": "concatenate"}
    page = alice.post(f"{COMBINE}/preview", **_sent(chosen))
    (preview,) = html.document_fromstring(page.text).xpath("//section[@id='preview']")
    text = " ".join(preview.text_content().split())
    assert "at most 6" in text
    assert text.count("flag: B 2, A 1") == 2
    assert "Near and Shifted" in text
    # One of three cells is common to both, so that it is a part of each.
    request = RunRequest(inputs=(str(near.id), str(shifted.id)))
    pipeline = services.pipelines.definitions["combine_redshift_dedup"]
    found = services.pipelines.previewer.preview(
        identity, services.pipelines.checker.check(identity, pipeline, request)
    )
    (overlap,) = found.overlaps
    areas = [item.area_deg2 for item in found.inputs]
    assert overlap.area_deg2 + found.area_deg2 == pytest.approx(sum(areas))
    assert overlap.share == pytest.approx(overlap.area_deg2 / min(areas))
    assert 0 < overlap.share < 1
    assert found.size is not None
    assert found.size > 0
    assert _form(page)["inputs"] == chosen["inputs"]
    # What the run would refuse, the preview refuses.
    assert "Choose at least one catalogue." in alice.post(f"{COMBINE}/preview", **_sent({"display_name": "x"})).text


def test_a_preview_tells_what_the_run_will_leave_out(alice: httpx2.Client, publish: Publish):
    """What follows from the columns of the inputs is known before the run, and is told before it."""
    sent = {"inputs": [str(publish("Redshifts").id)], "objects": f"product:{publish('Objects', kind=_OBJECTS).id}"}
    for flux, is_told in (({"convert_flux_to_mag": "true"}, True), ({"dereddening": "none"}, False)):
        page = alice.post(f"{TRAINING}/preview", **_sent(sent | flux))
        (preview,) = html.document_fromstring(page.text).xpath("//section[@id='preview']")
        assert ("No magnitudes are computed" in preview.text_content()) == is_told, page.text


def test_a_run_is_repeated_with_its_values(
    alice: httpx2.Client, publish: Publish, services: Services, add_run, identity
):
    one, other, rules = publish("One"), publish("Other"), "tiebreaking_priority: [z_flag_homogenized]\n"
    param = {"combine_type": "concatenate_and_mark_duplicates", "crossmatch_radius_arcsec": 0.123456789,
             "prepare_max_inflight": 3}  # fmt: skip
    run = add_run(one, other, param=param, output_format="csv", visibility=Visibility.PRIVATE, rules=rules)
    page = alice.get(f"/runs/{run.id}").text
    assert f'href="{COMBINE}?again={run.id}"' in page
    values = _form(alice.get(f"{COMBINE}?again={run.id}"))
    assert values["inputs"] == [str(one.id), str(other.id)]
    assert values["crossmatch_radius_arcsec"] == ["0.123456789"]
    assert values["combine_type"] == ["concatenate_and_mark_duplicates"]
    assert (values["output_format"], values["visibility"]) == (["csv"], ["private"])
    answer = alice.post(COMBINE, **_sent(values))
    assert answer.status_code == 303, answer.text
    repeated = services.pipelines.service.get(identity, int(answer.headers["location"].rpartition("/")[2]))
    assert repeated.settings.param == run.settings.param
    assert (repeated.settings.rules or "").strip() == (run.settings.rules or "").strip()
    assert repeated.inputs == run.inputs
    assert alice.get(f"/run/training_set_maker?again={run.id}").status_code == 400
    assert alice.get(f"{COMBINE}?again=x").status_code == 400


def test_whoever_repeats_the_run_of_another_learns_nothing_of_its_private_inputs(
    sign_in: SignIn, publish: Publish, services: Services, add_run, identity
):
    private, public = publish("Secret", visibility=Visibility.PRIVATE), publish("Open")
    columns = {private.internal_name: {"z": "zspec"}, public.internal_name: {"z": "zspec"}}
    run = add_run(private, public, columns=columns)
    bob = sign_in("bob")
    assert bob.get(f"{COMBINE}?again={run.id}").status_code == 404
    with services.database.write() as session:
        row = session.get_one(ProductRow, run.product_id)
        row.status, row.visibility = ProductStatus.PUBLISHED, Visibility.PUBLIC
    page = bob.get(f"{COMBINE}?again={run.id}")
    values = _form(page)
    assert values["inputs"] == [str(public.id)]
    assert json.loads(values["COLUMNS"][0]) == {public.internal_name: {"z": "zspec"}}
    assert private.internal_name not in page.text
    assert _form(sign_in("alice").get(f"{COMBINE}?again={run.id}"))["inputs"] == [str(private.id), str(public.id)]


def test_parameters_are_saved_shared_replaced_and_deleted(alice: httpx2.Client, sign_in: SignIn, publish: Publish):
    product = publish("One")
    sent = {"inputs": [str(product.id)], "crossmatch_radius_arcsec": "0.25", "output_format": "csv",
            "display_name": "Pairs & more", "preset_name": " Close  pairs "}  # fmt: skip
    saved = alice.post(f"{COMBINE}/presets", **_sent(sent))
    assert saved.status_code == 303, saved.text
    kept = alice.get(saved.headers["location"])
    assert (_form(kept)["inputs"], _form(kept)["display_name"]) == ([str(product.id)], ["Pairs & more"])
    (shown,) = html.document_fromstring(kept.text).xpath("//pre[@id='preset-address']")
    address = "/run/" + shown.text_content().strip().partition("/run/")[2]
    for browser in (alice, sign_in("bob")):
        page = browser.get(address)
        values = _form(page)
        assert (values["crossmatch_radius_arcsec"], values["output_format"]) == (["0.25"], ["csv"])
        assert "inputs" not in values
        assert ("Delete the preset Close pairs" in page.text) == (browser is alice)
    changed = alice.post(f"{COMBINE}/presets", **_sent({**sent, "crossmatch_radius_arcsec": "0.5"}))
    assert changed.headers["location"].startswith(f"{address}&")
    assert _form(alice.get(address))["crossmatch_radius_arcsec"] == ["0.5"]
    key = address.rpartition("=")[2]
    assert alice.get(f"/run/training_set_maker?preset={key}").status_code == 404
    assert sign_in("bob").post(f"{COMBINE}/presets/{key}/delete").status_code == 404
    assert alice.post(f"{COMBINE}/presets/{key}/delete").status_code == 303
    assert alice.get(address).status_code == 404
    for name, value in (("preset_name", "  "), ("crossmatch_radius_arcsec", "-1")):
        refused = alice.post(f"{COMBINE}/presets", **_sent({**sent, name: value}))
        assert refused.status_code == 400
        assert html.document_fromstring(refused.text).xpath(f"//p[@id='{name}-error']")


def test_two_runs_are_compared(alice: httpx2.Client, sign_in: SignIn, publish: Publish, add_run):
    one, other = publish("One"), publish("Other")
    first = add_run(one, param={"crossmatch_radius_arcsec": 0.5}, display_name="First")
    second = add_run(one, other, param={"crossmatch_radius_arcsec": 2.0}, display_name="Second")
    page = alice.get(f"/runs/compare?first={first.id}&second={second.id}")
    document = html.document_fromstring(page.text)
    rows = {
        row.xpath("string(th)").split()[0]: row.xpath("td//text()") for row in document.xpath("//tr[@class='differs']")
    }
    assert rows["crossmatch_radius_arcsec"] == ["0.5", "2.0"]
    assert rows["Other"] == ["\N{EN DASH}", "used"]
    assert set(rows) == {"crossmatch_radius_arcsec", "Other"}
    assert "delta_z_threshold" in page.text
    assert sign_in("bob").get(f"/runs/compare?first={first.id}&second={second.id}").status_code == 404
    assert alice.get(f"/runs/compare?first={first.id}").status_code == 400


def test_a_list_of_many_runs_needs_no_more_queries_than_one_of_a_single_run(
    alice: httpx2.Client, publish: Publish, services: Services, add_run
):
    one, other = publish("One"), publish("Other", visibility=Visibility.PUBLIC)
    for name, inputs in (("First", (other, one)), ("Second", (one,)), ("Third", (other,))):
        add_run(*inputs, display_name=name)
    statements: list[str] = []
    event.listen(services.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    counts = []
    for size in (1, 3):
        statements.clear()
        listed = alice.get("/api/processes", params={"page_size": size}).json()["results"]
        counts.append(sum("FROM products" in each or "FROM releases" in each for each in statements))
    assert counts[0] == counts[1] > 0
    assert [run["inputs"] for run in reversed(listed)] == [[other.id, one.id], [one.id], [other.id]]
