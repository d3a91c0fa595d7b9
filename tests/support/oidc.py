"""OpenID providers to sign in with: a real one of others (oidc-provider-mock, made of Authlib), and one that forges."""

import base64
import hashlib
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.support.ports import free_port
from tests.support.processes import command_as, start, stop, wait_until
from tests.support.waiting import is_answered

__all__ = ["CLIENT", "SECRET", "ForgingProvider", "OidcProvider", "forging_provider", "running_provider"]

CLIENT, SECRET = "photoz client", "a secret: of the client"
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """A provider whose people are registered by the tests."""

    issuer: str

    def add_person(self, subject: str, **claims: object) -> None:
        """Register somebody."""
        request = urllib.request.Request(
            f"{self.issuer}/users/{urllib.parse.quote(subject)}",
            json.dumps(claims).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=30).close()


@contextmanager
def running_provider(folder: Path) -> Iterator[OidcProvider]:
    """Run a provider as a process of its own."""
    port, log = free_port(), folder / "provider.log"
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port), "-n", "true"]
    process = start(command_as(None, command), log=log)
    issuer = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_answered(f"{issuer}/.well-known/openid-configuration"), process, log, _START_SECONDS)
        yield OidcProvider(issuer)
    finally:
        stop(process)


@dataclass
class ForgingProvider:
    """A provider that sends what a test tells it to, in the place of what it should.

    Parameters
    ----------
    forge
        Changes the claims of the ID token.
    sign
        Writes the ID token; by default it is signed with the key that the provider shows.
    answers
        Answers in place of the right ones, by path: status and JSON.
    asked
        Forms that came to the token endpoint, with the Authorization header.
    """

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    forge: Callable[[dict[str, Any]], object] = lambda claims: claims
    sign: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, tuple[int, object]] = field(default_factory=dict)
    userinfo: dict[str, object] = field(default_factory=lambda: {"sub": "s-1"})
    asked: list[Mapping[str, str]] = field(default_factory=list)
    nonce: str = ""
    challenge: str = ""

    def opened(self, address: str) -> str:
        """Do what the provider does when the browser comes, and give the state."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        self.nonce, self.challenge = asked["nonce"], asked["code_challenge"]
        return asked["state"]

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None) -> str:
        """Write an ID token."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key or self.key)

    def answer(self, path: str, form: Mapping[str, str]) -> tuple[int, object]:
        """Give status and JSON for a request."""
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            names = ("authorization", "token", "userinfo")
            return 200, {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/jwks",
                **{f"{name}_endpoint": f"{self.issuer}/{name}" for name in names},
            }
        if path == "/jwks":
            return 200, KeySet([self.key]).as_dict(private=False)
        if path == "/userinfo":
            return 200, self.userinfo
        self.asked.append(form)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if proof.rstrip(b"=").decode() != self.challenge or form.get("code") != "the code":
            return 400, {"error": "invalid_grant"}
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "s-1",
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": self.nonce,
            "preferred_username": "vera",
        }
        self.forge(claims)
        token = self.sign(claims) if self.sign else self.signed(claims)
        return 200, {"access_token": "an access token", "token_type": "Bearer", "id_token": token}


@contextmanager
def forging_provider() -> Iterator[ForgingProvider]:
    """Run a provider that forges, in a thread."""
    provider = ForgingProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(dict(urllib.parse.parse_qsl(body)))

        def _answer(self, form: dict[str, str]) -> None:
            form["authorization"] = self.headers.get("Authorization", "")
            status, content = provider.answer(self.path, form)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
