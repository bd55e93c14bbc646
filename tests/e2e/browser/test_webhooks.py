"""Outgoing webhooks, in a browser: created, tested, failing, replayed, rotated, changed."""

import json
import re
import subprocess

import pytest
import stripe
from playwright.sync_api import Route, expect

from local.receiver import Answer, Receiver
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import PATIENCE_SECONDS, arrived, made, made_chat
from tests.e2e.browser.visit import Person, Visit
from tests.e2e.harness import E2E

PAGE = "/settings/integrations/webhooks"


def test_a_webhook_gets_what_is_said_in_a_chat_with_a_signature_that_verifies(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    visit = opens(PAGE)
    url = receiver.url(f"/{chat['name']}")
    secret = create(visit, "Search index", url, chat["name"])
    expect(visit.heading("Search index")).to_be_visible()

    visit.page.goto(f"/chats/{chat['id']}")
    visit.field("Write a message").fill("Build 44 passed")
    visit.button("Send").click()
    expect(visit.page.get_by_role("log").get_by_text("Build 44 passed")).to_be_visible()
    request = arrived(receiver, f"/{chat['name']}")
    signature = request.headers["X-FM-Webhook-Signature"]
    stripe.WebhookSignature.verify_header(request.body.decode(), signature, secret, 300)

    # The helper agrees, and says why another body does not match.
    visit.goto("/settings/integrations/signature")
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    visit.field("Headers").fill(headers)
    visit.field("Body").fill(request.body.decode())
    visit.page.get_by_label("Signing secret").fill(secret)
    visit.button("Check the signature").click()
    expect(visit.page.get_by_role("alert").filter(has_text="The signature matches")).to_be_visible()
    visit.field("Body").fill(request.body.decode().replace('{"', '{ "', 1))
    visit.button("Check the signature").click()
    expect(visit.page.get_by_role("alert").filter(has_text="parsed and written again")).to_be_visible()


def test_a_refused_field_comes_into_sight(opens: Opens) -> None:
    """The form is higher than the window and its button is at the end, so the refused field has to be scrolled to."""
    visit = opens(PAGE)
    visit.expected.append("422")
    visit.button("Create a webhook").first.click()
    visit.dialog.get_by_role("textbox", name="URL").fill("http://169.254.169.254/latest")
    visit.dialog.get_by_role("button", name="Create a webhook").click()
    url = visit.dialog.get_by_role("textbox", name="URL")
    expect(url).to_be_focused()
    expect(url).to_be_in_viewport()
    expect(url).to_have_attribute("aria-invalid", "true")


def test_a_delivery_that_failed_is_found_explained_and_sent_again(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    path = f"/{chat['name']}"
    receiver.answer(path, Answer(500, body=b"disk is full"))
    name = f"Tickets {chat['name']}"
    body = {"name": name, "url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat["id"]]}
    webhook = made(stack, "/v1/webhooks", body)
    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": "Nobody stores this"})
    receiver.wait_for(lambda request: request.path == path, PATIENCE_SECONDS, count=4)

    visit = opens("/settings/overview")
    expect(visit.page.get_by_role("region", name="Deliveries of the last 24 hours")).to_contain_text(
        re.compile(r"\d+ delivered, \d+ failed")
    )
    attention = visit.page.get_by_role("region", name="Needs attention")
    attention.get_by_role("link", name=f"Look: {name}").click()
    expect(visit.heading(name)).to_be_visible()
    expect(visit.page.get_by_text("4 failed attempts in a row")).to_be_visible()
    visit.page.go_back()
    given_up = attention.get_by_role("link", name=f"Look at what was given up: {name}")
    expect(given_up.locator("..")).to_contain_text("1 delivery was given up in the last 24 hours")
    given_up.click()
    visit.link("message.created").click()
    expect(visit.dialog.get_by_text("4 attempts failed")).to_be_visible()
    expect(visit.dialog.get_by_label("Start of the answer, Attempt 4", exact=True)).to_have_text("disk is full")
    assert "delivery=dlv_" in visit.page.url

    receiver.answer(path, 204)
    visit.dialog.get_by_role("button", name="Send again").click()
    visit.said("The delivery is on its way again")
    expect(visit.dialog.get_by_text("Delivered")).to_be_visible()
    expect(visit.dialog.get_by_text("Attempt 5")).to_be_visible()
    assert stack.api("GET", f"/v1/webhooks/{webhook['id']}").json["consecutive_failures"] == 0
    visit.goto(f"{PAGE}?name={chat['name']}")
    expect(visit.row(name)).to_contain_text("100 %1 delivered, 0 failed")


def test_a_request_is_shown_as_it_was_sent_and_the_copied_line_sends_it_once_more(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    path = f"/{chat['name']}"
    body = {"name": "Copied", "url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat["id"]]}
    webhook = made(stack, "/v1/webhooks", body)
    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": "It's \"$HOME\" `id` \\ !! \u00fc\nand 'more'"})
    sent = arrived(receiver, path)

    visit = opens(f"{PAGE}/{webhook['id']}")
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.link("message.created").click()
    request = visit.dialog.get_by_role("region", name="Request")
    expect(request.get_by_label("Headers", exact=True)).to_contain_text("X-FM-Webhook-Signature: [masked]")
    request.get_by_role("button", name="Show as sent").click()
    assert request.get_by_label("Body", exact=True).text_content() == sent.body.decode()

    request.get_by_role("button", name="Copy as curl").click()
    line = visit.page.evaluate("navigator.clipboard.readText()")
    subprocess.run(["sh", "-c", line], check=True, capture_output=True, timeout=PATIENCE_SECONDS)
    _, copied = receiver.wait_for(lambda one: one.path == path, PATIENCE_SECONDS, count=2)
    assert (copied.method, copied.body) == ("POST", sent.body)
    shown = [name for name in sent.headers if name.startswith("X-FM-") or name == "Content-Type"]
    assert {name: copied.headers[name] for name in shown} == {name: sent.headers[name] for name in shown} | {
        "X-FM-Webhook-Signature": "[masked]"
    }


def test_a_secret_is_rotated_while_both_sign_and_the_old_one_is_ended(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    path = f"/{chat['name']}"
    body = {"name": "Rotating", "url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat["id"]]}
    webhook = made(stack, "/v1/webhooks", body)
    visit = opens(f"{PAGE}/{webhook['id']}?tab=signing")
    visit.button("Rotate the secret").click()
    visit.dialog.get_by_role("button", name="Rotate the secret").click()
    fresh = visit.take_secret()
    assert fresh != webhook["secret"]
    expect(visit.page.get_by_text("Two secrets sign.")).to_be_visible()

    visit.button("Send a test").click()
    visit.dialog.get_by_role("button", name="Send a test").click()
    expect(visit.dialog.get_by_text("Delivered")).to_be_visible()
    request = arrived(receiver, path)
    for secret in (fresh, webhook["secret"]):
        signature = request.headers["X-FM-Webhook-Signature"]
        stripe.WebhookSignature.verify_header(request.body.decode(), signature, secret, 300)
    visit.dialog.get_by_role("button", name="Close").click()
    visit.button("End the old secret now").click()
    visit.confirm("End the old secret now")
    visit.said("The old secret no longer signs")
    expect(visit.page.get_by_text("Two secrets sign.")).to_have_count(0)


def test_saving_lists_the_changes_first_and_deleting_asks_for_the_name(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    body = {"name": "Before", "url": receiver.url("/x"), "events": ["message.created"], "chat_ids": [chat["id"]]}
    webhook = made(stack, "/v1/webhooks", body)
    visit = opens(f"{PAGE}/{webhook['id']}?tab=settings")
    expect(visit.button("Save")).to_be_disabled()
    visit.field("Name").fill("After")
    visit.page.get_by_role("checkbox", name="message.deleted").check()
    visit.button("Save").click()
    changes = visit.dialog.get_by_role("table", name="Save these changes?")
    expect(changes.get_by_role("row")).to_have_count(2)
    expect(changes.get_by_role("row").first).to_contain_text("Before → After")
    visit.dialog.get_by_role("button", name="Cancel").click()
    assert stack.api("GET", f"/v1/webhooks/{webhook['id']}").json["name"] == "Before"
    visit.button("Save").click()
    visit.confirm("Save")
    visit.said("The webhook was saved")
    saved = stack.api("GET", f"/v1/webhooks/{webhook['id']}").json
    assert (saved["name"], sorted(saved["events"])) == ("After", ["message.created", "message.deleted"])

    visit.goto(f"{PAGE}/{webhook['id']}?tab=settings")
    visit.button("Delete the webhook").click()
    visit.confirm("Delete", "After")
    expect(visit.heading("Outgoing webhooks")).to_be_visible()
    assert stack.api("GET", f"/v1/webhooks/{webhook['id']}").status == 404


def test_the_list_of_changes_has_names_and_words_instead_of_values_of_the_api(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    first, second = made_chat(stack, people["owner"]), made_chat(stack, people["owner"])
    body = {"name": "Bridge", "url": receiver.url("/x"), "events": ["message.created"], "chat_ids": [first["id"]]}
    webhook = made(stack, "/v1/webhooks", body | {"format": "mattermost", "trigger_words": ["deploy"]})
    visit = opens(f"{PAGE}/{webhook['id']}?tab=settings")
    visit.choose("Chats", second["name"])
    visit.page.keyboard.press("Escape")
    visit.choose("A message is sent if", "it starts with a trigger word")
    visit.choose("The body is", "JSON")
    visit.button("Save").click()
    changes = visit.dialog.get_by_role("table", name="Save these changes?")
    both = ", ".join(sorted([first["name"], second["name"]]))
    expect(changes.get_by_role("row")).to_have_text(
        [
            f"Chats{first['name']} → {both}",
            "A message is sent ifits first word is a trigger word → it starts with a trigger word",
            "The body isa form → JSON",
        ]
    )
    visit.confirm("Save")
    visit.said("The webhook was saved")
    saved = stack.api("GET", f"/v1/webhooks/{webhook['id']}").json
    assert (saved["trigger_when"], saved["trigger_body"], len(saved["chat_ids"])) == ("starts_with", "json", 2)


def test_a_list_that_is_opened_before_the_events_came_says_so_and_stays_open(opens: Opens) -> None:
    """The events load into the form above the list, and are higher than the window."""
    visit = opens(PAGE)
    held: list[Route] = []
    visit.page.route("**/v1/event-types*", lambda route: held.append(route))
    visit.page.reload()
    visit.button("Create a webhook").first.click()
    box = visit.dialog.get_by_role("combobox", name="Format")
    box.click()
    option = visit.page.get_by_role("option")
    expect(option).to_have_text(["Ferryman", "Loading …"])
    place = box.bounding_box()
    for route in held:
        route.continue_()
    expect(option.filter(has_text="Mattermost")).to_be_visible()
    expect(option.filter(has_text="Loading")).to_have_count(0)
    expect(visit.dialog.get_by_role("checkbox", name="message.created")).to_have_count(1)
    assert place is not None
    assert box.bounding_box() == pytest.approx(place, abs=2)
    expect(option.last).to_be_in_viewport()
    option.filter(has_text="Mattermost").click()
    expect(box).to_have_value("Mattermost")


def test_a_webhook_says_when_failures_disable_it_and_whether_it_comes_back(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    after, probe = "Disable it after this many failed attempts in a row", "Enable it again when its receiver answers"
    chat = made_chat(stack, people["owner"])
    visit = opens(PAGE)
    visit.button("Create a webhook").first.click()
    # The events come a little later, and move what is below them.
    expect(visit.dialog.get_by_role("checkbox", name="message.created")).to_be_visible()
    visit.field(after).fill("20")
    visit.choose(probe, "No")
    fill(visit, f"Fragile {chat['name']}", receiver.url("/fragile"), chat["name"])
    visit.take_secret()
    expect(visit.heading(f"Fragile {chat['name']}")).to_be_visible()
    path = f"/v1/webhooks/{visit.page.url.rsplit('/', 1)[1]}"

    def stored() -> tuple[int | None, bool | None]:
        webhook = stack.api("GET", path).json
        return webhook["disable_after"], webhook["probe"]

    assert stored() == (20, False)
    visit.page.get_by_role("tab", name="Settings").click()
    expect(visit.field(after)).to_have_value("20")
    expect(visit.page.get_by_role("combobox", name=probe)).to_have_value("No")
    visit.choose(probe, "Yes")
    visit.field(after).fill("7.5")
    visit.button("Save").click()
    changes = visit.dialog.get_by_role("table", name="Save these changes?")
    expect(changes.get_by_role("row").first).to_contain_text("20 → 7.5")
    expect(changes.get_by_role("row").last).to_contain_text("No → Yes")
    visit.expected.append("422")
    visit.confirm("Save")
    expect(visit.field(after)).to_be_focused()
    expect(visit.field(after)).to_have_accessible_description(re.compile("Must be a whole number"))
    assert stored() == (20, False)
    visit.field(after).fill("7")
    visit.button("Save").click()
    visit.confirm("Save")
    visit.said("The webhook was saved")
    assert stored() == (7, True)

    # Both can be left to the workspace, which the form says the values of.
    visit.page.get_by_role("tab", name="Settings").click()
    visit.field(after).fill("")
    expect(visit.field(after)).to_have_attribute("placeholder", "As the workspace says: 10")
    visit.choose(probe, "As the workspace says: Yes")
    assert visit.violations() == []
    visit.button("Save").click()
    expect(changes.get_by_role("row").last).to_contain_text("Yes → As the workspace says")
    visit.confirm("Save")
    expect(visit.page.get_by_role("tab", name="Deliveries")).to_have_attribute("aria-selected", "true")
    assert stored() == (None, None)


def test_an_outage_is_made_good_by_a_replay(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    path = f"/{chat['name']}"
    receiver.answer(path, 503)
    body = {"name": "Archive", "url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat["id"]]}
    webhook = made(stack, "/v1/webhooks", body)
    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": "Missed"})
    receiver.wait_for(lambda request: request.path == path, PATIENCE_SECONDS, count=4)
    receiver.answer(path, 200)

    visit = opens(f"{PAGE}/{webhook['id']}")
    expect(visit.row("message.created").filter(has_text="Given up")).to_have_count(1)
    visit.page.get_by_role("tab", name="Replays").click()
    visit.button("Replay …").first.click()
    visit.dialog.get_by_role("button", name="Count them").click()
    expect(visit.dialog.get_by_text("1 delivery matches.")).to_be_visible()
    visit.dialog.get_by_role("button", name="Send 1 again").click()
    visit.said("The replay has started")
    expect(visit.row("1 sent again").filter(has_text="Done")).to_be_visible()
    receiver.wait_for(lambda request: request.path == path, PATIENCE_SECONDS, count=5)


def test_a_row_of_the_list_sends_a_small_request_and_shows_the_answer(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    path, name = f"/{chat['name']}", f"Row {chat['name']}"
    receiver.answer(path, Answer(200, body=b"hello from the receiver"))
    body = {"name": name, "url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat["id"]]}
    webhook = made(stack, "/v1/webhooks", body)
    visit = opens(f"{PAGE}?name={name.replace(' ', '%20')}")
    visit.button(f"Send: {name}").click()
    visit.dialog.get_by_role("button", name="Send", exact=True).click()
    answer = visit.dialog.get_by_role("alert")
    expect(answer).to_contain_text(re.compile(r"It answered 200 in \d+ ms"))
    expect(answer).to_contain_text("hello from the receiver")
    assert visit.violations() == []
    request = arrived(receiver, path)
    assert json.loads(request.body)["webhook_id"] == webhook["id"]
    assert not any("signature" in header.lower() for header in request.headers)
    receiver.answer(path, Answer(503, body=b"not now"))
    visit.dialog.get_by_role("button", name="Send", exact=True).click()
    expect(answer).to_contain_text(re.compile(r"It answered 503 in \d+ ms"))
    expect(answer).to_contain_text("not now")
    visit.page.keyboard.press("Escape")

    # Beside it, the signed test, which is a delivery.
    receiver.answer(path, Answer(204))
    visit.button(f"Send a test: {name}").click()
    visit.dialog.get_by_role("button", name="Send a test").click()
    expect(visit.dialog.get_by_role("alert")).to_contain_text("204")
    signed = receiver.wait_for(lambda one: one.path == path, PATIENCE_SECONDS, count=3)[-1]
    assert "X-FM-Webhook-Signature" in signed.headers


def test_many_are_found_by_name_and_deleted_at_once(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    body = {"url": receiver.url("/batch"), "events": ["message.created"], "chat_ids": [chat["id"]]}
    names = [f"Batch {chat['name']} {number}" for number in (1, 2, 3)]
    webhooks = [made(stack, "/v1/webhooks", {**body, "name": name}) for name in names]
    visit = opens(PAGE)
    visit.page.get_by_role("searchbox", name="Search by name").fill(f"batch {chat['name']}".lower())
    expect(visit.page.get_by_role("row")).to_have_count(4)
    for name in names[:2]:
        visit.page.get_by_role("checkbox", name=f"Select {name}").check()
    visit.button("Delete 2 webhooks").click()
    for name in names[:2]:
        expect(visit.dialog.get_by_text(name)).to_be_visible()
    visit.confirm("Delete 2 webhooks", "2")
    visit.said("2 of 2 webhooks deleted")
    expect(visit.page.get_by_role("row")).to_have_count(2)
    statuses = [stack.api("GET", f"/v1/webhooks/{webhook['id']}").status for webhook in webhooks]
    assert statuses == [404, 404, 200]


def create(visit: Visit, name: str, url: str, chat: str) -> str:
    """Create a webhook for the messages of a chat, and return its secret."""
    visit.button("Create a webhook").first.click()
    fill(visit, name, url, chat)
    return visit.take_secret()


def fill(visit: Visit, name: str, url: str, chat: str) -> None:
    """Fill in the form of a new webhook, and submit it."""
    visit.dialog.get_by_role("textbox", name="Name").fill(name)
    visit.dialog.get_by_role("textbox", name="URL").fill(url)
    visit.choose("Chats", chat)
    visit.page.keyboard.press("Escape")
    visit.dialog.get_by_role("button", name="Create a webhook").click()
