"""Accounts: who signs in, for how long, and how often one may guess."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from ringsight.cases import clock
from ringsight.cases.accounts import _HASHING as IN_FULL  # before a fixture makes it light
from ringsight.cases.casebook import CaseBook
from ringsight.cases.errors import CaseError, ForbiddenError, SignInError
from ringsight.cases.users import Role, User

ADMIN = User("ada", Role.admin)
SECRET = "a sentence of ours"  # noqa: S105


@pytest.fixture
def peopled(book: CaseBook) -> CaseBook:
    book.accounts.add("ana", Role.analyst, SECRET, ADMIN)
    return book


def test_a_session_is_its_users_until_the_end(peopled: CaseBook, monkeypatch: pytest.MonkeyPatch):
    token = peopled.accounts.sign_in("ana", SECRET, "::1")
    assert peopled.sessions.user_of(token) == User("ana", Role.analyst)
    assert peopled.sessions.user_of("other") is None
    moment = datetime.now(UTC) + timedelta(hours=11)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert peopled.sessions.user_of(token) is None


def test_signing_out_ends_a_session(peopled: CaseBook):
    token = peopled.accounts.sign_in("ana", SECRET, "::1")
    peopled.sessions.end(token)
    assert peopled.sessions.user_of(token) is None


def test_a_wrong_name_is_refused_as_a_wrong_password_is(peopled: CaseBook):
    said = set()
    for name, password in (("ana", "wrong"), ("nobody-here", SECRET), ("ana", "")):
        with pytest.raises(SignInError) as refused:
            peopled.accounts.sign_in(name, password, "::1")
        said.add(str(refused.value))
    assert len(said) == 1


def test_guessing_is_limited(peopled: CaseBook, monkeypatch: pytest.MonkeyPatch):
    for _ in range(5):
        with pytest.raises(SignInError, match="wrong"):
            peopled.accounts.sign_in("ana", "guess", "::1")
    with pytest.raises(SignInError, match="too many"):
        peopled.accounts.sign_in("ana", SECRET, "::2")
    moment = datetime.now(UTC) + timedelta(minutes=16)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert peopled.accounts.sign_in("ana", SECRET, "::2")


def test_a_closed_or_changed_account_ends_its_sessions(peopled: CaseBook):
    token = peopled.accounts.sign_in("ana", SECRET, "::1")
    assert peopled.accounts.change("ana", ADMIN, role=Role.lead) == User("ana", Role.lead)
    assert peopled.sessions.user_of(token) is None
    peopled.accounts.close("ana", ADMIN)
    assert peopled.accounts.users() == []
    with pytest.raises(SignInError):
        peopled.accounts.sign_in("ana", SECRET, "::1")
    with pytest.raises(CaseError, match="already"):
        peopled.accounts.add("ana", Role.analyst, SECRET, ADMIN)


@pytest.mark.parametrize("role", [Role.analyst, Role.lead, Role.auditor])
def test_only_an_admin_manages_accounts(peopled: CaseBook, role: Role):
    who = User("ana", role)
    for attempt in (
        lambda: peopled.accounts.add("new", Role.admin, SECRET, who),
        lambda: peopled.accounts.change("ana", who, role=Role.admin),
        lambda: peopled.accounts.close("ana", who),
    ):
        with pytest.raises(ForbiddenError):
            attempt()


@pytest.mark.parametrize(
    ("name", "password"), [("ana maria", SECRET), ("", SECRET), ("ringsight", SECRET), ("eve", "short")]
)
def test_bad_names_and_passwords_are_refused(book: CaseBook, name: str, password: str):
    with pytest.raises(CaseError):
        book.accounts.add(name, Role.analyst, password, ADMIN)


def test_no_password_or_token_is_kept(peopled: CaseBook):
    token = peopled.accounts.sign_in("ana", SECRET, "::1")
    with peopled._database.reading() as connection:
        kept = str([connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in ("accounts", "sessions")])  # noqa: S608
    assert token not in kept
    assert SECRET not in kept
    assert "$argon2id$" in kept


def test_a_password_is_costly_to_guess():
    [(memory, passes)] = re.findall(r"^\$argon2id\$v=\d+\$m=(\d+),t=(\d+)", IN_FULL.hash(SECRET))
    assert int(memory) >= 19 * 1024  # KiB, and two passes: what OWASP asks for at least
    assert int(passes) >= 2
