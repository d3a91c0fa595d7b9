"""Tables in memory, files, folders and ensembles become drafts, which are shown, published, resumed and discarded."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import qp
from astropy import units as u
from astropy.table import Table
from pzserver import InvalidValueError, NotFoundError, PzServer, PzUpload, RequiredColumnsError
from pzserver.drafts.draft import Draft
from pzserver.drafts.parts import send_parts
from pzserver.drafts.sources import opened_source
from pzserver.tables.frames import arrow_table

ROWS = 50


@pytest.fixture(scope="module")
def table() -> Table:
    random = np.random.default_rng(5)
    columns = {"objid": np.arange(ROWS), "RAJ2000": random.uniform(10, 11, ROWS), "DEJ2000": random.uniform(1, 2, ROWS)}
    table = Table({**columns, "zspec": random.uniform(0, 1, ROWS), "flux": np.ones(ROWS)})
    table["RAJ2000"].unit, table["flux"].unit, table["flux"].description = "deg", u.nJy, "of the model"
    table.meta["description"] = "Made by hand"
    return table


@pytest.fixture(autouse=True)
def no_drafts(ours: PzServer):
    yield
    for draft in ours.drafts:
        draft.discard()


def test_a_table_becomes_a_draft_with_its_words_and_guesses_and_then_a_product(ours: PzServer, table):
    draft = ours.upload(
        table,
        name="A table",
        product_type="redshift_catalog",
        ucds={"flux": "phot.flux"},
        descriptions={"zspec": "measured"},
        visibility="private",
    )

    guessed = {guess.column: guess.meaning for guess in draft.guesses}
    assert guessed == {"objid": "ID", "RAJ2000": "RA", "DEJ2000": "Dec", "zspec": "z"}
    assert {each.name: each.meaning for each in draft.columns if each.meaning} == guessed
    flux = draft.columns["flux"]
    assert (flux.unit, flux.ucd, flux.description) == ("nJy", "phot.flux", "of the model")
    assert draft.columns["zspec"].description == "measured"
    assert "<td>name DEJ2000" in draft._repr_html_()
    assert [each.display_name for each in ours.drafts] == ["A table"]
    assert "Registering" in repr(ours.drafts)

    product = draft.publish()

    assert (product.record.description, product.record.visibility) == ("Made by hand", "private")
    np.testing.assert_array_equal(np.sort(product.to_table()["zspec"]), np.sort(table["zspec"]))
    assert len(ours.drafts) == 0
    ours.delete_product(product.number)


@pytest.mark.parametrize("kind", ["frame", "arrow", "fits"])
def test_chosen_meanings_and_words_are_those_of_the_draft(ours: PzServer, table, kind, tmp_path):
    path = tmp_path / "table.fits"
    Table(table, meta={}).write(path)
    data = {"frame": table.to_pandas(), "arrow": arrow_table(table), "fits": path}[kind]
    notes = tmp_path / "notes.txt"
    notes.write_text("all well")

    draft = ours.upload(
        data,
        name="Chosen",
        product_type="redshift_catalog",
        columns={"RAJ2000": "RA", "DEJ2000": "Dec"},
        units={"flux": u.mJy},
        ucds={"flux": "phot.flux"},
        files=[notes],
    )

    assert (draft.columns["flux"].unit, draft.columns["flux"].ucd) == ("mJy", "phot.flux")
    assert draft.columns["zspec"].meaning is None
    with pytest.raises(RequiredColumnsError):
        draft.publish()
    draft.set_meanings({"RAJ2000": "RA", "DEJ2000": "Dec", "zspec": "z"}).describe(descriptions={"flux": "new"})
    assert (draft.columns["flux"].ucd, draft.columns["flux"].description) == ("phot.flux", "new")
    with pytest.raises(InvalidValueError, match="no column 'no'; there are objid"):
        draft.describe(units={"no": "m"})
    product = draft.publish()
    assert {file.role for file in product.files} == {"main", "auxiliary"}
    ours.delete_product(product.number)


def test_an_ensemble_comes_back_as_it_was(ours: PzServer):
    grid = np.linspace(0, 3, 31)
    values = np.exp(-((grid - np.array([[0.5], [1.0]])) ** 2) / 0.02)
    ensemble = qp.Ensemble(qp.interp, data={"xvals": grid, "yvals": values}, ancil={"object_id": np.array([1, 2])})

    product = ours.upload(ensemble, name="p(z)", product_type="photoz_estimates", pz_code="any").publish()

    np.testing.assert_allclose(product.ensemble().pdf(grid), ensemble.pdf(grid))
    ours.delete_product(product.number)


def test_a_folder_is_a_zip_whose_bytes_depend_on_its_files_alone(tmp_path):
    folder = tmp_path / "catalogue"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "b.csv").write_text("z\n1\n")
    (folder / "a.txt").write_text("a")
    with opened_source(folder, "x") as one:
        first = one.fingerprint
    os.utime(folder / "a.txt", (0, 0))
    with opened_source(folder, "x") as two:
        assert (two.name, two.fingerprint) == ("catalogue.zip", first)


def test_what_cannot_be_uploaded_leaves_no_draft(ours: PzServer, table):
    about = {"name": "x", "product_type": "redshift_catalog"}
    with pytest.raises(InvalidValueError, match="int cannot be uploaded"):
        ours.upload(5, **about)
    with pytest.raises(InvalidValueError, match="no column 'no'"):
        ours.upload(table, units={"no": "m"}, **about)
    with pytest.raises(FileNotFoundError):
        ours.upload("gone.csv", **about)
    with pytest.raises(FileNotFoundError, match=r"no file gone\.txt"):
        ours.upload(table, files=["gone.txt"], **about)
    with pytest.raises(ValueError, match="'nope' is not one of the product types"):
        ours.upload(table, name="x", product_type="nope")
    assert len(ours.drafts) == 0
    with pytest.raises(NotFoundError, match="no draft 'x'"):
        ours.drafts["x"]


def test_a_file_that_cannot_be_read_is_found_again_and_replaced(ours: PzServer, table, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("ra,dec,z\n1,2,3\n4,5\n6\n7,8,9,10,11\n")

    with pytest.raises(InvalidValueError) as refused:
        ours.upload(path, name="bad", product_type="redshift_catalog")

    draft = ours.drafts["bad"]
    assert f"server.drafts[{draft.number}].resume" in refused.value.__notes__[0]
    assert draft.error == str(refused.value)
    assert draft.resume(table).publish().row_count == ROWS


def test_another_file_has_the_proposed_meanings_though_it_is_inspected_at_once(
    ours: PzServer, table, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "odd.csv"
    path.write_text("ra,dec,z\n1,2,3\n4,5\n6\n7,8,9,10,11\n")
    with pytest.raises(InvalidValueError):
        ours.upload(path, name="odd", product_type="redshift_catalog")
    draft, send = ours.drafts["odd"], Draft.send

    def send_and_wait(draft: Draft, *given, **named):
        send(draft, *given, **named)
        draft.inspect()
        assert draft._inspection().state == "done"

    monkeypatch.setattr(Draft, "send", send_and_wait)
    assert draft.resume(table).publish().row_count == ROWS


_KILLED = """
import os, sys
from pzserver import PzServer
from pzserver.drafts.parts import _Part

