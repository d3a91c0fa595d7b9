import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.server import account_of, running_server

_SERVER = """
import http.server, os, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the shell of the tests ignores
print("New.\\n  name      admin\\n  password  s3cret-words\\n  token     pz-abc_DEF\\n", flush=True)
if "leave" in sys.argv:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
address = (os.environ["PHOTOZ_HOST"], int(os.environ["PHOTOZ_PORT"]))
try:
    http.server.ThreadingHTTPServer(address, http.server.SimpleHTTPRequestHandler).serve_forever()
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def server(data: Path, *words: str):
    return running_server(
        data, command=(sys.executable, "-c", _SERVER, *words), ready_path="/", leave_seconds=1 if words else 30
    )


def test_a_server_is_started_and_stopped_by_ctrl_c(tmp_path: Path):
    with server(tmp_path / "data") as running:
        with urllib.request.urlopen(running.base_url) as answer:
            assert answer.status == 200
        assert running.account is not None
        assert (running.account.name, running.account.password) == ("admin", "s3cret-words")
        assert running.account.token == "pz-abc_DEF"
        assert running.memory_bytes() > 1e6
    assert running.printed.endswith("stopped\n")
    assert not running.process.is_running()


def test_a_process_that_a_server_leaves_behind_is_found_and_ended(tmp_path: Path):
    with pytest.raises(AssertionError, match=r"left processes behind.*sleep"), server(tmp_path / "data", "leave"):
        pass


def test_a_server_that_dies_at_once_is_told_with_what_it_printed(tmp_path: Path):
    command = (sys.executable, "-c", "raise SystemExit('no room left')")
    with pytest.raises(RuntimeError, match="no room left"), running_server(tmp_path / "data", command=command):
        pass


def test_a_server_that_has_an_account_prints_none():
    assert account_of("Ready at http://127.0.0.1:8000.") is None
