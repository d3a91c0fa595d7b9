"""HTTP connection to one server, authenticated with the caller's token."""

from typing import Any

import requests
from requests.auth import AuthBase

from pzserver.errors import RequestError, check
from pzserver.sessions import TidySession

__all__ = ["TIMEOUT", "Connection", "server_url"]

#: Seconds to wait for a connection, and for the next bytes of a response.
TIMEOUT = (15.0, 120.0)

_NAMES = {"localhost": "http://localhost:8000"}


class Connection:
    """Client of one server's HTTP interface.

    Parameters
    ----------
    host
        Address of the server, with or without ``/api/`` at its end.
    """

    def __init__(self, token: str, host: str) -> None:
        self.base_url = server_url(host)
        self.session = TidySession()
        self.session.auth = _Bearer(token)
        self.session.headers["User-Agent"] = "pzserver-python"

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request to the REST API, with ``path`` relative to ``/api/``, and return the JSON of the response."""
        response = self.request(method, f"{self.base_url}/api/{path}", **options)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as e:
            message = f"{response.url} did not answer as a Photo-z Server does; is the address right?"
            raise RequestError(message, response=response) from e

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send a request and return the response.

        Raises
        ------
        RequestError
            The server cannot be reached, or it refused the request; the subclass depends on the reason.
        """
        options.setdefault("timeout", TIMEOUT)
        try:
            return check(self.session.request(method, url, **options))
        except RequestError:
            raise
        except requests.exceptions.RequestException as e:
            message = f"The server at {self.base_url} cannot be reached: {e}"
            raise RequestError(message, request=e.request) from e


def server_url(host: str) -> str:
    """Return the address of a server, given with or without ``/api/`` or a slash at its end."""
    url = _NAMES.get(host, host).rstrip("/").removesuffix("/api")
    if not url.startswith(("http://", "https://")):
        message = f"host='{host}' is not an address; write it as http://127.0.0.1:8000 or https://pz.example.org."
        raise ValueError(message)
    return url


class _Bearer(AuthBase):
    """Authentication with the token; an auth object, so that a ``.netrc`` does not replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
