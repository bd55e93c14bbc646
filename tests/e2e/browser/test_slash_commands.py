"""Slash commands, and the webhooks in the forms of Mattermost and Slack, in a browser."""

import json
from urllib.parse import parse_qs

import requests
from playwright.sync_api import expect

from local.receiver import Answer, Receiver
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import arrived, made, made_chat
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E

PAGE = "/settings/integrations/commands"
JSON = {"Content-Type": "application/json"}


def test_a_command_is_created_tried_changed_and_deleted(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["manager"])
    trigger = chat["name"].replace("-", "")
    answer = {"text": "Staging runs build 44", "response_type": "ephemeral"}
    receiver.answer(f"/{trigger}", Answer(200, headers=JSON, body=json.dumps(answer).encode()))
    visit = opens(PAGE, by="manager")
    visit.button("Create a command").first.click()
    visit.dialog.get_by_role("textbox", name="Trigger").fill(trigger)
    visit.dialog.get_by_role("textbox", name="URL").fill("https://10.0.0.1/")
    visit.dialog.get_by_role("button", name="Create a command").click()
    expect(visit.dialog.get_by_role("textbox", name="URL")).to_have_attribute("aria-invalid", "true")
    visit.expected.append("422")
    visit.dialog.get_by_role("textbox", name="URL").fill(receiver.url(f"/{trigger}"))
    visit.dialog.get_by_role("textbox", name="Hint").fill("[environment]")
    visit.dialog.get_by_role("button", name="Create a command").click()
    token = visit.take_secret()
    expect(visit.heading(f"/{trigger}")).to_be_visible()

    visit.button("Try it").click()
    visit.choose("Chat", chat["name"])
    visit.dialog.get_by_role("textbox", name="Arguments").fill("staging")
    visit.dialog.get_by_role("button", name="Run it").click()
    shown = visit.dialog.get_by_role("alert")
    expect(shown).to_contain_text("The receiver answered")
    expect(shown).to_contain_text("Only you see this")
    expect(shown).to_contain_text("Staging runs build 44")
    assert visit.violations() == []
    sent = parse_qs(arrived(receiver, f"/{trigger}").body.decode())
    assert (sent["token"], sent["command"], sent["text"]) == ([token], [f"/{trigger}"], ["staging"])
    receiver.answer(f"/{trigger}", 500)
    visit.dialog.get_by_role("button", name="Run it again").click()
    expect(shown).to_contain_text("The run failed")
    visit.page.keyboard.press("Escape")

    visit.choose("Method", "GET: the fields are in the URL")
    visit.button("Save").click()
    expect(visit.dialog.get_by_role("table", name="Save these changes?").get_by_role("row")).to_have_count(1)
    visit.confirm("Save")
    visit.said("The command was saved")
    visit.button("New token").click()
    visit.dialog.get_by_role("textbox").fill(trigger)
    visit.dialog.get_by_role("button", name="New token").click()
    assert visit.take_secret() != token
    visit.button("Disable").click()
    expect(visit.page.get_by_text("This command is disabled")).to_be_visible()
    expect(visit.button("Try it")).to_be_disabled()

    visit.button("Delete").click()
    visit.confirm("Delete", trigger)
    visit.said("The command was deleted")
    expect(visit.heading("Slash commands")).to_be_visible()
    expect(visit.row(f"/{trigger}")).to_have_count(0)


def test_an_outgoing_webhook_hears_its_trigger_words_and_its_answer_is_posted(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    path = f"/{chat['name']}"
    receiver.answer(path, Answer(200, headers=JSON, body=b'{"text": "Four are on call"}'))
    visit = opens("/settings/integrations/webhooks")
    visit.button("Create a webhook").first.click()
    visit.dialog.get_by_role("textbox", name="Name").fill("On call")
    visit.dialog.get_by_role("textbox", name="URL").fill(receiver.url(path))
    visit.choose("Chats", chat["name"])
    visit.page.keyboard.press("Escape")
    expect(visit.dialog.get_by_role("checkbox", name="message.created")).to_be_checked()
    visit.choose("Format", "Mattermost")
    visit.dialog.get_by_role("switch", name="Answer to messages").check()
    visit.dialog.get_by_label("Trigger words").first.fill("oncall")
    visit.page.keyboard.press("Enter")
    visit.choose("The body is", "JSON")
    visit.dialog.get_by_role("button", name="Create a webhook").click()
    visit.take_secret()
    expect(visit.heading("On call")).to_be_visible()

    visit.goto(f"/chats/{chat['id']}")
    for text in ("Who is there?", "oncall please"):
        visit.field("Write a message").fill(text)
        visit.button("Send").click()
        expect(visit.page.get_by_role("log").get_by_text(text)).to_be_visible()
    expect(visit.page.get_by_role("log").get_by_text("Four are on call")).to_be_visible()
    assert json.loads(arrived(receiver, path).body)["trigger_word"] == "oncall"
    assert len(receiver.requests(path)) == 1


def test_an_incoming_webhook_takes_the_events_of_a_product_until_it_is_disabled(
    stack: E2E, opens: Opens, people: dict[str, Person]
) -> None:
    chat = made_chat(stack, people["owner"])
    visit = opens(f"/settings/integrations/incoming-webhooks?chat={chat['id']}")
    visit.button("Create an incoming webhook").first.click()
    visit.dialog.get_by_role("textbox", name="Name").fill("Monitoring")
    visit.choose("Chat", chat["name"])
    visit.choose("Senders write for", "Mattermost")
    expect(visit.dialog.get_by_role("switch", name="Senders may post to this chat only")).to_be_visible()
    visit.choose("Senders write for", 'Ferryman: { "text": "Build passed" }')
    visit.choose("Events of", "Uptime Kuma")
    visit.dialog.get_by_role("textbox", name="Title").fill("Uptime of the shop")
    visit.dialog.get_by_role("button", name="Create an incoming webhook").click()
    url = visit.take_secret()
    row = visit.row("Uptime of the shop")
    expect(row).to_contain_text("Uptime Kuma")
    down = {"msg": "[Shop] down", "monitor": {"name": "Shop"}, "heartbeat": {"status": 0, "msg": "timeout"}}
    assert requests.post(url, json=down, timeout=30).status_code == 200

    row.get_by_role("button", name="Change").click()
    visit.page.get_by_role("menuitem", name="Disable").click()
    expect(row).to_contain_text("Disabled")
    assert requests.post(url, json=down, timeout=30).status_code != 200
    locked = made(stack, "/v1/incoming-webhooks", {"chat_id": chat["id"], "name": "Bridge", "flavour": "slack"})
    visit.goto(f"/settings/integrations/incoming-webhooks?chat={chat['id']}")
    visit.button("Change: Bridge").click()
    visit.page.get_by_role("menuitem", name="Edit").click()
    visit.dialog.get_by_role("switch", name="Senders may post to this chat only").check()
    visit.dialog.get_by_role("button", name="Save").click()
    visit.said("The incoming webhook was saved")
    assert stack.api("GET", f"/v1/incoming-webhooks/{locked['id']}").json["chat_locked"] is True
