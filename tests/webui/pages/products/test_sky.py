"""Sky view of a footprint: nothing of another site before it is asked for, and then in a sandbox."""

import json
import re
from html import unescape

import httpx2
from astropy import units as u
from astropy.coordinates import SkyCoord
from mocpy import MOC

from products.models import Visibility
from server.services import Services
from tests.webui.pages.conftest import Publish


def test_aladin_is_loaded_on_request_and_without_an_origin(
    alice: httpx2.Client, visitor: httpx2.Client, publish: Publish, services: Services
) -> None:
    product = publish(visibility=Visibility.PUBLIC)
    question = visitor.get(f"/product/{product.internal_name}/sky")
    assert "https://aladin.cds.unistra.fr/AladinLite" in question.text
    assert "cds.unistra.fr" not in question.headers["Content-Security-Policy"]
    view = visitor.get(f"/product/{product.internal_name}/sky/view")
    policy = view.headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    scripts = policy.split("script-src ")[1].split(";")[0]
    assert ("unsafe-inline" in scripts, "'unsafe-eval'" in scripts) == (False, False)
    shown = MOC.from_json(json.loads(unescape(re.findall(r'data-moc="(.*?)"', view.text)[0])))
    identity = services.accounts.service.identity_of_user("alice")
    table = services.products.service.details(identity, product.id).table
    assert table is not None
    assert shown == MOC.from_string(table.footprint, format="ascii")
    centre = SkyCoord(re.findall(r'data-target="(.*?)"', view.text)[0], unit=u.deg)
    corners = SkyCoord([10.5, 10.6] * u.deg, [-5.25, -5.5] * u.deg)
    assert shown.contains_skycoords(corners).all()
    assert float(centre.separation(corners).max().deg) < float(re.findall(r'data-field="(.*?)"', view.text)[0]) / 2


def test_a_product_without_positions_has_no_sky_view(alice: httpx2.Client, publish: Publish) -> None:
    product = publish(table=b"a,b\n1,2\n", kind=7)
    assert alice.get(f"/product/{product.internal_name}/sky").status_code == 404
    assert "/sky" not in alice.get(f"/product/{product.internal_name}").text
