"""DALI parameters (DALI 1.1 §3): case-insensitive names, from the query string or the body, repeatable."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from core.errors import InvalidValueError, TooLargeError
from core.files import Staging
from core.web.multipart import receive_form

__all__ = ["DaliParameters", "read_parameters"]

_LARGEST_BODY = 10_000_000
_MOST_FIELDS = 1000
_MOST_FILES = 20


class DaliParameters:
    """The parameters of a request, by names in upper case.

    Parameters
    ----------
    pairs
        Names and values as they were sent, in order.
    files
        Ids under which the files of the form are stored, by the names of their fields.
    file_bytes
        Their size, together.
    """

    def __init__(
        self, pairs: Iterable[tuple[str, str]], files: Mapping[str, str] | None = None, file_bytes: int = 0
    ) -> None:
        self.files = dict(files or {})
        self.file_bytes = file_bytes
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.upper(), []).append(value)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield all names, in upper case, with their values."""
        for name, values in self._values.items():
            yield from ((name, value) for value in values)

    def one(self, name: str) -> str | None:
        """Return the value of a parameter that may be given once; an empty value counts as not given.

        Identical repetitions are allowed, because clients send parameters in the query string and again in
        the body.

        Raises
        ------
        InvalidValueError
            The parameter came with different values (DALI 1.1 §3.4).
        """
        values = {value for value in self._values.get(name.upper(), []) if value.strip()}
        if len(values) > 1:
            message = f"The parameter {name.upper()} was given {len(values)} different values; give it once."
            raise InvalidValueError(message, field=name)
        return values.pop() if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Return every different value of a parameter that may be repeated, in order."""
        return tuple(dict.fromkeys(self._values.get(name.upper(), [])))


async def read_parameters(request: Request, stage: Callable[[], Staging] | None = None) -> DaliParameters:
    """Read the parameters of a GET or POST: query string, urlencoded body, or multipart form.

    Parameters
    ----------
    stage
        Begins a staged file for each file of the form; without it, files are refused. The caller removes the files.

    Raises
    ------
    InvalidValueError
        The body is of another type, or malformed.
    TooLargeError
        The body is larger than the limit for parameters.
    """
    pairs = list(request.query_params.multi_items())
    if request.method != "POST":
        return DaliParameters(pairs)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        form = await receive_form(request, _no_files if stage is None else lambda _: stage(), most_files=_MOST_FILES)
        return DaliParameters(
            [*pairs, *form.pairs],
            {file.field: file.stored.id for file in form.files},
            sum(file.stored.size for file in form.files),
        )
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            message = f"The parameters are larger than {_LARGEST_BODY // 1_000_000} MB."
            raise TooLargeError(message)
    if body and media_type not in {"application/x-www-form-urlencoded", ""}:
        message = f"Parameters must be sent as a form, not as {media_type}."
        raise InvalidValueError(message)
    try:
        pairs += parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as e:
        message = "The parameters in the body are not a valid form."
        raise InvalidValueError(message) from e
    return DaliParameters(pairs)


def _no_files(_fields: dict[str, str]) -> Staging:
    message = "Files are not accepted here; send the parameters alone."
    raise InvalidValueError(message)
