"""Drafts of the caller: created from data, found again after a failure, resumed and discarded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, SupportsIndex

from pzserver.drafts.draft import Draft
from pzserver.drafts.sources import Source, Uploadable, opened_source
from pzserver.errors import NotFoundError
from pzserver.models import Product
from pzserver.products.products import read_pages
from pzserver.tables.frames import ColumnWords
from pzserver.tables.records import RecordList
from pzserver.uploads import create_product

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
    from pzserver.products.actions import Visibility

__all__ = ["DraftList", "Drafts"]

_STATUSES = "0,3,9"  # registering, processing, failed
_UPLOADED = "Upload"


class DraftList(RecordList[Draft]):
    """Drafts, the newest first, also by name."""

    _fields = ("number", "display_name", "product_type", "state", "updated_at")
    _key = "display_name"
    _noun = "draft"


class Drafts:
    """Products that you are uploading."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue

    def __repr__(self) -> str:
        return repr(self.list())

    def _repr_html_(self) -> str:
        return self.list()._repr_html_()  # the same for notebooks

    def __iter__(self) -> Iterator[Draft]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self.list())

    def __getitem__(self, key: SupportsIndex | str) -> Draft:
        """Return a draft by its number, its internal name, or its name.

        Raises
        ------
        NotFoundError
            You have no such draft.
        """
        number = None if isinstance(key, str) else key.__index__()
        for draft in self.list():
            if number == draft.number or key in {draft.display_name, draft.record.internal_name}:
                return draft
        raise NotFoundError(f"You have no draft '{key}'.")

    def list(self) -> DraftList:
        """List your drafts, also those whose upload failed, the newest first."""
        found = map(Product.from_json, read_pages(self._connection, "products/", {"status__in": _STATUSES}))
        return DraftList(
            Draft(self._connection, self._catalogue, each)
            for each in found
            if each.can_update and each.origin == _UPLOADED
        )

    def create(
        self,
        data: Uploadable,
        *,
        name: str,
        product_type: str,
        release: str | None = None,
        pz_code: str | None = None,
        description: str | None = None,
        columns: Mapping[str, str] | None = None,
        units: Mapping[str, object] | None = None,
        ucds: Mapping[str, str] | None = None,
        descriptions: Mapping[str, str] | None = None,
        files: Iterable[str | Path] = (),
        visibility: Visibility = "registered",
        groups: Iterable[str] = (),
        progress: bool = False,
    ) -> Draft:
        """Upload data as a draft; see `pzserver.PzServer.upload`."""
        fields = {
            "display_name": name,
            "product_type": product_type,
            "release": release,
            "pz_code": pz_code,
            "description": description or _description_of(data),
            "visibility": visibility,
            "groups": list(groups),
        }
        words, others = ColumnWords(units, ucds, descriptions), [Path(path) for path in files]
        for path in others:
            if not path.is_file():
                message = f"There is no file {path}."
                raise FileNotFoundError(message)
        with opened_source(data, name, words) as source:
            number = create_product(self._connection, fields)
            try:
                return self._filled(number, source, others, columns, words, progress=progress)
            except BaseException as e:
                kept = f"server.drafts[{number}].resume(…) continues it, .discard() deletes it."
                e.add_note(f"The draft {number} is kept: {kept}")
                raise

    def _filled(
        self,
        number: int,
        source: Source,
        others: Iterable[Path],
        columns: Mapping[str, str] | None,
        words: ColumnWords,
        *,
        progress: bool,
    ) -> Draft:
        record = Product.from_json(self._connection.json("GET", f"products/{number}/"))
        draft = Draft(self._connection, self._catalogue, record)
        draft.send(source, "main", progress=progress)
        for path in others:
            draft.add_file(path, progress=progress)
        draft.inspect()
        if columns is None:
            draft.accept_guesses()
        else:
            draft.set_meanings(columns)
        if not source.is_described:
            draft.describe(units=words.units, ucds=words.ucds, descriptions=words.descriptions)
        return draft


def _description_of(data: object) -> str:
    """Return the description that a table of astropy has."""
    meta = getattr(data, "meta", None)
    return str(meta.get("description") or "") if isinstance(meta, dict) else ""
