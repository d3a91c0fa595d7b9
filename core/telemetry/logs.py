"""Log lines in JSON or as text, with the fields of the request or the job to which they belong, and without secrets."""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

__all__ = [
    "JsonFormatter",
    "LogFormat",
    "TextFormatter",
    "add_log_field",
    "log_fields",
    "log_format",
    "log_to_stderr",
    "redacted",
]

#: Form of the lines of a log.
LogFormat = Literal["json", "text"]


@dataclass(frozen=True, slots=True)
class _Context:
    """Fields of the records of a request or a job: those that it knows itself, and those that services add."""

    known: Callable[[], Mapping[str, object]]
    added: dict[str, object] = field(default_factory=dict)


_context: ContextVar[_Context | None] = ContextVar("photoz_log_context", default=None)

#: What the logging module sets on each record; everything else came by ``extra``.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

#: Libraries that log what is of no use to an operator, or addresses and heads of requests with secrets in them.
_CHATTY = (
    "aiobotocore",
    "alembic",
    "asyncio",
    "botocore",
    "fsspec",
    "httpcore2",
    "httpx2",
    "numexpr",
    "s3fs",
    "urllib3",
    "uvicorn",
)

_SECRETS = (
    re.compile(r"(\bpz-)[\w-]{8,}"),
    re.compile(r"(\beyJ)[\w-]+\.[\w-]+\.[\w-]*"),  # a JWT
    re.compile(r"()\b[\w-]{12,}\.[\w-]{6}\.[\w-]{27}(?![\w-])"),  # a signed link of `core.auth.signing`
    re.compile(r"(?i)(\b(?:bearer|basic|token)\s+)[\w.~+/=-]{12,}"),
    re.compile(r"(?i)([?&](?:[\w-]*(?:token|secret|signature|password|credential)|sig|key|code|upload)=)[^&\s\"']+"),
    re.compile(r"(\w://[^/\s:@\"']*:)[^@\s/\"']+(?=@)"),
)
_HIDDEN = r"\1…"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@contextmanager
def log_fields(fields: Callable[[], Mapping[str, object]]) -> Iterator[Mapping[str, object]]:
    """Add fields to all records of the block, also of threads that it waits for; yield those that services add.

    Parameters
    ----------
    fields
        Returns the fields; called for each record, because some, such as the user, are known late.
    """
    context = _Context(fields)
    token = _context.set(context)
    try:
        yield context.added
    finally:
        _context.reset(token)


def add_log_field(name: str, value: object) -> None:
    """Add a field to the records of the current request or job from now on, unless it has one of this name."""
    context = _context.get()
    if context is not None:
        context.added.setdefault(name, value)


def redacted(text: str) -> str:
    """Return a text without tokens, signatures and passwords that have a recognisable form."""
    for pattern in _SECRETS:
        text = pattern.sub(_HIDDEN, text)
    return text


class JsonFormatter(logging.Formatter):
    """Formatter of records as JSON objects, one a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line of JSON."""
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        line |= {name: value for name, value in _fields_of(record).items() if name not in line}
        if trace := _trace(self, record):
            line["exception"] = redacted(trace)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """Formatter of records as text for a terminal: time, level, logger, message, fields; then the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line of text."""
        message = _CONTROLS.sub(_escaped, redacted(record.getMessage()))
        fields = "".join(f" {name}={_value(value)}" for name, value in _fields_of(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {message}{fields}"
        trace = _trace(self, record)
        return f"{line}\n{redacted(trace)}" if trace else line


def log_to_stderr(level: int | str, form: LogFormat | None = None) -> None:
    """Write the log of this process to standard error.

    Parameters
    ----------
    form
        By default text on a terminal, and JSON elsewhere.
    """
    form = form or ("text" if sys.stderr.isatty() else "json")
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(_is_of_use)
    logging.basicConfig(level=level, handlers=[handler])
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def log_format() -> LogFormat:
    """Return the form of the log of this process, for the processes that it starts."""
    is_json = any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers)
    return "json" if is_json else "text"


def _is_of_use(record: logging.LogRecord) -> bool:
    """Leave out the traceback that uvicorn logs without the fields of its request: the access log has it."""
    return record.name != "uvicorn.error" or not record.getMessage().startswith("Exception in ASGI application")


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the fields of the context and those of the record, which go before; without those that have no value."""
    context = _context.get()
    own = {name: value for name, value in vars(record).items() if name not in _OWN}
    fields = dict(context.added) if context is not None else {}
    for known in (context.known() if context is not None else {}, own):
        fields |= {name: value for name, value in known.items() if value is not None}
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    return redacted(str(value))


def _value(value: object) -> str:
    """Return a value of a field for a line of text; quoted unless it is a word."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = _CONTROLS.sub(_escaped, text)
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) and (not text or " " in text) else text


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info else []
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return "\n".join(parts)
