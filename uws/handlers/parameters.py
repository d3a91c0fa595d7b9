"""What a client asks for, read out of the parameters of its request (UWS 1.1 §2.2)."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from core.errors import InvalidValueError
from core.web.dali import DaliParameters
from uws.models import Phase

__all__ = [
    "parse_after",
    "parse_duration",
    "parse_last",
    "parse_phase",
    "parse_phases",
    "parse_time",
    "parse_wait",
    "requested_parameters",
    "whole_number",
]

_MOST_LISTED = 1_000_000
_LONGEST_NUMBER = 15
_NUMBER = re.compile(r"[+-]?[0-9]+")


def requested_parameters(parameters: DaliParameters, names: Iterable[str], repeated: Iterable[str]) -> dict[str, str]:
    """Return the parameters of a job among those of a request; what else there is, is ignored (DALI 1.1 §3.2).

    Parameters
    ----------
    names
        Parameters that may stand once.
    repeated
        Parameters that add up; their values are joined by semicolons, as UPLOAD has it (TAP 1.1 §2.7.6).
    """
    once = {name: value for name in names if (value := parameters.one(name)) is not None}
    joined = {name: ";".join(filter(None, parameters.all(name))) for name in repeated}
    return once | {name: value for name, value in joined.items() if value}


def parse_phases(parameters: DaliParameters) -> tuple[Phase, ...]:
    """Read PHASE of a list, which may be repeated."""
    return tuple(_phase(value) for value in parameters.all("PHASE") if value.strip())


def parse_phase(parameters: DaliParameters) -> Phase | None:
    """Read the PHASE that goes with WAIT."""
    value = parameters.one("PHASE")
    return None if value is None else _phase(value)


def parse_after(parameters: DaliParameters) -> datetime | None:
    """Read AFTER: an instant."""
    value = parameters.one("AFTER")
    return None if value is None else parse_time("AFTER", value)


def parse_last(parameters: DaliParameters) -> int | None:
    """Read LAST: a number of jobs."""
    value = parameters.one("LAST")
    if value is None:
        return None
    number = whole_number("LAST", value)
    if number < 1:
        raise InvalidValueError(f"LAST={value} is not a number of jobs from 1 on.", field="LAST")
    return min(number, _MOST_LISTED)


def parse_wait(parameters: DaliParameters) -> int | None:
    """Read WAIT: seconds, negative for as long as the service likes."""
    value = parameters.one("WAIT")
    return None if value is None else whole_number("WAIT", value)


def parse_duration(value: str) -> int:
    """Read EXECUTIONDURATION: seconds, 0 for as long as the service allows."""
    seconds = whole_number("EXECUTIONDURATION", value)
    if seconds < 0:
        raise InvalidValueError(
            f"EXECUTIONDURATION={value} is not a number of seconds from 0 on.", field="EXECUTIONDURATION"
        )
    return seconds


def parse_time(name: str, value: str) -> datetime:
    """Read an instant; one without a zone is UTC (DALI 1.1 §3.3.3)."""
    try:
        time = datetime.fromisoformat(value.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as e:
        message = f"{name}={value[:100]} is not a time like 2026-11-23T04:05:06Z."
        raise InvalidValueError(message, field=name) from e


def whole_number(name: str, value: str) -> int:
    """Read a whole number."""
    text = value.strip()
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        raise InvalidValueError(f"{name}={value[:100]} is not a whole number.", field=name)
    return int(text)


def _phase(value: str) -> Phase:
    try:
        return Phase(value.strip().upper())
    except ValueError as e:
        message = f"PHASE={value[:100]} is not a phase; there are {', '.join(Phase)}."
        raise InvalidValueError(message, field="PHASE") from e
