"""The server's key and the links that it signs."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from core.auth.signing import LinkSigner, secret_key
from core.errors import PermissionDeniedError
from core.settings import Settings

KEY = "a key of the test"


def test_the_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path):
    settings = Settings(data=tmp_path / "data")
    key = secret_key(settings)
    assert len(key) >= 64
    assert secret_key(settings) == key
    path = settings.data / "secret-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in settings.data.iterdir()] == ["secret-key"]


def test_processes_that_start_at_once_have_one_key(tmp_path: Path):
    settings = Settings(data=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: secret_key(settings), range(32)))) == 1


def test_the_key_of_the_settings_counts(tmp_path: Path):
    assert secret_key(Settings(data=tmp_path, secret_key=KEY)) == KEY
    assert list(tmp_path.iterdir()) == []


def test_a_link_says_again_what_was_signed():
    signer = LinkSigner(KEY, "download", seconds=900)
    assert signer.read(signer.sign({"product": 7, "scope": "zip"})) == {"product": 7, "scope": "zip"}


class _Late(TimestampSigner):
    """Signs as if sixteen minutes had passed."""

    def get_timestamp(self) -> int:
        return super().get_timestamp() - 960


def test_a_link_that_is_missing_wrong_foreign_or_old_does_not_hold():
    signer = LinkSigner(KEY, "download", seconds=900)
    token = signer.sign({"product": 7})
    old = URLSafeTimedSerializer(KEY, salt="photoz.download", signer=_Late).dumps({"product": 7})
    cases = {
        "": "Missing download token",
        "x": "Invalid download token",
        token[:4] + ("A" if token[4] != "A" else "B") + token[5:]: "Invalid download token",
        LinkSigner("another key", "download", seconds=900).sign({"product": 7}): "Invalid download token",
        LinkSigner(KEY, "upload", seconds=900).sign({"product": 7}): "Invalid download token",
        old: "Download token has expired",
    }
    for wrong, sentence in cases.items():
        with pytest.raises(PermissionDeniedError, match=sentence):
            signer.read(wrong)
