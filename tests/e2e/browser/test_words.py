"""The screens show words to people where the API has ids and terms of its own."""

import uuid
from typing import Any

from playwright.sync_api import expect

from local.receiver import Answer, Receiver
from tests.e2e.browser.conftest import Invites, Opens
from tests.e2e.browser.things import arrived, made, made_chat
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E


def test_the_audit_log_says_what_happened_to_whom(stack: E2E, opens: Opens, people: dict[str, Person]) -> None:
    chat = made_chat(stack, people["staff"])
    visit = opens("/settings/audit")
    row = visit.row(chat["id"])
    expect(row).to_contain_text("Chat created")
    expect(row).to_contain_text(f"{chat['name']} {chat['id']}")
    expect(row).to_contain_text("members: ")
    expect(row).to_contain_text(people["staff"].name)
    visit.choose("Action", "Chat created")
    expect(row).to_be_visible()
    assert "action=chat.created" in visit.page.url

    command = made(stack, "/v1/commands", {"trigger": f"go{uuid.uuid4().hex[:6]}", "url": "https://example.com/go"})
    visit.goto("/settings/audit?action=command.created")
    visit.row(command["id"]).get_by_role("link", name=f"/{command['trigger']}").click()
    expect(visit.heading(f"/{command['trigger']}")).to_be_visible()


def test_notifications_have_names_where_webhooks_choose_them(
    stack: E2E, opens: Opens, invited: Invites, receiver: Receiver
) -> None:
    person = invited("staff")
    body: dict[str, Any] = {"name": "Phone", "url": receiver.url("/phone"), "events": ["task_assigned"]}
    answer = stack.api("POST", "/v1/me/webhooks", body, token=person.session(stack))
    assert answer.status == 201, answer.body
    visit = opens("/me/agent", by=person)
    expect(visit.row("Phone")).to_contain_text("Task assigned")
    visit.goto(f"/me/agent/{answer.json['id']}?tab=settings")
    expect(visit.page.get_by_role("checkbox", name="Task assigned")).to_be_checked()
    expect(visit.page.get_by_role("combobox", name="Format")).to_have_value("FluxDesk")


def test_a_delivery_names_its_webhook_and_leads_back_to_it(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    receiver.answer("/gone", Answer(410))
    chat = made_chat(stack, people["owner"])
    body = {"name": "Gone", "url": receiver.url("/gone"), "events": ["message.created"], "chat_ids": [chat["id"]]}
    webhook = made(stack, "/v1/webhooks", body)
    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": "Hello"})
    arrived(receiver, "/gone")
    visit = opens(f"/settings/integrations/webhooks/{webhook['id']}")
    visit.link("message.created").click()
    visit.dialog.get_by_role("link", name="Open on a page of its own").click()
    expect(visit.heading("Delivery to Gone")).to_be_visible()
    visit.link("← Gone").click()
    expect(visit.heading("Gone")).to_be_visible()


def test_a_session_names_its_browser(opens: Opens, invited: Invites) -> None:
    person = invited("admin")
    visit = opens("/me/security", by=None)
    visit.field("E-mail").fill(person.email)
    visit.page.get_by_role("textbox", name="Password").fill("four small grey boats")
    visit.button("Sign in").click()
    this = visit.row("This session")
    expect(this).to_contain_text("Chrome on Linux")
    expect(visit.page.get_by_text("Not set up", exact=True)).to_be_visible()
    expect(visit.button("Remove the second factor")).to_have_count(0)


def test_a_bot_in_no_chat_says_so_and_its_token_comes_with_lines_that_work(opens: Opens) -> None:
    visit = opens("/settings/integrations/bots")
    visit.button("Create a bot").first.click()
    visit.dialog.get_by_role("textbox", name="Display name").fill("Lines")
    visit.dialog.get_by_role("textbox", name="Handle").fill(f"lines-{uuid.uuid4().hex[:6]}")
    visit.dialog.get_by_role("button", name="Create a bot").click()
    line = visit.dialog.locator("pre[aria-label='Try it']").inner_text()
    token = visit.take_secret()
    assert f"Bearer {token}" in line
    expect(visit.page.get_by_text("It is in no chat yet", exact=False)).to_be_visible()
