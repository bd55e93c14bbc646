"""A second factor that the workspace requires, in a browser: the owner's setting, and everybody's enrolment."""

from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import expect

from tests.e2e.browser.conftest import Invites, Opens
from tests.e2e.browser.visit import PASSWORD, Person
from tests.e2e.harness import E2E


@pytest.fixture
def careful(stack: E2E, invited: Invites, sessions: dict[str, str]) -> Iterator[Person]:
    """An owner with a second factor.

    After the test, the workspace requires none, and all stored sessions are dropped.
    """
    owner = invited("owner")
    token = owner.session(stack)
    begun = stack.api("POST", "/v1/me/totp", {"current_password": PASSWORD}, token=token)
    code = pyotp.TOTP(begun.json["secret"]).now()
    assert stack.api("POST", "/v1/me/totp/verify", {"code": code}, token=token).status == 200
    sessions[owner.user_id] = token
    yield owner
    changed = stack.api("PATCH", "/v1/workspace", {"requires_second_factor": False}, token=token)
    assert changed.status == 200, changed.body
    sessions.clear()


def test_an_owner_requires_a_second_factor_and_people_are_led_to_it(
    opens: Opens, invited: Invites, careful: Person
) -> None:
    person = invited("staff")
    visit = opens("/settings/security", by=careful)
    without = visit.page.get_by_role("region", name="People without a second factor")
    expect(without.get_by_role("row").filter(has_text=person.name)).to_contain_text("By password")
    expect(without.get_by_role("row").filter(has_text=careful.name)).to_have_count(0)
    visit.button("Require it").click()
    expect(visit.dialog).to_contain_text("At the next sign-in they can only set one up.")
    visit.confirm("Require it")
    visit.said("A second factor is required")
    expect(visit.page.get_by_text("It is required")).to_be_visible()

    theirs = opens("/me/notifications", by=None)
    theirs.field("E-mail").fill(person.email)
    theirs.field("Password").fill(PASSWORD)
    theirs.button("Sign in").click()
    expect(theirs.heading("Set up a second factor")).to_be_visible()
    theirs.field("Current password").fill(PASSWORD)
    theirs.button("Next").click()
    image = theirs.page.get_by_role("img", name="QR code")
    assert image.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    assert theirs.violations() == []
    secret = theirs.page.locator("code").first.inner_text()
    theirs.field("Six-digit code").fill(pyotp.TOTP(secret).now())
    theirs.button("Activate").click()
    codes = theirs.page.get_by_label("Recovery codes", exact=True).inner_text().split()
    assert len(codes) >= 8
    theirs.button("I have stored it").click()
    expect(theirs.heading("Notifications")).to_be_visible()

    visit.goto("/settings/security")
    expect(without.get_by_role("row").filter(has_text=person.name)).to_have_count(0)
    visit.button("Stop requiring it").click()
    visit.confirm("Stop requiring it")
    visit.said("A second factor is no longer required")


def test_an_owner_without_a_second_factor_learns_what_is_missing(opens: Opens) -> None:
    visit = opens("/settings/security")
    expect(visit.page.get_by_text("It is not required")).to_be_visible()
    expect(visit.page.get_by_text("set up your own first, then sign in with it")).to_be_visible()
    expect(visit.button("Require it")).to_have_count(0)
    visit.link("Set up a second factor").click()
    expect(visit.button("Set up an authenticator app")).to_be_visible()


def test_an_admin_sees_the_setting_and_cannot_change_it(opens: Opens) -> None:
    visit = opens("/settings/security", by="admin")
    expect(visit.page.get_by_text("An owner who has a second factor can change this.")).to_be_visible()
    expect(visit.button("Require it")).to_have_count(0)
