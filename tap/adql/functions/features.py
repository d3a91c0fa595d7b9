"""Language features beyond the core of ADQL 2.1, for the capabilities (TAPRegExt 1.0 §2.3, ADQL 2.1 §4).

Keys are written with capitals, as validators expect; IVOIDs are case-insensitive.
"""

from dataclasses import dataclass

from tap.adql.functions.table import FUNCTIONS, USER_DEFINED

__all__ = ["LANGUAGE_FEATURES", "REGISTRY_FEATURES", "LanguageFeature"]

_PREFIX = "ivo://ivoa.net/std/TAPRegExt#features-"


@dataclass(frozen=True, slots=True)
class LanguageFeature:
    """One language feature: its list, its form and its description."""

    type: str
    form: str
    description: str | None = None


def _features(kind: str, forms: list[str]) -> tuple[LanguageFeature, ...]:
    return tuple(LanguageFeature(_PREFIX + kind, form) for form in forms)


#: Geometry, user-defined functions and optional parts of the language, in the order of capabilities.
LANGUAGE_FEATURES: tuple[LanguageFeature, ...] = (
    *_features(
        "adqlgeo", [name for name, known in FUNCTIONS.items() if known.group == "geometry" and name != "REGION"]
    ),
    *(
        LanguageFeature(_PREFIX + "udf", form, function.description)
        for declared in USER_DEFINED
        for function in (declared, declared.of_arrays)
        if function is not None
        for form in function.forms
    ),
    *_features("adql-string", ["LOWER", "UPPER", "ILIKE"]),
    *_features("adql-sets", ["UNION", "EXCEPT", "INTERSECT"]),
    *_features("adql-common-table", ["WITH"]),
    *_features("adql-type", ["CAST"]),
    *_features("adql-unit", ["IN_UNIT"]),
    *_features("adql-offset", ["OFFSET"]),
)

#: By this feature of DaCHS, which is of no standard, clients of registries find that coverage can be compared.
REGISTRY_FEATURES = (LanguageFeature("ivo://org.gavo.dc/std/exts#extra-adql-keywords", "MOC"),)
