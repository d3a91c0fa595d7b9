import io
import json
import logging
import sys
from datetime import datetime

import pytest
from itsdangerous import URLSafeTimedSerializer

from core.telemetry.logs import JsonFormatter, TextFormatter, add_log_field, log_fields, redacted


def _record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("a.b").makeRecord("a.b", logging.INFO, "f", 1, message, arguments, None, extra=extra)


def test_a_line_of_json_has_the_message_and_all_fields():
    line = json.loads(
        JsonFormatter().format(_record("moved %s", "x\ny", job_id="1", seconds=0.5, user=None, ids=(1, 2)))
    )
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO", "logger": "a.b", "message": "moved x\ny", "job_id": "1", "seconds": 0.5, "ids": [1, 2],
    }  # fmt: skip


def test_a_line_of_text_is_one_line_whatever_users_send():
    text = TextFormatter().format(_record("moved %s", "x\n2026 INFO forged\x1b[2J", name_="a b\nc", count=3, word="w"))
    assert "\n" not in text
    assert "\x1b" not in text
    assert text.endswith(r'moved x\n2026 INFO forged\x1b[2J name_="a b\\nc" count=3 word=w')
    assert datetime.fromisoformat(text.split()[0]).utcoffset().total_seconds() == 0


def test_fields_of_the_context_are_known_when_the_line_is_written():
    fields = {"request_id": "1"}
    with log_fields(lambda: fields):
        fields["user"] = "ana"
        inside = json.loads(JsonFormatter().format(_record("m", request_id="of the line")))
    outside = json.loads(JsonFormatter().format(_record("m")))
    assert (inside["request_id"], inside["user"]) == ("of the line", "ana")
    assert "user" not in outside


def test_what_a_service_adds_is_in_later_lines_unless_the_context_knows_better():
    add_log_field("job_id", "of nobody")
    with log_fields(lambda: {"user": "ana", "job_id": None}) as added:
        add_log_field("job_id", "j1")
        add_log_field("job_id", "j2")
        add_log_field("user", "bob")
        line = json.loads(JsonFormatter().format(_record("m")))
    assert (line["job_id"], line["user"], added["job_id"]) == ("j1", "ana", "j1")
    assert "job_id" not in json.loads(JsonFormatter().format(_record("m")))


def test_a_field_cannot_replace_what_a_line_is_made_of():
    line = json.loads(JsonFormatter().format(_record("m", level="forged", time="never", logger="forged")))
    assert (line["level"], line["logger"]) == ("INFO", "a.b")
    assert line["time"] != "never"


SIGNED = URLSafeTimedSerializer("key", salt="photoz.download").dumps({"product": 1, "user": 7})


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token pz-abcdefghijklmnop ended", "abcdefghijklmnop"),
        ("Authorization: Bearer abcdefghijklmnopqrst", "abcdefghijklmnopqrst"),
        ("Basic dXNlcjpwYXNzd29yZA== refused", "dXNlcjpwYXNzd29yZA=="),
        # The signature has the time, which must not be in the name of the test: each worker collects for itself.
        pytest.param(f"GET /vospace/data/{SIGNED}/f.csv", SIGNED, id="signed link"),
        ("https://s3/b?X-Amz-Signature=0f0f0f&x=1", "0f0f0f"),
        ("https://s3/b?X-Amz-Security-Token=0f0f0f", "0f0f0f"),
        ("/api/file?token=h1dd3n&name=x", "h1dd3n"),
        ("postgresql+psycopg2://photoz:h1dd3n@db/photoz refused", "h1dd3n"),
        ("redis://:h1dd3n@h:6379/0", "h1dd3n"),
        ("a JWT eyJhbGciOi.eyJzdWIi.c2ln-x", "eyJzdWIi"),
    ],
)
def test_secrets_of_known_forms_are_hidden_wherever_they_stand(text: str, secret: str):
    assert secret not in redacted(text)
    record = _record("it says %s", text, detail=text, nested={"a": [text]})
    record.exc_info = (ValueError, ValueError(text), None)
    for formatter in (JsonFormatter(), TextFormatter()):
        line = formatter.format(record)
        assert "ValueError" in line
        assert secret not in line


def test_words_stay():
    text = (
        "The token ended on 2026-11-29; table p12_name.main of user@example.org: basic information, https://h/x?page=2"
    )
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("form", "terminal", "is_json"), [(None, True, False), (None, False, True), ("json", True, True)]
)
def test_the_form_is_text_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, form, terminal: bool, is_json: bool):
    from core.telemetry import logs

    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        logs.log_to_stderr("INFO", form)
        logging.getLogger("x").info("hello", extra={"a": 1})
        assert logs.log_format() == ("json" if is_json else "text")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert stream.getvalue().startswith("{") is is_json
    assert stream.getvalue().count("\n") == 1
