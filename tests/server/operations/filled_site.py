"""A server with something in every place where servers keep things, what its services answer, and its backups."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pandas as pd

from products.models import Visibility
from server.cli.context import OPERATOR
from server.operations.backup.creation import create_backup
from server.operations.backup.manifest import Manifest
from server.operations.backup.stores import backup_store
from server.operations.inventory import Inventory
from tap.metadata.survey_catalogues.models import CatalogueValues
from tests.server.application import Application, running_application
from tests.support.hats import write_hats

__all__ = ["Asker", "BackedUp", "FilledSite", "answers_of", "back_up", "fill", "filled_and_backed_up", "publish"]

_ROWS = "name,RAJ2000,DEJ2000,zspec\n" + "".join(f"obj{i},{10 + i / 100},{-5 + i / 50},{0.01 * i}\n" for i in range(50))
_MEANINGS = {"name": "id", "RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}

#: What differs between two equal answers: the times of the answers themselves, and signatures of links.
_TIMES = re.compile(
    rb"<(?:\w+:)?(responseDate|upSince)[^>]*>[^<]*<"
    rb"|name=.request_date. value=.[^>]*"
    rb"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z?"
    rb"|token=[\w.%-]+"
)


@dataclass(frozen=True, slots=True)
class FilledSite:
    """The addresses of what is there, and the token of its owner."""

    token: str
    product: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A server that was filled, backed up twice while it ran, and stopped."""

    site: FilledSite
    answers: Mapping[str, tuple[int, bytes]]
    data: Path
    place: Path
    first: Manifest
    second: Manifest


def filled_and_backed_up(folder: Path, database_url: str | None = None) -> BackedUp:
    """Fill a server below a folder, and make two backups, between which one account is added."""
    with running_application(folder / "data", database_url=database_url, catalogue_places=(str(folder),)) as app:
        site = fill(app, folder / "survey")
        answers_of(app, site)  # the registry stores the changes that it finds
        first = back_up(app, str(folder / "backups"))
        app.services.accounts.service.add_user("later", None)
        second = back_up(app, str(folder / "backups"))
        answers = answers_of(app, site)
    return BackedUp(site, answers, folder / "data", folder / "backups", first, second)


def back_up(app: Application, place: str) -> Manifest:
    """Back up a running server, with its secrets."""
    services = app.services
    inventory = Inventory(services.settings, services.store)
    store = backup_store(place, create=True)
    return create_backup(services.settings, services.database, inventory, store, with_secrets=True)


