"""Reading of the DALI parameters of a request: query string, urlencoded body, or multipart form."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from core.errors import InvalidValueError, TooLargeError
from core.files import Staging
from core.web.dali import DaliParameters
from core.web.multipart import receive_form

__all__ = ["read_parameters"]

_LARGEST_BODY = 10_000_000
_LONG_BODY = 20_000
_MOST_FIELDS = 1000
_MOST_FILES = 20


async def read_parameters(request: Request, stage: Callable[[], Staging] | None = None) -> DaliParameters:
    """Read the parameters of a GET or POST: query string, urlencoded body, or multipart form.

    Parameters
    ----------
    stage
        Gives where a file of the form goes; without it, files are refused. Whoever passes it removes the files.

    Raises
    ------
    InvalidValueError
        The body is of another type, or broken.
    TooLargeError
        The body is larger than parameters ever are.
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
        message = f"Parameters come as a form, not as {media_type}."
        raise InvalidValueError(message)
    try:
        # A long body takes a while, in which other requests are answered.
        pairs += await run_in_threadpool(_pairs, body) if len(body) > _LONG_BODY else _pairs(body)
    except ValueError as e:
        message = "The parameters in the body are not a valid form."
        raise InvalidValueError(message) from e
    return DaliParameters(pairs)


def _pairs(body: bytearray) -> list[tuple[str, str]]:
    return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)


def _no_files(_fields: dict[str, str]) -> Staging:
    message = "Files are not taken here; send the parameters alone."
    raise InvalidValueError(message)
