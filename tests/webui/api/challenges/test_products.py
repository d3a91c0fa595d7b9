"""Products that are submitted in the wizard."""

import httpx2
from lxml import html

from products.models import FileRole, Product, ProductStatus
from products.product_types import product_type_by_name
from products.service import NewProduct
from tests.pipelines.challenges.samples import submission_file
from tests.webui.api.challenges.conftest import Arena, shifted

_SECONDS = 120


def _draft(arena: Arena, offset: float) -> Product:
    """Make a draft of estimates whose file was inspected, as the first steps of the wizard do."""
    services = arena.app.services
    alice, uploads = services.accounts.service.identity_of_user("alice"), services.products.uploads
    kind = product_type_by_name("photoz_estimates").id
    product = services.products.service.create(alice, NewProduct("Mine", kind, pz_code="BPZ"))
    with uploads.stage(alice, product.id, FileRole.MAIN) as staging:
        staging.write(submission_file(arena.folder, shifted(offset)).read_bytes())
        stored = staging.finish()
    uploads.add_file(alice, product.id, FileRole.MAIN, "estimates.hdf5", stored)
    uploads.inspect(alice, product.id)
    uploads.wait_for_inspection(alice, product.id, _SECONDS)
    return product


def _finish(arena: Arena, product: Product, **fields: str) -> httpx2.Response:
    """Press FINISH with what the form of the review has, and some fields filled in."""
    address = f"/product/{product.internal_name}"
    form = html.fromstring(arena.ask("alice", "GET", f"{address}/review").text).get_element_by_id("finish")
    assert form.get("action") == f"{address}/publish"
    return arena.ask("alice", "POST", f"{address}/publish", data={**dict(form.fields), **fields})


def _is_published(arena: Arena, product: Product) -> bool:
    services = arena.app.services
    alice = services.accounts.service.identity_of_user("alice")
    return services.products.service.get(alice, product.id).status is ProductStatus.PUBLISHED


def test_estimates_are_submitted_with_finish(arena: Arena):
    name = arena.make("wizard", limits={"in_all": 1})
    product = _draft(arena, 0.1)
    wrong = _finish(arena, product, challenge=f"{name}/recipe", method="", authors="Ann\nBob")
    shown = html.fromstring(wrong.text).get_element_by_id("finish")
    assert (wrong.status_code, shown.fields["challenge"]) == (400, f"{name}/recipe")
    assert shown.fields["authors"].split() == ["Ann", "Bob"]
    assert shown.xpath(".//*[@id='method-error']")
    other = _finish(arena, product, challenge="none/recipe")
    assert (other.status_code, "accepts no submission of this product" in other.text) == (400, True)
    assert not _is_published(arena, product)
    done = _finish(arena, product, challenge=f"{name}/recipe", authors="Ann\nBob")
    assert done.status_code == 303, done.text
    page = done.headers["location"]
    made = arena.scored("alice", name, int(page.rpartition("/")[2]))
    assert (made["state"], made["method"], made["authors"]) == ("scored", "BPZ", ["Ann", "Bob"])
    assert _is_published(arena, product)
    assert f'href="/product/{product.internal_name}"' in arena.ask("alice", "GET", page).text
    assert f'href="/product/{product.internal_name}"' in arena.ask("alice", "GET", f"/challenges/{name}/board").text
    again = _draft(arena, 0.2)
    refused = _finish(arena, again, challenge=f"{name}/recipe")
    assert refused.status_code == 409, refused.text
    assert "It was not submitted to the challenge A challenge:" in refused.text
    assert _is_published(arena, again)
    links = html.fromstring(refused.text).xpath("//div[@class='actions']/a/@href")
    assert links[0] == f"/product/{again.internal_name}"
    retried = html.fromstring(arena.ask("alice", "GET", links[1]).text)
    assert retried.get_element_by_id("product").value == str(again.id)
    arena.end()


def test_finish_submits_nothing_unless_it_is_chosen(arena: Arena):
    name = arena.make("unchosen")
    product = _draft(arena, 0.3)
    done = _finish(arena, product)
    assert (done.status_code, done.headers["location"]) == (303, f"/product/{product.internal_name}")
    assert arena.json("alice", "GET", f"/{name}/submissions/")["count"] == 0
    arena.end()
