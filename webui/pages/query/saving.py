"""Storing of results: as a table of the user, or as the main file of a new draft."""

from collections.abc import Iterable, Iterator
from importlib.metadata import version

import pyarrow as pa

from core.auth.models import Identity
from core.database import utc_now
from core.errors import TooLargeError
from core.files import Staging, StoredBytes
from products.models import FileRole, Product
from products.provenance import Activity, UsedEntity
from products.service import NewProduct
from tap.service import OpenQuery
from webui.services import WebServices

__all__ = ["ResultStore", "whole_result"]

_VOTABLE = "application/x-votable+xml"


class ResultStore:
    """Service that stores results for their users, each as a stream of bytes."""

    def __init__(self, services: WebServices) -> None:
        self._services = services

    def save_table(self, identity: Identity, name: str, chunks: Iterable[bytes]) -> str:
        """Create a table of the user from a VOTable, and return its full name.

        Raises
        ------
        InvalidValueError, ConflictError
            There cannot be a table of this name, or there is one already.
        """
        changes = self._services.tap.user_tables
        full_name = f"{self._services.products.user_tables.schema_of(identity)}.{name.strip().lower()}"
        stored = _stored(changes.stage(identity, full_name), chunks)
        changes.create(identity, full_name, _VOTABLE, stored)
        return full_name

    def save_product(
        self,
        identity: Identity,
        new: NewProduct,
        file_name: str,
        tables: Iterable[str],
        chunks: Iterable[bytes],
        *,
        job_id: str | None = None,
    ) -> Product:
        """Create a draft with a result as its main file, start its inspection, and record where its rows came from.

        Parameters
        ----------
        tables
            Full names of the tables that the query read.
        """
        products, started = self._services.products, utc_now()
        product = products.service.create(identity, new)
        try:
            stored = _stored(products.uploads.stage(identity, product.id, FileRole.MAIN), chunks)
            products.uploads.add_file(identity, product.id, FileRole.MAIN, file_name, stored)
            used = tuple(self._used(identity, tables))
            products.provenance.record(
                product.id,
                Activity(
                    "Query",
                    "photoz-server",
                    version("photoz-server"),
                    started,
                    utc_now(),
                    used=used,
                    job_id=job_id,
                ),
            )
            return products.uploads.inspect(identity, product.id)
        except BaseException:
            products.service.delete(identity, product.id)
            raise

    def _used(self, identity: Identity, tables: Iterable[str]) -> Iterator[UsedEntity]:
        for name in tables:
            schema, _, table = name.lower().partition(".")
            details = self._services.products.published.find(identity, schema, table)
            if details is not None:
                yield UsedEntity("table", details.product.internal_name, details.product.id)


def whole_result(opened: OpenQuery) -> Iterator[bytes]:
    """Yield the bytes of a result, and close its rows; raise what truncated it.

    Raises
    ------
    TooLargeError
        The query has more rows than one answer may have.
    """
    with opened.stream as stream:
        rows = _Rows(stream)
        yield from opened.write(rows)
    if rows.failure is not None:
        raise rows.failure
    if rows.count > opened.limit.rows:
        message = f"The result has more than {opened.limit.rows} rows, the most of one answer; nothing was saved."
        raise TooLargeError(message)


class _Rows:
    """Batches with a count of their rows, and the error that writers of some formats write instead of raising it."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = batches
        self.count = 0
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                self.count += batch.num_rows
                yield batch
        except Exception as e:
            self.failure = e
            raise


def _stored(staging: Staging, chunks: Iterable[bytes]) -> StoredBytes:
    with staging:
        for chunk in chunks:
            staging.write(chunk)
        return staging.finish()
