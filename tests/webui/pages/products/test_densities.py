"""Pages that show densities: charts on the page of the product, and single objects."""

import base64
import re

import numpy as np
import pytest
from scipy.stats import norm

from products.models import Product, Visibility
from tests.core.photoz.samples import OBJECTS, ensemble
from tests.products.readers.qp.samples import write_ensemble

_LOC = ensemble("norm").objdata["loc"][:, 0]
_SCALE = ensemble("norm").objdata["scale"][:, 0]


@pytest.fixture
def estimates(publish, tmp_path) -> Product:
    made = ensemble("norm")
    made.set_ancil({
        "object_id": np.arange(OBJECTS) + 500,
        "ra": np.linspace(10, 11, OBJECTS),
        "dec": np.full(OBJECTS, 60.0),
        "zmode": made.objdata["loc"][:, 0],
    })  # fmt: skip
    table = write_ensemble(made, tmp_path, "hdf5").read_bytes()
    return publish(table=table, file_name="pz.hdf5", kind=4, visibility=Visibility.PUBLIC)


def test_the_page_of_the_product_has_charts_of_its_densities(alice, estimates):
    page = alice.get(f"/product/{estimates.internal_name}").text
    assert "has the densities p(z) of 40 objects in the form <code>norm</code>" in page
    for key in ("stacked", "widths", "odds", "ranks"):
        assert f'aria-labelledby="{key}-title"' in page
    assert f'href="/product/{estimates.internal_name}/densities"' in page
    assert re.findall(r"/densities\?id=(\d+)", page) == [str(500 + row) for row in range(10)]
    assert "server.ensemble(" in page


def test_objects_are_chosen_by_identifier(alice, estimates):
    page = alice.get(f"/product/{estimates.internal_name}/densities", params={"id": "503, 507 1"}).text
    assert re.findall(r"\?id=(\d+)", page) == ["503", "507"]
    assert "2 objects found" in page
    for row in (3, 7):
        cells = [f"{value:.4g}" for value in norm(_LOC[row], _SCALE[row]).ppf([0.025, 0.16, 0.5, 0.84, 0.975])]
        assert "".join(f'<td class="num">{cell}</td>' for cell in cells) in page


def test_objects_are_chosen_by_a_cone(alice, estimates):
    # Objects are 1/39 deg of right ascension apart, half of that on the sky.
    cone = {"ra": "10", "dec": "60", "radius": "0.04"}
    page = alice.get(f"/product/{estimates.internal_name}/densities", params=cone).text
    assert set(re.findall(r"\?id=(\d+)", page)) == {"500", "501", "502", "503"}


def test_without_a_choice_the_first_objects_are_shown(alice, estimates):
    page = alice.get(f"/product/{estimates.internal_name}/densities").text
    assert "40 objects found, the first 6 are shown" in page
    assert page.count('class="curve curve-') == 6


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({"id": "no such"}, 200, "No object was found."),
        ({"ra": "x", "dec": "1", "radius": "1"}, 400, "A cone needs right ascension"),
        ({"ra": "400", "dec": "1", "radius": "1"}, 400, "The cone is not on the sky"),
        ({"ra": "nan", "dec": "1", "radius": "1"}, 400, "The cone is not on the sky"),
    ],
)
def test_what_cannot_be_found_is_said(alice, estimates, params, status, words):
    answer = alice.get(f"/product/{estimates.internal_name}/densities", params=params)
    assert answer.status_code == status
    assert words in answer.text


def test_a_product_without_densities_leads_to_its_page(alice, publish):
    product = publish()
    answer = alice.get(f"/product/{product.internal_name}/densities")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/product/{product.internal_name}")


def test_point_estimates_are_drawn_against_another_product(alice, estimates, publish):
    rows = "".join(f"{500 + row},{200 + row / 50},{-5},{_LOC[row] + 0.01!r}\n" for row in range(0, OBJECTS, 2))
    reference = publish(
        "Truth", table=b"objid,RAJ2000,DEJ2000,zspec\n" + rows.replace("np.float64(", "").replace(")", "").encode()
    )
    address = f"/product/{estimates.internal_name}/densities"
    page = alice.get(address, params={"reference": reference.internal_name}).text
    assert "of 20 objects against" in page
    (picture,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert "Point estimates against reference redshifts" in base64.b64decode(picture).decode()


def test_a_reference_that_cannot_be_read_is_refused(alice, estimates, publish, sign_in):
    address = f"/product/{estimates.internal_name}/densities"
    hidden = publish("Hidden", visibility=Visibility.PRIVATE)
    foreign = sign_in("bob").get(address, params={"reference": hidden.internal_name})
    unknown = sign_in("bob").get(address, params={"reference": "99_nothing"})
    assert (foreign.status_code, unknown.status_code) == (400, 400)
    assert "Compare" in foreign.text
    answer = alice.get(address, params={"reference": hidden.internal_name})
    assert "none of the identifiers" in answer.text
