"""Attribution on pages, in REST and in citations; embargo dates; the graph of the provenance."""

import io
from datetime import UTC, datetime, timedelta

import httpx2
import yaml
from astropy.io.votable import parse
from astropy.io.votable.dataorigin import extract_data_origin
from lxml import html

from core.database import utc_now
from products.models import Visibility
from products.provenance import Activity, UsedEntity
from server.services import Services
from tap.metadata.data_origin import origin_of_product
from tests.webui.pages.conftest import Publish, SignIn

_ORCID = "0000-0002-1825-0097"
_FORM = {
    "display_name": "VVDS",
    "visibility": "public",
    "authors": f"Carvalho, Ana; {_ORCID}; LIneA\r\nLSST DESC",
    "license": "cc-by-4.0",
    "doi": "https://doi.org/10.5281/zenodo.1234567",
    "references": "2018MNRAS.473.2655H",
    "funding": "CNPq; 465376/2014-2",
    "keywords": "Redshift surveys (1378)",
    "related": "Cites 10.1093/mnras/stx2996",
}


def _values(page: str) -> dict[str, str]:
    (form,) = html.document_fromstring(page).xpath("//form[contains(@action, '/edit')]")
    # Browsers drop the line end that a text area begins with; lxml does not.
    return {str(key): str(value).removeprefix("\n") for key, value in form.form_values()}


def test_what_is_entered_is_shown_kept_by_the_form_and_cited(
    alice: httpx2.Client, visitor: httpx2.Client, publish: Publish
):
    product = publish("VVDS", visibility=Visibility.PUBLIC)
    address = f"/product/{product.internal_name}"
    assert alice.post(f"{address}/edit", data=_FORM).status_code == 303
    page = visitor.get(address).text
    for expected in (
        f'href="https://orcid.org/{_ORCID}"', "LSST DESC", 'href="https://spdx.org/licenses/CC-BY-4.0.html"',
        "Creative Commons Attribution 4.0", 'href="https://doi.org/10.5281/zenodo.1234567"',
        "adsabs.harvard.edu/abs/2018MNRAS.473.2655H", "465376/2014-2", "http://astrothesaurus.org/uat/1378",
        'href="https://doi.org/10.1093/mnras/stx2996"',
    ):  # fmt: skip
        assert expected in page
    values = _values(alice.get(f"{address}/edit").text)
    assert values["authors"].splitlines() == _FORM["authors"].splitlines()
    assert (values["license"], values["doi"]) == ("CC-BY-4.0", "10.5281/zenodo.1234567")
    assert alice.post(f"{address}/edit", data=values).status_code == 303
    assert _values(alice.get(f"{address}/edit").text) == values
    year, cite = product.published_at.year, f"/api/products/{product.id}/citation"
    assert visitor.get(cite).text.startswith(f"Carvalho, Ana; LSST DESC ({year}): VVDS. ")
    assert visitor.get(cite).text.endswith("https://doi.org/10.5281/zenodo.1234567\n")
    assert "author = {Carvalho, Ana and {LSST DESC}}" in visitor.get(f"{cite}?format=bibtex").text
    lines = visitor.get(f"{cite}?format=ris").text.split("\r\n")
    assert lines[:3] == ["TY  - DATA", "AU  - Carvalho, Ana", "AU  - LSST DESC"]
    assert lines[-2:] == ["ER  - ", ""]
    assert {"DO  - 10.5281/zenodo.1234567", "KW  - Redshift surveys"} < set(lines)
    document = yaml.safe_load(visitor.get(f"{cite}?format=cff").text)
    assert document["authors"] == [
        {
            "family-names": "Carvalho",
            "given-names": "Ana",
            "affiliation": "LIneA",
            "orcid": f"https://orcid.org/{_ORCID}",
        },
        {"name": "LSST DESC"},
    ]
    assert (document["cff-version"], document["type"], document["license"]) == ("1.2.0", "dataset", "CC-BY-4.0")


def test_a_wrong_value_is_shown_beside_its_field(alice: httpx2.Client, publish: Publish):
    product = publish("VVDS")
    wrong = {"authors": "Carvalho, Ana; 0000-0002-1825-0098", "license": "mine", "embargo_date": "soon"}
    for name, value in (*wrong.items(), ("references", "here"), ("related", "12"), ("doi", "7")):
        answer = alice.post(f"/product/{product.internal_name}/edit", data={**_FORM, name: value})
        assert answer.status_code == 400
        (error,) = html.document_fromstring(answer.text).xpath(f"//p[@id='{name}-error']/text()")
        assert value.split("; ")[-1] in error
        (details,) = html.document_fromstring(answer.text).xpath("//details[@class='more']")
        assert "open" in details.attrib


def test_all_wrong_values_are_shown_at_once(alice: httpx2.Client, publish: Publish):
    wrong = {"authors": "Carvalho, Ana; 0000-0002-1825-0098", "license": "mine", "references": "here",
             "keywords": "Galaxies (99999999)", "related": "12", "doi": "7"}  # fmt: skip
    for address in (f"/product/{publish('VVDS').internal_name}/edit", "/product/new"):
        answer = alice.post(address, data=_FORM | {"product_type": "1"} | wrong)
        assert answer.status_code == 400
        shown = html.document_fromstring(answer.text).xpath("//p[@class='field-error']/@id")
        assert set(shown) >= {f"{name}-error" for name in wrong if name != "keywords"}


