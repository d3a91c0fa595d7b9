"""Transfers over HTTP: synchronous and as jobs, moves, copies, packages, recursive operations."""

import base64
import hashlib
import io
import tarfile
import zipfile
from urllib.parse import quote

import pytest
from lxml import etree

from core.auth.groups import GroupService
from tests.core.vosi.schemas import schema
from tests.server.application import Application
from tests.vospace.client import CORE, ROOT, VOSpaceClient, checked, fault, node_xml, transfer_xml
from vospace.faults import fault_of_summary

pytestmark = [pytest.mark.slow, pytest.mark.either_database]

PACKAGE = "vos://cadc.nrc.ca~vospace/CADC/std/Pkg-1.0"
TOKEN_METHOD = "ivo://ivoa.net/sso#token"
UWS = {"uws": "http://www.ivoa.net/xml/UWS/v1.0", "xlink": "http://www.w3.org/1999/xlink"}


@pytest.fixture(scope="module")
def owner(site: Application) -> VOSpaceClient:
    return VOSpaceClient(site.client, site.token("owner"))


@pytest.fixture(scope="module")
def other(site: Application) -> VOSpaceClient:
    return VOSpaceClient(site.client, site.token("other"))


@pytest.fixture
def folder(owner: VOSpaceClient, request: pytest.FixtureRequest) -> str:
    path = f"/home/owner/{request.node.originalname}"
    assert owner.make(path).status_code == 201
    return path


def negotiate(person: VOSpaceClient, *targets: str, **said) -> tuple[str, etree._Element]:
    """Negotiate at once, as clients do; give the address of the job, and its transfer."""
    answer = person.ask("POST", "synctrans", content=transfer_xml(*targets, **said))
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    assert place.endswith("/results/transferDetails")
    details = person.ask("GET", place)
    assert details.status_code == 200
    return place.removesuffix("/results/transferDetails"), checked(details.content)


def signed_urls(transfer: etree._Element) -> list[str]:
    return [each.text for each in transfer.iterfind("{*}protocol/{*}endpoint")]


def run_job(person: VOSpaceClient, path: str, *, waits: bool = False, **sent) -> etree._Element:
    """Make a job, run it, and give it as it is at its end, or while it waits for the client."""
    answer = person.ask("POST", path, **sent)
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    pending = person.ask("GET", place)
    assert b">PENDING<" in pending.content
    assert person.ask("POST", f"{place}/phase", data={"phase": "RUN"}).status_code == 303
    for _ in range(60):
        job = etree.fromstring(person.ask("GET", place, params={"WAIT": "0" if waits else "5"}).content)
        if waits or job.findtext("uws:phase", namespaces=UWS) not in {"QUEUED", "EXECUTING"}:
            break
    schema().assertValid(job)
    job.set("place", place)
    return job


def phase(job: etree._Element) -> str:
    return str(job.findtext("uws:phase", namespaces=UWS))


def results(job: etree._Element) -> dict[str, str]:
    found = job.iterfind("uws:results/uws:result", namespaces=UWS)
    return {each.get("id"): each.get(f"{{{UWS['xlink']}}}href") for each in found}


def move(person: VOSpaceClient, source: str, destination: str, *, keep: bool = False) -> etree._Element:
    content = transfer_xml(ROOT + quote(source), direction=ROOT + quote(destination), keep=keep)
    return run_job(person, "transfers", content=content)


def error_of(person: VOSpaceClient, job: etree._Element) -> str:
    return person.ask("GET", f"{job.get('place')}/error").text


def test_bytes_are_pushed_and_pulled_by_signed_addresses(owner, other, folder):
    target, content = f"{ROOT}{folder}/f.dat", b"0123456789" * 1000
    job, transfer = negotiate(owner, target, direction="pushToVoSpace", protocols=("httpsput",), security=TOKEN_METHOD)
    assert owner.ask("GET", f"{job}/phase").text == "COMPLETED"
    assert transfer.find("{*}protocol/{*}securityMethod").get("uri") == TOKEN_METHOD
    nobody = VOSpaceClient(owner.client)
    (put,) = signed_urls(transfer)
    assert nobody.ask("HEAD", put).status_code in {403, 404}
    assert fault(nobody.ask("GET", put)) == (403, "PermissionDenied")
    digest = "md5=" + base64.b64encode(hashlib.md5(content).digest()).decode()
    answer = nobody.ask("PUT", put, content=content, headers={"Digest": digest})
    assert (answer.status_code, answer.headers["digest"]) == (201, digest)
    assert fault(other.ask("GET", f"{job}/phase")) == (404, "NodeNotFound")
    job, transfer = negotiate(owner, target, direction="pullFromVoSpace", protocols=("httpget", "httpsget"))
    assert len(signed_urls(transfer)) == 2
    get = signed_urls(transfer)[0]
    assert nobody.ask("GET", get).content == content
    assert nobody.ask("GET", get, headers={"Range": "bytes=2-5"}).content == b"2345"
    assert fault(nobody.ask("PUT", get, content=b"x")) == (403, "PermissionDenied")
    assert fault(nobody.ask("GET", get.replace("/data/", "/data/x"))) == (403, "PermissionDenied")


