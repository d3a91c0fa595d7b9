"""Uploads of products through the REST API, from the draft to the publication."""

import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pzserver.compat.uploads import TodaysUpload
from pzserver.connections.connection import Connection
from pzserver.errors import InvalidValueError, PzServerError
from pzserver.files.downloads import Progress

__all__ = ["PzUpload", "create_product", "publish_product", "wait_for_inspection"]

_CHUNK = 1 << 20
_WAIT_SECONDS = 30


def create_product(connection: Connection, fields: Mapping[str, Any]) -> int:
    """Create a product and return its number.

    Parameters
    ----------
    fields
        Fields of the REST API, except that ``product_type`` and ``release`` are internal names.
    """
    kind = _number_of(connection, "product-types", str(fields["product_type"]))
    release = fields.get("release")
    number = None if release is None else _number_of(connection, "releases", str(release))
    answer = connection.json("POST", "products/", json={**fields, "product_type": kind, "release": number})
    return int(answer["id"])


def wait_for_inspection(connection: Connection, product_id: int, state: dict[str, Any]) -> dict[str, Any]:
    """Wait until the inspection of a main file does not run any more, and return its state.

    Parameters
    ----------
    state
        Its present state.
    """
    while state["state"] == "running":
        state = connection.json("GET", f"products/{product_id}/inspection", params={"wait": _WAIT_SECONDS})
    return state


def publish_product(connection: Connection, product_id: int) -> dict[str, Any]:
    """Publish a product, wait while it is processed, and return its metadata.

    Raises
    ------
    RequiredColumnsError
        Mandatory meanings of its type are missing.
    """
    metadata: dict[str, Any] = connection.json("POST", f"products/{product_id}/publish")
    while metadata["product_status"] == "Processing":
        connection.json("GET", f"products/{product_id}/inspection", params={"wait": _WAIT_SECONDS})
        metadata = connection.json("GET", f"products/{product_id}/")
    return metadata


class PzUpload(TodaysUpload):
    """A product that is being uploaded.

    Parameters
    ----------
    product_id
        Its number.
    """

    def __init__(self, connection: Connection, product_id: int) -> None:
        self._connection = connection
        self.product_id = product_id
        #: Guessed meanings of columns, once the main file was inspected: names to meanings.
        self.guesses: dict[str, str] = {}

    @property
    def metadata(self) -> dict[str, Any]:
        """Present metadata of the product."""
        answer: dict[str, Any] = self._connection.json("GET", f"products/{self.product_id}/")
        return answer

    @property
    def is_published(self) -> bool:
        """Whether it is published."""
        return bool(self.metadata["product_status"] == "Published")

    @property
    def columns(self) -> dict[str, str | None]:
        """The columns of the table, and the meaning that each one has."""
        found = self._connection.json("GET", "product-contents/", params={"product": self.product_id})
        return {item["column_name"]: item["alias"] for item in found["results"]}

    def add_file(self, path: str | Path, role: str = "auxiliary", progress: Progress | None = None) -> None:
        """Upload a file; the roles are main, description and auxiliary.

        Raises
        ------
        FileNotFoundError
            The file does not exist.
        """
        path = Path(path)
        size = path.stat().st_size
        name = quote(path.name, safe="")
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        headers = {"Content-Type": media_type, "Content-Length": str(size)}
        url = f"products/{self.product_id}/files/{name}"
        body = _Body(path, size, progress)
        self._connection.json("PUT", url, params={"role": role}, data=body, headers=headers)

    def inspect(self) -> dict[str, Any]:
        """Start the inspection of the main file, wait for it, and return its result.

        Raises
        ------
        InvalidValueError
            The file cannot be read; the message states the reason.
        """
        started = self._connection.json("POST", f"products/{self.product_id}/inspect")
        state = wait_for_inspection(self._connection, self.product_id, started)
        if state["state"] == "failed":
            raise InvalidValueError(state["error"])
        found: dict[str, Any] = state["found"]
        guessed = found.get("meanings") or {}
        self.guesses = {column: meaning for meaning, column in guessed.items() if column is not None}
        return found

    def make_columns_association(self, data: Mapping[str, str]) -> None:
        """Set the meanings of columns; those that are not named keep theirs.

        Parameters
        ----------
        data
            Column name to ``ID``, ``RA``, ``Dec``, ``z``, ``z_err``, ``z_flag``, ``survey``, or to a free alias.
        """
        moved = {meaning.lower() for meaning in data.values()}
        kept = {name: alias for name, alias in self.columns.items() if alias and alias.lower() not in moved}
        self._connection.json("PUT", f"products/{self.product_id}/columns", json={**kept, **data})

    def reset_columns_association(self) -> None:
        """Remove all meanings."""
        self._connection.json("PUT", f"products/{self.product_id}/columns", json={})

    def save(self) -> None:
        """Publish the product.

        Raises
        ------
        RequiredColumnsError
            Mandatory meanings of its type are missing.
        """
        answer = publish_product(self._connection, self.product_id)
        if answer["product_status"] != "Published":
            state = self._connection.json("GET", f"products/{self.product_id}/inspection")
            raise PzServerError(state["error"] or f"The product is {answer['product_status'].lower()}, not published.")


class _Body:
    """Request body that streams a file and reports progress."""

    def __init__(self, path: Path, size: int, progress: Progress | None) -> None:
        self._path = path
        self._size = size
        self._progress = progress

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        done = 0
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
                done += len(chunk)
                if self._progress is not None:
                    self._progress(done, self._size)


def _number_of(connection: Connection, what: str, name: str) -> int:
    found = connection.json("GET", f"{what}/", params={"name": name})["results"]
    if not found:
        names = _names(connection.json("GET", f"{what}/")["results"])
        message = f"'{name}' is not one of the {what.replace('-', ' ')} of this server; they are {names or 'none'}."
        raise ValueError(message)
    return int(found[0]["id"])


def _names(items: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(str(item["name"]) for item in items)
