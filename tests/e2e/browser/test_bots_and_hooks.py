"""Bots with callbacks, incoming webhooks and applications, in a browser."""

import json
import uuid

import requests
import stripe
from playwright.sync_api import expect

from local.receiver import Receiver
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import arrived, made, made_chat
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E
from tests.support import pictures


def test_a_bot_with_a_callback_is_mentioned(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat = made_chat(stack, people["owner"])
    handle, path = chat["name"].replace("chat", "bot"), f"/{chat['name']}"
    visit = opens("/settings/integrations/bots")
    visit.button("Create a bot").first.click()
    visit.dialog.get_by_role("textbox", name="Display name").fill("Deploy bot")
    visit.dialog.get_by_role("textbox", name="Handle").fill(handle)
    visit.dialog.get_by_role("button", name="Create a bot").click()
    token = visit.take_secret()
    expect(visit.heading("Deploy bot")).to_be_visible()
    assert stack.api("GET", "/v1/me", token=token).json["user"]["handle"] == handle

    visit.page.locator("input[type=file]").set_input_files(
        {"name": "bot.png", "mimeType": "image/png", "buffer": pictures.png()}
    )
    expect(visit.page.get_by_role("img", name="The picture that you chose")).to_have_js_property("naturalWidth", 64)
    visit.button("Use this picture").click()
    visit.said("The avatar was saved")
    avatar = visit.page.locator("img[src*='/avatars/']")
    expect(avatar).to_have_js_property("naturalWidth", 64)
    found = requests.get(str(avatar.get_attribute("src")), timeout=30)
    assert (found.content, found.headers["Content-Type"]) == (pictures.png(), "image/png")

    visit.choose("Add to a chat", chat["name"])
    visit.button("Add").click()
    visit.said("The bot was added to the chat")
    visit.button("Add a callback").first.click()
    visit.dialog.get_by_role("textbox", name="URL").fill(receiver.url(path))
    visit.dialog.get_by_role("button", name="Add a callback").click()
    secret = visit.take_secret()
    visit.link("← Deploy bot").click()
    visit.button(f"Send a test mention: {chat['name']}").click()
    visit.said("The mention was posted")
    request = arrived(receiver, path)
    assert json.loads(request.body)["data"]["bot"]["handle"] == handle
    signature = request.headers["X-FM-Webhook-Signature"]
    stripe.WebhookSignature.verify_header(request.body.decode(), signature, secret, 300)


def test_a_callback_says_by_whom_it_is_called(stack: E2E, opens: Opens, receiver: Receiver) -> None:
    bot = made(stack, "/v1/bots", {"name": "Answering bot", "handle": f"bot-{uuid.uuid4().hex[:8]}"})
    visit = opens(f"/settings/integrations/bots/{bot['id']}")
    visit.button("Add a callback").first.click()
    visit.dialog.get_by_role("textbox", name="URL").fill(receiver.url("/answering"))
    callers = visit.page.get_by_role("group", name="Called by mentions of")
    expect(callers.get_by_role("checkbox", name="People")).to_be_checked()
    callers.get_by_role("checkbox", name="Programs").check()
    visit.dialog.get_by_role("button", name="Add a callback").click()
    visit.take_secret()
    visit.page.get_by_role("tab", name="Settings").click()
    (callback,) = stack.api("GET", f"/v1/bots/{bot['id']}/callbacks").json["items"]
    assert callback["mentioned_by"] == ["user", "program"]

    # One that nobody calls is refused at the field.
    for name in ("People", "Programs"):
        callers.get_by_role("checkbox", name=name).uncheck()
    visit.expected.append("422")
    visit.button("Save").click()
    visit.confirm("Save")
    expect(visit.page.get_by_text("Must not be empty")).to_be_visible()
    callers.get_by_role("checkbox", name="Other bots").check()
    visit.button("Save").click()
    changes = visit.dialog.get_by_role("table", name="Save these changes?")
    expect(changes.get_by_role("row")).to_contain_text(["People, Programs: incoming webhooks"])
    expect(changes.get_by_role("row")).to_contain_text(["→ Other bots"])
    visit.confirm("Save")
    visit.said("The webhook was saved")
    assert stack.api("GET", f"/v1/bots/{bot['id']}/callbacks/{callback['id']}").json["mentioned_by"] == ["bot"]


def test_an_incoming_webhook_posts_until_it_gets_another_url(
    stack: E2E, opens: Opens, people: dict[str, Person]
) -> None:
    chat = made_chat(stack, people["owner"])
    visit = opens("/settings/integrations/incoming-webhooks")
    visit.button("Create an incoming webhook").first.click()
    visit.dialog.get_by_role("textbox", name="Name").fill("Jenkins")
    visit.choose("Chat", chat["name"])
    visit.dialog.get_by_role("button", name="Create an incoming webhook").click()
    for place in ("curl", "Python", "GitHub Actions", "Jenkins"):
        visit.dialog.get_by_role("tab", name=place).click()
        expect(visit.dialog.get_by_role("tabpanel", name=place)).to_contain_text("Build passed")
    url = visit.take_secret()
    posted = requests.post(url, json={"text": "Build 45 passed"}, timeout=30)
    assert (posted.status_code, posted.text) == (200, "ok")
    assert requests.post(url, json={"text": ""}, timeout=30).status_code == 422
    visit.goto(f"/chats/{chat['id']}")
    expect(visit.page.get_by_role("log").get_by_text("Build 45 passed")).to_be_visible()

    visit.goto(f"/settings/integrations/incoming-webhooks?chat={chat['id']}")
    visit.button("Posts that Jenkins refused").click()
    expect(visit.dialog.get_by_role("listitem")).to_contain_text("/text")
    visit.page.keyboard.press("Escape")
    visit.button("Change: Jenkins").click()
    visit.page.get_by_role("menuitem", name="New URL").click()
    visit.dialog.get_by_role("textbox").fill("Jenkins")
    visit.dialog.get_by_role("button", name="New URL").click()
    fresh = visit.take_secret()
    assert requests.post(url, json={"text": "Too late"}, timeout=30).status_code == 404
    assert requests.post(fresh, json={"text": "In time"}, timeout=30).status_code == 200
    visit.button("Change: Jenkins").click()
    visit.page.get_by_role("menuitem", name="Revoke").click()
    visit.confirm("Revoke", "Jenkins")
    visit.said("The incoming webhook was revoked")
    assert requests.post(fresh, json={"text": "Too late"}, timeout=30).status_code == 404


def test_an_application_asks_and_a_person_answers(stack: E2E, opens: Opens, people: dict[str, Person]) -> None:
    chat = made_chat(stack, people["owner"])
    name = chat["name"].replace("-", "_")
    visit = opens("/settings/integrations/applications")
    visit.button("Create an application").first.click()
    visit.dialog.get_by_role("textbox", name="Name").fill(name)
    visit.choose("Group", chat["name"])
    visit.dialog.get_by_role("button", name="Create an application").click()
    token = visit.take_secret("Secret")
    expect(visit.heading(name)).to_be_visible()
    posted = requests.post(f"{stack.api_url}/webhooks/{name}/{token}", json={"text": "Two wait"}, timeout=30)
    assert posted.json() == {"ok": True}
    refused = requests.post(f"{stack.api_url}/webhooks/{name}/{token}", json={"text": ""}, timeout=30)
    assert refused.status_code == 400
    expect(visit.row("Accepted")).to_have_count(1)
    expect(visit.row("Refused")).to_contain_text("400")