def test_wrong_bytes_at_a_signed_address_are_refused_and_the_old_ones_stay(owner, folder):
    owner.put(f"{folder}/f", b"old")
    _, transfer = negotiate(owner, f"{ROOT}{folder}/f", direction="pushToVoSpace", protocols=("httpput",))
    (put,) = signed_urls(transfer)
    wrong = "md5=" + base64.b64encode(hashlib.md5(b"other").digest()).decode()
    nobody = VOSpaceClient(owner.client)
    assert fault(nobody.ask("PUT", put, content=b"new", headers={"Digest": wrong})) == (412, "InvalidData")
    assert owner.get(f"{folder}/f").content == b"old"
    assert nobody.ask("PUT", put, content=b"new").status_code == 200
    assert owner.get(f"{folder}/f").content == b"new"


def test_without_permission_a_transfer_has_no_addresses(owner, other, folder):
    owner.put(f"{folder}/f", b"abc")
    for path in ("/home/owner", folder):
        owner.set(path, ispublic="true")
    cases = (
        ("f", "pullFromVoSpace", "httpget", "NodeNotFound"),
        ("f", "pushToVoSpace", "httpput", "PermissionDenied"),
        ("g", "pushToVoSpace", "httpput", "PermissionDenied"),
    )
    for name, direction, protocol, expected in cases:
        job, transfer = negotiate(other, f"{ROOT}{folder}/{name}", direction=direction, protocols=(protocol,))
        assert signed_urls(transfer) == []
        assert other.ask("GET", f"{job}/phase").text == "ERROR"
        assert other.ask("GET", f"{job}/error").text == expected
    owner.set("/home/owner", ispublic="false")


def test_a_signed_address_holds_only_as_long_as_its_person_may(site, owner, other, folder):
    owner.put(f"{folder}/f", b"abc")
    owner.set("/home/owner", ispublic="true")
    owner.set(folder, ispublic="true")
    owner.set(f"{folder}/f", "DataNode", ispublic="true")
    _, transfer = negotiate(other, f"{ROOT}{folder}/f", direction="pullFromVoSpace", protocols=("httpget",))
    assert VOSpaceClient(site.client).ask("GET", signed_urls(transfer)[0]).content == b"abc"
    owner.set("/home/owner", ispublic="false")
    assert fault(VOSpaceClient(site.client).ask("GET", signed_urls(transfer)[0])) == (404, "NodeNotFound")


@pytest.mark.parametrize(
    ("path", "said", "name"),
    [
        ("/none", {"direction": "pullFromVoSpace", "protocols": ("httpget",)}, "NodeNotFound"),
        ("/none/f", {"direction": "pushToVoSpace", "protocols": ("httpput",)}, "ContainerNotFound"),
        ("/f", {"direction": "pullFromVoSpace", "protocols": ("ftpget",)}, "ProtocolNotSupported"),
        ("/f", {"direction": "pushToVoSpace", "protocols": ("httpget",)}, "ProtocolNotSupported"),
        ("/f", {"direction": "pullFromVoSpace", "protocols": ("httpget",), "view": "x:y"}, "ViewNotSupported"),
        ("", {"direction": "pullFromVoSpace", "protocols": ("httpget",)}, "ViewNotSupported"),
        ("/f", {"direction": "pullToVoSpace", "protocols": ("httpget",)}, "OperationNotSupported"),
    ],
)
def test_a_fault_is_a_transfer_without_addresses_and_a_job_in_error(owner, path, said, name):
    folder = f"/home/owner/faults-{len(owner.names('/home/owner'))}"
    owner.make(folder)
    owner.put(f"{folder}/f", b"abc")
    job, transfer = negotiate(owner, f"{ROOT}{folder}{path}", **said)
    assert signed_urls(transfer) == []
    assert owner.ask("GET", f"{job}/phase").text == "ERROR"
    assert owner.ask("GET", f"{job}/error").text == name
    document = etree.fromstring(owner.ask("GET", job).content)
    schema().assertValid(document)
    assert fault_of_summary(document.findtext("uws:errorSummary/uws:message", None, UWS)) == name


