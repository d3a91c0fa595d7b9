"""Service of survey catalogues: register, change, refresh, list and remove them."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.administration import require_admin
from core.auth.audit import Subject, record
from core.auth.models import Identity
from core.auth.schema import GroupRow
from core.columns import Column
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError
from core.files.kept import KeptFiles
from products.access import shared_readable
from products.models import Visibility
from products.schema import ReleaseRow, release_groups
from tap.engine import Conversion
from tap.identifiers import RESERVED_WORDS
from tap.metadata.survey_catalogues.models import (
    CatalogueColumn,
    CatalogueContent,
    CatalogueValues,
    SurveyCatalogue,
)
from tap.metadata.survey_catalogues.places import CataloguePlaces
from tap.metadata.survey_catalogues.schema import SurveyCatalogueRow, survey_catalogue_groups

__all__ = ["SurveyCatalogues"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONGEST_DESCRIPTION = 4000
_ORPHAN_SECONDS = 3600.0


class SurveyCatalogues:
    """Service of survey catalogues; methods that change them require the role of administrator.

    Parameters
    ----------
    places
        Where catalogues may be.
    listings
        The lists of partitions.
    max_columns
        Most columns of a catalogue.
    """

    def __init__(self, database: Database, places: CataloguePlaces, listings: KeptFiles, *, max_columns: int) -> None:
        self._database = database
        self._places = places
        self._listings = listings
        self._max_columns = max_columns

    def stamp(self) -> object:
        """Return a value that changes whenever a catalogue, or who may read its release, is changed."""
        versions = (
            select(SurveyCatalogueRow.id, SurveyCatalogueRow.version, ReleaseRow.is_public, release_groups.c.group_id)
            .outerjoin(ReleaseRow, ReleaseRow.id == SurveyCatalogueRow.release_id)
            .outerjoin(release_groups, release_groups.c.release_id == ReleaseRow.id)
            .order_by(SurveyCatalogueRow.id, release_groups.c.group_id)
        )
        with self._database.read() as session:
            return tuple(map(tuple, session.execute(versions)))

    def of_release(self, identity: Identity, release: str) -> tuple[SurveyCatalogue, ...]:
        """Return the catalogues of a release that the identity may read, by name."""
        return tuple(catalogue for catalogue in self.all(identity) if catalogue.release == release)

    def has_any(self, identity: Identity) -> bool:
        """Return whether the identity may read a catalogue."""
        with self._database.read() as session:
            return session.scalar(select(SurveyCatalogueRow.id).where(_readable(identity)).limit(1)) is not None

    def all(self, identity: Identity) -> tuple[SurveyCatalogue, ...]:
        """Return the catalogues that the identity may read, by name."""
        query = select(SurveyCatalogueRow).where(_readable(identity)).order_by(SurveyCatalogueRow.name)
        with self._database.read() as session:
            return tuple(map(_catalogue_of_row, session.scalars(query)))

    def edition(self, identity: Identity, name: str) -> tuple[int, int] | None:
        """Return the number and the version of the catalogue of a name, if the identity may read it.

        The version changes with whatever is known of the catalogue, so that this can be kept for it.
        """
        query = select(SurveyCatalogueRow.id, SurveyCatalogueRow.version)
        with self._database.read() as session:
            found = session.execute(query.where(SurveyCatalogueRow.name == name, _readable(identity))).first()
            return None if found is None else (found.id, found.version)

    def named(self, identity: Identity, name: str) -> SurveyCatalogue | None:
        """Return the catalogue of a name, if the identity may read it."""
        query = select(SurveyCatalogueRow).where(SurveyCatalogueRow.name == name, _readable(identity))
        with self._database.read() as session:
            row = session.scalar(query)
            return None if row is None else _catalogue_of_row(row)

    def find(self, identity: Identity, name: str) -> SurveyCatalogue:
        """Find a catalogue as an administrator, or raise NotFoundError."""
        require_admin(identity)
        with self._database.read() as session:
            return _catalogue_of_row(_find(session, name))

    def add(self, identity: Identity, name: str, url: str, values: CatalogueValues) -> SurveyCatalogue:
        """Register a catalogue as the table ``hats.<name>``.

        Raises
        ------
        InvalidValueError
            The name or another value cannot be used, or there is no such catalogue in the places of the settings.
        UnreadableFileError
            The metadata of the catalogue cannot be read.
        ConflictError
            The name is taken.
        """
        require_admin(identity)
        _check(name, values)
        content, listing = self._inspected(name, url, values)
        row = SurveyCatalogueRow(
            name=name,
            url=url,
            given={"ra": values.ra, "dec": values.dec, "metadata": values.metadata},
            version=secrets.randbits(48),
            created_at=utc_now(),
        )
        _fill(row, content, listing)
        try:
            with self._database.write() as session:
                _set_values(session, row, values, content.title)
                session.add(row)
                session.flush()
                details = {"url": url, "visibility": row.visibility, "groups": list(values.groups)}
                details["release"] = values.release
                record(session, identity, "add catalogue", Subject.CATALOGUE, row.id, name, **details)
                return _catalogue_of_row(row)
        except IntegrityError as e:
            raise ConflictError(f"There is already a catalogue named '{name}'.", field="name") from e

    def change(self, identity: Identity, name: str, values: CatalogueValues) -> SurveyCatalogue:
        """Change the description of a catalogue and who may read it."""
        require_admin(identity)
        _check(name, values)
        with self._database.write() as session:
            row = _find(session, name)
            _set_values(session, row, values, row.description)
            row.version += 1
            details = {"visibility": row.visibility, "groups": list(values.groups), "release": values.release}
            record(session, identity, "change catalogue", Subject.CATALOGUE, row.id, name, **details)
            return _catalogue_of_row(row)

    def refresh(self, identity: Identity, name: str) -> SurveyCatalogue:
        """Inspect the files of a catalogue again; raises the errors of `add`."""
        require_admin(identity)
        with self._database.read() as session:
            known = _find(session, name)
            url, given = known.url, known.given
        values = CatalogueValues(ra=given["ra"], dec=given["dec"], metadata=given.get("metadata", ""))
        content, listing = self._inspected(name, url, values)
        with self._database.write() as session:
            row = _find(session, name)
            _fill(row, content, listing)
            row.version += 1
            record(session, identity, "refresh catalogue", Subject.CATALOGUE, row.id, name, partitions=row.partitions)
            return _catalogue_of_row(row)

    def remove(self, identity: Identity, name: str) -> None:
        """Remove the table of a catalogue; the files of the catalogue stay."""
        require_admin(identity)
        with self._database.write() as session:
            row = _find(session, name)
            record(session, identity, "remove catalogue", Subject.CATALOGUE, row.id, name, url=row.url)
            session.delete(row)

    def listing_file(self, catalogue: SurveyCatalogue) -> Path:
        """Return the path of the list of the partitions of a catalogue on this machine."""
        return self._listings.local(catalogue.listing)

    def sweep(self) -> int:
        """Remove lists that no catalogue has any more, and return how many; queries may still read the last hour's."""
        with self._database.read() as session:
            known = frozenset(session.scalars(select(SurveyCatalogueRow.listing)))
        return self._listings.sweep(known, older_than=_ORPHAN_SECONDS)

    def _inspected(self, name: str, url: str, values: CatalogueValues) -> tuple[CatalogueContent, str]:
        """Inspect a catalogue, and return what was found and the name of the file with the list of its partitions."""
        # Large imports, which only registrations need.
        from tap.metadata.survey_catalogues.descriptions import column_descriptions
        from tap.metadata.survey_catalogues.inspection import inspected_catalogue
        from tap.metadata.survey_catalogues.partitions import write_partitions

        folder = self._places.folder(url)
        described = column_descriptions(self._places, values.metadata) if values.metadata else ()
        content, types = inspected_catalogue(folder, values, described, max_columns=self._max_columns)
        listing = f"{name}-{secrets.token_hex(8)}.arrow"
        target = self._listings.new(listing)
        write_partitions(target, content.partitions, types)
        self._listings.keep(target, listing)
        return content, listing


