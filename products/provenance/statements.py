"""Provenance of a product as statements of the IVOA Provenance Data Model 1.0 (REC 2020-04-11).

The names of classes and attributes are those of the model: Entity, Activity, Agent, Used, WasGeneratedBy … Each
statement has an identifier of a prefix and a local part, which together make an address of this server.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from products.models import FileRole, Product, ProductFile
from products.provenance.models import Activity, Provenance, SourceProduct

__all__ = ["PREFIXES", "Statement", "prefixes", "statements"]

_RELEASE = "https://www.ivoa.net/documents/ProvenanceDM/20200411/index.html#"

#: Prefixes of identifiers, and the paths of this server that they stand for.
PREFIXES: Mapping[str, str] = {"product": "/product/", "api": "/api/"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One instance of a class of the model: an entity, activity, agent, parameter or relation.

    Parameters
    ----------
    kind
        Class of the model.
    attributes
        Values by the attribute names of the model; unknown ones are left out.
    """

    kind: str
    identifier: str
    attributes: Mapping[str, str]


def prefixes(public_url: str) -> dict[str, str]:
    """Return the prefixes of identifiers with the URLs that they stand for."""
    return {"voprov": _RELEASE, **{name: public_url + path for name, path in PREFIXES.items()}}


def statements(provenance: Provenance, public_url: str) -> tuple[Statement, ...]:
    """Return the statements about a product: first entities, activities and agents, then relations."""
    builder = _StatementBuilder(provenance, public_url)
    found = [*builder.instances(), *builder.relations()]
    return tuple(sorted(found, key=lambda item: _ORDER.index(item.kind)))


_ORDER = (
    "Entity",
    "Activity",
    "Agent",
    "Parameter",
    "Used",
    "WasGeneratedBy",
    "WasDerivedFrom",
    "WasAttributedTo",
    "WasAssociatedWith",
    "WasConfiguredBy",
)


