"""What programs learn of public products: JSON-LD, signposting, and DataCite metadata."""

import json
import re

import httpx2
import pytest
from datacite import schema45
from lxml import etree, html
from typer.testing import CliRunner, Result

from products.models import Visibility
from server.cli.main import app
from server.services import Services
from tests.support.databases import mark_as_migrated
from tests.webui.pages.conftest import Publish

_ORCID = "0000-0002-1825-0097"
_KERNEL = {"k": "http://datacite.org/schema/kernel-4"}


def _links(answer: httpx2.Response) -> set[tuple[str, str]]:
    header = answer.headers.get("link", "")
    return {(relation, address) for address, relation in re.findall(r'<([^>]+)>; rel="([^"]+)"', header)}


@pytest.fixture
def described(alice: httpx2.Client, publish: Publish):
    public, hidden = publish("Open", visibility=Visibility.PUBLIC), publish("Hidden")
    product = publish("A </script><!-- & title", visibility=Visibility.PUBLIC)
    changes = {
        "authors": [{"name": "Carvalho, Ana", "orcid": _ORCID, "affiliation": "LIneA"}, {"name": "LSST DESC"}],
        "license": "CC-BY-4.0",
        "doi": "10.5281/zenodo.1234567",
        "references": ["2018MNRAS.473.2655H", "arXiv:1708.05391"],
        "keywords": ["Redshift surveys (1378)", "photo-z"],
        "funding": [{"funder": "CNPq", "award": "465376/2014-2"}],
        "related": [{"kind": "IsDerivedFrom", "target": str(other.id)} for other in (public, hidden)],
    }
    answer = alice.patch(f"/api/products/{product.id}", json=changes)
    assert answer.status_code == 200, answer.text
    return product, public, hidden


def test_the_page_of_a_public_product_is_a_dataset_of_schema_org(visitor: httpx2.Client, described):
    product, public, hidden = described
    answer = visitor.get(f"/product/{product.internal_name}")
    assert "unsafe" not in answer.headers["content-security-policy"]
    (block,) = html.document_fromstring(answer.text).xpath("//script[@type='application/ld+json']/text()")
    document = json.loads(block)
    assert (document["@context"], document["@type"]) == ("https://schema.org/", "Dataset")
    assert document["name"] == "A </script><!-- & title"
    assert document["@id"] == "https://doi.org/10.5281/zenodo.1234567"
    assert [creator["@type"] for creator in document["creator"]] == ["Person", "Organization"]
    assert document["creator"][0]["@id"] == f"https://orcid.org/{_ORCID}"
    assert document["license"] == "https://spdx.org/licenses/CC-BY-4.0.html"
    assert document["isBasedOn"] == [f"http://testserver/product/{public.internal_name}"]
    assert [visitor.get(item["contentUrl"]).status_code for item in document["distribution"]] == [200]
    assert hidden.internal_name not in answer.text


def test_signposting_leads_from_the_page_to_metadata_and_files(visitor: httpx2.Client, described):
    product, *_ = described
    links = _links(visitor.get(f"/product/{product.internal_name}"))
    assert {
        ("cite-as", "https://doi.org/10.5281/zenodo.1234567"),
        ("type", "https://schema.org/Dataset"),
        ("license", "https://spdx.org/licenses/CC-BY-4.0.html"),
        ("author", f"https://orcid.org/{_ORCID}"),
    } < links
    targets = [address for relation, address in links if relation in {"describedby", "item"}]
    assert len(targets) == 3
    assert {visitor.get(address).status_code for address in targets} == {200}


def test_datacite_metadata_are_valid_in_both_formats(visitor: httpx2.Client, described):
    product, public, hidden = described
    address = f"/api/products/{product.id}/datacite"
    document = visitor.get(address).json()
    # The validator is of the library datacite, whose JSON schema is DataCite's.
    schema45.validator.validate(document)
    related = {(item["relatedIdentifierType"], item["relatedIdentifier"]) for item in document["relatedIdentifiers"]}
    assert related == {
        ("URL", f"http://testserver/product/{public.internal_name}"),
        ("bibcode", "2018MNRAS.473.2655H"),
        ("arXiv", "arXiv:1708.05391"),
    }
    tree = etree.fromstring(visitor.get(f"{address}?format=xml").content)
    (identifier,) = tree.findall("k:identifier", _KERNEL)
    assert (identifier.text, identifier.get("identifierType")) == ("10.5281/zenodo.1234567", "DOI")
    assert tree.findtext("k:creators/k:creator/k:creatorName", None, _KERNEL) == "Carvalho, Ana"
    plain = etree.fromstring(visitor.get(f"/api/products/{public.id}/datacite?format=xml").content)
    (identifier,) = plain.findall("k:identifier", _KERNEL)
    assert (identifier.text, identifier.get("identifierType")) == (
        f"http://testserver/product/{public.internal_name}", "URL",
    )  # fmt: skip
    assert hidden.internal_name not in json.dumps(document)


def test_products_that_are_not_public_are_described_to_nobody(alice: httpx2.Client, visitor: httpx2.Client, described):
    *_, hidden = described
    page = alice.get(f"/product/{hidden.internal_name}")
    assert page.status_code == 200
    assert "ld+json" not in page.text
    assert "link" not in page.headers
    refused = alice.get(f"/api/products/{hidden.id}/datacite")
    assert refused.status_code == 409
    assert "is not public" in refused.text
    assert visitor.get(f"/api/products/{hidden.id}/datacite").status_code == 404


def test_the_request_for_a_doi_is_printed_and_not_sent(services: Services, described, monkeypatch: pytest.MonkeyPatch):
    product, public, hidden = described
    mark_as_migrated(services.database)

    def mint(number: int, *options: str) -> Result:
        arguments = ["doi", "mint", str(number), *options, "--data", str(services.settings.data)]
        return CliRunner().invoke(app, arguments)

    assert "PHOTOZ_DOI_PREFIX" in str(mint(public.id, "--dry-run").exception)
    monkeypatch.setenv("PHOTOZ_DOI_PREFIX", "10.1234")
    monkeypatch.setenv("PHOTOZ_DOI_REPOSITORY", "ABCD.PHOTOZ")
    request = json.loads(mint(public.id, "--dry-run").output)
    attributes = request["body"]["data"]["attributes"]
    assert (request["user"], attributes["prefix"], attributes["event"]) == ("ABCD.PHOTOZ", "10.1234", "publish")
    assert attributes["url"].endswith(f"/product/{public.internal_name}")
    schema45.validator.validate(attributes)
    refused = [mint(*asked) for asked in ((public.id,), (product.id, "--dry-run"), (hidden.id, "--dry-run"))]
    for result, word in zip(refused, ("--dry-run", "has the DOI", "is not public"), strict=True):
        assert result.exit_code
        assert word in str(result.exception)
