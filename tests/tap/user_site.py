"""A server with users who have tables, for tests over HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from pzserver.sessions import TidySession

from tests.support.accounts import new_account
from tests.support.server import RunningServer, running_server

__all__ = ["CSV", "POSITIONS", "VOTABLE", "XML", "UserSite", "made", "user_site", "vositable"]

XML, VOTABLE, CSV = "text/xml", "application/x-votable+xml", "text/csv"


@dataclass(frozen=True, slots=True)
class UserSite:
    """The server, and a session for each person: maria, who reads alone, otto, admin, and somebody unknown.

    Parameters
    ----------
    passwords
        Of maria and otto.
    """

    server: RunningServer
    people: Mapping[str, requests.Session]
    passwords: Mapping[str, str]

    def url(self, path: str) -> str:
        """Give an address of the TAP service."""
        return f"{self.server.base_url}/tap/{path}"

    def ask(self, who: str, method: str, path: str, content: bytes | str = b"", kind: str = "") -> requests.Response:
        """Send a request as one person."""
        headers = {"Content-Type": kind} if kind else {}
        data = content.encode() if isinstance(content, str) else content
        return self.people[who].request(method, self.url(path), data=data, headers=headers, timeout=120)

    def query(self, who: str, query: str) -> requests.Response:
        """Run a query as one person, with its rows as CSV."""
        form = {"LANG": "ADQL", "QUERY": query, "FORMAT": "csv"}
        return self.people[who].post(self.url("sync"), data=form, timeout=120)

    def rows(self, who: str, query: str) -> list[str]:
        """Give the lines of a result without their header."""
        answer = self.query(who, query)
        assert answer.status_code == 200, answer.text
        return answer.text.splitlines()[1:]


@contextmanager
def user_site(folder: Path, env: Mapping[str, str]) -> Iterator[UserSite]:
    """Start a server and make the accounts."""
    with running_server(folder / "data", env=env) as server:
        assert server.account is not None
        tokens = {"admin": server.account.token, "nobody": None}
        passwords = {"maria": "three-green-birds-of-maria", "otto": "three-green-birds-of-otto"}
        for user, password in passwords.items():
            new_account(server, user, password, url=env.get("PHOTOZ_DATABASE_URL"))
        for name, user, scope in (("maria", "maria", "write"), ("otto", "otto", "write"), ("reading", "maria", "read")):
            answer = requests.post(
                f"{server.base_url}/api/tokens",
                json={"name": name, "scope": scope},
                auth=(user, passwords[user]),
                timeout=60,
            )
            tokens[name] = answer.json()["token"]
        people = {name: TidySession() for name in tokens}
        try:
            for name, token in tokens.items():
                if token is not None:
                    people[name].headers["Authorization"] = f"Bearer {token}"
            yield UserSite(server, people, passwords)
        finally:
            for session in people.values():
                session.close()


def vositable(*columns: str, description: str = "A table") -> str:
    """Describe a table; each column is its name and its datatype, and perhaps its arraysize and its UCD."""
    parts = []
    for column in columns:
        name, datatype, size, ucd = (*column.split("|"), "", "")[:4]
        sized = f' arraysize="{size}"' if size else ""
        parts.append(
            f"<column><name>{name}</name><description>Column {name}</description>"
            + (f"<ucd>{ucd}</ucd>" if ucd else "")
            + f'<dataType xsi:type="vs:VOTableType"{sized}>{datatype}</dataType></column>'
        )
    return (
        '<vosi:table xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0" '
        'xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="output">'
        f"<name>ignored</name><description>{description}</description>{''.join(parts)}</vosi:table>"
    )


#: A table with positions.
POSITIONS = vositable("id|long", "ra|double||pos.eq.ra;meta.main", "dec|double||pos.eq.dec;meta.main", "name|char|*")


def made(site: UserSite, name: str, definition: str = POSITIONS, rows: str = "") -> str:
    """Make a table of maria's, perhaps with rows, and give its name."""
    full = f"user_maria.{name}"
    answer = site.ask("maria", "PUT", f"tables/{full}", definition, XML)
    assert (answer.status_code, answer.headers["Location"]) == (201, site.url(f"tables/{full}")), answer.text
    if rows:
        answer = site.ask("maria", "POST", f"load/{full}", rows, CSV)
        assert answer.status_code == 200, answer.text
    return full
