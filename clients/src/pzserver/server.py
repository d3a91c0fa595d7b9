"""Main class of the library: one Photo-z Server and its products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, SupportsIndex, overload

from pzserver.catalogue import Catalogue
from pzserver.compat.methods import TodaysMethods
from pzserver.connections.connection import TIMEOUT, Connection, server_url
from pzserver.connections.hosts import find_host
from pzserver.connections.tokens import find_token
from pzserver.errors import RequiredColumnsError
from pzserver.files.downloads import Progress
from pzserver.files.product_files import ProductFiles
from pzserver.parts import ServerParts
from pzserver.products.product import Product
from pzserver.uploads import PzUpload, create_product

if TYPE_CHECKING:
    from astropy.table import Table
    from qp import Ensemble

    from pzserver.drafts.draft import Draft
    from pzserver.drafts.sources import Uploadable
    from pzserver.products.actions import Visibility

__all__ = ["PzServer"]


class PzServer(TodaysMethods, ServerParts):
    """Client of a Photo-z Server and its products.

    Parameters
    ----------
    token
        An access token; the server shows it once, when it is created. By default that of the environment variable
        ``PZSERVER_TOKEN``, of the configuration file, or of the Rubin Science Platform.
    host
        Address of the server, with or without ``/api/`` at its end; a redirect of it is followed once and kept. By
        default that of ``PZSERVER_HOST``, of the configuration file, or ``http://127.0.0.1:8000``.
    timeout
        Seconds to wait for a connection and for the next bytes of a response, or both.
    retries
        How often a request is repeated that a busy server refused.

    Raises
    ------
    ValueError
        The token is missing, or the address is invalid.
    AuthenticationError
        The token is not valid.
    """

    def __init__(
        self,
        token: str | None = None,
        host: str | None = None,
        *,
        timeout: float | tuple[float, float] = TIMEOUT,
        retries: int = 4,
    ) -> None:
        address = find_host(host)
        self._connection = Connection(find_token(token, server_url(address)), address, timeout=timeout, retries=retries)
        try:
            self._connection.settle()
        except BaseException:
            self.close()
            raise
        self._catalogue = Catalogue(self._connection)
        self._files = ProductFiles(self._connection, self._catalogue)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<PzServer {self._connection.base_url}>"

    def __getitem__(self, key: SupportsIndex | str) -> Product:
        """Return a product by its number or internal name."""
        return Product(self._connection, self._catalogue, key)

    def close(self) -> None:
        """Close the connections to the server; otherwise they are closed when Python ends."""
        self._connection.close()

    # --- rows and files

    def get_rows(
        self,
        product_id: SupportsIndex | str,
        columns: Iterable[str] | None = None,
        cone: tuple[float, float, float] | None = None,
        *,
        maxrec: int | None = None,
    ) -> Table:
        """Return rows of a product without downloading it.

        Parameters
        ----------
        columns
            Column names; all by default.
        cone
            Right ascension, declination and radius, in degrees.
        maxrec
            Maximum number of rows; all by default, up to the limit of the server.
        """
        return self._catalogue.rows(self._catalogue.product(product_id), columns, cone, maxrec=maxrec)

    def ensemble(
        self,
        product_id: SupportsIndex | str,
        columns: Iterable[str] | None = None,
        cone: tuple[float, float, float] | None = None,
        *,
        maxrec: int | None = None,
    ) -> Ensemble:
        """Return the probability densities of a product as a ``qp.Ensemble``, without its file.

        Needs the package ``qp-prob``. The ancillary data are the other columns, without those that the server computed.

        Parameters
        ----------
        columns
            Column names, of which one holds the densities; all by default.
        cone
            Right ascension, declination and radius, in degrees.
        maxrec
            Maximum number of objects; all by default, up to the limit of the server.
        """
        return self[product_id].ensemble(columns, cone, maxrec=maxrec)

    # --- changes

    @overload
    def upload(
        self,
        name: str,
        product_type: str,
        main_file: str | Path,
        release: str | None = None,
        pz_code: str | None = None,
        auxiliary_files: Iterable[str | Path] | None = None,
        description: str | None = None,
        *,
        columns: Mapping[str, str] | Literal["guess"] | None = None,
        visibility: str = "registered",
        publish: bool = True,
        progress: Progress | None = None,
    ) -> PzUpload: ...
    @overload
    def upload(
        self,
        data: Uploadable,
        /,
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
    ) -> Draft: ...
    def upload(self, *given: Any, **options: Any) -> PzUpload | Draft:
        """Upload a product, in one of two ways.

        ``upload(data, name=…, product_type=…)`` takes a table in memory (pandas, polars, astropy, Arrow, a result), an
        ensemble of qp, a file or a folder, and returns a draft that shows the guessed meanings of columns, to publish
        or discard. ``upload(name, product_type, main_file, …)`` takes files, and publishes at once.

        Parameters
        ----------
        product_type, release
            Internal names.
        columns
            Column names to their meanings: ``RA``, ``Dec``, ``z``, ``z_err``, ``z_flag``, ``survey``, ``ID``, or a free
            alias. By default a draft has those that the server guesses; a product of files, with "guess".
        units, ucds, descriptions
            Those of columns, by name; those of tables of astropy and Arrow are taken over.
        files, auxiliary_files
            Paths of further files.
        visibility
            Who may read it once it is published: private, groups, registered or public.
        publish
            Whether a product of files is published; without all mandatory meanings it stays a draft.
        progress
            Whether to show a bar; for files, a function that is called with the bytes sent and the size of each file.

        Raises
        ------
        FileNotFoundError
            A file does not exist; nothing was uploaded.
        ValueError
            The server has no such type or release, or it cannot read the main file.
        RequiredColumnsError
            ``columns`` are given without a mandatory meaning; the product stays a draft.
        """
        if given and "name" in options:
            return self.drafts.create(*given, **options)
        return self._upload_files(*given, **options)

    def _upload_files(
        self,
        name: str,
        product_type: str,
        main_file: str | Path,
        release: str | None = None,
        pz_code: str | None = None,
        auxiliary_files: Iterable[str | Path] | None = None,
        description: str | None = None,
        *,
        columns: Mapping[str, str] | Literal["guess"] | None = None,
        visibility: str = "registered",
        publish: bool = True,
        progress: Progress | None = None,
    ) -> PzUpload:
        """Upload files as a product and publish it."""
        others = [Path(path) for path in auxiliary_files or ()]
        for path in (Path(main_file), *others):
            if not path.is_file():
                message = f"There is no file {path}."
                raise FileNotFoundError(message)
        fields = {"display_name": name, "product_type": product_type, "release": release, "pz_code": pz_code}
        number = create_product(self._connection, {**fields, "description": description, "visibility": visibility})
        upload = PzUpload(self._connection, number)
        upload.add_file(main_file, "main", progress)
        for path in others:
            upload.add_file(path, "auxiliary", progress)
        upload.inspect()
        if columns == "guess":
            columns = upload.guesses
        if columns:
            upload.make_columns_association(columns)
        if publish:
            _publish(upload, chosen=columns is not None)
        return upload

    def update_description(self, product_id: SupportsIndex | str, text: str) -> None:
        """Replace the description of a product of yours."""
        number = self._catalogue.number(product_id)
        self._connection.json("PATCH", f"products/{number}/", json={"description": text})

    def delete_product(self, product_id: SupportsIndex | str) -> None:
        """Delete a product of yours."""
        self._connection.json("DELETE", f"products/{self._catalogue.number(product_id)}/")


def _publish(upload: PzUpload, *, chosen: bool) -> None:
    try:
        upload.save()
    except RequiredColumnsError as e:
        if chosen:
            raise
        print(f"{e}. The product is a draft: make_columns_association, then save.")  # noqa: T201 - for notebooks