class _StatementBuilder:
    """Builder of the statements about one product."""

    def __init__(self, provenance: Provenance, public_url: str) -> None:
        self._public_url = public_url
        self._sources = provenance.sources
        self._product = provenance.details.product
        self._files = provenance.details.files
        self._activity = provenance.activity
        self._previous = provenance.previous
        number = self._product.id
        self._part = f"api:products/{number}/provenance/"
        self._identifier = _product_identifier(self._product)
        self._owner = f"api:users/{self._product.owner_id}"

    def instances(self) -> Iterator[Statement]:
        yield self._instance("Entity", self._identifier, _product_attributes(self._product, self._public_url))
        for file in self._files:
            yield self._instance("Entity", self._file(file), _file_attributes(file))
        for index, source in enumerate(self._sources):
            yield self._instance("Entity", self._source(index, source), _source_attributes(source, self._public_url))
        if self._previous is not None:
            attributes = _product_attributes(self._previous, self._public_url)
            yield self._instance("Entity", _product_identifier(self._previous), attributes)
        yield self._instance("Agent", self._owner, {"name": self._product.owner, "type": "Person"})
        activity = self._activity
        if activity is None:
            yield self._instance("Activity", self._made_by, {"name": "Upload", **_times(self._upload_times())})
            return
        yield self._instance("Activity", self._made_by, _activity_attributes(activity))
        software = {"name": f"{activity.code_name} {activity.code_version}", "type": "SoftwareAgent"}
        yield self._instance("Agent", f"{self._part}software", software)
        for name, value in _flat(activity.configuration):
            yield self._instance("Parameter", self._parameter(name), {"name": name, "value": value})

    def relations(self) -> Iterator[Statement]:
        made = [self._identifier, *(self._file(file) for file in self._files if self._was_made(file))]
        for index, entity in enumerate(made):
            yield self._relation("WasGeneratedBy", index, {"entity": entity, "activity": self._made_by})
        for index, source in enumerate(self._sources):
            used, role = self._source(index, source), source.entity.role if source.entity else None
            yield self._relation("Used", index, {"activity": self._made_by, "entity": used, "role": role})
            derived = {"generatedEntity": self._identifier, "usedEntity": used}
            yield self._relation("WasDerivedFrom", index, derived)
        if self._previous is not None:
            revised = {"generatedEntity": self._identifier, "usedEntity": _product_identifier(self._previous)}
            yield self._relation("WasDerivedFrom", len(self._sources), revised)
        owner = {"entity": self._identifier, "agent": self._owner, "role": "owner"}
        yield self._relation("WasAttributedTo", 0, owner)
        operator = {"activity": self._made_by, "agent": self._owner, "role": "operator"}
        yield self._relation("WasAssociatedWith", 0, operator)
        if self._activity is not None:
            software = {"activity": self._made_by, "agent": f"{self._part}software", "role": "software"}
            yield self._relation("WasAssociatedWith", 1, software)
            for index, (name, _) in enumerate(_flat(self._activity.configuration)):
                chosen = {"configured": self._made_by, "configurator": self._parameter(name)}
                yield self._relation("WasConfiguredBy", index, {**chosen, "artefactType": "Parameter"})

    @property
    def _made_by(self) -> str:
        return f"{self._part}activity"

    def _was_made(self, file: ProductFile) -> bool:
        """Return whether the activity made this file; others were added by users."""
        return self._activity is None or file.role is FileRole.MAIN

    def _upload_times(self) -> tuple[datetime, datetime | None]:
        return self._product.created_at, self._product.published_at

    def _file(self, file: ProductFile) -> str:
        return f"api:products/{file.product_id}/files/{quote(file.name, safe='')}"

    def _source(self, index: int, source: SourceProduct) -> str:
        return f"{self._part}input-{index + 1}" if source.product is None else _product_identifier(source.product)

    def _parameter(self, name: str) -> str:
        return f"{self._part}parameter-{quote(name, safe='')}"

    def _instance(self, kind: str, identifier: str, attributes: Mapping[str, str | None]) -> Statement:
        return Statement(kind, identifier, {key: value for key, value in attributes.items() if value is not None})

    def _relation(self, kind: str, index: int, attributes: Mapping[str, str | None]) -> Statement:
        return self._instance(kind, f"{self._part}{kind}-{index + 1}", attributes)


def _product_identifier(product: Product) -> str:
    return f"product:{quote(product.internal_name, safe='')}"


def _product_attributes(product: Product, public_url: str) -> dict[str, str | None]:
    return {
        "name": product.display_name,
        "type": product.product_type.name,
        "location": f"{public_url}/product/{quote(product.internal_name, safe='')}",
        "generatedAtTime": _iso(product.published_at),
    }


def _file_attributes(file: ProductFile) -> dict[str, str | None]:
    return {
        "name": file.name,
        "type": file.media_type,
        "generatedAtTime": _iso(file.created_at),
        "sha256": file.sha256,
        "md5": file.md5,
    }


def _source_attributes(source: SourceProduct, public_url: str) -> dict[str, str | None]:
    entity = source.entity
    if entity is None:
        return {"comment": "An input that was deleted, or that you may not read."}
    known = {} if source.product is None else _product_attributes(source.product, public_url)
    return {"name": entity.name, **known, "version": entity.version, "sha256": entity.sha256}


def _activity_attributes(activity: Activity) -> dict[str, str | None]:
    seconds = "; ".join(f"{name} {value:.6g} s" for name, value in activity.timings.items())
    times = _times((activity.started_at, activity.ended_at))
    return {"name": activity.name, **times, "comment": seconds or None, "job": activity.job_id}


def _times(times: tuple[datetime, datetime | None]) -> dict[str, str | None]:
    return {"startTime": _iso(times[0]), "endTime": _iso(times[1])}


def _flat(configuration: Mapping[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield the parameters of a configuration one by one: ``crossmatch.radius_arcsec`` and its value as JSON."""
    for key, value in configuration.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value if isinstance(value, str) else json.dumps(value)


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
