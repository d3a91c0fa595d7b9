"""Names of objects are looked up at the service that the settings name."""

from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Thread
from urllib.parse import unquote

import pytest

from core.errors import InvalidValueError
from core.settings import Settings
from products.search.names import ObjectNames
from products.search.positions import position_of_text
from server.services import Services

_KNOWN = {"M 31": "%J 10.68470833 +41.26875000 = 00:42:44.33 +41:16:07.5", "Abell 370": "%J 39.97 -1.57722 = x"}


class Sesame(ThreadingHTTPServer):
    """A service that knows two names."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/sesame"


class _Handler(BaseHTTPRequestHandler):
    server: Sesame

    def do_GET(self) -> None:
        """Answer as Sesame does in plain text."""
        path, _, name = self.path.partition("?")
        assert path == "/sesame/-oI/SNV"
        self.server.asked.append(unquote(name))
        self.send_response(self.server.status)
        self.end_headers()
        found = _KNOWN.get(unquote(name))
        self.wfile.write(f"# {name}\n#=S=Simbad:    1\n{found or '#! nothing found'}\n".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def sesame() -> Iterator[Sesame]:
    server = Sesame()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("M 31", (10.68470833, 41.26875)),
        ("  M   31  0.5", (10.68470833, 41.26875, 0.5)),
        ("Abell 370", (39.97, -1.57722)),
        ("COSMOS", (150.1191667, 2.2058333)),
        ("10.5 -3 1", (10.5, -3.0, 1.0)),
    ],
)
def test_names_stand_for_positions(sesame: Sesame, text: str, expected: tuple[float, ...]):
    read = partial(position_of_text, look_up=ObjectNames(sesame.url).position)
    assert read(text) == expected
    if text[0] in "C1":
        assert sesame.asked == [], "what is known here is not asked for"


def test_an_answer_is_kept(sesame: Sesame):
    names = ObjectNames(sesame.url)
    assert names.position("M 31") == names.position("m  31") == (10.68470833, 41.26875)
    assert names.position("Nobody") is names.position("nobody") is None
    assert sesame.asked == ["M 31", "Nobody"]


@pytest.mark.parametrize("name", ["12 13", "", "x", "a" * 61, "a\nb;c", "http://x", "<script>"])
def test_what_is_no_name_is_not_asked_for(sesame: Sesame, name: str):
    assert ObjectNames(sesame.url).position(name) is None
    assert sesame.asked == []


def test_unknown_names_and_a_service_that_is_away_are_told(sesame: Sesame):
    names = ObjectNames(sesame.url)
    with pytest.raises(InvalidValueError, match=r"'Nobody' is no position.*No object of this name is known"):
        position_of_text("Nobody", names.position)
    sesame.status = 503
    with pytest.raises(InvalidValueError, match=r"'M 31' cannot be looked up: .* answers 503"):
        position_of_text("M 31", names.position)
    away = ObjectNames("http://127.0.0.1:9/sesame")
    with pytest.raises(InvalidValueError, match=r"'M 31' cannot be looked up: .* does not answer"):
        position_of_text("M 31", away.position)


def test_few_names_are_looked_up_at_once(sesame: Sesame, monkeypatch: pytest.MonkeyPatch):
    names, here = ObjectNames(sesame.url), Barrier(5)
    monkeypatch.setattr(names, "_ask", lambda _name: here.wait(60) and None)
    threads = [Thread(target=names.position, args=(f"M {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    while here.n_waiting < 4:
        assert all(thread.is_alive() for thread in threads)
    with pytest.raises(InvalidValueError, match="too many are looked up"):
        names.position("M 5")
    here.wait(60)
    for thread in threads:
        thread.join()


def test_the_settings_turn_it_on(sesame: Sesame, tmp_path: Path):
    for url, looked_up in ((None, False), (sesame.url, True)):
        services = Services(Settings(data=tmp_path, name_resolver_url=url))
        try:
            read = services.products.position_of_text
            if looked_up:
                assert read("Abell 370 0.1") == (39.97, -1.57722, 0.1)
            else:
                with pytest.raises(InvalidValueError, match="Names of objects are not looked up"):
                    read("Abell 370 0.1")
        finally:
            services.close()
