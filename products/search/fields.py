"""Names of survey fields, with their centres: what people type where a position is asked for.

Names of objects need a service such as Sesame of CDS (`products.search.names`). The fields are those of deep
spectroscopic and photometric surveys, and of the first data preview of Rubin.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FIELDS", "SurveyField", "field_of_name"]

_IGNORED = re.compile(r"[^a-z0-9+]")


@dataclass(frozen=True, slots=True)
class SurveyField:
    """A field: its centre (ICRS, degrees), its names, the usual one first, and where the centre is from."""

    ra: float
    dec: float
    names: tuple[str, ...]
    source: str


_RUBIN_PREVIEW = "Rubin Data Preview 1 (RTN-095)"
_RUBIN_DEEP = "Rubin deep drilling fields (survey-strategy.lsst.io)"
_EUCLID = "Euclid Deep Fields (Euclid Collaboration: Mellier et al. 2025)"
_CANDELS = "CANDELS (Grogin et al. 2011)"
_LEGACY = "CFHTLS Deep (Ilbert et al. 2006)"

#: All fields, in the order of their right ascensions.
FIELDS: tuple[SurveyField, ...] = (
    SurveyField(6.02, -72.08, ("47 Tuc", "47 Tucanae", "NGC 104"), _RUBIN_PREVIEW),
    SurveyField(9.45, -44.0, ("ELAIS-S1", "ES1"), _RUBIN_DEEP),
    SurveyField(34.40625, -5.2, ("UDS", "UKIDSS UDS"), _CANDELS),
    SurveyField(34.5, -5.0, ("SXDS", "SXDF"), "Subaru/XMM-Newton Deep Survey (Furusawa et al. 2008)"),
    SurveyField(35.708, -4.75, ("XMM-LSS", "XMMLSS"), _RUBIN_DEEP),
    SurveyField(36.5, -4.5, ("VVDS-02h", "VVDS Deep", "CFHTLS D1"), "VVDS (Le Fèvre et al. 2005)"),
    SurveyField(37.86, 6.98, ("Rubin SV 38 7", "Low Ecliptic Latitude Field"), _RUBIN_PREVIEW),
    SurveyField(40.0, -34.45, ("Fornax dSph", "Fornax Dwarf Spheroidal"), _RUBIN_PREVIEW),
    SurveyField(52.932, -28.088, ("EDF-F", "Euclid Deep Field Fornax"), _EUCLID),
    SurveyField(53.125, -27.8056, ("GOODS-S", "GOODS-South", "CDF-S", "CDFS"), _CANDELS),
    SurveyField(53.13, -28.1, ("ECDFS", "E-CDF-S", "Extended Chandra Deep Field South"), _RUBIN_PREVIEW),
    SurveyField(53.1625, -27.7914, ("HUDF", "Hubble Ultra Deep Field"), "HUDF (Beckwith et al. 2006)"),
    SurveyField(61.241, -48.423, ("EDF-S", "EDFS", "Euclid Deep Field South"), _EUCLID),
    SurveyField(95.0, -25.0, ("Rubin SV 95 -25", "Low Galactic Latitude Field"), _RUBIN_PREVIEW),
    SurveyField(106.23, -10.51, ("Seagull", "Seagull Nebula"), _RUBIN_PREVIEW),
    SurveyField(150.1191667, 2.2058333, ("COSMOS", "CFHTLS D2"), "COSMOS (Scoville et al. 2007)"),
    SurveyField(161.25, 58.0, ("Lockman Hole",), "SWIRE (Lonsdale et al. 2003)"),
    SurveyField(189.2282, 62.2355, ("GOODS-N", "GOODS-North", "HDF-N"), _CANDELS),
    SurveyField(214.25, 52.5, ("EGS", "AEGIS", "Extended Groth Strip"), _CANDELS),
    SurveyField(214.8667, 52.6781, ("CFHTLS D3",), _LEGACY),
    SurveyField(218.025, 34.28, ("Bootes", "Boötes", "NDWFS Bootes"), "NDWFS (Jannuzi & Dey 1999)"),
    SurveyField(269.733, 66.018, ("EDF-N", "EDFN", "Euclid Deep Field North"), _EUCLID),
    SurveyField(333.882, -17.735, ("CFHTLS D4",), _LEGACY),
)


def field_of_name(name: str) -> SurveyField | None:
    """Return the field of a name, in any case, with or without its spaces and hyphens; None if it is not known."""
    return _BY_NAME.get(_plain(name))


def _plain(name: str) -> str:
    return _IGNORED.sub("", name.casefold().replace("ö", "o"))


_BY_NAME: Mapping[str, SurveyField] = {_plain(name): field for field in FIELDS for name in field.names}
