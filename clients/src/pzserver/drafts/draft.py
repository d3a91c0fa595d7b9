"""A product that is being uploaded: its files, the guessed meanings of its columns, and its publication."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Self

from pzserver import models
from pzserver.connections.progress import byte_bar
from pzserver.drafts.columns import DraftColumn, DraftColumns, Guess, GuessList
from pzserver.drafts.parts import send_parts, unfinished_uploads
from pzserver.drafts.sources import opened_source
from pzserver.errors import InvalidValueError, PzServerError
from pzserver.products.product import Product
from pzserver.tables.frames import ColumnWords
from pzserver.uploads import publish_product, wait_for_inspection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
    from pzserver.drafts.sources import Source, Uploadable

__all__ = ["Draft"]


class Draft:
    """A product that is not published; only its owner sees it.

    Parameters
    ----------
    record
        Its metadata.
    """

    def __init__(self, connection: Connection, catalogue: Catalogue, record: models.Product) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self.record = record

    def __repr__(self) -> str:
        return f"<Draft {self.number}: {self.display_name} ({self.product_type}, {self.state.lower()})>"

    def _repr_html_(self) -> str:
        cut = "".join(f"<p>{escape(_cut(each))}</p>" for each in self.unfinished)
        reason = self.error
        failed = f"<p>{escape(reason)}</p>" if reason else ""
        return f"<p>{escape(repr(self)[1:-1])}</p>{cut}{failed}{self.columns._repr_html_()}"  # the same for notebooks

    @property
    def number(self) -> int:
        """Its number, which the product keeps."""
        return self.record.id

    @property
    def display_name(self) -> str:
        """The name that its owner gave it."""
        return self.record.display_name

    @property
    def product_type(self) -> str:
        """Internal name of its product type."""
        return self.record.product_type_internal_name

    @property
    def state(self) -> str:
        """``Registering``, ``Processing`` or ``Failed``; ``Published`` at the end."""
        return self.record.product_status

    @property
    def updated_at(self) -> datetime:
        """When it was changed last, in UTC."""
        return self.record.updated_at

    @property
    def unfinished(self) -> tuple[models.PartialUpload, ...]:
        """Uploads of files that broke off; `resume` continues them."""
        return unfinished_uploads(self._connection, self.number)

    @property
    def error(self) -> str | None:
        """Why the main file could not be read; None where it was, or was not tried yet."""
        return self._inspection().error

    # --- columns

    @property
    def guesses(self) -> GuessList:
        """Meanings that the server proposes for columns, the best first; the first of each one is what is published."""
        found = self._inspection().found.get("guesses") or ()
        names = self._aliases()
        return GuessList(
            Guess(each["column"], names.get(each["meaning"], each["meaning"]), each["score"], each["reason"])
            for each in sorted(found, key=lambda each: -each["score"])
        )

    @property
    def columns(self) -> DraftColumns:
        """Columns of the main file, with their present meanings and the guesses."""
        best = {guess.column: guess for guess in reversed(self.guesses)}
        return DraftColumns(
            DraftColumn(
                each.column_name,
                each.datatype,
                each.unit,
                each.ucd,
                each.alias,
                best[each.column_name].meaning if each.column_name in best else None,
                best[each.column_name].reason if each.column_name in best else "",
                each.description,
            )
            for each in self._columns()
        )

    def set_meanings(self, columns: Mapping[str, str]) -> Self:
        """Set the meanings of columns: names to ``RA``, ``Dec``, ``z`` …; the other columns have none afterwards.

        Raises
        ------
        InvalidValueError
            There is no such column.
        """
        known = {each.column_name: each.ucd for each in self._columns() if each.ucd and not each.alias}
        self._connection.json("PUT", f"products/{self.number}/columns", json=dict(columns))
        # The server forgets UCDs that did not come with the file.
        lost = [each.column_name for each in self._columns() if not each.ucd and each.column_name in known]
        return self._describe({name: {"ucd": str(known[name])} for name in lost})

    def describe(
        self,
        *,
        units: Mapping[str, object] | None = None,
        ucds: Mapping[str, str] | None = None,
        descriptions: Mapping[str, str] | None = None,
    ) -> Self:
        """Set units, UCDs and descriptions of columns, by name; the others keep theirs.

        Raises
        ------
        InvalidValueError
            There is no such column.
        """
        return self._describe(ColumnWords(units, ucds, descriptions).by_column())

    # --- files

    def add_file(
        self,
        data: Uploadable,
        role: Literal["main", "description", "auxiliary"] = "auxiliary",
        *,
        progress: bool = False,
    ) -> Self:
        """Upload a further file; one of the same content that broke off continues where it stopped."""
        with opened_source(data, self.display_name if role == "main" else role) as source:
            self.send(source, role, progress=progress)
        return self

    def resume(self, data: Uploadable | None = None, *, progress: bool = False) -> Self:
        """Continue what broke off or failed: send the rest of the main file, or another one, and read its columns.

        Parameters
        ----------
        data
            What was being uploaded, as before; not needed when all of it has arrived. Instead of a file that could not
            be read, another one.

        Raises
        ------
        InvalidValueError
            It is not the same file, or it cannot be read.
        """
        broken = [each for each in self.unfinished if each.role == 0]
        if broken and data is None:
            raise InvalidValueError(f"Give the file again: {_cut(broken[0])}")
        if data is not None:
            with opened_source(data, self.display_name) as source:
                if not broken:
                    self._remove_unreadable()
                self.send(source, "main", progress=progress, expected=broken[0] if broken else None)
        if self._inspection().state == "done":  # also of what was sent just now, where the server is quicker than this
            return self if data is None else self.reload().accept_guesses()
        return self.inspect().accept_guesses()

    def inspect(self) -> Self:
        """Let the server read the columns of the main file, and wait for it.

        Raises
        ------
        InvalidValueError
            The file cannot be read; the message states the reason.
        """
        state = self._connection.json("GET", f"products/{self.number}/inspection")
        if state["state"] != "running":
            state = self._connection.json("POST", f"products/{self.number}/inspect")
        ended = models.Inspection.from_json(wait_for_inspection(self._connection, self.number, state))
        self.reload()
        if ended.state == "failed":
            raise InvalidValueError(ended.error or "The main file cannot be read.")
        return self

    def accept_guesses(self) -> Self:
        """Give the columns the meanings that the server proposes."""
        names = self._aliases()
        proposed = self._inspection().found.get("proposed") or {}
        return self.set_meanings({column: names.get(meaning, meaning) for column, meaning in proposed.items()})

    # --- end

    def publish(self) -> Product:
        """Publish it, and return the product.

        Raises
        ------
        RequiredColumnsError
            A column lacks that its product type needs; `set_meanings` sets them.
        """
        self.record = models.Product.from_json(publish_product(self._connection, self.number))
        if self.state != "Published":
            raise PzServerError(self.error or f"The product is {self.state.lower()}, not published.")
        return Product(self._connection, self._catalogue, self.number)

    def discard(self) -> None:
        """Delete it with its files."""
        self._connection.json("DELETE", f"products/{self.number}/")

    def reload(self) -> Self:
        """Read its metadata again."""
        self.record = models.Product.from_json(self._connection.json("GET", f"products/{self.number}/"))
        return self

    def send(
        self, source: Source, role: str, *, progress: bool = False, expected: models.PartialUpload | None = None
    ) -> None:
        """Send an open file; if it is to continue an upload, only when it is the same file."""
        if expected is not None and (source.size, source.fingerprint) != (expected.size, expected.fingerprint):
            message = f"{source.name} is not the file whose upload broke off: {_cut(expected)}"
            raise InvalidValueError(message)
        with byte_bar(source.name, disable=False) if progress else nullcontext() as show:
            send_parts(self._connection, self.number, source, role, show)

    def _remove_unreadable(self) -> None:
        """Remove a main file that the server could not read."""
        if self._inspection().state != "failed":
            return
        for each in self._connection.json("GET", "product-files/", params={"product_id": self.number})["results"]:
            if models.ProductFile.from_json(each).role == 0:
                self._connection.json("DELETE", f"product-files/{each['id']}/")

    def _describe(self, given: Mapping[str, Mapping[str, str]]) -> Self:
        if not given:
            return self
        names = [each.column_name for each in self._columns()]
        if unknown := [name for name in given if name not in names]:
            raise InvalidValueError(f"There is no column '{unknown[0]}'; there are {', '.join(names)}.")
        self._connection.json("PATCH", f"products/{self.number}/columns", json=given)
        return self

    def _columns(self) -> tuple[models.Column, ...]:
        found = self._connection.json("GET", "product-contents/", params={"product": self.number})["results"]
        return tuple(models.Column.from_json(each) for each in found)

    def _inspection(self) -> models.Inspection:
        return models.Inspection.from_json(self._connection.json("GET", f"products/{self.number}/inspection"))

    def _aliases(self) -> dict[str, str]:
        found = self._connection.json("GET", "meanings")["results"]
        return {each["key"]: each["alias"] for each in found}


def _cut(upload: models.PartialUpload) -> str:
    return f"of {upload.name}, {upload.received} of {upload.size} bytes have arrived."