sent = _Part.__iter__
def cut(self):
    for block in sent(self):
        yield block
        if self._start > 0:  # in the middle of the second part
            os.kill(os.getpid(), {signal})
_Part.__iter__ = cut
PzServer(host=sys.argv[1]).upload(sys.argv[2], name="cut", product_type="other")
"""


def test_an_upload_that_was_killed_is_resumed_where_it_stopped(ours: PzServer, account, tmp_path):
    path = tmp_path / "large.csv"
    numbers = np.random.default_rng(3).normal(size=(150_000, 2))
    np.savetxt(path, numbers, delimiter=",", header="x,y", comments="")
    environment = {**os.environ, "PZSERVER_TOKEN": account.token}

    done = subprocess.run(
        [sys.executable, "-c", _KILLED.format(signal=signal.SIGKILL.value), ours.url, str(path)],
        env=environment,
        check=False,
        timeout=120,
    )

    assert done.returncode == -signal.SIGKILL
    draft = ours.drafts["cut"]
    (broken,) = draft.unfinished
    assert 1 << 20 <= broken.received < broken.size == path.stat().st_size
    assert f"{broken.received} of {broken.size} bytes" in draft._repr_html_()
    with pytest.raises(InvalidValueError, match=r"Give the file again: of large\.csv"):
        draft.resume()
    with pytest.raises(InvalidValueError, match="is not the file whose upload broke off"):
        draft.resume(Table({"x": [1]}))

    product = draft.resume(path).publish()

    assert product.files.main.read() == path.read_bytes()
    assert draft.unfinished == ()
    ours.delete_product(product.number)


def test_a_broken_connection_is_continued_within_the_call(ours: PzServer, table, tmp_path):
    draft, path = ours.upload(table, name="with notes", product_type="other"), tmp_path / "notes.bin"
    path.write_bytes(np.random.default_rng(4).bytes(4 << 20))
    told: list[int] = []

    def break_once(done: int, _whole: int) -> None:
        told.append(done)
        if done > 2 << 20 and not any(earlier > 2 << 20 for earlier in told[:-1]):
            raise ConnectionResetError

    with opened_source(path, "notes") as source:
        send_parts(ours.connection, draft.number, source, "auxiliary", break_once)

    after = told[next(i for i, done in enumerate(told) if done > 2 << 20) + 1 :]
    assert min(after) >= 1 << 20
    product = draft.publish()
    assert product.files["notes.bin"].read() == path.read_bytes()
    ours.delete_product(product.number)


def test_the_call_with_files_uploads_and_publishes_at_once(ours: PzServer, table, tmp_path):
    path = tmp_path / "old.parquet"
    table.write(path)

    old = ours.upload("Old call", "redshift_catalog", path, columns="guess")

    assert isinstance(old, PzUpload)
    assert old.is_published
    ours.delete_product(old.product_id)
