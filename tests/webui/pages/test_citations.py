"""How a product is cited and how often it was downloaded, on its page and through REST."""

import re

import httpx2
from sqlalchemy import update

from core.auth.schema import UserRow
from products.models import Visibility
from server.services import Services
from tests.webui.pages.conftest import Publish


def _unescaped(text: str) -> str:
    """Read text of BibTeX back, by the rules of TeX."""
    words = {"textbackslash{}": "\\", "textasciitilde{}": "~", "textasciicircum{}": "^"}
    return re.sub(r"\\(text\w+\{\}|[{}$&#%_])", lambda found: words.get(found[1], found[1]), text)


def test_a_product_is_cited_by_its_owner_year_and_address(visitor: httpx2.Client, publish: Publish, services: Services):
    with services.database.write() as session:
        session.execute(update(UserRow).where(UserRow.name == "alice").values(first_name="Vera", last_name="O'Rubin"))
    title = r"z & {Gold} 100% \ ~x_1^2 #5 <b>"
    product = publish(title, visibility=Visibility.PUBLIC)
    year = product.published_at.year
    address = f"http://testserver/product/{product.internal_name}"
    text = visitor.get(f"/api/products/{product.id}/citation")
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text == (
        f"Vera O'Rubin ({year}): {title}. Photo-z Server. "
        f"Reference Redshift Catalog, {product.internal_name}. {address}\n"
    )
    entry = visitor.get(f"/api/products/{product.id}/citation?format=bibtex")
    assert entry.headers["content-type"].startswith("application/x-bibtex")
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", entry.text, re.MULTILINE))
    assert _unescaped(fields["title"][1:-1]) == title
    assert _unescaped(fields["author"][1:-1]) == "Vera O'Rubin"
    assert (fields["year"], fields["url"]) == (str(year), address)
    assert re.match(rf"@misc\{{photoz_{product.id}_\w+,\n", entry.text)
    depth = re.sub(r"\\.", "", entry.text)
    assert depth.count("{") == depth.count("}")
    page = visitor.get(f"/product/{product.internal_name}").text
    assert "@misc{photoz_" in page
    assert "O&#39;Rubin" in page
    assert visitor.get(f"/api/products/{product.id}/citation?format=x").status_code == 400


def test_downloads_are_counted_when_their_last_byte_was_sent(visitor: httpx2.Client, publish: Publish):
    product = publish("VVDS", visibility=Visibility.PUBLIC)
    address = f"/api/products/{product.id}"

    def count() -> int:
        return visitor.get(f"{address}/downloads").json()["downloads"]

    size = int(visitor.head(f"{address}/main_file").headers["content-length"])
    visitor.get(f"{address}/main_file", headers={"Range": f"bytes=0-{size - 2}"})
    visitor.get(f"{address}/main_file", headers={"Range": f"bytes={size}-"})
    etag = visitor.head(f"{address}/main_file").headers["etag"]
    visitor.get(f"{address}/main_file", headers={"If-None-Match": etag})
    visitor.get(f"/product/{product.internal_name}")
    assert count() == 0
    visitor.get(f"{address}/main_file", headers={"Range": f"bytes={size - 1}-"})
    assert count() == 1
    visitor.get(f"{address}/main_file")
    visitor.get(f"{address}/zip")
    visitor.get(f"{address}/files/vvds.csv")
    assert count() == 4
    assert "downloaded 4 times" in visitor.get(f"/product/{product.internal_name}").text
