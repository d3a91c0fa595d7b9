"""Bad input ends a run in ERROR with a sentence that names catalogue, column and value, or is counted and reported."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.auth.models import Identity
from core.auth.schema import GroupRow
from core.errors import InvalidValueError
from pipelines.definitions import COMBINE, TRAINING
from pipelines.models import Run, RunRequest
from products.models import FileRole, InspectionState, Product, ProductStatus
from products.product_types import product_type_by_name
from products.schema import ProductRow, ReleaseRow
from products.service import NewProduct
from server.services import Services
from tests.pipelines.runs.conftest import Catalogues
from tests.pipelines.runs.published import (
    OBJECT_MEANINGS,
    SECONDS,
    PipelineSite,
    catalogue,
    objects,
    publish,
    put_file,
    wait_for_run,
)
from tests.vospace.client import node_xml
from uws import Phase

pytestmark = pytest.mark.either_database(whole_file=True)

_FAULTY = {"ra": "ra", "dec": "dec", "z": "z", "z_flag": "z_flag", "z_err": "z_err", "survey": "survey"}


def _finished(site: PipelineSite, alice: Identity, *inputs: str, pipeline=COMBINE, **asked: object) -> Run:
    request = RunRequest(inputs=inputs, **asked)
    run = site.app.services.pipelines.service.submit(alice, pipeline, request)
    wait_for_run(site.app.services, alice, run.job_id)
    return site.app.services.pipelines.service.get(alice, run.id)


def _failed(site: PipelineSite, alice: Identity, *inputs: str, **asked: object) -> str:
    run = _finished(site, alice, *inputs, **asked)
    assert run.phase is Phase.ERROR
    assert site.app.services.products.service.get(alice, run.product_id).status is ProductStatus.FAILED
    return run.error or ""


def _report(site: PipelineSite, run: Run) -> dict:
    return site.json("GET", f"/api/processes/{run.id}/report")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("homogenized_columns_out_of_range", "values of z_flag_homogenized are out of range, for example 5, 7"),
        ("survey_col_missing", "no survey that selects the rules"),
        ("survey_not_supported", "the survey 'NOT_SUPPORTED' has no z_flag_translation"),
        ("survey_supported_but_wrong_flags", "have none of its values of z_flag (10, 11, 12"),
    ],
)
def test_catalogues_with_a_fault_are_named(
    site: PipelineSite, alice: Identity, shared_data: Path, name: str, words: str
):
    path = shared_data / "redshift_catalogs" / f"test_{name}.parquet"
    columns = set(pq.read_schema(path).names)
    meanings = {column: key for key, column in _FAULTY.items() if column in columns}
    product = publish(site.app.services, alice, name, pd.DataFrame(), meanings=meanings, path=path)
    sentence = _failed(site, alice, product.internal_name)
    assert product.internal_name in sentence
    assert words in sentence


def test_all_faulty_catalogues_are_named_at_once(site: PipelineSite, alice: Identity):
    made = [
        publish(site.app.services, alice, name, catalogue("VVDS").assign(**changes))
        for name, changes in (("no rules", {"survey_name": "UNHEARD"}), ("words", {"Q": "good"}))
    ]
    sentence = _failed(site, alice, *(product.internal_name for product in made))
    assert f"{made[0].internal_name}: the survey 'UNHEARD' has no" in sentence
    assert f"{made[1].internal_name}: 40 values of the column mapped to z_flag are not numbers" in sentence
    assert "'good'" in sentence


def test_what_publication_accepts_is_combined_and_positions_beyond_the_sky_are_counted(
    site: PipelineSite, alice: Identity
):
    frame = catalogue("VVDS")
    frame.loc[3, "DEJ2000"] = 99.0
    frame.loc[4, "RAJ2000"] = None
    frame.loc[5, "RAJ2000"] -= 360
    product = publish(site.app.services, alice, "beyond", frame)
    run = _finished(site, alice, product.internal_name)
    assert run.phase is Phase.COMPLETED
    report = _report(site, run)
    assert report["catalogues"][0]["rows_without_position"] == 2
    assert "2 rows without a position are left out" in report["warnings"][0]


def test_a_wrong_flag_and_hours_are_counted_and_reported(site: PipelineSite, alice: Identity):
    frame = catalogue("2DFGRS", 200)
    frame["RAJ2000"] = [i * 24 / 200 for i in range(200)]
    frame["DEJ2000"] = [i / 5 - 20 for i in range(200)]
    frame.loc[:4, "Q"] = 77
    product = publish(site.app.services, alice, "hours", frame)
    run = _finished(site, alice, product.internal_name)
    assert run.phase is Phase.COMPLETED
    report = _report(site, run)
    assert report["catalogues"][0]["flags_without_rule"] == {"77": 5}
    assert any("5 rows have a z_flag without a rule (77)" in warning for warning in report["warnings"])
    assert any("as if they were in hours" in warning for warning in report["warnings"])


def test_catalogues_without_overlap_are_told(site: PipelineSite, alice: Identity, catalogues: Catalogues):
    far = catalogue("2DFGRS").assign(DEJ2000=lambda frame: frame["DEJ2000"] + 40)
    product = publish(site.app.services, alice, "far", far)
    asked = {"param": {"combine_type": "concatenate_and_mark_duplicates"}}
    run = _finished(site, alice, product.internal_name, catalogues.vvds.internal_name, **asked)
    assert run.phase is Phase.COMPLETED
    assert "No two catalogues have a row in common within the radius." in _report(site, run)["warnings"]
    sentence = _failed(site, alice, product.internal_name, pipeline=TRAINING, objects=str(catalogues.objects.id))
    assert "None of 40 redshifts" in sentence
    assert "within" in sentence or "closer than 1 arcseconds" in sentence


def test_everything_cut_away_is_an_error(site: PipelineSite, alice: Identity):
    product = publish(site.app.services, alice, "poor", catalogue("VVDS").assign(Q=1))
    sentence = _failed(site, alice, product.internal_name, param={"z_flag_homogenized_value_to_cut": 4})
    assert "No catalogue has rows left" in sentence


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": ("{objects}",)}, "is of type Objects Catalog; a product of type Reference Redshift"),
        ({"columns": {"{vvds}": {"z_err": "e_z"}}}, "has no column 'e_z' (requested for z_err); it has name, RAJ2000"),
        ({"columns": {"{vvds}": {"z": "survey_name"}}}, "declared as z, is not numeric"),
        ({"columns": {"{vvds}": {"dec": None}}}, "No column of the product {vvds} is declared as dec"),
        ({"columns": {"77_other": {"z": "z"}}}, "COLUMNS names 77_other, which is not an input"),
        ({"param": {"tie_treatment_option": "toss"}}, "tie_treatment_option: Input should be"),
        ({"param": {"crossmatch_radius_arcsec": 0}}, "crossmatch_radius_arcsec: Input should be greater than 0"),
        ({"inputs": ("vos://other.org/products/1_vvds",)}, "is not of this server"),
        (
            {"inputs": ("vos://photoz.local/home/alice/x.csv",)},
            "There is no file 'vos://photoz.local/home/alice/x.csv'",
        ),
        ({"inputs": ("vos://photoz.local/products/{vvds}/more.csv",)}, "/more.csv' that you may read"),
        ({"inputs": ("vos://photoz.local~vospace/products/{vvds}/product_metadata.yaml",)}, "yaml is not a table"),
        ({"inputs": ("vos://photoz.local~vospace/home/alice",)}, "is a container and has no bytes"),
        ({"rules": "translation_rules: {VVDS: {z_flag_translation: {1: 9}}}"}, "9"),
        ({"rules": "a: &x [1]\nb: *x"}, "alias"),
    ],
)
def test_a_run_that_cannot_be_is_refused_before_it_is_queued(
    site: PipelineSite, alice: Identity, catalogues: Catalogues, change: dict, words: str
):
    names = {"objects": catalogues.objects.internal_name, "vvds": catalogues.vvds.internal_name}

    def named(value):
        if isinstance(value, str) and "{VVDS" not in value:
            return value.format(**names)
        if isinstance(value, tuple):
            return tuple(map(named, value))
        return {named(key): named(each) for key, each in value.items()} if isinstance(value, dict) else value

    before = site.json("GET", "/api/products")["count"]
    asked = {"inputs": (catalogues.vvds.internal_name,)} | {key: named(value) for key, value in change.items()}
    with pytest.raises(InvalidValueError) as caught:
        site.app.services.pipelines.service.submit(alice, COMBINE, RunRequest(**asked))
    assert words.replace("{vvds}", names["vvds"]) in caught.value.message
    assert site.json("GET", "/api/products")["count"] == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "Choose an object catalogue"),
        ({"objects": "987654"}, "There is no product '987654'"),
        ({"release": "dr99"}, "There is no release 'dr99'"),
        ({"param": {"selected_cols": ["g_mag"]}, "objects": "{objects}"}, "has no column 'g_mag'"),
        ({"param": {"train_fraction": 1.5}, "objects": "{objects}"}, "train_fraction: Input should be less than 1"),
        ({"param": {"object_cuts": ["__import__('os')"]}, "objects": "{objects}"}, "object_cuts"),
    ],
)
def test_a_training_set_that_cannot_be_is_refused(
    site: PipelineSite, alice: Identity, catalogues: Catalogues, change: dict, words: str
):
    asked = dict(change)
    if asked.get("objects") == "{objects}":
        asked["objects"] = catalogues.objects.internal_name
    with pytest.raises(InvalidValueError) as caught:
        site.app.services.pipelines.service.submit(
            alice, TRAINING, RunRequest(inputs=(catalogues.vvds.internal_name,), **asked)
        )
    assert words in caught.value.message


def test_objects_without_numbers_end_in_a_sentence(site: PipelineSite, alice: Identity, catalogues: Catalogues):
    frame = objects().assign(r_cModelFlux="bright")
    meanings = {"objectId": "id", "coord_ra": "ra", "coord_dec": "dec"}
    product = publish(site.app.services, alice, "dull", frame, kind="object_catalog", meanings=meanings)
    asked = {"objects": product.internal_name, "param": {"flux_type": "cModel"}}
    sentence = _failed(site, alice, catalogues.vvds.internal_name, pipeline=TRAINING, **asked)
    assert "r_cModelFlux" in sentence


def test_an_empty_catalogue_gets_no_further_than_its_inspection(
    site: PipelineSite, alice: Identity, catalogues: Catalogues
):
    services = site.app.services
    product = services.products.service.create(
        alice, NewProduct("nothing", product_type_by_name("redshift_catalog").id)
    )
    with services.products.uploads.stage(alice, product.id, FileRole.MAIN) as staging:
        staging.write(catalogue("VVDS").iloc[:0].to_csv(index=False).encode())
        stored = staging.finish()
    services.products.uploads.add_file(alice, product.id, FileRole.MAIN, "nothing.csv", stored)
    services.products.uploads.inspect(alice, product.id)
    found = services.products.uploads.wait_for_inspection(alice, product.id, SECONDS)
    assert found.inspection_state is InspectionState.FAILED
    assert "nothing.csv has a header of 6 columns and no rows" in (found.inspection_error or "")
    with pytest.raises(InvalidValueError, match=f"The product {product.internal_name} is not published"):
        inputs = (product.internal_name, catalogues.vvds.internal_name)
        services.pipelines.service.submit(alice, COMBINE, RunRequest(inputs=inputs))


def _refused(site: PipelineSite, alice: Identity, address: str) -> str:
    with pytest.raises(InvalidValueError) as caught:
        site.app.services.pipelines.service.submit(alice, COMBINE, RunRequest(inputs=(address,)))
    return caught.value.message


def test_objects_of_a_closed_release_make_a_result_for_those_who_see_it(
    site: PipelineSite, alice: Identity, catalogues: Catalogues
):
    services = site.app.services
    objects, checker = catalogues.objects, services.pipelines.service.checker
    closed, other = (services.products.service.ensure_release(name, name) for name in ("closed", "other"))
    group = services.accounts.groups.create(alice, "of_the_release")
    request = RunRequest(inputs=(catalogues.vvds.internal_name,), objects=objects.internal_name)
    with services.database.write() as session:
        row = session.get_one(ReleaseRow, closed.id)
        row.is_public, row.access_groups = False, [session.get_one(GroupRow, group.id)]
        session.get_one(ProductRow, objects.id).release_id = closed.id
    member = services.accounts.service.identity_of_user("alice")
    try:
        assert not checker.check(member, TRAINING, request).must_be_private
        elsewhere = request.model_copy(update={"release": other.name})
        assert checker.check(member, TRAINING, elsewhere).must_be_private
    finally:
        with services.database.write() as session:
            session.get_one(ProductRow, objects.id).release_id = None


def test_a_release_without_a_folder_is_served_by_its_official_or_its_only_product(
    site: PipelineSite, alice: Identity, catalogues: Catalogues
):
    services = site.app.services
    release = services.products.service.ensure_release("dp1", "DP1")
    vvds, param = catalogues.vvds.internal_name, {"flux_type": "cmodel", "crossmatch": {"output_catalog_name": "tsm"}}
    sent = {"display_name": "Of a release", "pipeline": 1, "inputs": [vvds], "release": release.id}
    refused = site.ask("POST", "/api/processes", json=sent)
    assert "no object catalogue of the release DP1" in refused.json()["release"][0]
    first, second = (
        publish(services, alice, name, objects(), kind="object_catalog", meanings=OBJECT_MEANINGS)
        for name in ("DP1 one", "DP1 two")
    )
    request = RunRequest(inputs=(vvds,), release="dp1")
    _put_into(services, release.id, first)
    assert services.pipelines.checker.check(alice, TRAINING, request).request.objects == first.internal_name
    _put_into(services, release.id, second)
    with pytest.raises(InvalidValueError, match=f"choose one of {second.internal_name}, {first.internal_name}"):
        services.pipelines.checker.check(alice, TRAINING, request)
    _put_into(services, release.id, first, official=True)
    run = site.json("POST", "/api/processes", json={**sent, "used_config": {"param": param}})
    assert wait_for_run(services, alice, run["job"].rpartition("/")[2]).phase.value == "COMPLETED"
    done = site.json("GET", f"/api/processes/{run['id']}")
    assert [each["id"] for each in done["provenance_inputs"]] == [catalogues.vvds.id, first.id]
    assert (done["release_name"], done["warnings"][0].split("'")[1]) == ("DP1", "crossmatch.output_catalog_name")
    assert done["warnings"][0] in site.json("GET", f"/api/processes/{run['id']}/logs")["pipeline"]["content"]
    assert len(site.rows(f"SELECT mag_r FROM {_table_of(site, done['upload'])}")) == 40


def _put_into(services: Services, release: int, product: Product, *, official: bool = False) -> None:
    with services.database.write() as session:
        row = session.get_one(ProductRow, product.id)
        row.release_id, row.official = release, official


def _table_of(site: PipelineSite, product_id: int) -> str:
    return str(site.json("GET", f"/api/products/{product_id}/inspection")["tap_table"])


def test_a_file_that_may_not_be_read_is_as_one_that_is_not_there(site: PipelineSite, alice: Identity):
    secret = put_file(site, "/home/bob/secret.csv", b"ra,dec,z\n1,2,3\n", "bob")
    missing = secret.replace("secret", "nothing")
    assert _refused(site, alice, secret).replace("secret", "nothing") == _refused(site, alice, missing)
    for name, target in (("lead", secret), ("stray", missing)):
        link = node_xml(f"vos://photoz.local~vospace/home/alice/{name}", "LinkNode", target=target)
        assert site.ask("PUT", f"/vospace/nodes/home/alice/{name}", content=link).status_code == 201
    lead, stray = (_refused(site, alice, f"vos://photoz.local/home/alice/{name}") for name in ("lead", "stray"))
    assert lead.replace("lead", "stray") == stray
    assert "secret" not in lead


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "is empty (0 bytes)"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n....", "picture.csv is not a CSV file: it starts like a PNG image"),
        ("picture", b"\x89PNG\r\n\x1a\n....", "picture is not a table: it starts like a PNG image"),
    ],
)
def test_a_file_that_can_hold_no_table_is_refused_before_it_is_queued(
    site: PipelineSite, alice: Identity, name: str, content: bytes, words: str
):
    assert words in _refused(site, alice, put_file(site, f"/home/alice/{name}", content))


def test_a_file_whose_columns_do_not_tell_what_they_mean_is_named(site: PipelineSite, alice: Identity):
    frame = catalogue("VVDS").rename(columns={"zspec": "stretch"})
    address = put_file(site, "/home/alice/odd.csv", frame.to_csv(index=False).encode())
    sentence = _failed(site, alice, address)
    assert f"No column of the file {address} is declared as z; name the column in COLUMNS." in sentence
    assert "stretch" in sentence
    told = _finished(site, alice, address, columns={address: {"z": "stretch"}})
    assert told.phase is Phase.COMPLETED, told.error
    wrong = _failed(site, alice, address, columns={address: {"z": "shift"}})
    assert f"The file {address} has no column 'shift' (requested for z)" in wrong


@pytest.mark.parametrize(
    "authority", ["evil.org~vospace", "evil.org", "photoz.local.evil.org", "evil.org/photoz.local"]
)
def test_an_address_of_another_server_makes_no_job(site: PipelineSite, authority: str):
    """What it names is never taken for what has the same path here."""
    address = f"vos://{authority}/products/1_vvds"
    answer = site.ask("POST", "/pipelines/combine_redshift_dedup", data={"INPUTS": address})
    assert (answer.status_code, "is not of this server" in answer.text) == (400, True)
