"""A marked value of a hidden truth, asked for at every address about a product and in every format."""

import re
import struct
from collections.abc import Iterator

import httpx2
import pytest

from tap.results.formats import RESULT_FORMATS
from tests.pipelines.challenges.samples import MARKED
from tests.server.access_rules import ABOUT_PRODUCTS, MAIN, Target
from tests.webui.api.challenges.conftest import Arena

pytestmark = [pytest.mark.slow, pytest.mark.either_database(whole_file=True)]

_OTHERS = ("alice", "nobody")
_MARKS = (b"24.98765", b"24.9877", b"24.988", struct.pack(">d", MARKED), struct.pack("<d", MARKED))


@pytest.fixture(scope="module")
def target(arena: Arena) -> Iterator[Target]:
    """The truth of a challenge that is open and has a scored submission, by everything that names it."""
    name = arena.make("secret", limits={"smallest_subset": 15})
    number = arena.send("alice", name).json()["id"]
    assert arena.scored("alice", name, number)["state"] == "scored"
    olga = arena.app.services.accounts.service.identity_of_user("olga")
    details = arena.app.services.products.service.details(olga, arena.truth.id)
    assert details.table is not None
    yield Target(
        arena.truth.id, arena.truth.internal_name, details.files[0].id, details.columns[0].id, details.table.full_name
    )
    arena.end()


def _path(path: str, target: Target) -> str:
    named = path.format(target).replace(MAIN, "truth.hdf5").replace("zspec", "mag_i_lsst")
    return re.sub(r"RA=[^&]*&DEC=[^&]*", "RA=10&DEC=-5", named)


def _shows(answer: httpx2.Response) -> bool:
    return any(mark in answer.content for mark in _MARKS)


def test_no_address_about_a_product_shows_the_truth_to_others(arena: Arena, target: Target):
    asks = [ask for (method, _), ask in ABOUT_PRODUCTS.items() if method in {"GET", "HEAD"} and not ask.writes]
    paths = sorted({_path(ask.path, target) for ask in asks})
    assert len(paths) > 40
    for path in paths:
        for who in _OTHERS:
            answer = arena.ask(who, "GET", path)
            assert answer.status_code in {303, 401, 404}, (who, path, answer.status_code)
            assert not _shows(answer), (who, path)
    # The same addresses show the value to those who may see it.
    assert _shows(arena.ask("olga", "GET", f"/api/products/{target.number}/main_file"))
    assert _shows(arena.ask("olga", "GET", f"/explore?table={target.table}&sort=desc:mag_i_lsst"))


@pytest.mark.parametrize("name", sorted(each.media_types[0] for each in RESULT_FORMATS.values()))
def test_no_format_of_a_query_shows_it(arena: Arena, target: Target, name: str):
    for query in (f"SELECT * FROM {target.table}", f"SELECT MAX(mag_i_lsst) AS m FROM {target.table}"):
        sent = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": name}
        for who in _OTHERS:
            answer = arena.ask(who, "POST", "/tap/sync", data=sent)
            assert answer.status_code in {400, 401}, (who, answer.status_code)
            assert not _shows(answer)
        assert arena.ask("olga", "POST", "/tap/sync", data=sent).status_code == 200


def test_no_table_of_metadata_and_no_list_shows_it(arena: Arena, target: Target):
    for table in ("TAP_SCHEMA.columns", "TAP_SCHEMA.tables", "photoz.products", "photoz.product_columns",
                  "photoz.product_files", "photoz.challenges", "photoz.submissions", "photoz.scores"):  # fmt: skip
        for who in _OTHERS:
            answer = arena.ask(who, "POST", "/tap/sync", data=_csv(f"SELECT * FROM {table}"))
            assert answer.status_code == 200
            assert not _shows(answer), (who, table)
            assert target.name not in answer.text
    for path in ("/api/products/", "/products", "/vospace/nodes/products", "/tap/tables", "/api/challenges/",
                 "/api/challenges/secret/", "/api/challenges/secret/submissions/", "/api/challenges/secret/board/",
                 "/oai?verb=ListRecords&metadataPrefix=oai_dc"):  # fmt: skip
        for who in _OTHERS:
            answer = arena.ask(who, "GET", path)
            assert not _shows(answer), (who, path)
            assert target.name not in answer.text, (who, path)


def test_no_run_and_no_product_reads_it_for_others(arena: Arena, target: Target):
    run = {"PHASE": "RUN", "INPUTS": str(arena.test.id), "OBJECTS": str(target.number)}
    unknown = arena.ask("alice", "POST", "/pipelines/validate_estimates", data={**run, "OBJECTS": "987654"})
    refused = arena.ask("alice", "POST", "/pipelines/validate_estimates", data=run)
    assert refused.status_code == unknown.status_code
    assert refused.text.replace(str(target.number), "@") == unknown.text.replace("987654", "@")
    copied = {"product": target.number, "method": "the truth itself"}
    assert arena.ask("alice", "POST", "/api/challenges/secret/submissions/", json=copied).status_code == 404
    assert arena.ask("alice", "POST", f"/api/products/{target.number}/links/", json={"days": 1}).status_code == 404


def test_tap_has_the_scores_that_the_board_has(arena: Arena, target: Target):
    query = "SELECT submission_id, subset, metric, \"value\" FROM photoz.scores WHERE challenge = 'secret'"
    rows = {
        who: arena.ask(who, "POST", "/tap/sync", data=_csv(query)).text.splitlines()[1:] for who in ("alice", "olga")
    }
    assert {row.split(",")[1].split()[0] for row in rows["alice"]} == {"public"}
    assert {row.split(",")[1].split()[0] for row in rows["olga"]} == {"all", "private", "public"}
    assert len(rows["alice"]) < len(rows["olga"])
    board = arena.json("bob", "GET", "/secret/board/?metric=sigma_iqr")["results"][0]
    assert f"{board['submission_id']},public,sigma_iqr,{board['values']['sigma_iqr']['value']!r}" in rows["alice"]
    joined = "SELECT c.title, s.method FROM photoz.submissions AS s JOIN photoz.challenges AS c ON c.name = s.challenge"
    assert "A challenge,method of alice" in arena.ask("bob", "POST", "/tap/sync", data=_csv(joined)).text
    assert len(arena.ask("nobody", "POST", "/tap/sync", data=_csv(joined)).text.splitlines()) == 1


def test_no_figure_of_a_hidden_truth_has_what_organisers_see(arena: Arena, target: Target):
    number = arena.json("alice", "GET", "/secret/submissions/")["results"][0]["id"]
    for form in ("svg", "pdf"):
        for name in ("pit", "qq", "nz", f"redshifts-{number}"):
            path = f"/api/challenges/secret/board/?format={form}&figure={name}"
            exact = arena.ask("olga", "GET", path)
            shown = arena.ask("alice", "GET", path)
            assert (exact.status_code, shown.status_code) == (200, 200), (name, shown.text)
            assert shown.content != exact.content, (form, name)
            for hidden in ("private", "all"):
                assert arena.ask("alice", "GET", f"{path}&subset={hidden}").status_code == 400
            assert arena.ask("nobody", "GET", path).status_code == 404
            assert not _shows(shown), (form, name)


def _csv(query: str) -> dict[str, str]:
    return {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv", "MAXREC": "100000"}
