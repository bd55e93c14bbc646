"""Who sees what, in a browser: invitations, roles and plans."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from local import ministack
from local.deploy import Deployment
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.visit import PASSWORD, Person
from tests.e2e.harness import E2E

INTEGRATIONS = "/settings/integrations"


def test_a_colleague_is_invited_by_a_link_and_gets_in(opens: Opens) -> None:
    visit = opens("/settings/users")
    email = f"ina.{time.time_ns()}@example.com"
    visit.button("Invite a person").click()
    visit.dialog.get_by_role("textbox", name="Name").fill("Ina Invited")
    visit.dialog.get_by_role("textbox", name="E-mail").fill(email)
    visit.choose("Role", "Manager")
    expect(visit.dialog.get_by_text("No API tokens.")).to_be_visible()
    visit.dialog.get_by_role("button", name="Invite a person").click()
    link = visit.take_secret(stored="I have copied the link")
    assert re.search("/me/invitation#.+", link)

    colleague = opens(link, by=None)
    colleague.field("Password").first.fill(PASSWORD)
    colleague.field("Password again").fill(PASSWORD)
    colleague.button("Set the password").click()
    expect(colleague.page.get_by_text("Welcome, Ina Invited.")).to_be_visible()


def test_an_admin_opens_connections_keys_and_webhooks(opens: Opens) -> None:
    visit = opens(f"{INTEGRATIONS}/api", by="admin")
    expect(visit.button("Create a token").first).to_be_visible()
    for name in ("Connections", "API tokens", "Outgoing webhooks"):
        expect(visit.page.get_by_role("navigation").get_by_role("link", name=name, exact=True)).to_be_visible()


def test_a_manager_opens_connections_and_webhooks_but_no_keys(opens: Opens) -> None:
    visit = opens(f"{INTEGRATIONS}/connections", by="manager")
    navigation = visit.page.get_by_role("navigation")
    expect(navigation.get_by_role("link", name="Outgoing webhooks")).to_be_visible()
    expect(navigation.get_by_role("link", name="API tokens")).to_have_count(0)
    card = visit.page.get_by_role("article", name="API tokens")
    expect(card.get_by_text("Only workspace administrators manage these.")).to_be_visible()
    expect(card.get_by_role("link")).to_have_count(0)

    visit.goto(f"{INTEGRATIONS}/webhooks")
    expect(visit.button("Create a webhook").first).to_be_visible()
    visit.goto(f"{INTEGRATIONS}/api")
    notice = visit.page.get_by_role("alert").filter(has_text="Your role does not open this page")
    expect(notice.get_by_role("link", name="Settings → Users")).to_be_visible()
    expect(visit.button("Create a token")).to_have_count(0)


def test_staff_see_no_integrations_and_deep_links_say_why(opens: Opens) -> None:
    visit = opens("/settings/overview", by="staff")
    navigation = visit.page.get_by_role("navigation")
    expect(navigation.get_by_role("link", name="My webhooks")).to_be_visible()
    expect(navigation.get_by_text("Integrations")).to_have_count(0)
    for page in ("connections", "api", "webhooks", "bots", "applications", "incoming-webhooks"):
        visit.goto(f"{INTEGRATIONS}/{page}")
        expect(visit.page.get_by_role("alert").filter(has_text="Your role does not open this page")).to_be_visible()


@pytest.fixture
def on_plan(stack: E2E) -> Iterator[object]:
    deployment = Deployment(stack.stack_port)

    def change(plan: str) -> None:
        event = {"workspace_id": stack.workspace_id, "plan": plan}
        client = ministack.client("lambda", stack.stack_port)
        answer = client.invoke(FunctionName=deployment.physical_id("PlanFunction"), Payload=json.dumps(event).encode())
        assert "error" not in json.loads(answer["Payload"].read())

    yield change
    change("enterprise")


def test_without_the_plan_integrations_show_the_upgrade(
    opens: Opens, people: dict[str, Person], on_plan: object
) -> None:
    assert callable(on_plan)
    on_plan("free")
    for page, by in (("connections", "admin"), ("api", "admin"), ("webhooks", "manager")):
        visit = opens(f"{INTEGRATIONS}/{page}", by=by)
        visit.expected.append("403")
        notice = visit.page.get_by_role("alert").filter(has_text="Integrations need Enterprise")
        expect(notice).to_contain_text(re.compile("the workspace has the plan free", re.IGNORECASE))
        expect(notice.get_by_role("link", name="Documentation")).to_be_visible()
        notice.get_by_role("link", name="Subscription").click()
        expect(visit.heading("Subscription")).to_be_visible()
        expect(visit.page.get_by_text("Your plan", exact=True)).to_be_visible()
        for button in ("Create a token", "Create a webhook", "Connect"):
            expect(visit.button(button)).to_have_count(0)
    on_plan("pro")
    visit = opens("/settings/subscription", by="owner")
    expect(visit.page.get_by_role("article", name="Pro")).to_contain_text("Your plan")