def test_parameters_negotiate_as_well_and_may_redirect(owner, folder):
    owner.put(f"{folder}/f", b"abc")
    asked = {
        "TARGET": f"{ROOT}{folder}/f",
        "DIRECTION": "pullFromVoSpace",
        "PROTOCOL": f"{CORE}httpget",
    }
    answer = owner.ask("GET", "synctrans", params=asked)
    assert answer.status_code == 200
    assert len(signed_urls(checked(answer.content))) == 1
    redirect = owner.ask("GET", "synctrans", params=asked | {"REQUEST": "redirect"})
    assert redirect.status_code == 303
    assert owner.ask("GET", redirect.headers["location"]).content == b"abc"
    assert fault(owner.ask("POST", "synctrans", data=asked | {"DIRECTION": "pullToVoSpace"})) == (
        400,
        "InvalidArgument",
    )
    assert fault(owner.ask("GET", "synctrans", params=asked | {"TARGET": f"{ROOT}{folder}/x"})) == (
        404,
        "NodeNotFound",
    )


def test_transfers_go_through_links_to_data_to_containers_and_out(owner, folder):
    owner.make(f"{folder}/real")
    owner.put(f"{folder}/real/f", b"abc")
    owner.make(f"{folder}/to-data", "LinkNode", target=f"{ROOT}{folder}/real/f")
    owner.make(f"{folder}/to-container", "LinkNode", target=f"{ROOT}{folder}/real")
    owner.make(f"{folder}/out", "LinkNode", target="https://example.com/file.fits")
    owner.make(f"{folder}/circle", "LinkNode", target=f"{ROOT}{folder}/circle")
    for path in ("to-data", "to-container/f"):
        assert owner.get(f"{folder}/{path}").content == b"abc"
        _, transfer = negotiate(owner, f"{ROOT}{folder}/{path}", direction="pullFromVoSpace", protocols=("httpget",))
        assert owner.ask("GET", signed_urls(transfer)[0]).content == b"abc"
    pushed = negotiate(owner, f"{ROOT}{folder}/to-container/p", direction="pushToVoSpace", protocols=("httpput",))[1]
    assert owner.ask("PUT", signed_urls(pushed)[0], content=b"pushed").status_code == 201
    assert owner.get(f"{folder}/real/p").content == b"pushed"
    assert owner.put(f"{folder}/to-container/new", b"new").status_code == 201
    assert owner.get(f"{folder}/real/new").content == b"new"
    assert owner.put(f"{folder}/to-data", b"changed").status_code == 200
    assert owner.get(f"{folder}/real/f").content == b"changed"
    assert owner.node(f"{folder}/to-container/f").get("uri") == f"{ROOT}{folder}/real/f"
    for method in ("GET", "HEAD"):
        out = owner.ask(method, f"files{folder}/out")
        assert (out.status_code, out.headers["location"]) == (303, "https://example.com/file.fits")
    assert fault(owner.get(f"{folder}/circle")) == (400, "LinkFound")
    assert fault(owner.get(f"{folder}/circle/x")) == (400, "LinkFound")


def test_nodes_are_moved_and_copied_with_all_that_lies_in_them(owner, folder):
    owner.make(f"{folder}/a")
    owner.make(f"{folder}/a/b")
    owner.put(f"{folder}/a/b/f", b"abc")
    owner.set(f"{folder}/a/b/f", "DataNode", title="kept")
    owner.make(f"{folder}/target")
    job = move(owner, f"{folder}/a", f"{folder}/copy", keep=True)
    assert phase(job) == "COMPLETED", error_of(owner, job)
    transfer = job.find(".//{*}transfer")
    assert transfer.findtext("{*}target") == f"{ROOT}{folder}/a"
    assert owner.get(f"{folder}/copy/b/f").content == owner.get(f"{folder}/a/b/f").content == b"abc"
    assert owner.properties(f"{folder}/copy/b/f")["title"] == "kept"
    assert phase(move(owner, f"{folder}/a", f"{folder}/target")) == "COMPLETED"
    assert owner.get(f"{folder}/target/a/b/f").content == b"abc"
    assert fault(owner.ask("GET", f"nodes{folder}/a")) == (404, "NodeNotFound")
    owner.delete(f"{folder}/copy")
    assert owner.get(f"{folder}/target/a/b/f").content == b"abc"
    auto = move(owner, f"{folder}/target/a", f"{folder}/.auto", keep=True)
    assert owner.node(results(auto)["destination"].removeprefix(ROOT)).get("uri") == results(auto)["destination"]
    assert phase(move(owner, f"{folder}/target", f"{folder}/.null")) == "COMPLETED"
    assert "target" not in owner.names(folder)


