"""VOSpace by the library, looked at with CADC's rules of the standard by plain requests."""

import hashlib

import fsspec
import numpy as np
import pandas as pd
import pytest
from pzserver import NotFoundError, RequestError
from pzserver.jobs import FailedJobError
from pzserver.space.documents import node_document, read_node, transfer_document
from pzserver.space.filesystem import PzServerFileSystem

NAMES = ("plain.txt", "with blank é.txt", "100%.txt", "a#b?.txt", "[x]+&=.txt")


@pytest.fixture(scope="module")
def space(ours):
    ours.space.mkdir("~/trial")
    return ours.space


@pytest.fixture(scope="module")
def files(space, library_server, account):
    options = {"token": account.token, "host": library_server.base_url}
    return fsspec.filesystem("pzserver", **options, use_listings_cache=False), options


@pytest.mark.parametrize("name", NAMES)
def test_files_of_all_names_are_written_read_listed_and_deleted(space, name):
    content, path = f"of {name}".encode(), f"~/trial/{name}"

    node = space.write(path, content)

    assert (node.name, node.size, node.md5) == (name, len(content), hashlib.md5(content).hexdigest())
    assert name in {child.name for child in space.list("~/trial")}
    assert space.read(path) == content
    assert space.read(path, 1, 4) == content[1:4]
    assert space.read(space.uri(path)) == content
    space.delete(path)
    assert not space.exists(path)


def test_nodes_are_moved_copied_and_linked(space):
    space.write("~/trial/a.txt", "one")
    space.mkdir("~/trial/in/ner", parents=True)

    space.copy("~/trial/a.txt", "~/trial/b.txt")
    space.move("~/trial/b.txt", "~/trial/in/ner")  # into the folder
    space.link("~/trial/l", "~/trial/in/ner/b.txt")

    assert [node.name for node in space.list("~/trial/in/ner")] == ["b.txt"]
    assert space.read("~/trial/l") == b"one"
    assert space.info("~/trial/l").target.endswith("/trial/in/ner/b.txt")
    with pytest.raises(FailedJobError, match="Not Found"):
        space.move("~/trial/missing", "~/trial/x")
    with pytest.raises(RequestError):
        space.mkdir("~/trial/in")
    with pytest.raises(NotFoundError):
        space.info("~/trial/missing")


def test_bytes_are_sent_and_received_in_blocks(space, tmp_path):
    content = np.random.default_rng(1).bytes(3_000_000)
    (source := tmp_path / "source.bin").write_bytes(content)
    seen = []

    space.write("~/trial/large.bin", (content[at : at + 70_000] for at in range(0, len(content), 70_000)))
    written = space.download("~/trial/large.bin", tmp_path / "got.bin", lambda done, size: seen.append((done, size)))
    space.write("~/trial/large.bin", source)

    assert written.read_bytes() == content
    assert seen[-1] == (len(content), len(content))
    assert len(seen) > 1
    assert b"".join(space.blocks("~/trial/large.bin")) == content
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_nodes_are_shared_with_groups(space, ours):
    ours.groups.create("friends", "of the trial")
    space.write("~/trial/shared.txt", "x")

    shared = space.share("~/trial/shared.txt", "friends", public=True)
    written = space.share("~/trial/shared.txt", "registered", write=True)

    assert [group.partition("?")[2] for group in shared.groups_read] == ["friends"]
    assert shared.is_public
    assert [group.partition("?")[2] for group in written.groups_write] == ["registered"]
    assert [g.partition("?")[2] for g in space.unshare("~/trial/shared.txt", "friends").groups_read] == ["registered"]
    private = space.unshare("~/trial/shared.txt")
    assert (private.groups_read, private.groups_write, private.is_public) == ((), (), False)
    assert space.set_properties("~/trial/shared.txt", {"title": "<T> & é"}).properties["title"] == "<T> & é"
    assert "title" not in space.set_properties("~/trial/shared.txt", {"title": None}).properties


@pytest.mark.parametrize("engine", ["pyarrow", None])
def test_pandas_reads_and_writes_by_address(files, space, engine):
    frame = pd.DataFrame({"z": np.linspace(0, 2, 1000), "name": ["a", "b"] * 500})
    _, options = files
    address = f"pzserver://{space.home}/trial/{engine}.{'parquet' if engine else 'csv'}"

    if engine:
        frame.to_parquet(address, storage_options=options)
        read = pd.read_parquet(address, storage_options=options, columns=["z"])
        pd.testing.assert_frame_equal(read, frame[["z"]])
    else:
        frame.to_csv(address, storage_options=options, index=False)
        pd.testing.assert_frame_equal(pd.read_csv(address, storage_options=options), frame)