def _readable(identity: Identity) -> ColumnElement[bool]:
    shared = (
        select(survey_catalogue_groups.c.catalogue_id)
        .join(GroupRow, GroupRow.id == survey_catalogue_groups.c.group_id)
        .where(GroupRow.name.in_(identity.groups))
    )
    readable = SurveyCatalogueRow.id.in_(shared)
    return shared_readable(identity, SurveyCatalogueRow.visibility, readable, SurveyCatalogueRow.release_id)


def _check(name: str, values: CatalogueValues) -> None:
    if not _NAME.fullmatch(name) or name.upper() in RESERVED_WORDS:
        raise InvalidValueError(
            f"'{name[:80]}' cannot be the name of a catalogue: use at most 63 lower-case letters, digits and "
            "underscores, beginning with a letter; reserved words of ADQL are no names.",
            field="name",
        )
    if len(values.description) > _LONGEST_DESCRIPTION:
        raise InvalidValueError(
            f"The description of a catalogue may have at most {_LONGEST_DESCRIPTION} characters.", field="description"
        )
    if values.visibility is Visibility.GROUPS and not values.groups:
        raise InvalidValueError("Name the groups that may read the catalogue.", field="groups")


def _find(session: Session, name: str) -> SurveyCatalogueRow:
    row = session.scalar(select(SurveyCatalogueRow).where(SurveyCatalogueRow.name == name))
    if row is None:
        raise NotFoundError(f"There is no catalogue named '{name[:80]}'.")
    return row


