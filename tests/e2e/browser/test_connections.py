"""The page of connections, in a browser: the connectors, and what a person can do with a connection."""

import json
import uuid
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from playwright.sync_api import Route, expect

from local.receiver import Receiver
from local.stack import ROOT
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import arrived, made, made_chat
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E

PAGE = "/settings/integrations/connections"


def test_a_chat_product_is_connected_tried_disabled_configured_reset_and_disconnected(
    stack: E2E, opens: Opens, people: dict[str, Person], receiver: Receiver
) -> None:
    chat, name = made_chat(stack, people["owner"]), f"Team {uuid.uuid4().hex[:6]}"
    path = f"/{chat['name']}"
    visit = opens("/settings/integrations/integrations")
    expect(visit.heading("Connections")).to_be_visible()
    assert visit.page.url.endswith(PAGE), "FabHub's old address leads to the canonical one"

    visit.page.get_by_role("searchbox", name="Search connectors").fill("slack")
    card = visit.page.get_by_role("article", name="Slack", exact=True)
    expect(visit.page.get_by_role("article", name="Discord")).to_have_count(0)
    card.get_by_role("button", name="Connect Slack").click()
    expect(visit.dialog.get_by_text("activate Incoming Webhooks")).to_be_visible()
    visit.expected.append("422")
    url = visit.dialog.get_by_role("textbox", name="Incoming webhook URL")
    url.fill("https://10.0.0.1/")
    visit.dialog.get_by_role("textbox", name="Name").fill(name)
    visit.dialog.get_by_role("button", name="Connect").click()
    expect(url).to_have_attribute("aria-invalid", "true")
    url.fill(receiver.url(path))
    visit.choose("Chats", chat["name"])
    visit.page.keyboard.press("Escape")
    visit.dialog.get_by_role("button", name="Connect").click()
    visit.said(f"{name} is connected")
    expect(card.get_by_text(name, exact=True)).to_be_visible()
    expect(card.get_by_text(chat["name"], exact=True)).to_be_visible()

    made(stack, f"/v1/chats/{chat['id']}/messages", {"text": "Deployed"})
    assert json.loads(arrived(receiver, path).body)["text"].endswith("Deployed")

    card.get_by_role("switch", name=f"Enabled: {name}").press("Space")
    visit.said("The connection is disabled")
    expect(card.get_by_text("disabled by a user")).to_be_visible()
    card.get_by_role("switch", name=f"Enabled: {name}").press("Space")
    visit.said("The connection is enabled")

    def act(action: str) -> None:
        card.get_by_role("button", name=f"More: {name}").click()
        visit.page.get_by_role("menuitem", name=action).click()

    act("Configure")
    visit.dialog.get_by_role("textbox", name="Name").fill(f"{name} 2")
    visit.dialog.get_by_role("button", name="Save").click()
    visit.said("The connection was saved")
    name = f"{name} 2"
    act("Reset")
    visit.confirm("Reset")
    visit.said("The connection was reset")
    act("Disconnect")
    visit.confirm("Disconnect", name)
    visit.said("Disconnected")
    expect(card.get_by_text(name)).to_have_count(0)
    assert name not in stack.api("GET", "/v1/connections?limit=100").body.decode()


def test_a_product_that_posts_here_gets_a_url_once(stack: E2E, opens: Opens, people: dict[str, Person]) -> None:
    chat = made_chat(stack, people["owner"])
    visit = opens(f"{PAGE}?search=grafana")
    visit.button("Connect Grafana").click()
    visit.choose("Chat", chat["name"])
    visit.dialog.get_by_role("button", name="Connect", exact=True).click()
    url = visit.take_secret()
    event = json.loads((ROOT / "tests" / "unit" / "sources" / "payloads" / "grafana.json").read_text())[0]
    assert requests.post(url, json=event["payload"], headers=event["headers"], timeout=30).ok
    visit.goto(f"/chats/{chat['id']}")
    expect(visit.page.get_by_role("log").get_by_text("Incoming webhook").first).to_be_visible()


def test_a_product_is_approved_on_its_own_page_and_a_refusal_there_is_told(stack: E2E, opens: Opens) -> None:
    """The test answers in place of Xero's page, and redirects the person back with a refusal."""
    name = f"Books {uuid.uuid4().hex[:6]}"
    visit = opens(f"{PAGE}?search=xero")
    asked: list[dict[str, str]] = []

    def refuse(route: Route) -> None:
        asked.append(dict(parse_qsl(urlsplit(route.request.url).query)))
        back = urlencode({"error": "access_denied", "state": asked[-1]["state"]})
        route.fulfill(status=302, headers={"Location": f"{asked[-1]['redirect_uri']}?{back}"})

    visit.page.route("https://login.xero.com/**", refuse)
    visit.button("Connect Xero").click()
    expect(visit.dialog.get_by_text(f"{stack.api_url}{PAGE}/callback", exact=True)).to_be_visible()
    visit.dialog.get_by_role("textbox", name="Client ID").fill("client-1")
    secret = visit.dialog.get_by_label("Client secret")
    expect(secret).to_have_attribute("type", "password")
    secret.fill("secret-of-client-1")
    visit.dialog.get_by_role("textbox", name="Name").fill(name)
    visit.expected.append("409")
    visit.dialog.get_by_role("button", name="Connect", exact=True).click()
    expect(visit.page.get_by_text("It was not approved in Xero.")).to_be_visible()
    assert visit.page.url == f"{stack.api_url}{PAGE}/callback", "the code and the state are not left in the address"
    assert (asked[0]["client_id"], asked[0]["code_challenge_method"]) == ("client-1", "S256")

    visit.page.get_by_role("main").get_by_role("link", name="Connections").click()
    card = visit.page.get_by_role("article", name="Xero", exact=True)
    expect(card.get_by_text("nobody has approved it in the product yet").first).to_be_visible()
    card.get_by_role("button", name=f"Approve {name}").click()
    expect(visit.page.get_by_text("It was not approved in Xero.")).to_be_visible()
    assert asked[1]["state"] != asked[0]["state"]
    made_one = next(
        one for one in stack.api("GET", "/v1/connections?connector=xero").json["items"] if one["name"] == name
    )
    assert stack.api("DELETE", f"/v1/connections/{made_one['id']}").status == 204
