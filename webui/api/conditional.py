"""Version of the API and conditional requests: entity tags of responses in memory (RFC 9110 §8.8.3, §13.1.2)."""

import hashlib

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

__all__ = ["API_VERSION", "completed"]

#: Version of the REST API, in the header ``API-Version`` of its responses. The first number changes when a client must
#: change; the second when operations, parameters or keys are added.
API_VERSION = "1.1"

_TAG_BYTES = 12
#: Bytes from which on the tag is computed in a thread: a list of all products takes milliseconds a megabyte, for which
#: the event loop would send nothing to others.
_LARGE = 1 << 18


async def completed(request: Request, response: Response) -> Response:
    """Return a response with the version of the API, and an entity tag when it is a body that may be kept.

    The response to a request whose ``If-None-Match`` has the tag is 304 instead. The tag is a weak one of the body, so
    that it needs no versions of the resources in it: it saves sending a body, not making it.
    """
    response.headers["API-Version"] = API_VERSION
    body = getattr(response, "body", None)
    is_kept = request.method == "GET" and response.status_code == 200
    if (
        not is_kept
        or body is None
        or "etag" in response.headers
        or "no-store" in response.headers.get("cache-control", "")
    ):
        return response
    tag = _tag_of(body) if len(body) < _LARGE else await run_in_threadpool(_tag_of, body)
    response.headers["ETag"] = tag
    if not _has_tag(request.headers.get("if-none-match", ""), tag):
        return response
    unchanged = Response(status_code=304, background=response.background)
    for name, value in response.headers.items():
        if name not in {"content-length", "content-type"}:
            unchanged.headers.append(name, value)
    return unchanged


def _tag_of(body: bytes) -> str:
    return f'W/"{hashlib.blake2b(body, digest_size=_TAG_BYTES).hexdigest()}"'


def _has_tag(header: str, tag: str) -> bool:
    """Return whether a list of entity tags has this one, by weak comparison; ``*`` is every tag."""
    tags = {each.strip().removeprefix("W/") for each in header.split(",")}
    return header.strip() == "*" or tag.removeprefix("W/") in tags
