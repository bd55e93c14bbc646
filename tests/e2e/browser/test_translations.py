"""A workspace writes its own translation of another product's payloads, with a preview of the message, in a browser."""

import json
import re

import requests
from playwright.sync_api import expect

from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import made, made_chat
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E

LIST = "/settings/integrations/incoming-webhooks"


def test_an_expression_is_tried_mended_saved_and_used(stack: E2E, opens: Opens, people: dict[str, Person]) -> None:
    chat = made_chat(stack, people["owner"])
    hook = made(stack, "/v1/incoming-webhooks", {"chat_id": chat["id"], "name": "Pulls", "source": "github"})
    visit = opens(f"{LIST}?chat={chat['id']}")
    visit.button("Change: Pulls").click()
    visit.page.get_by_role("menuitem", name="Translation").click()
    expect(visit.heading("Translation of Pulls")).to_be_visible()

    # It begins with a sample of the product, in our own sentences.
    result = visit.page.get_by_role("region", name="The message that it becomes")
    expect(result).to_contain_text("In our own sentences")
    expect(result).to_contain_text("ada opened a pull request in")
    expect(result).to_contain_text("#17 Retry failed uploads")
    assert visit.violations() == []

    expression = visit.field("Expression")
    visit.expected.append("422")
    expression.fill("{\n  text: sender.login ! action\n}")
    expect(expression).to_have_attribute("aria-invalid", "true")
    expect(expression).to_have_accessible_description(re.compile(r"at line 2, column 22\.$"))
    expect(visit.page.locator(".place")).to_have_text(
        "  text: sender.login ! action\n                     ^", use_inner_text=True
    )
    expect(visit.button("Save the translation")).to_be_disabled()
    assert visit.violations() == []

    visit.button("Begin with an example").click()
    expect(result).to_contain_text("By the expression")
    expect(result).to_contain_text("ada opened the pull request Retry failed uploads")
    payload = {"action": "closed", "sender": {"login": "grace"}, "pull_request": {"title": "Tidy up"}}
    visit.field("Payload (JSON)").fill(json.dumps(payload)[:-1])
    expect(visit.field("Payload (JSON)")).to_have_attribute("aria-invalid", "true")
    visit.field("Payload (JSON)").fill(json.dumps(payload))
    expect(result).to_contain_text("grace closed the pull request Tidy up")
    visit.field("Headers").fill("X-GitHub-Event push")
    expect(visit.field("Headers")).to_have_attribute("aria-invalid", "true")
    visit.field("Headers").fill("X-GitHub-Event: pull_request")

    visit.button("Save the translation").click()
    visit.said("The translation was saved")
    sent = requests.post(hook["url"], json=payload, headers={"X-GitHub-Event": "pull_request"}, timeout=30)
    assert sent.status_code == 200, sent.text
    messages = stack.api("GET", f"/v1/chats/{chat['id']}/messages").json["items"]
    assert [message["text"] for message in messages] == ["grace closed the pull request Tidy up"]

    visit.field("Expression").fill("")
    visit.button("Save without a translation").click()
    visit.said("The translation was removed")
    assert stack.api("GET", f"/v1/incoming-webhooks/{hook['id']}").json["translation"] is None
