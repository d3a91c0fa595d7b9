"""The pages of which the documents have pictures: addresses by the names of the pictures, and what is done first."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PICTURES", "Picture"]

_OBJECTS = "object_catalog.p1_mock_lsst_object_catalogue"


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a picture shows it.

    Parameters
    ----------
    opened
        Selector of what is clicked before the picture is taken; empty for nothing.
    height
        Height of the window in pixels.
    shown
        CSS selector of what must be there.
    is_dark, is_narrow
        Whether it is the dark theme, and the width of a phone.
    """

    address: str
    opened: str = ""
    height: int = 900
    shown: str = "main"
    is_dark: bool = False
    is_narrow: bool = False


PICTURES: Mapping[str, Picture] = {
    "landing": Picture("/", height=760),
    "landing-phone": Picture("/", height=844, is_dark=True, is_narrow=True),
    "products": Picture("/products/user", height=800),
    "product": Picture("/product/2_mock_deep_slit_survey", height=1000),
    "densities": Picture("/product/7_mock_photoz_estimates/densities", height=900),
    "share": Picture("/product/2_mock_deep_slit_survey/share", height=1000),
    "provenance": Picture("/product/8_mock_validation/provenance", height=700),
    "explorer": Picture(f"/explore?table={_OBJECTS}&filter=between:i_cModelMag:20..22", height=860),
    "explorer-phone": Picture(f"/explore?table={_OBJECTS}", height=844, is_dark=True, is_narrow=True),
    "plots": Picture(f"/explore/plot?table={_OBJECTS}", height=1300, shown="figure:nth-of-type(1) > svg"),
    "query": Picture("/query", opened="button:text-is('Run')", height=1000),
    "pipelines": Picture("/pipelines", height=760),
    "run-form": Picture("/run/training_set_maker", height=1200),
    "run": Picture("/runs/1", height=1200),
    "jobs": Picture("/jobs", height=760),
    "files": Picture("/files", height=760),
    "challenges": Picture("/challenges", height=600),
    "groups": Picture("/groups", height=500),
    "tokens": Picture("/tokens", height=700),
    "account": Picture("/account", height=700),
    "help": Picture("/help", height=900),
    "administration": Picture("/admin/users", height=700),
    "new-product": Picture("/product/new", opened="summary:has-text('Authors')", height=1400),
    "wizard-files": Picture("/product/{draft}/files", height=860),
    "wizard": Picture("/product/{draft}/columns", height=1000),
    "descriptions": Picture("/product/{draft}/descriptions", height=800),
    "review": Picture("/product/{draft}/review", height=1100),
}
