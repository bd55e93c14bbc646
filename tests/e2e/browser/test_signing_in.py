"""Signing in, in a browser: invitation, password, second factor, and the end of a session."""

import json
import re
import time

import pyotp
import pytest
from playwright.sync_api import expect

from local import ministack
from local.deploy import Deployment
from tests.e2e.browser.conftest import Invites, Opens
from tests.e2e.browser.visit import PASSWORD, Person, Visit
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

    expect(visit.heading("Overview")).to_be_visible()
    expect(visit.page.get_by_text("Welcome, Grace.")).to_be_visible()
    assert token not in visit.page.url
    later = opens("/", by=None)
    sign_in(later, email)
    expect(later.heading("Overview")).to_be_visible()

    again = opens(f"/me/invitation#{token}", by=None)
    again.expected.append("401")
    again.field("Password").first.fill(PASSWORD)
    again.field("Password again").fill(PASSWORD)
    again.button("Set the password").click()
    expect(again.page.get_by_role("alert").filter(has_text="That did not work")).to_be_visible()


@pytest.fixture
def other_workspace(stack: E2E, invited: Invites) -> tuple[Person, str]:
    """A person who belongs to two workspaces with one e-mail address and password, and the second workspace's id."""
    person, deployment = invited("manager"), Deployment(stack.stack_port)
    ministack.client("dynamodb", stack.stack_port).delete_item(
        TableName=deployment.physical_id("WorkspacesTable"), Key={"workspace_id": {"S": "bootstrap"}}
    )
    event = {"workspace_name": "Dry dock", "owner_name": person.name, "owner_email": person.email}
    answer = ministack.client("lambda", stack.stack_port).invoke(
        FunctionName=deployment.physical_id("BootstrapFunction"), Payload=json.dumps(event).encode()
    )
    made = json.loads(answer["Payload"].read())
    body = {"token": made["invitation"], "password": PASSWORD}
    assert stack.api("POST", "/v1/invitations/accept", body, token="").status == 200
    return person, made["workspace_id"]


def test_somebody_of_two_workspaces_says_which(opens: Opens, other_workspace: tuple[Person, str]) -> None:
    person, workspace_id = other_workspace
    visit = opens("/settings/subscription", by=None)
    visit.expected += ["401", "422"]
    expect(visit.field("Workspace id")).to_have_count(0)
    sign_in(visit, person.email)
    expect(visit.field("Workspace id")).to_have_accessible_description(re.compile("in several workspaces: name one"))
    assert visit.violations() == []
    visit.field("Workspace id").fill(workspace_id)
    visit.button("Sign in").click()
    expect(visit.page.get_by_text("The plan of the workspace Dry dock")).to_be_visible()
    expect(visit.page.get_by_text(workspace_id, exact=True)).to_be_visible()

    again = opens("/", by=None)
    again.expected.append("401")
    sign_in(again, person.email, "that of the other workspace")
    expect(again.page.get_by_role("alert").filter(has_text="your account is not active")).to_be_visible()
    again.button("My e-mail is in several workspaces").click()
    again.field("Workspace id").fill(workspace_id)
    sign_in(again, person.email)
    expect(again.page.get_by_text(f"Welcome, {person.name}.")).to_be_visible()


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