def test_moves_that_cannot_be_end_in_the_fault(owner, other, folder):
    owner.make(f"{folder}/a")
    owner.make(f"{folder}/a/b")
    owner.put(f"{folder}/f", b"x")
    owner.put(f"{folder}/g", b"y")
    cases = (
        (owner, f"{folder}/a", f"{folder}/a/b", "InvalidArgument"),
        (owner, f"{folder}/a", f"{folder}/a", "InvalidArgument"),
        (owner, f"{folder}/f", f"{folder}/g", "DuplicateNode"),
        (owner, f"{folder}/none", f"{folder}/h", "NodeNotFound"),
        (owner, f"{folder}/f", f"{folder}/none/h", "ContainerNotFound"),
        (owner, "/home/owner", f"{folder}/h", "InvalidArgument"),
        (owner, f"{folder}/f", "/home/other/f", "ContainerNotFound"),
        (other, f"{folder}/f", "/home/other/f", "NodeNotFound"),
    )
    for person, source, destination, name in cases:
        job = move(person, source, destination)
        assert (phase(job), error_of(person, job)) == ("ERROR", name), (source, destination)
    assert owner.get(f"{folder}/f").content == b"x"


def test_asynchronous_negotiation_gives_addresses_in_its_result(owner, folder):
    owner.put(f"{folder}/f", b"abc")
    content = transfer_xml(f"{ROOT}{folder}/f", direction="pullFromVoSpace", protocols=("httpget",))
    job = run_job(owner, "transfers", waits=True, content=content)
    assert phase(job) == "EXECUTING"
    details = owner.ask("GET", results(job)["transferDetails"])
    assert owner.ask("GET", signed_urls(checked(details.content))[0]).content == b"abc"
    assert results(job)["dataNode"] == f"{ROOT}{folder}/f"
    ended = etree.fromstring(owner.ask("GET", job.get("place"), params={"WAIT": "60"}).content)
    assert phase(ended) == "COMPLETED"
    assert fault(owner.ask("POST", "transfers", content=b"<x/>")) == (400, "InvalidArgument")


def test_packages_hold_many_targets(owner, folder):
    owner.make(f"{folder}/a")
    owner.make(f"{folder}/a/deep")
    owner.put(f"{folder}/a/deep/é.txt", b"deep")
    owner.put(f"{folder}/a/empty", b"")
    owner.put(f"{folder}/f", b"abc")
    expected = {"a/deep/é.txt": b"deep", "a/empty": b"", "f": b"abc"}
    for wanted in ("application/x-tar", "application/zip"):
        _, transfer = negotiate(
            owner, f"{ROOT}{folder}/a", f"{ROOT}{folder}/f",
            direction="pullFromVoSpace", protocols=("httpget",), view=PACKAGE, format=wanted,
        )  # fmt: skip
        answer = owner.ask("GET", signed_urls(transfer)[0])
        assert answer.headers["content-type"] == wanted
        assert len(answer.content) == int(answer.headers["content-length"])
        if wanted == "application/zip":
            with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
                assert {name: packed.read(name) for name in packed.namelist()} == expected
        else:
            with tarfile.open(fileobj=io.BytesIO(answer.content)) as packed:
                assert {m.name: packed.extractfile(m).read() for m in packed.getmembers()} == expected
    view = owner.ask("GET", f"nodes{folder}", params={"view": "tar"})
    assert owner.ask("GET", view.headers["location"]).headers["content-type"] == "application/x-tar"


