"""Identifiers and licences are accepted in the forms that people paste, and refused with the wrong value named."""

import pytest

from core.errors import InvalidValueError
from products.attribution.identifiers import address_of, checked_address, checked_doi, checked_orcid, checked_reference
from products.attribution.licenses import USUAL_LICENSES, checked_license


# The first is the example of the documentation of ORCID; the others were computed by its published algorithm by hand.
@pytest.mark.parametrize(
    ("text", "orcid"),
    [
        ("0000-0002-1825-0097", "0000-0002-1825-0097"),
        ("https://orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097"),
        ("orcid.org/0000000218250097", "0000-0002-1825-0097"),
        (" 0000-0002-1694-233x ", "0000-0002-1694-233X"),
    ],
)
def test_an_orcid_is_read_in_each_usual_form(text: str, orcid: str):
    assert checked_orcid(text) == orcid


@pytest.mark.parametrize("place", range(15))
def test_an_orcid_with_a_digit_changed_is_refused(place: int):
    digits = list("0000000218250097")
    digits[place] = str((int(digits[place]) + 1) % 10)
    with pytest.raises(InvalidValueError, match="wrong check digit"):
        checked_orcid("".join(digits))


@pytest.mark.parametrize("text", ["", "0000-0002-1825", "Carvalho", "0000-0002-1825-00971", "\u0660000-0002-1825-0097"])
def test_what_is_no_orcid_is_named(text: str):
    with pytest.raises(InvalidValueError, match="is not an ORCID iD") as caught:
        checked_orcid(text)
    assert f"'{text}'" in caught.value.message
    assert caught.value.field == "authors"


@pytest.mark.parametrize(
    ("text", "usual", "address"),
    [
        ("10.1093/mnras/stx2996", "10.1093/mnras/stx2996", "https://doi.org/10.1093/mnras/stx2996"),
        ("doi:10.5281/zenodo.1234567", "10.5281/zenodo.1234567", "https://doi.org/10.5281/zenodo.1234567"),
        ("https://doi.org/10.1000/a<b>#c", "10.1000/a<b>#c", "https://doi.org/10.1000/a%3Cb%3E%23c"),
        ("http://dx.doi.org/10.1000.10/123", "10.1000.10/123", "https://doi.org/10.1000.10/123"),
        ("2018MNRAS.473.2655H", "2018MNRAS.473.2655H", "https://ui.adsabs.harvard.edu/abs/2018MNRAS.473.2655H"),
        ("2013A&A...559A..14L", "2013A&A...559A..14L", "https://ui.adsabs.harvard.edu/abs/2013A%26A...559A..14L"),
        ("2012ascl.soft10001X", "2012ascl.soft10001X", "https://ui.adsabs.harvard.edu/abs/2012ascl.soft10001X"),
        ("arxiv:1708.05391v2", "arXiv:1708.05391v2", "https://arxiv.org/abs/1708.05391v2"),
        ("arXiv: astro-ph/9901001", "arXiv:astro-ph/9901001", "https://arxiv.org/abs/astro-ph/9901001"),
    ],
)
def test_a_reference_has_its_usual_form_and_an_address(text: str, usual: str, address: str):
    assert checked_reference(text) == usual
    assert address_of(usual) == address


@pytest.mark.parametrize(
    "text",
    ["", "10.1093", "11.1093/x", "10.1093/a b", "2018MNRAS473.2655H", "18MNRAS.473.2655H", "arXiv:1", "see below"],
)
def test_what_is_no_reference_is_named(text: str):
    with pytest.raises(InvalidValueError, match="neither a DOI") as caught:
        checked_reference(text)
    assert f"'{text}'" in caught.value.message
    assert caught.value.field == "references"


@pytest.mark.parametrize("text", ["10.1/x", "10.12345/", "10.5281/zenodo é", "zenodo"])
def test_what_is_no_doi_is_named(text: str):
    with pytest.raises(InvalidValueError, match="is not a DOI") as caught:
        checked_doi(text)
    assert f"'{text}'" in caught.value.message


@pytest.mark.parametrize("text", ["https://example.org/a?b=c", "http://example.org", "ivo://cds.vizier/i/239"])
def test_an_address_stays_as_it_is(text: str):
    assert checked_address(text) == address_of(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "//host/x",
        "https://me:secret@host/",
        "https://a b",
        "[",
        "x",
    ],
)
def test_an_address_that_browsers_should_not_follow_is_refused(text: str):
    with pytest.raises(InvalidValueError, match="neither a DOI nor an address"):
        checked_address(text)


@pytest.mark.parametrize("identifier", USUAL_LICENSES)
def test_each_licence_on_offer_is_one_of_spdx(identifier: str):
    assert checked_license(identifier) == identifier


@pytest.mark.parametrize(
    ("text", "usual"), [(" cc-by-4.0 ", "CC-BY-4.0"), ("mit or apache-2.0", "MIT OR Apache-2.0"), ("", "")]
)
def test_a_licence_has_its_usual_form(text: str, usual: str):
    assert checked_license(text) == usual


@pytest.mark.parametrize(
    "text", ["CC-BY", "free", "CC-BY-4.0 AND", "LicenseRef-scancode-free-unknown", "(" * 150, "x" * 300, "<b>"]
)
def test_what_is_no_licence_of_spdx_is_named(text: str):
    with pytest.raises(InvalidValueError, match="is not a licence of the SPDX list") as caught:
        checked_license(text)
    assert caught.value.field == "license"
