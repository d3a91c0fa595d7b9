"""Requests of OAI-PMH 2.0 §4: the verbs with their arguments, and the form of dates (§3.3)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType

from registry.models import Window
from registry.oai.errors import BadArgumentError, BadVerbError

__all__ = ["SETS", "HarvestRequest", "harvest_request", "window_of"]

#: The sets with their names: all records are ours (Registry Interfaces 1.1 §3.3).
SETS: Mapping[str, str] = MappingProxyType({"ivo_managed": "Resources of the authority that this registry manages"})

_LIST = frozenset({"from", "until", "set", "resumptionToken", "metadataPrefix"})
#: The arguments that a verb may have.
_ALLOWED: Mapping[str, frozenset[str]] = {
    "Identify": frozenset(),
    "ListMetadataFormats": frozenset({"identifier"}),
    "ListSets": frozenset({"resumptionToken"}),
    "ListIdentifiers": _LIST,
    "ListRecords": _LIST,
    "GetRecord": frozenset({"identifier", "metadataPrefix"}),
}
#: Those that it must have, unless there is a resumption token.
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "ListIdentifiers": ("metadataPrefix",),
    "ListRecords": ("metadataPrefix",),
    "GetRecord": ("identifier", "metadataPrefix"),
}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SECOND = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class HarvestRequest:
    """A verb with its arguments, which are legal for it."""

    verb: str
    arguments: Mapping[str, str]


def harvest_request(pairs: Sequence[tuple[str, str]]) -> HarvestRequest:
    """Return the request that names and values make.

    Raises
    ------
    BadVerbError
        There is not one verb, or it is unknown.
    BadArgumentError
        An argument is unknown to the verb, missing or repeated.
    """
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in _ALLOWED:
        given = f"'{verbs[0]:.60}' is no verb" if len(verbs) == 1 else f"There are {len(verbs)} verbs"
        raise BadVerbError(f"{given}; send one of {', '.join(_ALLOWED)}.")
    verb, arguments = verbs[0], dict[str, str]()
    for name, value in pairs:
        if name == "verb":
            continue
        if name not in _ALLOWED[verb]:
            message = f"{verb} has no argument '{name:.60}'."
            raise BadArgumentError(message)
        if name in arguments:
            message = f"The argument {name} is repeated; send it once."
            raise BadArgumentError(message)
        arguments[name] = value
    _check_required(verb, arguments)
    return HarvestRequest(verb, arguments)


def window_of(arguments: Mapping[str, str], *, products_only: bool = False) -> Window:
    """Return the period of ``from`` and ``until``, both inclusive.

    Raises
    ------
    BadArgumentError
        One is no date, their granularity differs, or the first is later than the last.
    """
    first, last = arguments.get("from"), arguments.get("until")
    if first is not None and last is not None and len(first) != len(last):
        message = f"'{first:.40}' and '{last:.40}' differ in granularity; give both as days, or both with seconds."
        raise BadArgumentError(message)
    since = None if first is None else _time_of(first, "from")
    until = None if last is None else _time_of(last, "until")
    if until is not None and last is not None and _DAY.fullmatch(last):
        until += timedelta(days=1, seconds=-1)
    if since is not None and until is not None and since > until:
        message = f"from={first:.40} is later than until={last:.40}."
        raise BadArgumentError(message)
    return Window(since, until, products_only=products_only)


def _check_required(verb: str, arguments: Mapping[str, str]) -> None:
    if "resumptionToken" in arguments:
        if len(arguments) > 1:
            message = "resumptionToken is exclusive; send no other argument beside it."
            raise BadArgumentError(message)
        return
    for name in _REQUIRED.get(verb, ()):
        if name not in arguments:
            message = f"{verb} needs the argument {name}."
            raise BadArgumentError(message)


def _time_of(text: str, name: str) -> datetime:
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(datetime.fromisoformat(text).date(), time(), UTC)
        if _SECOND.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass  # a month or an hour that does not exist
    message = f"{name}='{text:.40}' is no time; write YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ."
    raise BadArgumentError(message)
