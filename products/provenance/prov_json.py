"""Provenance of a product as PROV-JSON (W3C Member Submission 2013), with the attributes of the IVOA model.

Programs that know only W3C's model can read it: relations, and attributes that W3C defines, have W3C's names.
"""

from collections.abc import Mapping

from products.provenance.models import Provenance
from products.provenance.statements import Statement, prefixes, statements

__all__ = ["provenance_json"]

#: Sections of the document, and the names that W3C has for attributes of the relations.
_SECTIONS: Mapping[str, str] = {
    "Entity": "entity",
    "Parameter": "entity",
    "Activity": "activity",
    "Agent": "agent",
    "Used": "used",
    "WasGeneratedBy": "wasGeneratedBy",
    "WasDerivedFrom": "wasDerivedFrom",
    "WasAttributedTo": "wasAttributedTo",
    "WasAssociatedWith": "wasAssociatedWith",
    "WasConfiguredBy": "wasInfluencedBy",
}
_ENDS = frozenset({"entity", "activity", "agent", "generatedEntity", "usedEntity"})
_INFLUENCE = {"configured": "prov:influencee", "configurator": "prov:influencer"}


def provenance_json(provenance: Provenance, public_url: str) -> dict[str, dict[str, object]]:
    """Return the provenance of a product as an object for JSON."""
    document: dict[str, dict[str, object]] = {"prefix": dict(prefixes(public_url))}
    for statement in statements(provenance, public_url):
        section = document.setdefault(_SECTIONS[statement.kind], {})
        section[statement.identifier] = dict(_attributes(statement))
    return document


def _attributes(statement: Statement) -> dict[str, object]:
    attributes: dict[str, object] = {}
    for name, value in statement.attributes.items():
        if name in _ENDS:
            attributes[f"prov:{name}"] = value
        elif name in _INFLUENCE:
            attributes[_INFLUENCE[name]] = value
        elif name in {"startTime", "endTime"}:
            attributes[f"prov:{name}"] = value
        else:
            attributes[f"voprov:{name}"] = value
            if name == "name":
                attributes["prov:label"] = value
    if statement.kind in {"Parameter", "WasConfiguredBy"}:
        attributes["prov:type"] = {"$": f"voprov:{statement.kind}", "type": "prov:QUALIFIED_NAME"}
    elif statement.kind == "Agent":
        attributes["prov:type"] = {"$": f"prov:{attributes.pop('voprov:type')}", "type": "prov:QUALIFIED_NAME"}
    return attributes