def _set_values(session: Session, row: SurveyCatalogueRow, values: CatalogueValues, otherwise: str) -> None:
    row.description = " ".join(values.description.split()) or otherwise
    row.visibility = values.visibility
    names = set(values.groups) if values.visibility is Visibility.GROUPS else set()
    groups = session.scalars(select(GroupRow).where(GroupRow.name.in_(names)).order_by(GroupRow.name)).all()
    if unknown := sorted(names - {group.name for group in groups}):
        raise InvalidValueError(f"There is no group named '{unknown[0][:150]}'.", field="groups")
    row.groups = list(groups)
    row.release = session.scalar(select(ReleaseRow).where(ReleaseRow.name == values.release))
    if values.release and row.release is None:
        raise InvalidValueError(f"There is no release named '{values.release[:100]}'.", field="release")


def _fill(row: SurveyCatalogueRow, content: CatalogueContent, listing: str) -> None:
    import pyarrow.compute as pc

    row.content = {
        "columns": [
            {
                **{key: value for key, value in asdict(item.column).items() if value is not None},
                "source": item.source,
                "conversion": item.conversion,
                "share": item.share,
            }
            for item in content.columns
        ],
        "position": content.position,
        "healpix": content.healpix,
        "data_root": content.data_root,
        "indexes": dict(content.indexes),
        "left_out": list(content.left_out),
    }
    row.rows = content.rows
    row.bytes = int(pc.sum(content.partitions["bytes"]).as_py())
    row.partitions = content.partitions.num_rows
    row.listing = listing
    row.refreshed_at = utc_now()


def _catalogue_of_row(row: SurveyCatalogueRow) -> SurveyCatalogue:
    content = row.content
    position = content["position"]
    return SurveyCatalogue(
        id=row.id,
        version=row.version,
        name=row.name,
        url=row.url,
        description=row.description,
        visibility=Visibility(row.visibility),
        groups=tuple(group.name for group in row.groups),
        columns=tuple(map(_column_of_json, content["columns"])),
        position=None if position is None else (position[0], position[1]),
        healpix=content["healpix"],
        rows=row.rows,
        bytes=row.bytes,
        partitions=row.partitions,
        listing=row.listing,
        data_root=content["data_root"],
        indexes=content["indexes"],
        left_out=tuple(content["left_out"]),
        added_at=row.created_at,
        refreshed_at=row.refreshed_at,
        release="" if row.release is None else row.release.name,
    )


def _column_of_json(stored: Mapping[str, Any]) -> CatalogueColumn:
    own = {key: value for key, value in stored.items() if key not in {"source", "conversion", "share"}}
    return CatalogueColumn(Column(**own), stored["source"], Conversion(stored["conversion"]), stored["share"])
