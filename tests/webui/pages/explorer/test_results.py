"""Results of asynchronous queries in the explorer, in the formats in which they may be stored."""

from pathlib import Path

import httpx2
import numpy as np
import pytest
from lxml import html
from sqlalchemy import update

from core.web.dali import DaliParameters
from server.services import Services
from tap.async_queries.result_files import QUERY_JOB
from tap.async_queries.result_tables import result_table_name
from tests.core.photoz.samples import OBJECTS, ensemble
from tests.products.readers.qp.samples import write_ensemble
from tests.webui.pages.conftest import Publish, SignIn
from tests.webui.pages.explorer.conftest import table_name
from uws import Phase
from uws.schema import JobRow


def _stored(services: Services, query: str, tables: tuple[str, ...], chosen: str, scratch: Path) -> str:
    """Store the result of a query as a completed job of alice has it, and return its table."""
    identity = services.accounts.service.identity_of_user("alice")
    parameters = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": chosen}
    answer = services.tap.service.query(DaliParameters(parameters.items()), identity).wait()
    job = services.jobs.create(QUERY_JOB, parameters, owner="alice", run=False)
    scratch.mkdir()
    services.tap.results.write(job.id, scratch, answer.chunks, tables)
    answer.close()
    with services.database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == job.id).values(phase=Phase.COMPLETED))
    return result_table_name(job.id)


@pytest.mark.parametrize("chosen", ["parquet", "votable", "csv", "fits", "ecsv"])
def test_a_result_is_explored_by_its_owner_alone(
    sign_in: SignIn, visitor: httpx2.Client, services: Services, table: str, tmp_path: Path, chosen: str
):
    query = f"SELECT objid, zspec AS z, zspec * 2 AS double_z, flag FROM {table} WHERE objid <= 60"
    result = _stored(services, query, (table,), chosen, tmp_path / "job")
    alice = sign_in("alice")
    page = alice.get("/explore", params={"table": result, "sort": "desc:objid", "filter": "eq:flag:A"})
    assert page.status_code == 200, page.text
    rows = html.document_fromstring(page.text).xpath("//table[@class='rows']/tbody/tr")
    assert [cell.text_content().strip() for cell in rows[1].iterchildren()][1:] == ["58", "5.8", "11.6", "A"]
    assert "<b>30</b>" in page.text
    assert alice.get("/explore/column", params={"table": result, "column": "z"}).status_code == 200
    assert sign_in("bob").get("/explore", params={"table": result}).status_code == 404
    assert visitor.get("/explore", params={"table": result}).status_code == 303
    assert result not in alice.get("/explore").text


def test_a_result_is_closed_with_its_tables(sign_in: SignIn, services: Services, publish: Publish, tmp_path: Path):
    product = publish("Passing")
    source = table_name(services, product)
    result = _stored(services, f"SELECT * FROM {source}", (source,), "parquet", tmp_path / "job")
    assert sign_in("alice").get("/explore", params={"table": result}).status_code == 200
    services.products.service.delete(services.accounts.service.identity_of_user("alice"), product.id)
    assert sign_in("alice").get("/explore", params={"table": result}).status_code == 404


def test_a_result_that_no_reader_knows_says_so(sign_in: SignIn, services: Services, table: str, tmp_path: Path):
    result = _stored(services, f"SELECT objid FROM {table}", (table,), "json", tmp_path / "job")
    answer = sign_in("alice").get("/explore", params={"table": result})
    assert answer.status_code == 400
    assert "RESPONSEFORMAT=parquet" in answer.text


def test_a_row_of_a_result_draws_its_density(
    alice: httpx2.Client, services: Services, publish: Publish, tmp_path: Path
):
    made = ensemble("norm")
    made.set_ancil({"object_id": np.arange(OBJECTS)})
    source = table_name(
        services, publish(table=write_ensemble(made, tmp_path, "hdf5").read_bytes(), file_name="p.hdf5", kind=4)
    )
    result = _stored(services, f"SELECT * FROM {source}", (source,), "parquet", tmp_path / "job")
    page = alice.get("/explore/row", params={"table": result, "row": "7"}).text
    assert page.count('class="curve curve-') == 1
    assert "Densities of other objects" not in page
