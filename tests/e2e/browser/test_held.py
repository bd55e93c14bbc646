"""Events that are held for a disabled webhook, in a browser: listed, delivered, skipped."""

import json

from playwright.sync_api import expect

from local.receiver import Receiver
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import PATIENCE_SECONDS, made, made_chat
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E


def test_events_of_a_disabled_time_are_delivered_or_skipped(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    path = f"/{chat['name']}"
    body = {"name": "Index", "url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat["id"]]}
    webhook = made(stack, "/v1/webhooks", body)
    stack.api("PATCH", f"/v1/webhooks/{webhook['id']}", {"state": "disabled"})
    for text in ("First", "Second"):
        made(stack, f"/v1/chats/{chat['id']}/messages", {"text": text})

    visit = opens(f"/settings/integrations/webhooks/{webhook['id']}")
    held = visit.page.get_by_role("region", name="Held events")
    expect(held).to_contain_text("2 events are held.")
    held.get_by_role("button", name="List them").click()
    expect(held.get_by_role("row").filter(has_text="message.created")).to_have_count(2)
    expect(held.get_by_role("row").filter(has_text=chat["name"])).to_have_count(2)
    assert visit.violations() == []
    held.get_by_role("button", name="Enable and deliver them").click()
    expect(visit.page.get_by_text("2 of 2 sent")).to_be_visible()
    expect(held).to_have_count(0)
    requests = receiver.wait_for(lambda request: request.path == path, PATIENCE_SECONDS, count=2)
    texts = [json.loads(request.body)["data"]["message"]["text"] for request in requests]
    assert sorted(texts) == ["First", "Second"]
    visit.page.get_by_role("tab", name="Replays").click()
    expect(visit.row("Held events")).to_contain_text("2 sent again")

    visit.button("Disable").click()
    visit.said("The webhook is disabled")
    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": "Third"})
    visit.goto(f"/settings/integrations/webhooks/{webhook['id']}")
    expect(held).to_contain_text("1 event is held.")
    held.get_by_role("button", name="Enable and skip them").click()
    visit.confirm("Enable and skip them")
    expect(held).to_have_count(0)
    after = stack.api("GET", f"/v1/webhooks/{webhook['id']}").json
    assert (after["state"], after["held_from"]) == ("enabled", None)
    assert len(receiver.requests(path)) == 2
