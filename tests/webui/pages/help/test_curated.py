"""The page of curated datasets, and addresses of the server before this one."""

import httpx2

from core.auth.audit import AuditQuery, Subject
from server.services import Services
from tests.webui.pages.conftest import SignIn
from webui.pages.moved import MOVED


def test_administrators_write_what_everybody_reads(
    visitor: httpx2.Client, alice: httpx2.Client, sign_in: SignIn, services: Services
):
    root = sign_in("root")
    assert "Nothing here yet" in visitor.get("/curated").text
    assert alice.get("/curated/edit").status_code == 403
    assert alice.post("/curated/edit", data={"text": "mine", "version": "0"}).status_code == 403
    text = "# Deep\r\n\r\n[VVDS](/product/1_vvds) <script>x</script>"
    assert root.post("/curated/edit", data={"text": text, "version": "0"}).status_code == 303
    page = visitor.get("/curated").text
    assert '<a href="/product/1_vvds"' in page
    assert "<script>x" not in page
    assert "/curated/edit" not in page
    assert "/curated/edit" in root.get("/curated").text
    administrator = services.accounts.service.identity_of_user("root")
    count, (entry,) = services.accounts.audit.entries(administrator, AuditQuery(kind=Subject.SITE))
    assert (count, entry.actor, entry.subject, entry.details["characters"][0]) == (1, "root", "curated", 0)


def test_nobody_overwrites_what_another_one_has_written(sign_in: SignIn, services: Services):
    root = sign_in("root")
    assert root.post("/curated/edit", data={"text": "first", "version": "0"}).status_code == 303
    refused = root.post("/curated/edit", data={"text": "second", "version": "0"})
    assert refused.status_code == 409
    assert "was changed by somebody else" in refused.text
    assert ">\nsecond</textarea>" in refused.text
    assert services.web.site_texts.text("curated").text == "first"
    assert root.post("/curated/edit", data={"text": "x" * 100_001, "version": "1"}).status_code == 400


def test_addresses_of_the_server_before_lead_to_what_replaces_them(visitor: httpx2.Client):
    for path, target in MOVED.items():
        answer = visitor.get(path)
        assert (answer.status_code, answer.headers["location"]) == (308, target), path
        assert visitor.get(target.partition("#")[0]).status_code in {200, 303}, target
