"""HTTP connection to one server, authenticated with the caller's token."""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from pzserver.connections.retries import busy_retry
from pzserver.connections.tokens import clean_token
from pzserver.errors import RequestError, check
from pzserver.sessions import TidySession

__all__ = ["TIMEOUT", "Connection", "server_url"]

#: Seconds to wait for a connection, and for the next bytes of a response.
TIMEOUT = (15.0, 120.0)

_NAMES = {"localhost": "http://localhost:8000"}
_RETRIES = 4
_MOVED = (301, 302, 307, 308)


class Connection:
    """Client of one server's HTTP interface.

    Parameters
    ----------
    host
        Address of the server, with or without ``/api/`` at its end.
    timeout
        Seconds to wait for a connection and for the next bytes of a response, or both.
    retries
        How often a request is repeated that a busy server refused.
    """

    def __init__(
        self, token: str, host: str, *, timeout: float | tuple[float, float] = TIMEOUT, retries: int = _RETRIES
    ) -> None:
        self.base_url = server_url(host)
        self.timeout = timeout
        self._token = clean_token(token)
        self.session = _Session(timeout)
        self.session.auth = _Bearer(self._token, self.base_url)
        self.session.headers["User-Agent"] = "pzserver-python"
        for prefix in ("http://", "https://"):
            self.session.mount(prefix, HTTPAdapter(max_retries=busy_retry(retries)))

    def __repr__(self) -> str:
        return f"<Connection to {self.base_url}>"

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def storage_options(self) -> dict[str, dict[str, dict[str, str]]]:
        """Return options for fsspec's HTTP file system; they hold the token, so do not print them."""
        return {"client_kwargs": {"headers": {"Authorization": f"Bearer {self._token}"}}}

    def settle(self) -> None:
        """Ask the server for its first page, follow one redirect of its host, and keep the new address.

        Raises
        ------
        RequestError
            The server cannot be reached, or has moved to another host, to which the token is not sent.
        """
        url = f"{self.base_url}/api/"
        response = self.request("GET", url, allow_redirects=False)
        if response.status_code in _MOVED:
            target = urljoin(url, response.headers.get("Location", ""))
            self.base_url = _moved(self.base_url, target)
            self.session.auth = _Bearer(self._token, self.base_url)
            response = self.request("GET", f"{self.base_url}/api/")
        _json_of(response)

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request to the REST API, with ``path`` relative to ``/api/``, and return the JSON of the response."""
        return _json_of(self.request(method, f"{self.base_url}/api/{path}", **options))

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send a request and return the response; the caller closes it when it is streamed.

        Raises
        ------
        RequestError
            The server cannot be reached, or it refused the request; the subclass depends on the reason.
        """
        options.setdefault("timeout", self.timeout)
        try:
            response = check(self.session.request(method, url, **options))
        except RequestError:
            raise
        except requests.exceptions.RequestException as e:
            reason = self.redacted(str(e))
            message = f"The server at {self.base_url} cannot be reached: {reason}"
            if reason != str(e):  # nor may the traceback of the cause show a secret
                raise RequestError(message, request=e.request) from None
            raise RequestError(message, request=e.request) from e
        if options.get("stream"):
            self.session.leave_open(response)
        return response

    def redacted(self, text: str) -> str:
        """Return a text without the token, and without passwords and keys in addresses."""
        text = text.replace(self._token, "…")
        text = re.sub(r"(://)[^/@\s:]+:[^/@\s]+@", r"\1…@", text)
        return re.sub(r"([?&](?:access_token|token|key|signature)=)[^&\s'\"]+", r"\1…", text, flags=re.IGNORECASE)

    def authorization(self, url: str) -> str | None:
        """Return the header of authentication for an address of this server; None for those of other hosts."""
        return _Bearer(self._token, self.base_url).header(url)


def server_url(host: str) -> str:
    """Return the address of a server, given with or without ``/api/`` or a slash at its end."""
    url = _NAMES.get(host, host).strip().rstrip("/").removesuffix("/api").rstrip("/")
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        message = f"host='{parts.scheme}://{parts.hostname}' has more than an address; give the token as token='…'."
        raise ValueError(message)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = f"host='{host}' is not an address; write it as http://127.0.0.1:8000 or https://pz.example.org."
        raise ValueError(message)
    return url


def _json_of(response: requests.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as e:
        message = f"{response.url} did not answer as a Photo-z Server does; is the address right?"
        raise RequestError(message, response=response) from e


def _moved(base_url: str, target: str) -> str:
    old, new = urlsplit(base_url), urlsplit(target)
    url = server_url(f"{new.scheme}://{new.netloc}{new.path}")
    if new.hostname != old.hostname or (old.scheme == "https" and new.scheme != "https"):
        message = f"The server at {base_url} redirects to {url}; if that is right, use host='{url}'."
        raise RequestError(message)
    return url


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


class _Session(TidySession):
    """Session with a default timeout, which never turns a request that changes something into a GET."""

    def __init__(self, timeout: float | tuple[float, float]) -> None:
        super().__init__()
        self._timeout = timeout

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request, with the timeout of the connection unless another one is given."""
        if options.get("timeout") is None:
            options["timeout"] = self._timeout
        return super().send(request, **options)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a response redirects to, or None."""
        target = super().get_redirect_target(resp)
        if target and resp.status_code in {301, 302} and resp.request.method not in {"GET", "HEAD"}:
            host = urljoin(resp.url, target).partition("?")[0]
            message = f"The server has moved to {host}; make the object again, with that host."
            raise RequestError(message, response=resp)
        return target


class _Bearer(AuthBase):
    """Authentication with the token, for the server alone; an auth object, so that no ``.netrc`` replaces it."""

    def __init__(self, token: str, base_url: str) -> None:
        self._token = token
        self._base_url = base_url

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if (header := self.header(request.url or "")) is not None:
            request.headers["Authorization"] = header
        return request

    def header(self, url: str) -> str | None:
        """Return the header for an address of the server; None for those of other hosts."""
        here, there = urlsplit(self._base_url), urlsplit(url)
        same = (here.scheme, here.hostname, _port(self._base_url)) == (there.scheme, there.hostname, _port(url))
        return f"Bearer {self._token}" if same else None
