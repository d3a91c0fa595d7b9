"""Sign-in with an OpenID provider of others, from the sign-in page and back, as a browser does it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from anyio.from_thread import BlockingPortal

from core.auth.dependencies import SESSION_COOKIE
from core.auth.service import AccountService
from tests.server.application import Application, running_application
from tests.support.in_process import in_process_client
from tests.support.oidc import OidcProvider, running_provider


@dataclass(frozen=True, slots=True)
class Site:
    app: Application
    provider: OidcProvider
    portal: BlockingPortal

    def browser(self) -> httpx2.Client:
        return in_process_client(self.app.app, self.portal, headers={"Accept": "text/html"})

    def at_the_provider(self, address: str, subject: str, action: str = "authorize") -> str:
        """Sign in there and give the path to which the provider leads back."""
        answer = httpx2.post(address, data={"sub": subject, "action": action}, timeout=30)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == "http://testserver/login/oidc/callback"
        return f"{back.path}?{back.query}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, portal: BlockingPortal) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("oidc")
    with running_provider(folder) as provider:
        provider.add_person(
            "s-1", preferred_username="vera", given_name="Vera", family_name="<Rubin>", groups=["photoz", "chiefs"]
        )
        provider.add_person("s-2", preferred_username="admin", groups=[])
        with running_application(
            folder / "data",
            oidc_issuer=provider.issuer,
            oidc_client_id="photoz",
            oidc_client_secret="secret",
            oidc_name="Example Observatory",
            admin_group="chiefs",
        ) as app:
            AccountService(app.services.database).add_user("admin", "correct horse", is_admin=True)
            yield Site(app, provider, portal)


def test_a_sign_in_leads_there_and_back_to_the_page_that_asked_for_it(site: Site):
    browser = site.browser()
    form = browser.get("/login?next=%2Ftokens%3Fx%3D1").text
    assert "Sign in with Example Observatory" in form
    link = re.search(r'href="(/login/oidc[^"]*)"', form)
    assert link is not None
    begun = browser.get(link[1].replace("&amp;", "&"))
    asked = {key: values[0] for key, values in parse_qs(urlsplit(begun.headers["location"]).query).items()}
    assert begun.headers["location"].startswith(f"{site.provider.issuer}/oauth2/authorize?")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert all(len(asked[name]) >= 43 for name in ("state", "nonce", "code_challenge"))
    cookie = begun.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=lax", "path=/login/oidc"))
    done = browser.get(site.at_the_provider(begun.headers["location"], "s-1"))
    assert (done.status_code, done.headers["location"]) == (303, "/tokens?x=1"), done.text
    assert browser.cookies.get(SESSION_COOKIE)
    assert "photoz_sign_in" not in browser.cookies
    assert "vera" in browser.get("/tokens").text
    vera = site.app.services.accounts.service.identity_of_user("vera")
    assert (vera.groups, vera.is_admin) == ({"photoz", "chiefs"}, True)


def test_an_answer_counts_once_and_only_in_its_browser(site: Site):
    browser, other = site.browser(), site.browser()
    begun = browser.get("/login/oidc")
    back = site.at_the_provider(begun.headers["location"], "s-1")
    kept = dict(browser.cookies)
    stranger = other.get(back)
    assert (stranger.status_code, SESSION_COOKIE in other.cookies) == (403, False)
    assert "started in another browser" in stranger.text
    other.get("/login/oidc")
    assert other.get(back).status_code == 403  # another attempt of its own
    assert SESSION_COOKIE not in other.cookies
    assert browser.get(back).status_code == 303
    browser.cookies.clear()
    for name, value in kept.items():
        browser.cookies.set(name, value, domain="testserver.local", path="/login/oidc")
    assert browser.get(back).status_code == 403  # the provider takes a code once


def test_a_refusal_there_is_told_here(site: Site):
    browser = site.browser()
    begun = browser.get("/login/oidc?next=/about")
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    refused = site.at_the_provider(begun.headers["location"], "s-1", "deny")
    assert "error=access_denied" in refused
    answer = browser.get(f"{refused}&state={state}")  # which this provider forgets
    assert answer.status_code == 403
    assert "The sign-in service refused" in answer.text
    assert "next=/about" in answer.text
    assert SESSION_COOKIE not in browser.cookies


def test_a_name_there_does_not_give_the_account_here(site: Site):
    browser = site.browser()
    begun = browser.get("/login/oidc")
    answer = browser.get(site.at_the_provider(begun.headers["location"], "s-2"))
    assert answer.status_code == 409
    assert "already an account named &#39;admin&#39;" in answer.text
    assert SESSION_COOKIE not in browser.cookies


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_a_sign_in_does_not_lead_away(site: Site, target: str):
    browser = site.browser()
    begun = browser.get("/login/oidc", params={"next": target})
    done = browser.get(site.at_the_provider(begun.headers["location"], "s-1"))
    assert (done.status_code, done.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x&code=x", "?error=%3Cscript%3Ealert(1)%3C/script%3E&state=x"]
)
def test_what_does_not_come_from_a_sign_in_is_refused(site: Site, query: str):
    browser = site.browser()
    browser.get("/login/oidc")
    answer = browser.get(f"/login/oidc/callback{query}")
    assert answer.status_code == 403
    assert "<script>alert" not in answer.text
    assert SESSION_COOKIE not in browser.cookies


def test_the_new_session_is_not_one_that_somebody_planted(site: Site):
    browser = site.browser()
    browser.cookies.set(SESSION_COOKIE, "planted")
    begun = browser.get("/login/oidc")
    done = browser.get(site.at_the_provider(begun.headers["location"], "s-1"))
    assert f"{SESSION_COOKIE}=" in done.headers["set-cookie"]
    assert "planted" not in done.headers["set-cookie"]


def test_no_secret_is_in_a_page(site: Site):
    assert "secret" not in site.browser().get("/login").text.lower().replace("photoz_sign_in", "")