def fill(app: Application, survey: Path) -> FilledSite:
    """Make a public and a private product, files in a home, a user table, results of jobs, and a waiting job.

    A survey catalogue is written into a folder beside, and registered.
    """
    write_hats(pd.DataFrame({"ra": [10.0, 11.0], "dec": [-5.0, 5.0], "mag": [20.5, 21.5]}), survey, most_rows=1)
    app.services.tap.catalogues.add(OPERATOR, "survey", str(survey), CatalogueValues(visibility=Visibility.PUBLIC))
    app.services.accounts.service.add_user("ada", None)
    token = app.token("ada")
    ask = Asker(app.client, {"Authorization": f"Bearer {token}"})
    public, table = publish(ask, "Backed up", "public")
    private, _ = publish(ask, "Private one", "private")
    ask("PUT", "/vospace/files/home/ada/notes.bin", content=bytes(range(256)) * 100)
    ask(
        "PUT",
        "/tap/tables/user_ada.mine",
        content=_VOTABLE,
        headers={"Content-Type": "application/x-votable+xml"},
    )
    query = {"LANG": "ADQL", "QUERY": f"SELECT * FROM {table} ORDER BY zspec", "RESPONSEFORMAT": "csv"}
    done = ask("POST", "/tap/async", data={**query, "PHASE": "RUN"}).headers["Location"].partition("/tap/")[2]
    for phase in ("QUEUED", "EXECUTING"):
        ask("GET", f"/tap/{done}", params={"WAIT": "50", "PHASE": phase})
    assert ask("GET", f"/tap/{done}/phase").text == "COMPLETED"
    upload = {"UPLOAD": "t,param:t", "QUERY": "SELECT * FROM tap_upload.t", "LANG": "ADQL"}
    waiting = ask("POST", "/tap/async", data=upload, files={"t": ("t.xml", _VOTABLE)}).headers["Location"]
    return FilledSite(
        token,
        public,
        (
            *(
                f"/tap/sync?LANG=ADQL&FORMAT=csv&QUERY=SELECT+*+FROM+{name}"
                for name in (table, "user_ada.mine", "hats.survey")
            ),
            "/tap/sync?LANG=ADQL&FORMAT=csv&QUERY=SELECT+table_name,description+FROM+tap_schema.tables+ORDER+BY+1",
            "/tap/tables",
            "/vospace/nodes/home/ada?detail=max",
            "/vospace/files/home/ada/notes.bin",
            "/vospace/nodes/products?detail=max",
            "/api/products/?ordering=id",
            f"/api/products/{public}/main_file_info/",
            f"/api/products/{private}/",
            f"/api/products/{public}/inspection/",
            f"/api/products/{public}/download/",
            f"/tap/{done}/results/result",
            f"/tap/{done}/parameters",
            "/tap/async",
            f"/tap/{waiting.partition('/tap/')[2]}/parameters",
            "/oai?verb=ListRecords&metadataPrefix=ivo_vor",
            f"/conesearch/{table}?RA=10&DEC=-5&SR=1",
            f"/datalink?ID={public}",
            f"/product/{public}",
        ),
    )


def answers_of(app: Application, site: FilledSite) -> Mapping[str, tuple[int, bytes]]:
    """Return the answer at each address, as its owner."""
    headers = {"Authorization": f"Bearer {site.token}"}
    found = {}
    for address in site.addresses:
        answer = app.client.get(address, headers=headers)
        found[address] = (answer.status_code, _TIMES.sub(b"", answer.content))
    return found


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks a server as somebody; an answer that is an error fails the test."""

    client: httpx2.Client
    headers: Mapping[str, str]

    def __call__(self, method: str, path: str, **sent: object) -> httpx2.Response:
        headers = {**self.headers, **sent.pop("headers", {})}  # type: ignore[dict-item]
        answer = self.client.request(method, path, headers=headers, **sent)  # type: ignore[arg-type]
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer


def publish(ask: Asker, name: str, visibility: str) -> tuple[int, str]:
    """Publish a product with a table, and return its number and the name of its table."""
    kind = ask("GET", "/api/product-types/?name=redshift_catalog").json()["results"][0]["id"]
    about = {"display_name": name, "product_type": kind, "visibility": visibility}
    number = ask("POST", "/api/products/", json=about).json()["id"]
    form = {"product": str(number), "role": "0"}
    ask("POST", "/api/product-files/", data=form, files={"file": ("rows.csv", _ROWS.encode(), "text/csv")})
    ask("POST", f"/api/products/{number}/inspect/")
    found = ask("GET", f"/api/products/{number}/inspection/", params={"wait": "60"}).json()
    assert found["state"] == "done", found
    ask("PUT", f"/api/products/{number}/columns/", json=_MEANINGS)
    ask("POST", f"/api/products/{number}/publish/")
    return number, ask("GET", f"/api/products/{number}/inspection/").json()["tap_table"]


_VOTABLE = b"""<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
<FIELD name="a" datatype="int"/><FIELD name="b" datatype="char" arraysize="*"/>
<DATA><TABLEDATA><TR><TD>1</TD><TD>x</TD></TR><TR><TD>2</TD><TD>y</TD></TR></TABLEDATA></DATA>
</TABLE></RESOURCE></VOTABLE>"""
