"""Requests of version 0.3 to the REST API, by its names, over the connection of this library."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

from pzserver.connections.connection import Connection
from pzserver.errors import PzServerError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PzRequests"]

Json = dict[str, Any]  # what the REST API returns

_NEWER_NAMES = {
    "product_type": "product_type_name",
    "product_type__or": "product_type_name__or",
    "release": "release_name",
    "release__or": "release_name__or",
}
_ROLES = {"main": 0, "description": 1, "auxiliary": 2}
_WORKING = ("pending", "running")


class PzRequests:
    """Requests to the REST API.

    Parameters
    ----------
    connection
        A connection to use instead of a new one.
    """

    def __init__(self, token: str = "", host: str = "", *, connection: Connection | None = None) -> None:
        self._connection = connection or Connection(token, host)
        if connection is None:
            self._connection.settle()
        self._filters: tuple[str, ...] = ()

    # --- entities

    def get_entities(self) -> list[str]:
        """List the entities of the API."""
        return list(self._connection.json("GET", ""))

    def get_all(self, entity: str, ordering: str | None = None) -> list[Json]:
        """List all records of an entity."""
        params = {} if ordering is None else {"ordering": ordering}
        found: list[Json] = self._connection.json("GET", f"{entity}/", params=params)["results"]
        return found

    def get(self, entity: str, _id: SupportsIndex | str) -> Json:
        """Return one record."""
        record: Json = self._connection.json("GET", f"{entity}/{_id}/")
        return record

    def get_by_name(self, entity: str, name: str) -> Json | None:
        """Return the record with a name, or None."""
        found = self.get_by_attribute(entity, "name", name)["results"]
        return found[0] if found else None

    def get_by_attribute(self, entity: str, attribute: str, value: object) -> Json:
        """Return the records with a value of a field, with their ``count``."""
        found: Json = self._connection.json("GET", f"{entity}/", params={attribute: str(value)})
        return found

    def options(self, entity: str) -> Json:
        """Return the names of filters and orderings of an entity."""
        found: Json = self._connection.json("OPTIONS", f"{entity}/")
        return found

    # --- products

    def get_products(self, filters: Mapping[str, object] | None = None, status: int | None = 1) -> list[Json]:
        """List products, newest first.

        Parameters
        ----------
        filters
            Filters of the REST API; a list of values is sent as one text with commas.
        status
            1 is that of published products; None lists all of them.

        Raises
        ------
        ValueError
            The server has no such filter.
        """
        params = {} if status is None else {"status": str(status)}
        for name, value in (filters or {}).items():
            newer = _NEWER_NAMES.get(name, name)
            self._check_filter(name, newer)
            values = value if isinstance(value, list | tuple | set) else [value]
            params[newer] = ",".join(map(str, values))
        found: list[Json] = self._connection.json("GET", "products/", params=params)["results"]
        return found

    def get_product_files(self, product_id: int) -> list[Json]:
        """List the files of a product."""
        found: list[Json] = self._connection.json("GET", "product-files/", params={"product_id": product_id})["results"]
        return found

    def get_main_file_info(self, _id: int) -> Json:
        """Return the metadata of a main file: its columns, and those with a meaning as ``columns_association``."""
        main: Json = self._connection.json("GET", f"products/{_id}/main_file_info/")["main_file"]
        if found := main.get("associated_columns"):
            main["columns"] = [column["column_name"] for column in found]
            main["columns_association"] = [column for column in found if column["alias"]]
        return main

    def update_product_description(self, product_id: int, description: str) -> Json:
        """Replace the description of a product."""
        changed: Json = self._connection.json("PATCH", f"products/{product_id}/", json={"description": description})
        return changed

    def delete_product(self, product_id: int) -> None:
        """Delete a product."""
        self._connection.json("DELETE", f"products/{product_id}/")

    def delete_product_file(self, file_id: int) -> None:
        """Remove a file of a product."""
        self._connection.json("DELETE", f"product-files/{file_id}/")

    # --- downloads

    def download_product(
        self, _id: int, save_in: str | Path = ".", timeout: float = 1800, poll_interval: float = 2
    ) -> Json:
        """Save a zip of a product in a folder; ``message`` is its path."""
        return self._download(f"products/{_id}/download", save_in, timeout, poll_interval)

    def download_main_file(
        self, _id: int, save_in: str | Path = ".", timeout: float = 1800, poll_interval: float = 2
    ) -> Json:
        """Save the main file of a product in a folder; ``message`` is its path."""
        return self._download(f"products/{_id}/download/main-file", save_in, timeout, poll_interval)

    # --- uploads

    def upload_basic_info(
        self,
        name: str,
        product_type: str,
        release: str | None = None,
        pz_code: str | None = None,
        description: str | None = None,
    ) -> Json:
        """Create a draft; type and release are internal names."""
        fields: Json = {"display_name": name, "pz_code": pz_code, "description": description}
        for entity, key, value in (("product-types", "product_type", product_type), ("releases", "release", release)):
            found = None if value is None else self.get_by_name(entity, value)
            if value is not None and found is None:
                names = ", ".join(str(each["name"]) for each in self.get_all(entity))
                message = f"'{value}' is not one of the {entity.replace('-', ' ')} of this server; they are {names}."
                raise ValueError(message)
            fields[key] = None if found is None else found["id"]
        draft: Json = self._connection.json("POST", "products/", json=fields)
        return draft

    def upload_file(self, product_id: int, filepath: str | Path, role: str, mimetype: str | None = None) -> Json:  # noqa: ARG002 - the server recognises the type
        """Upload a file as main, description or auxiliary; one of a name that is taken gets another name."""
        fields = {"product": str(product_id), "role": str(_ROLES[role])}
        with Path(filepath).open("rb") as file:
            sent: Json = self._connection.json("POST", "product-files/", data=fields, files={"file": file})
        return sent

    def registry_upload(self, product_id: int) -> Json:
        """Have the server read the main file."""
        found: Json = self._connection.json("GET", f"products/{product_id}/registry/")
        return found

    def update_upload_column(self, id_attr: int, data: Mapping[str, str | None]) -> Json:
        """Change ``ucd`` and ``alias`` of a column."""
        changed: Json = self._connection.json("PATCH", f"product-contents/{id_attr}/", json=dict(data))
        return changed

    def finish_upload(self, product_id: int) -> Json:
        """Publish a draft."""
        published: Json = self._connection.json("PATCH", f"products/{product_id}/", json={"status": 1})
        return published

    # --- pipelines

    def start_process(self, data: Mapping[str, Any], files: Mapping[str, Any] | None = None) -> Json:
        """Start a run; ``used_config`` may be a mapping."""
        fields = {**data, "used_config": json.dumps(data.get("used_config") or {})}
        fields = {key: value for key, value in fields.items() if value is not None}
        sent: Json = {"json": fields} if not files else {"data": fields, "files": dict(files)}
        process: Json = self._connection.json("POST", "processes/", **sent)
        return process

    def stop_process(self, process_id: int) -> Json:
        """Abort a run."""
        stopped: Json = self._connection.json("POST", f"processes/{process_id}/stop/")
        return stopped

    def _check_filter(self, name: str, newer: str) -> None:
        if not self._filters:
            found = self.options("products")
            names = [each["name"] for each in found["filter_classes"]]
            self._filters = (*names, *found["filterset"], *found.get("content_filters", ()), "search")
        if newer not in self._filters:
            older = {value: key for key, value in _NEWER_NAMES.items()}
            names = sorted({older.get(each, each) for each in self._filters})
            message = f"'{name}' is not a filter; the filters are {', '.join(names)}."
            raise ValueError(message)

    def _download(self, address: str, save_in: str | Path, timeout: float, poll_interval: float) -> Json:
        from pzserver.files.downloads import download
        from pzserver.files.product_files import local_name

        archive = self._connection.json("POST", f"{address}/prepare/")
        deadline = time.monotonic() + timeout
        while archive["status"] in _WORKING:
            if time.monotonic() > deadline:
                message = f"The server has not prepared the download within {timeout:g} s; try again."
                raise PzServerError(message)
            time.sleep(poll_interval)
            archive = self._connection.json("GET", f"{address}/status/")
        if archive["status"] != "ready":
            raise PzServerError(archive.get("error_message") or f"The download is {archive['status']}.")
        folder = Path(save_in)
        folder.mkdir(parents=True, exist_ok=True)
        # The public address may be another one, to which the token is not sent.
        url = f"{self._connection.base_url}/api/{archive['download_url'].partition('/api/')[2]}"
        path = folder / local_name(archive["filename"])
        download(self._connection, url, path, size=archive["size"], sha256=archive["checksum"])
        return {"success": True, "message": str(path), "status_code": 200}
