"""Content security policies of pages that reach more than this server."""

from collections.abc import Mapping

__all__ = ["ALADIN_SOURCE", "SAMP_HEADERS", "aladin_headers"]

#: Where Aladin Lite is loaded from, when somebody asks for it.
ALADIN_SOURCE = "https://aladin.cds.unistra.fr/AladinLite/api/v3/latest/aladin.js"

#: Pages with "Send to" reach the hub of SAMP's web profile on the user's machine as well (SAMP 1.3 §5.2.1).
SAMP_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self' http://localhost:21012 http://127.0.0.1:21012; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}


def aladin_headers(base_url: str) -> Mapping[str, str]:
    """Return the headers of the page with Aladin Lite.

    The page is a sandbox without an origin: a script of another site runs in it, which must not act as the user here.
    Aladin Lite is WebAssembly, brings its styles along, and shows images of surveys from many servers.

    Parameters
    ----------
    base_url
        Address of this server; within a sandbox ``'self'`` is not understood by all browsers.
    """
    static = f"{base_url}/static/"
    policy = (
        "default-src 'none'",
        f"script-src {static} https://aladin.cds.unistra.fr 'wasm-unsafe-eval'",
        f"style-src {static} 'unsafe-inline'",
        "img-src data: blob: https:",
        "connect-src data: blob: https:",
        "font-src data: https:",
        "worker-src blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "sandbox allow-scripts allow-popups",
    )
    return {"Content-Security-Policy": "; ".join(policy), "Referrer-Policy": "no-referrer"}
