"""Content security policies of pages that reach more than this server."""

from collections.abc import Mapping

__all__ = ["SAMP_HEADERS"]

#: Pages with "Send to" reach the hub of SAMP's web profile on the user's machine as well (SAMP 1.3 §5.2.1).
SAMP_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self' http://localhost:21012 http://127.0.0.1:21012; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}
