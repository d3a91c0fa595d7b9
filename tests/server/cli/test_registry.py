"""``photoz registry``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from core.errors import InvalidValueError
from core.settings import Settings
from server.cli.main import app
from server.services import Services
from tests.server.cli.conftest import MakeServer


def test_records_are_validated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_server: MakeServer):
    make_server(tmp_path)
    for name, value in (("DATA", tmp_path), ("AUTHORITY", "example.org"), ("BASE_URL", "https://pz.example.org")):
        monkeypatch.setenv(f"PHOTOZ_{name}", str(value))
    done = CliRunner().invoke(app, ["registry", "validate", "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["records"] >= 6, "the authority, the organisation, the registry, TAP, VOSpace, pipelines"
    assert not [item for item in answer["findings"] if item["record"] != "server"]
    assert [item["message"] for item in answer["findings"] if "PHOTOZ_CONTACT" in item["message"]]

    monkeypatch.setenv("PHOTOZ_AUTHORITY", "photoz.local")
    refused = CliRunner().invoke(app, ["registry", "validate", "--schemas", str(tmp_path / "none")])
    assert refused.exit_code == 1
    assert "PHOTOZ_AUTHORITY" in refused.output
    assert "python3-gavo" in refused.output


class _Registry(BaseHTTPRequestHandler):
    """Another registry: one record, and none that has changed since."""

    asked: ClassVar[list[dict[str, list[str]]]] = []

    def do_GET(self) -> None:
        """Answer as OAI-PMH says."""
        asked = parse_qs(urlsplit(self.path).query)
        self.asked.append(asked)
        content = "<Identify><granularity>YYYY-MM-DD</granularity></Identify>"
        if asked["verb"] == ["ListRecords"]:
            content = '<error code="noRecordsMatch"/>' if "from" in asked else _LIST
        body = (
            '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
            f"<responseDate>2026-05-06T07:08:09Z</responseDate>{content}</OAI-PMH>"
        )
        self.send_response(404 if "/gone" in self.path else 200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


_LIST = """<ListRecords><record><header><identifier>ivo://other.org/plates</identifier></header><metadata>
<ri:Resource xmlns:ri="http://www.ivoa.net/xml/RegistryInterface/v1.0" xmlns="" status="active">
<title>Plates of the sky</title><identifier>ivo://other.org/plates</identifier></ri:Resource>
</metadata></record></ListRecords>"""


@contextmanager
def _another_registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/oai"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_other_registries_are_harvested(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_server: MakeServer):
    make_server(tmp_path)
    monkeypatch.setenv("PHOTOZ_DATA", str(tmp_path))
    assert "names no registries" in CliRunner().invoke(app, ["registry", "harvest"]).output
    with _another_registry() as address:
        monkeypatch.setenv("PHOTOZ_REGISTRY_SOURCES", json.dumps([address]))
        done = CliRunner().invoke(app, ["registry", "harvest"])
        assert done.exit_code == 0, done.output
        assert f"{address}: 1 records stored, 0 deleted, 0 ignored." in done.stdout
        again = CliRunner().invoke(app, ["registry", "harvest", address])
        assert f"{address}: 0 records stored, 0 deleted, 0 ignored." in again.stdout
        assert _Registry.asked[-1]["from"] == ["2026-05-06"], "this registry knows days alone"
        refused = CliRunner().invoke(app, ["registry", "harvest", f"{address}/other"])
        assert isinstance(refused.exception, InvalidValueError)

        monkeypatch.setenv("PHOTOZ_REGISTRY_SOURCES", json.dumps([f"{address}/gone", address]))
        failed = CliRunner().invoke(app, ["registry", "harvest"])
        assert failed.exit_code == 1
        assert f"{address}/gone cannot be harvested: it answers ListRecords with the HTTP status 404." in failed.output
        assert f"{address}: 0 records stored" in failed.output, "the others are harvested all the same"
    services = Services(Settings(data=tmp_path, registry_sources=(address,)))
    try:
        rows = [row for block in services.registry.tables.blocks() for row in block.rows("resource")]
    finally:
        services.close()
    assert "Plates of the sky" in {row["res_title"] for row in rows}
    assert "ivo://photoz.local/tap" in {row["ivoid"] for row in rows}
