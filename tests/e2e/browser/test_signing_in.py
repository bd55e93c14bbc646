"""Signing in, in a browser: invitation, password, second factor, the end of a session."""

import re
import time

import pyotp
from playwright.sync_api import expect

from tests.e2e.browser.conftest import Invites, Opens
from tests.e2e.browser.visit import PASSWORD, Visit
from tests.e2e.harness import E2E


def sign_in(visit: Visit, email: str, password: str = PASSWORD) -> None:
    visit.field("E-mail").fill(email)
    visit.field("Password").fill(password)
    visit.button("Sign in").click()


def test_an_invitation_leads_to_a_password_and_then_in(stack: E2E, opens: Opens) -> None:
    email = f"grace.{time.time_ns()}@example.com"
    user = stack.api("POST", "/v1/users", {"name": "Grace", "email": email, "role": "manager"}).json
    token = stack.api("POST", f"/v1/users/{user['id']}/invitation").json["token"]
    visit = opens(f"/me/invitation#{token}", by=None)
    visit.field("Password").first.fill("short")
    visit.field("Password again").fill(PASSWORD)
    visit.button("Set the password").click()
    expect(visit.page.get_by_text("Use at least 12 characters.")).to_be_visible()
    expect(visit.page.get_by_text("The two passwords differ.")).to_be_visible()
    visit.field("Password").first.fill(PASSWORD)
    visit.button("Set the password").click()

    expect(visit.page.get_by_text("Your password is set. Sign in with it.")).to_be_visible()
    assert token not in visit.page.url
    expect(visit.field("E-mail")).to_have_value(email)
    visit.field("Password").fill(PASSWORD)
    visit.button("Sign in").click()
    expect(visit.heading("Overview")).to_be_visible()
    expect(visit.page.get_by_text("Welcome, Grace.")).to_be_visible()

    again = opens(f"/me/invitation#{token}", by=None)
    again.expected.append("401")
    again.field("Password").first.fill(PASSWORD)
    again.field("Password again").fill(PASSWORD)
    again.button("Set the password").click()
    expect(again.page.get_by_role("alert").filter(has_text="That did not work")).to_be_visible()


def test_a_second_factor_is_set_up_asked_for_and_replaced_by_a_recovery_code(opens: Opens, invited: Invites) -> None:
    person = invited("manager")
    visit = opens("/me/security", by=person)
    visit.button("Set up an authenticator app").click()
    visit.dialog.get_by_role("textbox", name="Current password").fill(PASSWORD)
    visit.dialog.get_by_role("button", name="Next").click()
    expect(visit.dialog.get_by_role("img", name="QR code")).to_be_visible()
    secret = visit.dialog.locator("code").first.inner_text()
    assert re.fullmatch("[A-Z2-7]{16,}", secret)
    visit.dialog.get_by_label("Six-digit code").fill(pyotp.TOTP(secret).now())
    visit.dialog.get_by_role("button", name="Activate").click()
    codes = visit.dialog.get_by_label("Recovery codes", exact=True).inner_text().split()
    assert len(codes) >= 8
    visit.dialog.get_by_role("button", name="I have stored it").click()

    visit.button("Your account", exact=False).click()
    visit.page.get_by_role("menuitem", name="Sign out").click()
    expect(visit.heading("Sign in")).to_be_visible()
    visit.expected.append("401")
    sign_in(visit, person.email, "not the password")
    expect(visit.page.get_by_role("alert").filter(has_text="That did not work")).to_be_visible()
    sign_in(visit, person.email)
    expect(visit.heading("Second factor")).to_be_visible()
    visit.button("Use a recovery code instead").click()
    visit.field("Recovery code").fill(codes[0])
    visit.button("Verify").click()
    expect(visit.heading("Sign-in and security")).to_be_visible()


def test_a_session_that_ended_asks_again_and_goes_on_where_it_was(stack: E2E, opens: Opens, invited: Invites) -> None:
    person = invited("admin")
    visit = opens("/settings/integrations/webhooks?state=disabled", by=person)
    expect(visit.heading("Outgoing webhooks")).to_be_visible()
    token = visit.page.evaluate("sessionStorage['ferryman.session']")
    assert stack.api("DELETE", "/v1/sessions/current", token=token).status == 204
    visit.expected.append("401")
    visit.link("Bots").click()
    expect(visit.page.get_by_text("Your session has ended.")).to_be_visible()
    sign_in(visit, person.email)
    expect(visit.heading("Bots")).to_be_visible()
    assert visit.page.evaluate("localStorage.getItem('ferryman.session')") is None
    assert visit.page.context.cookies() == []
