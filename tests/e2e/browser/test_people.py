"""Which screens people see, by invitation, role and plan, in a browser."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from local import ministack
from local.deploy import Deployment
from tests.e2e.browser.conftest import Invites, Opens
from tests.e2e.browser.visit import PASSWORD, Visit
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
    for name in ("Outgoing webhooks", "Documentation"):
        expect(visit.page.get_by_role("article", name=name).get_by_role("link")).to_be_visible()
    expect(visit.button("Connect Slack")).to_be_enabled()

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
    lists = ("connections", "api", "webhooks", "bots", "applications", "incoming-webhooks", "commands", "signature")
    for page in (*lists, "api/tok_1", "webhooks/whk_1", "deliveries/dlv_1", "bots/usr_1", "integrations"):
        visit.goto(f"{INTEGRATIONS}/{page}")
        notice = visit.page.get_by_role("alert").filter(has_text="Your role does not open this page")
        expect(notice.get_by_role("link", name="Settings → Users")).to_be_visible()


def test_the_membership_decides_and_not_what_the_sign_in_knew(stack: E2E, opens: Opens, invited: Invites) -> None:
    person = invited("manager")
    visit = opens(f"{INTEGRATIONS}/webhooks", by=person)
    expect(visit.button("Create a webhook").first).to_be_visible()
    for role, sees in (("staff", 0), ("admin", 1)):
        changed = stack.api("PATCH", f"/v1/users/{person.user_id}", {"role": role})
        assert changed.status == 200, changed.body
        visit.goto(f"{INTEGRATIONS}/api")
        expect(visit.page.get_by_role("alert").filter(has_text="Your role does not")).to_have_count(1 - sees)
        navigation = visit.page.get_by_role("navigation")
        expect(navigation.get_by_role("link", name="My webhooks")).to_be_visible()
        expect(navigation.get_by_role("link", name="API tokens")).to_have_count(sees)


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


def shows_the_upgrade(visit: Visit, plan: str) -> None:
    """Check that the page shows the workspace's plan and the documentation, but no button to create anything."""
    expect(visit.page.get_by_role("navigation").get_by_text("Integrations", exact=True)).to_be_visible()
    notice = visit.page.get_by_role("alert").filter(has_text="Integrations need Enterprise")
    expect(notice).to_contain_text(re.compile(f"the workspace has the plan {plan}", re.IGNORECASE))
    expect(notice.get_by_role("link", name="Documentation")).to_be_visible()
    for button in ("Create a token", "Create a webhook", "Connect"):
        expect(visit.button(button)).to_have_count(0)
    expect(visit.page.get_by_role("article")).to_have_count(0)


def test_without_the_plan_integrations_show_the_upgrade(opens: Opens, on_plan: object) -> None:
    assert callable(on_plan)
    pages = {"admin": ("connections", "api", "webhooks"), "manager": ("connections", "webhooks")}
    for plan in ("free", "standard", "pro"):
        on_plan(plan)
        for by, gated in pages.items():
            visit = opens(f"{INTEGRATIONS}/connections", by=by)
            for page in gated:
                visit.goto(f"{INTEGRATIONS}/{page}")
                shows_the_upgrade(visit, plan)
            notice = visit.page.get_by_role("alert")
            notice.get_by_role("link", name="Subscription").click()
            expect(visit.heading("Subscription")).to_be_visible()
            expect(visit.page.get_by_role("article", name=plan)).to_contain_text("Your plan")
