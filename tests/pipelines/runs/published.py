"""A server in this process with redshift catalogues and objects that pipelines can read."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import pyarrow as pa

from core.auth.models import Identity, Scope
from core.database import utc_now
from pipelines.outputs import output_format_of, write_table
from pipelines.runs.completion import RunCompletion
from pipelines.service import PipelineService
from products.lifecycle.job_products import JobProductService
from products.models import FileRole, InspectionState, Product, Visibility
from products.product_types import product_type_by_name
from products.quotas import QuotaRule
from products.service import NewProduct, ProductService
from server.services import Services
from tests.server.application import Application
from tests.support.waiting import wait_for
from tests.uws.watching import is_told
from tests.vospace.client import node_xml
from uws import JobService

__all__ = [
    "MEANINGS",
    "OBJECT_MEANINGS",
    "NoQueue",
    "PipelineSite",
    "catalogue",
    "completed_run",
    "ended_run",
    "never_queued",
    "objects",
    "publish",
    "put_file",
    "service_of",
    "table_bytes",
    "wait_for_run",
]

SECONDS = 120
MEANINGS = {"name": "id", "RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z", "Q": "z_flag", "survey_name": "survey"}
OBJECT_MEANINGS = {"objectId": "id", "coord_ra": "ra", "coord_dec": "dec"}


def catalogue(survey: str, rows: int = 40, *, shift_arcsec: float = 0.0) -> pd.DataFrame:
    """Make a catalogue; those of two surveys have the same objects, shifted a little."""
    number = np.arange(rows)
    return pd.DataFrame(
        {
            "name": [f"{survey}-{i}" for i in number],
            "RAJ2000": 359.99 + number / 1000 - np.where(359.99 + number / 1000 >= 360, 360, 0),
            "DEJ2000": -5 + number / 500 + shift_arcsec / 3600,
            "zspec": 0.1 + number / 100,
            "Q": 1 + number % 4,
            "survey_name": survey,
        }
    )


def objects(rows: int = 60) -> pd.DataFrame:
    """Make objects at the places of the catalogues, and some that no catalogue has."""
    number = np.arange(rows)
    ra = 359.99 + number / 1000
    return pd.DataFrame(
        {
            "objectId": 9_000_000_000_000_000_001 + number,
            "coord_ra": ra - np.where(ra >= 360, 360, 0),
            "coord_dec": -5 + number / 500 + 0.2 / 3600,
            "r_cModelFlux": 1000.0 + number,
            "r_cModelFluxErr": 10.0,
        }
    )


@dataclass(frozen=True, slots=True)
class PipelineSite:
    """An application, and who asks it."""

    app: Application
    tokens: Mapping[str, str]

    def ask(self, method: str, path: str, who: str | None = "alice", **sent: Any) -> httpx2.Response:
        """Send a request as one person, or as nobody."""
        headers = {} if who is None else {"Authorization": f"Bearer {self.tokens[who]}"}
        return self.app.client.request(method, path, headers=headers | sent.pop("headers", {}), **sent)

    def json(self, method: str, path: str, who: str = "alice", **sent: Any) -> Any:
        """Send a request that must succeed; give the JSON of its answer."""
        answer = self.ask(method, path, who, **sent)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def rows(self, query: str, who: str = "alice") -> pd.DataFrame:
        """Ask TAP, as one person."""
        sent = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"}
        answer = self.ask("POST", "/tap/sync", who, data=sent)
        assert answer.status_code == 200, answer.text
        return pd.read_csv(io.StringIO(answer.text))


def publish(
    services: Services,
    identity: Identity,
    name: str,
    frame: pd.DataFrame,
    *,
    kind: str = "redshift_catalog",
    meanings: Mapping[str, str] = MEANINGS,
    visibility: Visibility = Visibility.REGISTERED,
    path: Path | None = None,
) -> Product:
    """Publish a table, or the file at a path, as people do."""
    uploads = services.products.uploads
    new = NewProduct(name, product_type_by_name(kind).id, visibility=visibility)
    product = services.products.service.create(identity, new)
    with uploads.stage(identity, product.id, FileRole.MAIN) as staging:
        staging.write(frame.to_csv(index=False).encode() if path is None else path.read_bytes())
        stored = staging.finish()
    uploads.add_file(identity, product.id, FileRole.MAIN, "table.csv" if path is None else path.name, stored)
    uploads.inspect(identity, product.id)
    found = uploads.wait_for_inspection(identity, product.id, SECONDS)
    assert found.inspection_state is InspectionState.DONE, found.inspection_error
    services.products.column_meanings.describe_all(identity, product.id, meanings)
    return uploads.publish(identity, product.id, seconds=SECONDS)


def put_file(site: PipelineSite, path: str, content: bytes, who: str = "alice", *, read_by: str = "") -> str:
    """Put a file into the VOSpace, for one person or for members of a group too; give its address."""
    assert site.ask("PUT", f"/vospace/files{path}", who, content=content).status_code == 201
    address = f"vos://{site.app.services.settings.authority}~vospace{path}"
    if read_by:
        group = f"ivo://{site.app.services.settings.authority}/gms?{read_by}"
        for kind, part in (("ContainerNode", f"/home/{who}"), ("DataNode", path)):
            node = node_xml(address.removesuffix(path) + part, kind, groupread=group)
            assert site.ask("POST", f"/vospace/nodes{part}", who, content=node).status_code == 200
    return address


def table_bytes(frame: pd.DataFrame, output_format: str, folder: Path) -> bytes:
    """Write a table in a format."""
    path = folder / f"table.{output_format}"
    write_table(pa.Table.from_pandas(frame, preserve_index=False), path, output_format_of(output_format))
    return path.read_bytes()


def wait_for_run(services: Services, identity: Identity, job_id: str) -> Any:
    """Wait until a job has ended and its product knows of it, and give it."""
    job = services.jobs.wait(job_id, owner=identity.name, seconds=SECONDS)
    if job.phase.ended:
        wait_for(lambda: is_told(services.database, job), "the product was not told", SECONDS)
    return job


def people(app: Application) -> dict[str, str]:
    """Make accounts, and a token of each."""
    for name in ("alice", "bob"):
        app.services.accounts.service.add_user(name, None)
    return {"alice": app.token("alice"), "bob": app.token("bob"), "reading": app.token("alice", Scope.READ)}


def never_queued(site: PipelineSite) -> PipelineService:
    """Give a service whose jobs wait until the next sweep."""
    services = site.app.services
    return service_of(site, JobService(services.database, NoQueue(), services.kinds), services.products.service)


def service_of(
    site: PipelineSite, jobs: JobService, products: ProductService, clock: Callable[[], datetime] = utc_now
) -> PipelineService:
    """Give a service for runs with other parts."""
    services = site.app.services
    database = services.database
    results = JobProductService(database, services.store, max_bytes=1, quota=QuotaRule())
    checker, completion = services.pipelines.checker, RunCompletion(database, results)
    return PipelineService(database, jobs, products, results, checker, completion, clock=clock)


class NoQueue:
    """A queue that loses what it is given."""

    def submit(self, job_id: str, *, long_running: bool = False) -> None:
        pass

    def cancel(self, job_id: str) -> None:
        pass

    def start(self) -> None:
        pass

    def close(self) -> None:
        pass


def ended_run(site: PipelineSite, address: str, **sent: Any) -> tuple[str, str]:
    """Let a run go to its end; give its id and phase."""
    answer = site.ask("POST", address, **sent)
    assert answer.status_code == 303, answer.text
    job_id = answer.headers["location"].rpartition("/")[2]
    alice = site.app.services.accounts.service.identity_of_user("alice")
    return job_id, wait_for_run(site.app.services, alice, job_id).phase.value


def completed_run(site: PipelineSite, address: str, **parameters: object) -> str:
    """Let a run be completed; give its id."""
    job_id, phase = ended_run(site, address, data={"PHASE": "RUN", **parameters})
    assert phase == "COMPLETED", site.ask("GET", f"{address}/{job_id}/error").text
    return job_id
