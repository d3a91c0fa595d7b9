"""Runs of each pipeline as version 0.3 has them."""

from __future__ import annotations

from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

from pzserver.compat.process import FailedRunError, Process
from pzserver.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pzserver.compat.api import PzRequests

__all__ = ["CRCProcess", "FailedRunError", "Process", "TSMProcess", "VEProcess"]

Json = dict[str, Any]  # runs and products as users see them: names to texts, numbers, lists and None

_RULES = "flags_translation_file"


class CRCProcess(Process):
    """A run of Combine Redshift Catalogs."""

    def __init__(self, name: str, api: PzRequests) -> None:
        super().__init__("combine_redshift_dedup", name, api)
        self._catalogs: list[Json] = []

    @property
    def input_catalogs(self) -> list[Json]:
        """The catalogues that will be combined: name, internal_name and id."""
        return self._catalogs

    def append_catalog(self, _id: SupportsIndex | str | None = None, internal_name: str | None = None) -> None:
        """Add a redshift catalogue, by its number or its internal name; a second time has no effect."""
        product = self.get_product(_id, internal_name)
        if product["id"] not in self.inputs:
            keys = {"name": "display_name", "internal_name": "internal_name", "id": "id"}
            self._catalogs.append({key: product[source] for key, source in keys.items()})
            self.append_input(product["id"])

    def set_flags_translation(self, flags_translation: str | Path) -> None:
        """Set custom rules for flags, a YAML file."""
        self.set_config({_RULES: str(flags_translation)})

    def submit(self, data: Mapping[str, Any], files: Mapping[str, Any] | None = None) -> Json:
        """Start a run with the fields of a request, and with the file of rules if one is set."""
        rules = self.config.get(_RULES)
        if rules is None or rules == self.pipeline.parameters.get(_RULES):
            return super().submit(data, files)
        path = Path(rules)
        return super().submit(data, {**(files or {}), _RULES: (path.name, path.read_bytes())})

    def summary(self, extra_info: Iterable[str] | None = None) -> None:
        """Print inputs, parameters and status."""
        catalogs = [f"Input catalogs: {self.input_catalogs}"] if self.input_catalogs else []
        super().summary([*(extra_info or ()), *catalogs])


class TSMProcess(Process):
    """A run of the Training Set Maker."""

    def __init__(self, name: str, api: PzRequests) -> None:
        super().__init__("training_set_maker", name, api)
        self._release: Json | None = None
        self._redshift: Json | None = None

    @property
    def release(self) -> Json | None:
        """The release whose objects are used."""
        return self._release

    @property
    def redshift(self) -> Json | None:
        """The redshift catalogue."""
        return self._redshift

    def set_redshift(self, _id: SupportsIndex | str | None = None, internal_name: str | None = None) -> None:
        """Choose the redshift catalogue, by its number or its internal name."""
        self._redshift = self.get_product(_id, internal_name)
        self.empty_input()
        self.append_input(self._redshift["id"])

    def set_objects(self, _id: SupportsIndex | str | None = None, internal_name: str | None = None) -> None:
        """Choose a product of type Objects Catalog as the object catalogue."""
        self._release = None
        self._fields = {"objects": str(self._product(_id, internal_name)["id"])}

    def set_release(self, name: str | None = None, release_id: SupportsIndex | None = None) -> None:
        """Choose the object catalogue of a release, by the release's name or number."""
        if name is None and release_id is None:
            raise InvalidValueError("No release selected; name it by its name or its number.")
        found = self._api.get("releases", index(release_id)) if release_id is not None else None
        release = found or self._api.get_by_name("releases", str(name))
        if release is None:
            raise InvalidValueError(f"This server has no release '{name}'.")
        self._release = release
        self._fields = {"release": release["id"]}

    def summary(self, extra_info: Iterable[str] | None = None) -> None:
        """Print inputs, parameters and status."""
        release = [f"Release: {self.release['display_name']}"] if self.release else []
        super().summary([*(extra_info or ()), *release])


class VEProcess(Process):
    """A run of Validate Photo-z Estimates."""

    def __init__(self, name: str, api: PzRequests) -> None:
        super().__init__("validate_estimates", name, api)

    def append_estimates(self, _id: SupportsIndex | str | None = None, internal_name: str | None = None) -> None:
        """Add a product of type Photo-z Estimates, by its number or its internal name."""
        self.append_input(self.get_product(_id, internal_name)["id"])

    def set_reference(self, _id: SupportsIndex | str | None = None, internal_name: str | None = None) -> None:
        """Choose the product with the reference redshifts: a training set, a redshift catalogue or another table."""
        self._fields = {"objects": str(self._product(_id, internal_name)["id"])}
