"""Parsing of the request parameters of UWS 1.1 §2.2: PHASE, WAIT, AFTER, LAST, EXECUTIONDURATION, DESTRUCTION."""

import difflib
import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from core.errors import InvalidValueError
from core.web.dali import DaliParameters
from uws.models import Phase

__all__ = [
    "parse_after",
    "parse_duration",
    "parse_integer",
    "parse_last",
    "parse_phase",
    "parse_phases",
    "parse_run",
    "parse_time",
    "parse_wait",
    "refuse_unknown",
    "requested_parameters",
]

#: Parameters of UWS 1.1 and DALI 1.1, with which a request may come to any job list.
_STANDARD = frozenset(
    {
        "ACTION", "AFTER", "DESTRUCTION", "EXECUTIONDURATION", "LAST", "MAXREC", "PHASE", "REQUEST", "RESPONSEFORMAT",
        "RUNID", "UPLOAD", "VERSION", "WAIT",
    }
)  # fmt: skip
_MAX_LISTED = 1_000_000
_MAX_DIGITS = 15
_NUMBER = re.compile(r"[+-]?[0-9]+")


def refuse_unknown(parameters: DaliParameters, known: Collection[str]) -> None:
    """Check that a job list has all parameters of a request.

    Parameters
    ----------
    known
        The parameters of its jobs, in upper case, beside those of UWS and DALI.

    Raises
    ------
    InvalidValueError
        There is no such parameter; the sentence names the nearest one.
    """
    for name, _ in parameters.pairs():
        if name in known or name in _STANDARD:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"the parameters are {', '.join(sorted(known))}."
        raise InvalidValueError(f"There is no parameter {name[:100]}; {hint}", field=name)


def requested_parameters(parameters: DaliParameters, names: Iterable[str], repeated: Iterable[str]) -> dict[str, str]:
    """Return the job parameters among those of a request; others are ignored (DALI 1.1 §3.2).

    Parameters
    ----------
    names
        Parameters that may be given once.
    repeated
        Parameters that add up; their values are joined by semicolons, as UPLOAD has it (TAP 1.1 §2.7.6).
    """
    once = {name: value for name in names if (value := parameters.one(name)) is not None}
    joined = {name: ";".join(filter(None, parameters.all(name))) for name in repeated}
    return once | {name: value for name, value in joined.items() if value}


def parse_phases(parameters: DaliParameters) -> tuple[Phase, ...]:
    """Parse PHASE as a filter of the job list; it may be repeated."""
    return tuple(_phase(value) for value in parameters.all("PHASE") if value.strip())


def parse_phase(parameters: DaliParameters) -> Phase | None:
    """Parse the PHASE that goes with WAIT."""
    value = parameters.one("PHASE")
    return None if value is None else _phase(value)


def parse_run(parameters: DaliParameters) -> bool:
    """Parse PHASE of a new job: whether it is RUN; no other value is allowed (UWS 1.1 §2.2.3.1)."""
    phase = parameters.one("PHASE")
    if phase is not None and phase.upper() != "RUN":
        raise InvalidValueError(f"A new job can be given PHASE=RUN, not PHASE={phase[:100]}.", field="PHASE")
    return phase is not None


def parse_after(parameters: DaliParameters) -> datetime | None:
    """Parse AFTER: a time."""
    value = parameters.one("AFTER")
    return None if value is None else parse_time("AFTER", value)


def parse_last(parameters: DaliParameters) -> int | None:
    """Parse LAST: a number of jobs."""
    value = parameters.one("LAST")
    if value is None:
        return None
    number = parse_integer("LAST", value)
    if number < 1:
        raise InvalidValueError(f"LAST={value} is not a number of jobs; it must be at least 1.", field="LAST")
    return min(number, _MAX_LISTED)


def parse_wait(parameters: DaliParameters) -> int | None:
    """Parse WAIT: seconds; negative for the longest wait of this service."""
    value = parameters.one("WAIT")
    return None if value is None else parse_integer("WAIT", value)


def parse_duration(value: str) -> int:
    """Parse EXECUTIONDURATION: seconds; 0 for the longest duration that the service allows."""
    seconds = parse_integer("EXECUTIONDURATION", value)
    if seconds < 0:
        raise InvalidValueError(
            f"EXECUTIONDURATION={value} is not a number of seconds; it must be at least 0.", field="EXECUTIONDURATION"
        )
    return seconds


def parse_time(name: str, value: str) -> datetime:
    """Parse a time; one without a zone is UTC (DALI 1.1 §3.3.3)."""
    try:
        time = datetime.fromisoformat(value.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as e:
        message = f"{name}={value[:100]} is not a time like 2026-11-23T04:05:06Z."
        raise InvalidValueError(message, field=name) from e


def parse_integer(name: str, value: str) -> int:
    """Parse an integer."""
    text = value.strip()
    if not _NUMBER.fullmatch(text) or len(text) > _MAX_DIGITS:
        raise InvalidValueError(f"{name}={value[:100]} is not a whole number.", field=name)
    return int(text)


def _phase(value: str) -> Phase:
    try:
        return Phase(value.strip().upper())
    except ValueError as e:
        message = f"PHASE={value[:100]} is not a phase; use one of {', '.join(Phase)}."
        raise InvalidValueError(message, field="PHASE") from e