def test_the_filesystem_of_fsspec_does_what_a_local_one_does(files, space, tmp_path):
    there, _ = files
    here = fsspec.filesystem("file")
    for system, root in ((there, f"{space.home}/trial/same"), (here, str(tmp_path / "same"))):
        system.makedirs(f"{root}/sub")
        system.pipe(f"{root}/a.bin", bytes(range(256)) * 40)
        system.pipe_file(f"{root}/sub/b.txt", b"b")
        system.cp_file(f"{root}/a.bin", f"{root}/c.bin")
        system.mv(f"{root}/c.bin", f"{root}/sub/c.bin")
        with system.open(f"{root}/d.bin", "wb") as file:
            file.write(b"0123456789" * 1000)
        with system.open(f"{root}/d.bin", "rb", block_size=1000) as file:
            file.seek(-3, 2)
            end, _ = file.read(), file.seek(5005)
            assert (end, file.read(7), file.tell()) == (b"789", b"5678901", 5012)
        system.rm(f"{root}/sub/b.txt")

    def tree(system, root):
        return {name[len(root) :]: entry["size"] for name, entry in system.find(root, detail=True).items()}

    assert tree(there, f"{space.home}/trial/same") == tree(here, str(tmp_path / "same"))
    got = tmp_path / "got"
    there.get(f"{space.home}/trial/same", str(got), recursive=True)
    there.put(str(got), f"{space.home}/trial/again", recursive=True)
    assert tree(there, f"{space.home}/trial/again") == tree(here, str(got))
    there.rm(f"{space.home}/trial/same", recursive=True)
    assert not there.exists(f"{space.home}/trial/same")
    assert there.cat_file(f"{space.home}/trial/again/d.bin", -4, -1) == b"678"


def test_errors_are_those_of_files(files, space):
    there, _ = files

    for use in (there.info, there.ls, there.cat_file, there.rm_file):
        with pytest.raises(FileNotFoundError):
            use(f"{space.home}/trial/missing")
    with pytest.raises(FileNotFoundError), there.open(f"{space.home}/trial/missing"):
        pass
    there.makedirs(f"{space.home}/trial/dir", exist_ok=True)
    with pytest.raises(FileExistsError):
        there.mkdir(f"{space.home}/trial/dir")


def test_the_scheme_is_registered_by_the_distribution():
    assert fsspec.get_filesystem_class("pzserver") is PzServerFileSystem


def test_jobs_of_the_space_are_listed_and_found(space, ours):
    space.write("~/trial/j.txt", "j")
    space.copy("~/trial/j.txt", "~/trial/k.txt")
    job = space.transfer("https://example.invalid/x", "~/trial/x.txt")

    with pytest.raises(FailedJobError):
        job.wait(30)

    status = ours.jobs[job.id].status
    assert (status.phase, status.has_ended, bool(status.error)) == ("ERROR", True, True)
    assert job.id in {entry.id for entry in ours.jobs.of_kind("transfer")}
    assert job.id in {entry.id for entry in ours.jobs.list(phase="ERROR")}
    job.delete()
    with pytest.raises(NotFoundError):
        ours.jobs[job.id]


def test_documents_are_read_as_they_are_written():
    document = node_document("vos://a.b~vospace/home/x%20y", "DataNode", {"title": "<&>", "ivo://x/y#z": "1"})
    node, uri = read_node(document)

    assert (node.path, node.kind, uri) == ("home/x y", "DataNode", "vos://a.b~vospace/home/x%20y")
    assert node.properties == {"title": "<&>", "ivo://x/y#z": "1"}
    assert b"keepBytes>true" in transfer_document("vos://a/b", "vos://a/c", keep=True)
    with pytest.raises(ValueError, match="did not answer"):
        read_node(b"<html>")


def test_documents_with_entities_are_refused():
    bomb = b'<!DOCTYPE n [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><n uri="vos://a.b~vospace/x">&b;</n>'
    with pytest.raises(ValueError, match="did not answer"):
        read_node(bomb)
