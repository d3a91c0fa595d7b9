"""The form of a submission on the page of a challenge, as browsers send it."""

from collections.abc import Mapping

import httpx2
from lxml import html

from tests.webui.api.challenges.conftest import Arena

__all__ = ["refuse_and_keep_fields", "submit_without_file"]


def refuse_and_keep_fields(arena: Arena, path: str) -> None:
    """Send files that are refused before they are stored; what was entered beside them is shown again."""
    entered = {"method": "A <b>", "description": "Long *words*", "authors": "Ann\nBob", "code": "https://a.example/"}
    for seconds, content, status in (("soon", b"\x89HDF", 400), ("3", bytes(9_000_000), 413)):
        answer = arena.ask("alice", "POST", path, data={**entered, "seconds": seconds}, files={"file": ("a", content)})
        assert answer.status_code == status, answer.text[-3000:]
        shown = html.fromstring(answer.text)
        form = next(each for each in shown.forms if each.get("action") == path)
        assert {name: form.fields[name].strip() for name in entered} == entered
        assert form.fields["seconds"] == seconds
        assert form.xpath(".//*[@role='alert']") or shown.xpath("//*[@role='alert']")


def submit_without_file(arena: Arena, path: str, fields: Mapping[str, str]) -> httpx2.Response:
    """Send a form as browsers do when its file field is left empty: with a file that has no name and no content."""
    head = "--b\r\nContent-Disposition: form-data; name="
    given = "".join(f'{head}"{name}"\r\n\r\n{text}\r\n' for name, text in fields.items())
    file = f'{head}"file"; filename=""\r\nContent-Type: application/octet-stream'
    headers = {"Authorization": f"Bearer {arena.tokens['alice']}", "Content-Type": "multipart/form-data; boundary=b"}
    return arena.app.client.post(path, content=f"{given}{file}\r\n\r\n\r\n--b--\r\n".encode(), headers=headers)
