"""Filters of the list of jobs, which are in its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from core.auth.models import Identity
from core.errors import InvalidValueError
from uws import JobKind, Phase

__all__ = ["PAGE_SIZE", "JobFilters"]

PAGE_SIZE = 50
#: Words of the filter of phases.
_PHASES: Mapping[str, tuple[Phase, ...]] = {
    "waiting": (Phase.PENDING, Phase.QUEUED, Phase.HELD, Phase.SUSPENDED),
    "running": (Phase.EXECUTING,),
    "completed": (Phase.COMPLETED,),
    "failed": (Phase.ERROR,),
    "aborted": (Phase.ABORTED,),
    "archived": (Phase.ARCHIVED,),
}
_MAX_DIGITS = 6


@dataclass(frozen=True, slots=True)
class JobFilters:
    """Chosen filters.

    Parameters
    ----------
    kind
        Name of the kind of job; empty for all.
    state
        Word for the phases; empty for all but ARCHIVED.
    owner
        Name of the user whose jobs an administrator wants to see; empty for those of all.
    user
        Name of the caller if the caller sees own jobs alone.
    """

    kind: str
    state: str
    owner: str
    page: int
    user: str | None

    @classmethod
    def of(cls, values: Mapping[str, str], identity: Identity, kinds: Mapping[str, JobKind]) -> "JobFilters":
        """Parse the parameters of an address.

        Raises
        ------
        InvalidValueError
            There is no such kind, state or page.
        """
        kind, state, page = values.get("kind", ""), values.get("state", ""), values.get("page", "") or "1"
        if kind and kind not in kinds:
            raise InvalidValueError(f"There is no kind of job '{kind:.60}'.", field="kind")
        if state and state not in _PHASES:
            raise InvalidValueError(
                f"'{state:.60}' is not a state of jobs; choose {', '.join(_PHASES)}.", field="state"
            )
        if not (page.isascii() and page.isdecimal() and 0 < len(page) <= _MAX_DIGITS and int(page)):
            raise InvalidValueError(f"'{page:.60}' is not the number of a page.", field="page")
        is_admin = identity.acts_as_admin
        owner = values.get("owner", "").strip() if is_admin else ""
        return cls(kind, state, owner, int(page), None if is_admin else identity.name)

    @property
    def states(self) -> tuple[str, ...]:
        """The words that may be chosen."""
        return tuple(_PHASES)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are to be listed; empty for all."""
        return (self.kind,) if self.kind else ()

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases that are to be listed; empty for all but ARCHIVED."""
        return _PHASES.get(self.state, ())

    @property
    def owner_condition(self) -> str | None:
        """The owner of the jobs that are to be listed; None for all users."""
        return self.user or self.owner or None

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter was chosen."""
        return bool(self.kind or self.state or self.owner)

    def page_address(self, page: int) -> str:
        """Return the address of another page of the list."""
        chosen = {"kind": self.kind, "state": self.state, "owner": self.owner, "page": page if page > 1 else ""}
        return f"/jobs?{urlencode({name: value for name, value in chosen.items() if value})}".removesuffix("?")
