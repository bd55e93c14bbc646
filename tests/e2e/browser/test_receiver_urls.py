"""Every dialog with the URL of a receiver checks it during typing, by asking the API."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Request, expect

from local.receiver import Receiver
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import made
from tests.e2e.browser.visit import Visit
from tests.e2e.harness import E2E

SETTINGS = "/settings/integrations"


def by_button(button: str) -> Callable[[Visit], None]:
    return lambda visit: visit.button(button).first.click()


DIALOGS = [
    (f"{SETTINGS}/webhooks", by_button("Create a webhook"), "URL"),
    (f"{SETTINGS}/commands", by_button("Create a command"), "URL"),
    (f"{SETTINGS}/applications", by_button("Create an application"), "Callback URL"),
    (f"{SETTINGS}/connections", by_button("Connect Zapier"), "Webhook URL"),
    ("/me/agent", by_button("Create a webhook"), "URL"),
]


def expect_reason(url: Locator, reason: str) -> None:
    """Check that the field is marked as invalid, that `reason` describes it, and that a screen reader announces it."""
    expect(url).to_have_attribute("aria-invalid", "true")
    expect(url).to_have_accessible_description(re.compile(re.escape(reason)))
    expect(url.page.get_by_role("dialog").get_by_role("status").filter(has_text=reason)).to_have_count(1)


def expect_allowed(url: Locator, address: str) -> None:
    expect(url).not_to_have_attribute("aria-invalid", "true")
    expect(url.page.get_by_role("status").filter(has_text=f"Allowed. Requests go to {address}")).to_have_count(1)


@pytest.mark.parametrize(("page", "open_dialog", "field"), DIALOGS, ids=[page for page, _, _ in DIALOGS])
def test_a_url_is_checked_while_it_is_typed(
    opens: Opens, page: str, open_dialog: Callable[[Visit], None], field: str
) -> None:
    visit = opens(page)
    open_dialog(visit)
    url = visit.dialog.get_by_role("textbox", name=field)
    url.press_sequentially("http://ci.example.com/in")
    expect_reason(url, "Use https:// instead of http://")
    url.fill("https://ada:secret@ci.example.com/in")
    expect_reason(url, "user name or password before the host; remove everything up to the @")
    url.fill("https://10.0.0.7/in")
    expect_reason(url, "use a public name")
    assert visit.violations() == []
    url.fill("https://CI.example.com/in")
    expect_allowed(url, "https://ci.example.com/in")
    assert visit.violations() == []


class Checks:
    """The URLs that a tab has asked the API to check, in order."""

    def __init__(self, visit: Visit) -> None:
        self.urls: list[str] = []
        visit.page.on("request", self._heard)

    def _heard(self, request: Request) -> None:
        if request.url.endswith("/v1/receiver-urls/check"):
            self.urls.append((request.post_data_json or {})["url"])


def test_the_url_of_a_callback_is_checked_while_it_is_typed_and_while_it_is_changed(
    stack: E2E, opens: Opens, receiver: Receiver
) -> None:
    name = f"url-bot-{uuid.uuid4().hex[:6]}"
    bot = made(stack, "/v1/bots", {"name": name, "handle": name})
    visit = opens(f"{SETTINGS}/bots/{bot['id']}")
    checks = Checks(visit)
    visit.button("Add a callback").first.click()
    url = visit.dialog.get_by_role("textbox", name="URL")
    url.press_sequentially("http://ci.example.com/mentions")
    expect_reason(url, "Use https:// instead of http://")
    assert checks.urls[-1] == "http://ci.example.com/mentions"
    assert len(checks.urls) < 10, "not at each key, but when the person pauses"
    assert visit.violations() == []

    visit.expected.append("422")
    visit.dialog.get_by_role("button", name="Add a callback").click()
    expect(url).to_be_focused()
    expect(url).to_have_attribute("aria-invalid", "true")
    assert stack.api("GET", f"/v1/bots/{bot['id']}/callbacks").json["items"] == []

    url.fill(receiver.url("/url-bot"))
    expect_allowed(url, receiver.url("/url-bot"))
    visit.dialog.get_by_role("textbox", name="Name").fill("Answers")
    visit.dialog.get_by_role("button", name="Add a callback").click()
    visit.take_secret()
    expect(visit.heading("Answers")).to_be_visible()

    before, url = len(checks.urls), visit.field("URL")
    visit.goto(f"{visit.page.url}?tab=settings")  # a page that is loaded anew remembers no judgement
    expect(url).to_have_value(receiver.url("/url-bot"))
    visit.field("Description").fill("For mentions")
    url.fill("https://10.0.0.7/mentions")
    expect(url).to_have_accessible_description(re.compile("use a public name"))
    assert checks.urls[before:] == ["https://10.0.0.7/mentions"], "the URL that is stored was judged before"


def test_the_url_of_a_connection_is_checked_while_it_is_typed_and_while_it_is_configured(
    stack: E2E, opens: Opens, receiver: Receiver
) -> None:
    name, page = f"Team {uuid.uuid4().hex[:6]}", f"{SETTINGS}/connections"
    visit = opens(f"{page}?search=slack")
    checks = Checks(visit)
    card = visit.page.get_by_role("article", name="Slack", exact=True)
    card.get_by_role("button", name=re.compile("^Connect")).click()
    url = visit.dialog.get_by_role("textbox", name="Incoming webhook URL")
    url.press_sequentially("https://localhost.example.com:99999/in")
    expect_reason(url, "port")
    assert checks.urls[-1] == "https://localhost.example.com:99999/in"
    assert visit.violations() == []
    url.fill(receiver.url("/team"))
    expect_allowed(url, receiver.url("/team"))
    visit.dialog.get_by_role("textbox", name="Name").fill(name)
    visit.dialog.get_by_role("button", name="Connect", exact=True).click()
    visit.said(f"{name} is connected")

    visit.goto(f"{page}?search=slack")  # a page that is loaded anew remembers no judgement
    before = len(checks.urls)
    card.get_by_role("button", name=f"More: {name}").click()
    visit.page.get_by_role("menuitem", name="Configure").click()
    visit.dialog.get_by_role("textbox", name="Name").fill(f"{name} 2")
    url.fill("http://hooks.example.com/in")
    expect_reason(url, "Use https:// instead of http://")
    assert checks.urls[before:] == ["http://hooks.example.com/in"], "the URL that is stored was judged before"
    visit.dialog.get_by_role("button", name="Cancel").click()
    [one] = [one for one in stack.api("GET", "/v1/connections?limit=100").json["items"] if one["name"] == name]
    assert stack.api("DELETE", f"/v1/connections/{one['id']}").status == 204


def test_a_webhook_can_be_sent_before_the_check_answers(stack: E2E, opens: Opens) -> None:
    """The form can be submitted also when the check gets no answer, because the API checks again."""
    visit, name = opens(f"{SETTINGS}/webhooks"), f"Quick {uuid.uuid4().hex[:6]}"
    visit.expected.append("ERR_FAILED")
    visit.page.route("**/v1/receiver-urls/check", lambda route: route.abort())
    visit.button("Create a webhook").first.click()
    visit.dialog.get_by_role("textbox", name="Name").fill(name)
    visit.dialog.get_by_role("textbox", name="URL").fill("https://ci.example.com/in")
    visit.dialog.get_by_role("button", name="Create a webhook").click()
    visit.take_secret()
    expect(visit.heading(name)).to_be_visible()


def test_a_refused_field_of_a_command_comes_into_sight(stack: E2E, opens: Opens) -> None:
    """At the creation and at a change: the dialog of confirmation closes, and the refused field gets the focus."""
    visit, trigger = opens(f"{SETTINGS}/commands"), f"deploy-{uuid.uuid4().hex[:6]}"
    visit.expected += ["422", "409"]
    visit.button("Create a command").first.click()
    visit.dialog.get_by_role("textbox", name="Trigger").fill(trigger)
    visit.dialog.get_by_role("textbox", name="URL").fill("http://ci.example.com/in")
    visit.dialog.get_by_role("button", name="Create a command").click()
    url = visit.dialog.get_by_role("textbox", name="URL")
    expect(url).to_be_focused()
    expect(url).to_have_attribute("aria-invalid", "true")

    command = made(stack, "/v1/commands", {"trigger": trigger, "url": "https://ci.example.com/in"})
    visit.goto(f"{SETTINGS}/commands/{command['id']}")
    visit.field("URL").fill("https://10.0.0.7/in")
    visit.button("Save").click()
    visit.confirm("Save")
    expect(visit.field("URL")).to_be_focused()
    expect(visit.field("URL")).to_have_attribute("aria-invalid", "true")
