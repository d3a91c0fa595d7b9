"""What can be done with a product beside reading its rows: share it, cite it, make a new version, plot it."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from pzserver.errors import InvalidValueError
from pzserver.models import IssuedLink, Link, ProductVersions, RelatedResource, SharedProduct
from pzserver.products.plots import ProductPlots
from pzserver.products.provenance import Provenance
from pzserver.uploads import PzUpload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qp import Ensemble

    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
    from pzserver.products.rail import RailHandle
    from pzserver.tables.columns import ColumnList
    from pzserver.tables.results import QueryResult

__all__ = ["ProductActions", "Visibility"]

Visibility = Literal["private", "groups", "registered", "public"]

_WITH_DENSITIES = frozenset({"photoz_estimates"})


class ProductActions:
    """Actions of a product, which `Product` inherits."""

    _connection: Connection
    _catalogue: Catalogue

    if TYPE_CHECKING:  # what `Product` has, for the actions

        @property
        def number(self) -> int:
            """Its number."""

        @property
        def internal_name(self) -> str:
            """Its internal name."""

        @property
        def display_name(self) -> str:
            """Its name for people."""

        @property
        def row_count(self) -> int | None:
            """Number of rows."""

        @cached_property
        def meta(self) -> dict[str, Any]:
            """Metadata."""

        @cached_property
        def _found(self) -> dict[str, Any]:
            """What the catalogue has of it."""

        @cached_property
        def columns(self) -> ColumnList:
            """Columns of the table."""

        def query(self, adql: str, *, limit: int | None = None) -> QueryResult:
            """Run a query."""

        def positions(self, what_for: str) -> tuple[str, str]:
            """Return the columns of positions."""

    # --- sharing

    def share(
        self, visibility: Visibility | None = None, *, groups: Iterable[str] = (), users: Iterable[str] = ()
    ) -> SharedProduct:
        """Let others read the product, and return it with the server's warnings.

        Parameters
        ----------
        visibility
            Who may read it: ``private``, ``groups``, ``registered`` or ``public``. With groups alone, ``groups``.
        groups
            Names of groups that may read it as well.
        users
            User names that become co-owners, who may change it.
        """
        added, people = list(groups), list(users)
        if visibility is None and not added and not people:
            message = "Say who may read the product: a visibility, groups or users."
            raise InvalidValueError(message)
        fields: dict[str, object] = {}
        if added:
            fields["groups"] = list(dict.fromkeys([*self._fresh()["groups"], *added]))
            fields["visibility"] = visibility or "groups"
        elif visibility is not None:
            fields["visibility"] = visibility
        found: Mapping[str, object] = self._connection.json("PATCH", self._path(""), json=fields)
        warnings = list(SharedProduct.from_json(found).warnings)
        for user in people:
            found = self._connection.json("PUT", self._path(f"co-owners/{quote(user, safe='')}"))
            warnings += found["warnings"] if isinstance(found["warnings"], list) else []
        self._forget()
        return SharedProduct.from_json({**found, "warnings": list(dict.fromkeys(warnings))})

    def unshare(self, *, groups: Iterable[str] = (), users: Iterable[str] = ()) -> SharedProduct:
        """Withdraw what `share` gave to groups and users; without any, to all of them, and revoke the links."""
        gone, people = set(groups), list(users)
        fields: dict[str, object] = {}
        if not gone and not people:
            people = list(self._fresh()["co_owners"])
            fields = {"groups": [], "visibility": "private"}
            for link in self.links:
                self.revoke_link(link.id)
        elif gone:
            left = [name for name in self._fresh()["groups"] if name not in gone]
            fields = {"groups": left} | ({} if left else {"visibility": "private"})
        for user in people:
            self._connection.json("DELETE", self._path(f"co-owners/{quote(user, safe='')}"))
        found = self._connection.json("PATCH", self._path(""), json=fields)
        self._forget()
        return SharedProduct.from_json(found)

    @property
    def links(self) -> tuple[Link, ...]:
        """Valid links for people without an account, without their secrets."""
        results = self._connection.json("GET", self._path("links"))["results"]
        return tuple(Link.from_json(item) for item in results)

    def share_link(self, *, days: int = 14, note: str = "") -> IssuedLink:
        """Create a link for people without an account; its address is shown once."""
        made = self._connection.json("POST", self._path("links"), json={"days": days, "note": note})
        return IssuedLink.from_json(made)

    def revoke_link(self, link_id: int) -> None:
        """Revoke a link by its number."""
        self._connection.json("DELETE", self._path(f"links/{link_id}"))

    # --- versions, provenance, citation

    @property
    def versions(self) -> ProductVersions:
        """The previous version and the newer ones."""
        return ProductVersions.from_json(self._connection.json("GET", self._path("versions")))

    def new_version(self) -> PzUpload:
        """Create a new version with the same metadata, as a draft without files; return its upload."""
        made = self._connection.json("POST", self._path("new_version"))
        return PzUpload(self._connection, int(made["id"]))

    @property
    def provenance(self) -> Provenance:
        """Where the product comes from."""
        return Provenance.from_json(self._connection.json("GET", self._path("provenance")))

    @property
    def relations(self) -> tuple[RelatedResource, ...]:
        """Related products, DOIs and addresses."""
        return tuple(RelatedResource.from_json(item) for item in self._connection.json("GET", self._path("relations")))

    def derive_from(self, *sources: ProductActions | int | str) -> tuple[RelatedResource, ...]:
        """Record that the product is derived from others: products, DOIs or addresses; return all relations."""
        kept = [{"kind": each.kind, "target": each.target} for each in self.relations]
        added = [
            {"kind": "IsDerivedFrom", "target": str(each.number if isinstance(each, ProductActions) else each)}
            for each in sources
        ]
        self._connection.json("PATCH", self._path(""), json={"related": [*kept, *added]})
        return self.relations

    def cite(self, style: Literal["text", "bibtex", "ris", "cff"] = "text") -> str:
        """Return the citation of the product.

        Parameters
        ----------
        style
            ``text``, ``bibtex``, ``ris``, or ``cff`` for a CITATION.cff.
        """
        url = f"{self._connection.base_url}/api/{self._path('citation')}"
        response = self._connection.request("GET", url, params={"format": style})
        response.encoding = "utf-8"
        return response.text

    # --- plots

    @property
    def plot(self) -> ProductPlots:
        """Plots of the rows by matplotlib; the server counts the rows."""
        return ProductPlots(self)

    # --- densities

    def ensemble(
        self,
        columns: Iterable[str] | None = None,
        cone: tuple[float, float, float] | None = None,
        *,
        maxrec: int | None = None,
    ) -> Ensemble:
        """Return the probability densities as an ensemble of qp; see `pzserver.PzServer.ensemble`."""
        from pzserver.products.ensembles import ensemble_of

        found: Ensemble = ensemble_of(self._catalogue.votable(self._found, columns, cone, maxrec=maxrec))
        return found

    def rail(self) -> RailHandle:
        """Return a handle of RAIL: of the densities, where the product has them, else of the rows as arrays.

        Raises
        ------
        ImportError
            RAIL is not installed; the message says how to install it.
        """
        from pzserver.products.rail import qp_handle, require_rail, table_handle

        require_rail()
        if self.meta["product_type_internal_name"] in _WITH_DENSITIES:
            with suppress(ValueError):  # estimates that are numbers alone
                return qp_handle(self.internal_name, self.ensemble())
        return table_handle(self.internal_name, self.query("SELECT * FROM {table}").to_table())

    def _path(self, part: str) -> str:
        return f"products/{self.number}/{part}"

    def _fresh(self) -> dict[str, Any]:
        self._forget()
        return self.meta

    def _forget(self) -> None:
        """Forget the metadata, which are then read again."""
        self.__dict__.pop("meta", None)
