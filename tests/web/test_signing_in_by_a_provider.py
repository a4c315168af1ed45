"""Signing in by an OpenID Connect provider: the way there and back, and every answer that must be refused."""

import json
import re
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from case_world import Ring, World
from fastapi.testclient import TestClient
from joserfc.jwk import OctKey
from loopback_provider import CLIENT, SECRET, STRANGE_KEY, Loopback, loopback

from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.errors import CaseError
from ringsight.cases.users import SYSTEM, Role, User
from ringsight.errors import SettingsError
from ringsight.web.app import create_app
from ringsight.web.app_state import COOKIE
from ringsight.web.settings import OidcSettings, SiteSettings

HOME = "https://review.test"
PASSWORD = "correct horse battery"  # noqa: S105 - of an account that lives as long as a test
ADMIN = User("ada", Role.admin)


@pytest.fixture(scope="module")
def serving() -> Iterator[Loopback]:
    with loopback() as provider:
        yield provider


@pytest.fixture
def provider(serving: Loopback, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    monkeypatch.setenv("RINGSIGHT_OIDC_SECRET", SECRET)
    vars(serving).update(vars(Loopback(serving.issuer)))  # honest again, at the same port
    return serving


@pytest.fixture
def book(sqlite_url: str) -> Iterator[CaseBook]:
    with open_casebook(sqlite_url) as book:
        yield book


def site(provider: Loopback, **changed: object) -> SiteSettings:
    oidc = {"issuer": provider.issuer, "client_id": CLIENT} | changed.pop("oidc", {})  # type: ignore[operator]
    return SiteSettings(address=HOME, oidc=OidcSettings(**oidc), **changed)  # type: ignore[arg-type]


@pytest.fixture
def browser(book: CaseBook, provider: Loopback) -> TestClient:
    return TestClient(create_app(book, site(provider)), base_url=HOME, follow_redirects=True)


def begin(browser: TestClient, **fields: str) -> str:
    """Press the button; the provider's address that the browser is led to."""
    page = browser.post("/sign-in/provider", data=fields)
    return unescape(re.search(r'url=([^"]+)"', page.text)[1])  # type: ignore[index]


def come_back(browser: TestClient, provider: Loopback, **fields: str):
    code, state = provider.authorise(begin(browser, **fields))
    return browser.get("/sign-in/back", params={"code": code, "state": state})


def trail(book: CaseBook) -> list[tuple[str, str, str]]:
    entries = book.audit.entries(User("otto", Role.auditor))
    return [(each.user, each.action, str(each.content.get("why", ""))) for each in entries]


def test_the_way_there_and_back(browser: TestClient, book: CaseBook, provider: Loopback):
    address = begin(browser)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{HOME}/sign-in/back"
    code, state = provider.authorise(address)
    answer = browser.get("/sign-in/back", params={"code": code, "state": state})
    assert (answer.status_code, answer.url.path) == (200, "/")
    assert "olga · analyst" in answer.text
    assert book.accounts.users() == [User("olga", Role.analyst)]
    assert [entry[:2] for entry in trail(book)[:2]] == [("ringsight", "account_added"), ("olga", "signed_in")]


def test_cookies_travel_by_tls_alone_and_browsers_are_told_so(browser: TestClient, provider: Loopback):
    code, state = provider.authorise(begin(browser))
    answer = browser.get("/sign-in/back", params={"code": code, "state": state}, follow_redirects=False)
    session = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(COOKIE))
    assert all(word in session for word in ("Secure", "HttpOnly", "SameSite=lax"))
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_draft_outlives_a_session_that_ended(browser: TestClient, book: CaseBook, provider: Loopback, world: World):
    book.import_run(world.run(Ring("R1", ["C20", "C21", "C22"])), world.bank)
    draft = json.dumps([["judgement", "unsure"], ["note", 'half a "thought"']])
    answer = come_back(browser, provider, after="/cases/K1", draft=draft)
    assert "half a &#34;thought&#34;</textarea>" in answer.text


def test_a_role_is_taken_over_at_every_sign_in(browser: TestClient, book: CaseBook, provider: Loopback):
    come_back(browser, provider)
    provider.claims |= {"roles": ["staff", "lead"], "preferred_username": "Olga-Maria"}
    assert "olga · lead" in come_back(browser, provider).text  # one account, whatever she is called there now
    assert book.accounts.users() == [User("olga", Role.lead)]


def test_roles_may_lie_deep_and_be_called_otherwise(book: CaseBook, provider: Loopback):
    oidc = {"role_claim": "realm_access.roles", "roles": {"Fraud Auditors": Role.auditor}}
    provider.claims |= {"roles": None, "realm_access": {"roles": ["everybody", "Fraud Auditors"]}}
    browser = TestClient(create_app(book, site(provider, oidc=oidc)), base_url=HOME)
    assert "olga · auditor" in come_back(browser, provider).text


