"""One browser for all tests of the console, with the e2e tests' stack and the sample workspace."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from local import sample, screens
from local.receiver import Answer, Receiver
from local.stack import ROOT
from tests.e2e.browser.visit import PASSWORD, Person, Visit
from tests.e2e.harness import E2E
from tools import browser, frontend

type Opens = Callable[..., Visit]
type Invites = Callable[[str], Person]


# A session of Playwright holds the thread's event loop, so it ends with these tests.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    frontend.install(ROOT)  # axe is among the packages that only checks need
    expect.set_options(timeout=screens.PATIENCE)
    with browser.launched() as launched:
        yield launched


@pytest.fixture(scope="package")
def invited(stack: E2E) -> Invites:
    """A factory: creates a person with a role, who has accepted the invitation and set a password."""

    def invite(role: str) -> Person:
        name = f"{role.title()} {uuid.uuid4().hex[:6]}"
        email = f"{name.lower().replace(' ', '.')}@example.com"
        made = stack.api("POST", "/v1/users", {"name": name, "email": email, "role": role})
        assert made.status == 201, made.body
        token = stack.api("POST", f"/v1/users/{made.json['id']}/invitation").json["token"]
        accepted = stack.api("POST", "/v1/invitations/accept", {"token": token, "password": PASSWORD}, token="")
        assert accepted.status == 200, accepted.body
        return Person(made.json["id"], name, email, role)

    return invite


@pytest.fixture(scope="package")
def people(invited: Invites) -> dict[str, Person]:
    return {role: invited(role) for role in ("owner", "admin", "manager", "staff")}


@pytest.fixture(scope="package")
def receiver(stack: E2E) -> Receiver:
    """The receiver of the sample workspace: it answers 500 at `/failing` and 200 elsewhere."""
    receiver = stack.receiver()
    receiver.answer("/failing", Answer(500, body=b'{"error": "database is locked"}'))
    return receiver


@pytest.fixture(scope="package")
def sampled(stack: E2E, receiver: Receiver) -> E2E:
    """The stack, with the sample workspace in it."""
    sample.make(stack.embedded.api(), receiver.url("").rstrip("/"))
    return stack


@pytest.fixture(scope="package")
def context(chromium: Browser, stack: E2E) -> Iterator[BrowserContext]:
    """A browser context. Its tabs share the cache, so the console's files load once; each tab has its own session."""
    context = chromium.new_context(
        base_url=stack.api_url, reduced_motion="reduce", viewport={"width": 1280, "height": 800}
    )
    yield context
    context.close()


@pytest.fixture(scope="package")
def sessions() -> dict[str, str]:
    """A session token for each person, by user id.

    Tests share it, because signing in takes a second of processor time.
    """
    return {}


@pytest.fixture
def opens(stack: E2E, context: BrowserContext, people: dict[str, Person], sessions: dict[str, str]) -> Iterator[Opens]:
    """A factory: opens a tab at an address, signed in as a role or a person, or not at all (None).

    The test fails at its end if a tab has reported an error that was not expected.
    """
    visits: list[Visit] = []

    def open_tab(address: str, by: str | Person | None = "owner") -> Visit:
        person = people[by] if isinstance(by, str) else by
        visit = Visit(context.new_page())
        visits.append(visit)
        if person:
            if person.user_id not in sessions:
                sessions[person.user_id] = person.session(stack)
            visit.sign_in_beforehand(sessions[person.user_id])
        visit.goto(address)
        return visit

    yield open_tab
    for visit in visits:
        visit.page.close()
    complaints = [complaint for visit in visits for complaint in visit.complaints]
    assert complaints == [], "the browser complained"
