"""The server hands out the wheel of the library as pip expects it."""

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx2
import pytest

from webui.library_wheel import library_wheel

FOLDER = "/static/clients"


@pytest.fixture(scope="module")
def wheel():
    return library_wheel()


def test_the_wheel_has_its_address_and_one_without_version(visitor: httpx2.Client, wheel):
    moved = visitor.get(f"{FOLDER}/pzserver.whl")
    answer = visitor.get(moved.headers["location"])

    assert (moved.status_code, moved.headers["location"]) == (307, f"{FOLDER}/{wheel.file_name}")
    assert answer.content == wheel.content
    assert answer.headers["content-disposition"] == f'attachment; filename="{wheel.file_name}"'
    head = visitor.head(f"{FOLDER}/{wheel.file_name}")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(wheel.content)), b"")
    missing = visitor.get(f"{FOLDER}/pzserver-0.1-py3-none-any.whl")
    assert missing.status_code == 404
    assert wheel.file_name in missing.text


@pytest.mark.parametrize("address", [FOLDER, f"{FOLDER}/", f"{FOLDER}/simple/pzserver/"])
def test_the_index_names_the_wheel_with_its_digest(visitor: httpx2.Client, wheel, address: str):
    page = visitor.get(address).text

    assert f'href="{FOLDER}/{wheel.file_name}#sha256={hashlib.sha256(wheel.content).hexdigest()}"' in page
    assert 'data-requires-python="&gt;=3.11"' in page
    assert visitor.get(f"{FOLDER}/simple/other/").status_code == 404
    assert f'href="{FOLDER}/simple/pzserver/"' in visitor.get(f"{FOLDER}/simple/").text


def test_the_page_about_the_server_says_how_to_install_it(visitor: httpx2.Client, wheel):
    assert f"{FOLDER}/{wheel.file_name}" in visitor.get("/about").text


def test_the_wheel_is_whole_and_installs(wheel, tmp_path: Path):
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        record = archive.read(next(name for name in names if name.endswith("/RECORD"))).decode()
    assert {line.partition(",")[0] for line in record.splitlines()} == names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any("__pycache__" in name or name.endswith("direct_url.json") for name in names)
    (path := tmp_path / wheel.file_name).write_bytes(wheel.content)

    # pip checks the digests of the record itself.
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(tmp_path)]
    subprocess.run([*install, str(path)], check=True)

    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import pzserver; print(pzserver.__file__)"
    told = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True).stdout
    assert told.strip() == str(tmp_path / "pzserver" / "__init__.py")