def test_a_role_of_the_same_name_means_nothing_where_others_are_declared(book: CaseBook, provider: Loopback):
    """The provider's `admin` may be one of something else."""
    provider.claims |= {"roles": ["admin"]}
    browser = TestClient(create_app(book, site(provider, oidc={"roles": {"Fraud": Role.analyst}})), base_url=HOME)
    assert come_back(browser, provider).status_code == 401


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "wrong audience": ({"aud": "other"}, "aud"),
    "several audiences, and made out to another": ({"aud": [CLIENT, "other"], "azp": "other"}, "azp"),
    "several audiences, and made out to nobody": ({"aud": [CLIENT, "other"]}, "azp"),
    "wrong issuer": ({"iss": "https://evil.example"}, "iss"),
    "expired": ({"exp": int(time.time()) - 120}, "exp"),
    "without an end": ({"exp": None}, "exp"),
    "not valid yet": ({"nbf": int(time.time()) + 3600}, "not yet valid"),
    "issued in time to come": ({"iat": int(time.time()) + 3600}, "issued in the future"),
    "nonce of another sign-in": ({"nonce": "other"}, "nonce"),
    "without a nonce": ({"nonce": None}, "nonce"),
    "without a subject": ({"sub": None}, "sub"),
    "without a name": ({"preferred_username": None}, "preferred_username"),
    "a name that none may have": ({"preferred_username": "ringsight"}, "is taken or malformed"),
    "without a role": ({"roles": None}, "exactly one role"),
    "a role that means nothing here": ({"roles": ["cashier"]}, "exactly one role"),
    "two roles": ({"roles": ["analyst", "admin"]}, "admin and analyst"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_id_token_that_does_not_hold_is_refused(browser: TestClient, book: CaseBook, provider: Loopback, case: str):
    claims, said = REFUSED[case]
    provider.claims |= claims
    answer = come_back(browser, provider)
    assert answer.status_code == 401
    assert browser.cookies.get(COOKIE) is None
    assert book.accounts.users() == []
    assert trail(book)[0][:2] == ("nobody", "sign_in_failed")
    assert said in trail(book)[0][2]


def test_a_signature_by_an_unknown_key_is_refused(browser: TestClient, provider: Loopback):
    provider.key = STRANGE_KEY
    assert come_back(browser, provider).status_code == 401


def test_a_signature_by_another_key_under_a_known_name_is_refused(browser: TestClient, provider: Loopback):
    provider.key, provider.header = STRANGE_KEY, {"kid": "first"}
    assert come_back(browser, provider).status_code == 401


def test_a_token_that_is_not_signed_is_refused(browser: TestClient, provider: Loopback):
    provider.header = {"alg": "none"}
    assert come_back(browser, provider).status_code == 401


def test_a_signature_by_a_shared_secret_is_refused(browser: TestClient, provider: Loopback):
    """As if the provider's public key, or the client's secret, were the key of an HMAC."""
    provider.key = provider.published[0] = OctKey.import_key(SECRET * 4, {"kid": "first"})
    provider.header = {"alg": "HS256"}
    assert come_back(browser, provider).status_code == 401


def test_a_new_key_is_known_at_once(browser: TestClient, provider: Loopback):
    come_back(browser, provider)
    provider.key, provider.published = STRANGE_KEY, [STRANGE_KEY]
    assert come_back(browser, provider).status_code == 200


def test_a_state_is_of_one_browser_and_good_for_once(browser: TestClient, book: CaseBook, provider: Loopback):
    code, state = provider.authorise(begin(browser))
    other = TestClient(create_app(book, site(provider)), base_url=HOME)
    assert other.get("/sign-in/back", params={"code": code, "state": state}).status_code == 401
    assert browser.get("/sign-in/back", params={"code": code, "state": "other"}).status_code == 401
    code, state = provider.authorise(begin(browser))
    cookie = browser.cookies.get("ringsight_sign_in", path="/sign-in/back")
    assert browser.get("/sign-in/back", params={"code": code, "state": state}).status_code == 200
    browser.cookies.set("ringsight_sign_in", str(cookie), path="/sign-in/back")
    provider.codes[code] = {}
    before = len(provider.exchanged)
    assert browser.get("/sign-in/back", params={"code": code, "state": state}).status_code == 401
    assert len(provider.exchanged) == before  # not even asked


def test_a_code_stolen_from_another_sign_in_is_of_no_use(browser: TestClient, provider: Loopback):
    """Its verifier is another's (PKCE)."""
    stolen, _ = provider.authorise(begin(browser))
    _, state = provider.authorise(begin(browser))
    assert browser.get("/sign-in/back", params={"code": stolen, "state": state}).status_code == 401


def test_what_the_provider_refuses_is_refused_here(browser: TestClient, provider: Loopback):
    _, state = provider.authorise(begin(browser))
    answer = browser.get("/sign-in/back", params={"error": "access_denied", "state": state})
    assert answer.status_code == 401
    assert "access_denied" in answer.text


@pytest.mark.parametrize(
    "configuration",
    [{"issuer": "https://other.example"}, {"authorization_endpoint": "http://far.example/a"}, {"jwks_uri": None}],
)
def test_a_provider_that_describes_itself_otherwise_is_not_used(
    browser: TestClient, provider: Loopback, configuration: dict[str, str]
):
    provider.configuration = configuration
    page = browser.post("/sign-in/provider")
    if page.status_code == 200:
        code, state = provider.authorise(unescape(re.search(r'url=([^"]+)"', page.text)[1]))  # type: ignore[index]
        page = browser.get("/sign-in/back", params={"code": code, "state": state})
    assert page.status_code == 401


def test_a_provider_that_is_away_lets_nobody_in(book: CaseBook):
    away = SiteSettings(address=HOME, oidc=OidcSettings(issuer="http://127.0.0.1:9", client_id=CLIENT))
    browser = TestClient(create_app(book, away), base_url=HOME)
    assert "does not answer" in browser.post("/sign-in/provider").text


def test_signing_out_ends_the_session_there_too(browser: TestClient, provider: Loopback):
    come_back(browser, provider)
    page = browser.post("/sign-out")
    assert f"{provider.issuer}/leave?client_id={CLIENT}" in unescape(page.text)
    assert browser.get("/").status_code == 401


def test_a_name_of_a_password_account_is_nobody_elses(browser: TestClient, book: CaseBook, provider: Loopback):
    book.accounts.add("olga", Role.admin, PASSWORD, SYSTEM)
    assert come_back(browser, provider).status_code == 401


def test_the_name_of_one_who_left_is_not_her_account(browser: TestClient, book: CaseBook, provider: Loopback):
    come_back(browser, provider)
    provider.claims |= {"sub": "s-2"}
    assert come_back(browser, provider).status_code == 401


def test_a_closed_account_stays_closed(browser: TestClient, book: CaseBook, provider: Loopback):
    come_back(browser, provider)
    book.accounts.close("olga", ADMIN)
    assert come_back(browser, provider).status_code == 401


def test_who_signs_in_by_a_provider_gets_no_password_here(browser: TestClient, book: CaseBook, provider: Loopback):
    come_back(browser, provider)
    attempts: list[Callable[[], object]] = [
        lambda: book.accounts.change("olga", User("olga", Role.analyst), password=PASSWORD),
        lambda: book.accounts.change("olga", ADMIN, role=Role.lead),
    ]
    for attempt in attempts:
        with pytest.raises(CaseError, match="signs in by a provider"):
            attempt()


def test_passwords_can_be_switched_off(book: CaseBook, provider: Loopback):
    book.accounts.add("ana", Role.analyst, PASSWORD, SYSTEM)
    browser = TestClient(create_app(book, site(provider, local_sign_in=False)), base_url=HOME)
    assert 'type="password"' not in browser.get("/sign-in").text
    assert browser.post("/sign-in", data={"name": "ana", "password": PASSWORD}).status_code == 401


@pytest.mark.slow
def test_many_sign_ins_begun_and_left_are_bounded(browser: TestClient):
    for _ in range(50):
        begin(browser)
    assert "too many" in browser.post("/sign-in/provider").text


def test_the_secret_comes_from_a_file_and_is_in_no_setting(
    provider: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv("RINGSIGHT_OIDC_SECRET")
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    settings = site(provider, oidc={"secret_file": tmp_path / "secret"})
    assert settings.oidc.secret() == SECRET
    assert SECRET not in repr(settings)
    settings.oidc.secret_file = tmp_path / "absent"
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.oidc.secret()


@pytest.mark.parametrize(
    ("site_settings", "oidc"),
    [
        ({}, {"issuer": "http://provider.example", "client_id": "x"}),
        ({}, {"issuer": "https://provider.example"}),
        ({}, {"issuer": "https://provider.example", "client_id": "x", "scope": "profile"}),
        ({"address": "http://review.example"}, {"issuer": "https://provider.example", "client_id": "x"}),
        ({"address": ""}, {"issuer": "https://provider.example", "client_id": "x"}),
        ({"address": "review.example"}, {}),
        ({"address": "https://review.example/below"}, {}),
        ({"address": "https://:8443"}, {}),
        ({"hosts": ["https://review.example"]}, {}),
        ({"hosts": ["review.example:8443"]}, {}),
        ({"hosts": ["*.example"]}, {}),
        ({"hosts": [""]}, {}),
        ({"proxies": ["proxy"]}, {}),
        ({"local_sign_in": False}, {}),
    ],
)
def test_settings_that_cannot_be_safe_are_refused(site_settings: dict[str, object], oidc: dict[str, str]):
    with pytest.raises(SettingsError, match=r"site\.|nobody"):
        SiteSettings(oidc=OidcSettings(**oidc), **{"address": HOME} | site_settings)  # type: ignore[arg-type]
