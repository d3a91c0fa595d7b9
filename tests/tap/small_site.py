"""A started server with a few small catalogues, for tests over HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.server.api import Api
from tests.support.server import RunningServer, running_server

__all__ = ["DEC", "RA", "SmallSite", "small_site"]

_RANDOM = np.random.default_rng(20261123)

#: Positions over the whole sky, with some on the poles and across 0 degrees.
RA = np.concatenate([_RANDOM.uniform(0, 360, 1500), [0, 90, 180, 270], _RANDOM.normal(0, 0.5, 500) % 360])
DEC = np.concatenate(
    [np.degrees(np.arcsin(_RANDOM.uniform(-1, 1, 1500))), [90, -90, 89.9, -89.9], _RANDOM.normal(0, 0.5, 500)]
)


@dataclass(frozen=True, slots=True)
class SmallSite:
    """The server, its first account, and the names of three tables.

    Parameters
    ----------
    numbered
        A public catalogue with numbers as identifiers.
    nameless
        A public catalogue without identifiers.
    private
        A catalogue that its owner alone may read.
    """

    server: RunningServer
    owner: Api
    numbered: str
    nameless: str
    private: str

    def url(self, path: str) -> str:
        """Give an address of the server."""
        return f"{self.server.base_url}/{path}"

    def cone(self, table: str) -> str:
        """Give the address of the cone search of a table."""
        return self.url(f"conesearch/{table}?")


@contextmanager
def small_site(folder: Path, *, env: Mapping[str, str] | None = None) -> Iterator[SmallSite]:
    """Start a server, with more settings if need be, and publish the catalogues."""
    numbered = folder / "numbered.csv"
    redshifts = RA / 360 + DEC**2 / 10_000
    rows = zip(RA, DEC, redshifts, strict=True)
    lines = [f"{number},{ra!r},{dec!r},{z!r},text {number}" for number, (ra, dec, z) in enumerate(rows)]
    numbered.write_text(
        "num,RAJ2000,DEJ2000,zspec,note\n" + "\n".join(lines).replace("np.float64(", "").replace(")", "")
    )
    nameless = folder / "nameless.csv"
    nameless.write_text(
        "RA,DEC,position_id,z\n" + "".join(f"{10 + i / 10},{i - 20},{i * 2.5},{i / 50}\n" for i in range(40))
    )
    private = folder / "private.csv"
    private.write_text(nameless.read_text())
    meanings = {"RA": "ra", "DEC": "dec", "z": "z"}
    numbered_meanings = {"num": "id", "RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}
    with running_server(folder / "data", env=env) as server:
        assert server.account is not None
        api = Api(server.base_url, server.account.token)
        kind = "redshift_catalog"
        yield SmallSite(
            server,
            api,
            api.publish("Numbered", kind, numbered, numbered_meanings, visibility="public")["tap_table"],
            api.publish("Nameless", kind, nameless, meanings, visibility="public")["tap_table"],
            api.publish("Private", kind, private, meanings, visibility="private")["tap_table"],
        )
