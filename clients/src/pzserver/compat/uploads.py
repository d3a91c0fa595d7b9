"""What uploads have of version 0.3: names of meanings, checks, and attachments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pzserver.compat.deprecations import warn_once
from pzserver.errors import RequiredColumnsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pzserver.compat.api import PzRequests
    from pzserver.connections.connection import Connection

__all__ = ["SYSTEM_COLUMNS", "RequiredColumnsException", "TodaysUpload", "UploadData"]

#: Name of version 0.3.
RequiredColumnsException = RequiredColumnsError

#: Meanings of columns by their key: alias and UCD.
SYSTEM_COLUMNS: Mapping[str, tuple[str, str]] = {
    "id": ("ID", "meta.id;meta.main"),
    "ra": ("RA", "pos.eq.ra;meta.main"),
    "dec": ("Dec", "pos.eq.dec;meta.main"),
    "z": ("z", "src.redshift"),
    "z_err": ("z_err", "stat.error;src.redshift"),
    "z_flag": ("z_flag", "stat.rank"),
    "survey": ("survey", "meta.curation"),
}


@dataclass
class UploadData:
    """Fields of an upload; files are named by their paths, or by their names on the server."""

    name: str
    product_type: str
    main_file: str
    release: str | None = None
    pz_code: str | None = None
    auxiliary_files: list[str] | None = None
    description: str | None = None

    @property
    def system_columns(self) -> dict[str, tuple[str, str]]:
        """Meanings of columns by their key: alias and UCD."""
        return dict(SYSTEM_COLUMNS)


class TodaysUpload:
    """Names of version 0.3, which `PzUpload` inherits."""

    _connection: Connection
    product_id: int

    @property
    def api(self) -> PzRequests:
        """Requests to the REST API by the names of version 0.3."""
        warn_once("PzUpload.api", "the methods of PzUpload")
        return self._api

    @property
    def upload(self) -> UploadData:
        """The fields of the upload, with the names of its files on the server."""
        warn_once("PzUpload.upload", "PzUpload.metadata")
        found, files = self._metadata(), self._files()
        return UploadData(
            name=found["display_name"],
            product_type=found["product_type_internal_name"],
            main_file=next((file["name"] for file in files if file["role_name"] == "Main"), ""),
            release=found["release_name"],
            pz_code=found["pz_code"],
            auxiliary_files=[file["name"] for file in files if file["role_name"] == "Auxiliary"],
            description=found["description"],
        )

    @property
    def system_columns(self) -> dict[str, tuple[str, str]]:
        """Meanings of columns by their key: alias and UCD."""
        return dict(SYSTEM_COLUMNS)

    @property
    def files_id(self) -> list[int]:
        """Numbers of the files."""
        return [int(file["id"]) for file in self._files()]

    def get_product_columns(self) -> dict[str, int]:
        """Return the names of the columns with their numbers."""
        return {str(each["column_name"]): int(each["id"]) for each in self._columns()}

    def add_auxiliary_file(self, filepath: str | Path, update: bool = True) -> None:  # noqa: ARG002 - scripts give it
        """Add a file; one of a name that is taken gets a number in its name."""
        self._api.upload_file(self.product_id, filepath, "auxiliary")

    def check_required_columns(self) -> dict[str, Any]:
        """Return whether all mandatory meanings are set: ``success``, and a ``message``."""
        types = self._connection.json("GET", "product-types/", params={"id": self._metadata()["product_type"]})
        set_ones = {str(each["alias"]).lower() for each in self._columns() if each["alias"]}
        mandatory = types["results"][0]["mandatory_columns"]
        missing = [SYSTEM_COLUMNS[key][0] for key in mandatory if key not in set_ones]
        if missing:
            return {"success": False, "message": f"Required columns NOT filled: {missing}"}
        return {"success": True, "message": "All required columns filled"}

    @property
    def _api(self) -> PzRequests:
        from pzserver.compat.api import PzRequests

        return PzRequests(connection=self._connection)

    def _metadata(self) -> dict[str, Any]:
        return self._api.get("products", self.product_id)

    def _files(self) -> list[dict[str, Any]]:
        return self._api.get_product_files(self.product_id)

    def _columns(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._api.get_by_attribute("product-contents", "product", self.product_id)[
            "results"
        ]
        return found
