"""Search filters of the list of products, as query parameters of its address."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from core.auth.models import Identity
from products.models import Release
from products.product_types import PRODUCT_TYPES
from products.search.facets import AREA_RANGES, ROW_RANGES, Facet, FacetValue
from products.search.queries import ProductQuery

__all__ = ["PAGE_SIZE", "Chosen", "ListFilters"]

PAGE_SIZE = 25

_LAST_PAGE = 100_000
_MAX_LENGTH = 200
_ORDERINGS = ("display_name", "product_type", "release", "owner", "rows", "created_at")
_NEWEST_FIRST = "-created_at"
_TYPES = {kind.name: kind.id for kind in PRODUCT_TYPES.values()}
_ROWS = {r.key: (r.low, r.high) for r in ROW_RANGES}
_AREAS = {r.key: (r.low, r.high) for r in AREA_RANGES}
_NO_RANGE = (None, None)
_YES_NO = {"yes": True, "no": False}
_COLLECTIONS = {"official": True, "user": False}
#: Parameters with a list of values, and what they are called.
_CHOICES: Mapping[str, tuple[str, Collection[str]]] = {
    "type": ("product type", _TYPES),
    "sort": ("column to sort by", _ORDERINGS),
    "redshifts": ("choice of redshifts", _YES_NO),
    "rows": ("range of rows", _ROWS),
    "area": ("range of sky area", _AREAS),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter in use, and the address of the list without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True)
class ListFilters:
    """Search filters; values that are not valid are left out, and listed in `ignored`.

    Parameters
    ----------
    collection
        ``official``, ``user`` or empty for all products; part of the address.
    owner
        Name of an account.
    redshifts, rows, area
        Keys of the values of these facets.
    position
        Right ascension, declination and perhaps a radius, that the products cover.
    ignored
        Sentences about values that are not valid.
    """

    collection: str = ""

    text: str = ""
    product_type: str = ""
    release: str = ""
    owner: str = ""
    redshifts: str = ""
    rows: str = ""
    area: str = ""
    position: str = ""
    mine: bool = False
    ordering: str = _NEWEST_FIRST
    page: int = 1
    ignored: tuple[str, ...] = ()

    @classmethod
    def of(cls, parameters: Mapping[str, str], collection: str = "") -> "ListFilters":
        """Parse the query parameters."""

        def text(name: str) -> str:
            return parameters.get(name, "").replace("\0", "").strip()[:_MAX_LENGTH]

        def one_of(name: str, known: Mapping[str, object]) -> str:
            return text(name) if text(name) in known else ""

        ordering, page = parameters.get("sort", ""), parameters.get("page", "")
        return cls(
            collection=collection,
            text=text("q"),
            product_type=one_of("type", _TYPES),
            release=text("release"),
            owner=text("owner"),
            redshifts=one_of("redshifts", _YES_NO),
            rows=one_of("rows", _ROWS),
            area=one_of("area", _AREAS),
            position=text("position"),
            mine="mine" in parameters,
            ordering=ordering if ordering.removeprefix("-") in _ORDERINGS else _NEWEST_FIRST,
            page=max(1, min(int(page), _LAST_PAGE)) if page.isascii() and page.isdecimal() and len(page) < 9 else 1,
            ignored=_ignored(parameters),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is in use."""
        return self != ListFilters(
            collection=self.collection, ordering=self.ordering, page=self.page, ignored=self.ignored
        )

    def query(
        self, identity: Identity, releases: tuple[Release, ...], owner: int | None, numbers: tuple[int, ...] | None
    ) -> ProductQuery:
        """Return the query of the product catalogue.

        Parameters
        ----------
        owner
            Id of the account with the owner's name.
        numbers
            Ids of the products that cover the position.
        """
        chosen = tuple(release.id for release in releases if release.name == self.release)
        owners = [identity.user_id] if self.mine and identity.user_id is not None else []
        if self.owner:
            owners = [owner or 0] if not owners or owners == [owner] else [0]  # no account has the id 0
        return ProductQuery(
            product_types=(_TYPES[self.product_type],) if self.product_type else (),
            releases=chosen,
            without_release=True if self.release == "none" else None,
            owners=tuple(owners),
            official=_COLLECTIONS.get(self.collection),
            with_redshift=_YES_NO.get(self.redshifts),
            rows=_ROWS.get(self.rows, _NO_RANGE),
            area=_AREAS.get(self.area, _NO_RANGE),
            numbers=numbers,
            text=self.text,
            ordering=self.ordering,
            offset=(self.page - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )

    def address(self, **changes: object) -> str:
        """Return the address of the list with some parameters changed."""
        values: dict[str, object] = {
            "q": self.text,
            "type": self.product_type,
            "release": self.release,
            **self.further,
            "position": self.position,
            "mine": 1 if self.mine else "",
            "sort": "" if self.ordering == _NEWEST_FIRST else self.ordering,
            "page": self.page if self.page > 1 else "",
        }
        kept = {key: value for key, value in (values | changes).items() if value not in {"", None}}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    @property
    def path(self) -> str:
        """The address of the list without its parameters."""
        return f"/products/{self.collection}" if self.collection else "/products"

    def elsewhere(self, collection: str) -> str:
        """Return the address of another list with these filters."""
        return replace(self, collection=collection).address(page="")

    @property
    def further(self) -> dict[str, str]:
        """Filters that are set by links of facets; hidden fields of the form."""
        return {"owner": self.owner, "redshifts": self.redshifts, "rows": self.rows, "area": self.area}

    def narrowed(self, facet: Facet, value: FacetValue) -> str:
        """Return the address of the list, filtered by a value of a facet."""
        return self.address(**{facet.name: value.key, "page": ""})

    def has(self, facet: Facet) -> bool:
        """Return whether the list is filtered by the facet."""
        return bool(
            self.further.get(facet.name) or {"type": self.product_type, "release": self.release}.get(facet.name)
        )

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        """Filters that were set by links, each with the link that removes it."""
        labels = {
            "owner": self.owner,
            "redshifts": {"yes": "with spectroscopic redshifts", "no": "without spectroscopic redshifts"}.get(
                self.redshifts, ""
            ),
            "rows": next((f"{r.label} rows" for r in ROW_RANGES if r.key == self.rows), ""),
            "area": next((r.label for r in AREA_RANGES if r.key == self.area), ""),
        }
        return tuple(Chosen(label, self.address(**{key: "", "page": ""})) for key, label in labels.items() if label)

    def sort_address(self, name: str) -> str:
        """Return the address that sorts by a column, or reverses its order."""
        return self.address(sort=f"-{name}" if self.ordering == name else name, page="")

    def sort_state(self, name: str) -> str:
        """Return the value of ``aria-sort`` of a column."""
        if self.ordering.removeprefix("-") != name:
            return "none"
        return "descending" if self.ordering.startswith("-") else "ascending"


def _ignored(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each parameter whose value is none of its list."""
    sentences = []
    for name, (label, known) in _CHOICES.items():
        value = parameters.get(name, "").strip()
        if value and (value.removeprefix("-") if name == "sort" else value) not in known:
            shown = value[:40].replace("\0", "")
            sentences.append(f"'{shown}' is no {label}; it was ignored. Use one of: {', '.join(known)}.")
    return tuple(sentences)
