"""The page of a query's result in the frame of the site, for browsers."""

from collections.abc import Iterable, Iterator
from html import escape
from urllib.parse import urlencode

from core.web.frames import PageFrame
from tap.results.formats import RESULT_FORMATS

__all__ = ["framed_result"]

_BEGIN, _END = b"<body>", b"</body>"
_LONGEST_ADDRESS = 4000
_HTML = "html"


def framed_result(
    chunks: Iterable[bytes], frame: PageFrame, address: str, parameters: dict[str, str], *, is_repeatable: bool
) -> Iterator[bytes]:
    """Yield the page of a result in a frame, with links to the query, to this page, and to files of the result.

    Parameters
    ----------
    chunks
        What the writer of HTML pages yields; cells have no markup, so the ends of its body are found by their tags.
    address
        The URL of the service.
    parameters
        Parameters of the query that links repeat.
    is_repeatable
        Whether the parameters are all that the query needs; uploaded tables are not kept.
    """
    source = iter(chunks)
    head = next(source, b"")
    yield frame.before + _links(address, parameters, is_repeatable=is_repeatable) + b'<div class="result">'
    last = head.partition(_BEGIN)[2]
    for chunk in source:
        yield last
        last = chunk
    yield last.rpartition(_END)[0] if _END in last else last
    yield b"</div>" + frame.after


def _links(address: str, parameters: dict[str, str], *, is_repeatable: bool) -> bytes:
    query = parameters.get("QUERY", "")
    links = [("/tap", {"QUERY": query}, "Edit this query"), ("/query", {"query": query}, "Open in the query page")]
    if is_repeatable:
        links.append((f"{address}/sync", {**parameters, "RESPONSEFORMAT": _HTML}, "Address of this result"))
    text = _listed(links)
    if is_repeatable:
        files = [
            (f"{address}/sync", {**parameters, "RESPONSEFORMAT": known.names[0]}, known.names[0])
            for name, known in RESULT_FORMATS.items()
            if name != _HTML
        ]
        text += f" <span>Download as: {_listed(files)}</span>" if files else ""
    return f'<nav class="crumbs" aria-label="This result">{text}</nav>'.encode()


def _listed(links: Iterable[tuple[str, dict[str, str], str]]) -> str:
    shown = []
    for path, values, label in links:
        target = f"{path}?{urlencode(values)}"
        if len(target) < _LONGEST_ADDRESS:
            shown.append(f'<a href="{escape(target)}">{escape(label)}</a>')
    return " · ".join(shown)