def test_rest_takes_objects_and_lines_and_gives_objects(alice: httpx2.Client, publish: Publish):
    product, other = publish("VVDS"), publish("zCOSMOS")
    address = f"/api/products/{product.id}"
    body = {
        "authors": [{"name": "Carvalho, Ana", "orcid": _ORCID}],
        "keywords": ["Redshift surveys (1378)", "photo-z"],
        "related": [{"kind": "IsDerivedFrom", "target": str(other.id)}, {"kind": "Cites", "target": "10.1000/x"}],
        "embargo_date": f"{utc_now().date() + timedelta(40)}",
    }
    changed = alice.patch(address, json=body).json()
    assert changed["authors"] == [{"name": "Carvalho, Ana", "orcid": _ORCID, "affiliation": ""}]
    assert changed["keywords"] == [{"text": "Redshift surveys", "uat": 1378}, {"text": "photo-z", "uat": None}]
    assert changed["embargo_date"] == body["embargo_date"]
    assert "related" not in changed
    found = alice.get(f"{address}/relations").json()
    assert [(item["kind"], item["target"], item["product"]) for item in found] == [
        ("IsDerivedFrom", other.internal_name, other.id),
        ("Cites", "10.1000/x", None),
    ]
    again = alice.patch(address, json={"authors": [], "embargo_date": None}).json()
    assert (again["authors"], again["embargo_date"], len(again["keywords"])) == ([], None, 2)
    for field, value in (
        ("authors", [{"name": "x", "orcid": "7"}]),
        ("related", [{"kind": "Cites"}]),
        ("license", "x"),
    ):
        refused = alice.patch(address, json={field: value})
        assert refused.status_code == 400
        assert field in refused.json()


def test_a_product_says_when_it_becomes_public(alice: httpx2.Client, publish: Publish):
    product = publish("VVDS", visibility=Visibility.PRIVATE)
    day = utc_now().date() + timedelta(40)
    form = {"display_name": "VVDS", "visibility": "private", "embargo_date": day.isoformat()}
    assert alice.post(f"/product/{product.internal_name}/edit", data=form).status_code == 303
    assert f"Public from {day}" in alice.get(f"/product/{product.internal_name}").text
    assert f"becomes public on {day}" in alice.get(f"/product/{product.internal_name}/share").text
    assert _values(alice.get(f"/product/{product.internal_name}/edit").text)["embargo_date"] == day.isoformat()


def test_the_wizard_takes_and_reviews_them(alice: httpx2.Client):
    day = utc_now().date() + timedelta(40)
    form = {**_FORM, "visibility": "private", "product_type": "7", "embargo_date": day.isoformat()}
    wrong = alice.post("/product/new", data={**form, "authors": "Carvalho, Ana; 0000-0002-1825-0098"})
    assert wrong.status_code == 400
    assert "wrong check digit" in wrong.text
    address = alice.post("/product/new", data=form).headers["location"]
    page = alice.get(address.replace("/files", "")).text
    assert "LSST DESC" in page
    review = alice.get(address.replace("/files", "/review"), follow_redirects=True)
    assert f"from {day} on (UTC) to everyone" in review.text


def test_astropy_reads_authors_licence_and_references(alice: httpx2.Client, publish: Publish, services: Services):
    product = publish("VVDS", visibility=Visibility.PUBLIC)
    alice.post(f"/product/{product.internal_name}/edit", data=_FORM)
    identity = services.accounts.service.identity_of_user("alice")
    infos = origin_of_product(services.products.service.get(identity, product.id), services.settings)
    lines = "".join(f'<INFO name="{info.name}" value="{info.value}"/>' for info in infos)
    document = (
        f'<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>{lines}</RESOURCE></VOTABLE>'
    )
    (origin,) = extract_data_origin(parse(io.BytesIO(document.encode()))).origin
    assert list(origin.creator) == ["Carvalho, Ana", "LSST DESC"]
    assert list(origin.rights_uri) == ["https://spdx.org/licenses/CC-BY-4.0.html"]
    assert list(origin.article) == ["2018MNRAS.473.2655H"]
    assert list(origin.cites) == ["10.1093/mnras/stx2996"]
    assert list(origin.citation) == ["doi:10.5281/zenodo.1234567"]


def test_the_graph_links_what_one_may_read(alice: httpx2.Client, sign_in: SignIn, publish: Publish, services: Services):
    private, made = publish("Secret", visibility=Visibility.PRIVATE), publish("Made")
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    used = (UsedEntity("redshift_catalog", private.internal_name, private.id), UsedEntity("object_catalog", "dp1"))
    services.products.provenance.record(made.id, Activity("Combine", "photoz", "1", moment, moment, used=used))
    address = f"/product/{made.internal_name}/provenance"
    own = html.document_fromstring(alice.get(address).text)
    assert own.xpath("//svg//a/@href") == [f"/product/{private.internal_name}/provenance"]
    assert len(own.xpath("//svg/path[@class='edge']")) == 2
    page = sign_in("bob").get(address).text
    assert "not visible to you" in page
    assert "Secret" not in page
    assert private.internal_name not in page
    walked = alice.get(f"/product/{private.internal_name}/provenance").text
    assert f'href="{address}"' in walked