def test_recursive_deletion_and_properties_count_what_they_could_and_could_not(owner, folder):
    owner.make(f"{folder}/a")
    owner.make(f"{folder}/a/b")
    for name in ("a/one", "a/b/two", "a/b/locked"):
        owner.put(f"{folder}/{name}", b"x")
    job = run_job(owner, "async-setprops", content=node_xml(f"{folder}/a", ispublic="true"))
    assert results(job) == {"successcount": "final:5"}
    assert owner.properties(f"{folder}/a/b/two")["ispublic"] == "true"
    owner.set(f"{folder}/a/b/locked", "DataNode", islocked="true")
    job = run_job(owner, "async-delete", data={"target": f"{ROOT}{folder}/a"})
    assert results(job) == {"successcount": "final:2", "errorcount": "final:3"}
    assert owner.names(f"{folder}/a/b") == ["locked"]
    owner.set(f"{folder}/a/b/locked", "DataNode", islocked="false")
    assert results(run_job(owner, "async-delete", data={"target": f"{ROOT}{folder}/a"})) == {"successcount": "final:3"}
    gone = run_job(owner, "async-delete", data={"target": f"{ROOT}{folder}/a"})
    assert (phase(gone), error_of(owner, gone)) == ("ERROR", "NodeNotFound")


def test_a_misspelt_parameter_of_a_job_is_refused(owner, folder):
    answer = owner.ask("POST", "async-delete", data={"targt": f"{ROOT}{folder}"})
    assert answer.status_code == 400
    assert "There is no parameter TARGT; did you mean TARGET?" in answer.text


def test_recursive_work_passes_over_what_the_caller_may_not_change(site, owner, other, folder):
    groups = GroupService(site.services.database)
    person = site.services.accounts.service.identity_of_user("owner")
    groups.add_member(person, groups.create(person, "helpers").id, "other")
    team = "ivo://example.org/gms?helpers"
    owner.set("/home/owner", groupread=team)
    owner.set(folder, groupwrite=team)
    owner.make(f"{folder}/a", groupwrite=team)
    owner.make(f"{folder}/a/closed")
    owner.put(f"{folder}/a/closed/f", b"x")
    assert other.put(f"{folder}/a/theirs", b"x").status_code == 201
    job = run_job(other, "async-setprops", content=node_xml(f"{folder}/a", title="t"))
    assert results(job) == {"successcount": "final:2", "errorcount": "final:2"}
    job = run_job(other, "async-delete", data={"target": f"{ROOT}{folder}/a"})
    assert results(job) == {"successcount": "final:1", "errorcount": "final:3"}
    assert owner.names(f"{folder}/a") == ["closed"]
    assert "title" not in owner.properties(f"{folder}/a/closed")


def test_the_service_chooses_a_name_once_and_gives_it_as_target(owner, folder):
    for target in (f"{folder}/.auto", folder):  # a container gets the bytes in a node of its own (items 41 and 48)
        content = transfer_xml(f"{ROOT}{target}", direction="pushToVoSpace", protocols=("httpput",))
        job = run_job(owner, "transfers", waits=True, content=content)
        chosen = results(job)["target"]
        assert chosen == results(job)["dataNode"]
        assert chosen.startswith(f"{ROOT}{folder}/")
        details = [checked(owner.ask("GET", results(job)["transferDetails"]).content) for _ in range(2)]
        assert {each.findtext("{*}target") for each in details} == {chosen}
        assert owner.ask("PUT", signed_urls(details[0])[0], content=b"abc").status_code == 201
        assert owner.get(chosen.removeprefix(ROOT)).content == b"abc"
        _, synchronous = negotiate(owner, f"{ROOT}{target}", direction="pushToVoSpace", protocols=("httpput",))
        assert synchronous.findtext("{*}target").startswith(f"{ROOT}{folder}/")
        assert owner.ask("PUT", signed_urls(synchronous)[0], content=b"abc").status_code == 201
    assert len(owner.names(folder)) == 4


def test_details_of_a_transfer_whose_node_is_gone_are_the_fault(owner, folder):
    owner.put(f"{folder}/f", b"abc")
    content = transfer_xml(f"{ROOT}{folder}/f", direction="pullFromVoSpace", protocols=("httpget",))
    job = run_job(owner, "transfers", waits=True, content=content)
    owner.delete(f"{folder}/f")
    assert fault(owner.ask("GET", results(job)["transferDetails"])) == (404, "NodeNotFound")


def test_security_methods_that_are_not_supported_are_left_out(owner, folder):
    certificate = "ivo://ivoa.net/sso#tls-with-certificate"
    for method, left in ((certificate, 0), (TOKEN_METHOD, 1)):
        _, transfer = negotiate(
            owner, f"{ROOT}{folder}/f", direction="pushToVoSpace", protocols=("httpput",), security=method
        )
        assert len(signed_urls(transfer)) == 1
        assert len(transfer.findall(".//{*}securityMethod")) == left
