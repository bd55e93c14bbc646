"""Every screen of the console, checked by axe in light and dark colours, at a phone's width, and by keyboard."""

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Request, Route, ViewportSize, expect

from local import screens
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E

# Colours differ between light and dark, and nothing else does.
COLOURS = ("color-contrast", "link-in-text-block")
PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def addresses(sampled: E2E) -> Iterator[dict[str, str]]:
    yield screens.of_sample(sampled.embedded.api())


def test_axe_finds_nothing_on_any_screen(opens: Opens, addresses: dict[str, str]) -> None:
    visit = opens("/settings/overview")
    visit.expected.append("404")  # the screen of a thing that does not exist
    found: dict[str, object] = {}
    for name, address in addresses.items():
        visit.move(address)
        found[name] = visit.violations()
        visit.page.emulate_media(color_scheme="dark")
        found[f"{name}, dark"] = visit.violations(*COLOURS)
        visit.page.emulate_media(color_scheme="light")
    assert {screen: problems for screen, problems in found.items() if problems} == {}


def test_moving_ends_at_the_screen_that_was_asked_for(opens: Opens) -> None:
    """`move` waits also while the files of the next screen load and the old screen is still shown."""
    visit = opens("/settings/overview")
    held: list[Route] = []

    def release(request: Request) -> None:
        if request.url.endswith("?release"):
            held.pop().continue_()

    visit.page.route("**/assets/audit-*.js", lambda route: held.append(route))  # Playwright marks it
    visit.page.on("request", release)
    visit.page.evaluate("setTimeout(() => fetch('/openapi.yaml?release'), 300)")
    visit.move("/settings/audit")
    assert visit.page.locator("h1").all_inner_texts() == ["Audit log"]


def test_no_screen_is_wider_than_a_phone(opens: Opens, addresses: dict[str, str]) -> None:
    visit = opens("/settings/overview")
    visit.expected.append("404")
    visit.page.set_viewport_size(PHONE)
    visit.goto("/settings/overview")
    wide = {}
    for name, address in addresses.items():
        visit.move(address)
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[name] = width
    assert wide == {}


def test_no_list_has_to_be_scrolled_sideways_on_a_laptop(opens: Opens, addresses: dict[str, str]) -> None:
    visit = opens("/settings/overview")
    visit.expected.append("404")

    def all_wait(route: Route) -> None:
        """Answer that all deliveries wait, because the console then shows its longest text for them."""
        answer = route.fetch()
        page = answer.json()
        for webhook in page["items"]:
            webhook |= {"delivered": 0, "failed": 0, "waiting": 12_345}
        route.fulfill(response=answer, json=page)

    visit.page.route("**/v1/deliveries/statistics*", all_wait)
    visit.goto("/settings/overview")
    wide = {}
    for name, address in addresses.items():
        visit.move(address)
        hidden = visit.page.evaluate(
            "Math.max(0, ...[...document.querySelectorAll('.list-box')].map(box => box.scrollWidth - box.clientWidth))"
        )
        if hidden:
            wide[name] = hidden
    assert wide == {}


def test_axe_finds_nothing_on_the_doors_and_dialogs(opens: Opens) -> None:
    found: dict[str, list[str]] = {}
    for address in ("/", "/me/invitation#fm_invt_x"):
        visit = opens(address, by=None)
        found[address] = visit.violations()
        visit.page.emulate_media(color_scheme="dark")
        found[f"{address}, dark"] = visit.violations(*COLOURS)
    for address, button in (
        ("/settings/integrations/api", "Create a token"),
        ("/settings/integrations/webhooks", "Create a webhook"),
        ("/settings/integrations/incoming-webhooks", "Create an incoming webhook"),
        ("/settings/integrations/commands", "Create a command"),
        ("/settings/users", "Invite a person"),
        ("/me/notifications", "Send a notification"),
    ):
        visit = opens(address)
        visit.button(button).first.click()
        expect(visit.dialog.get_by_role("textbox").first).to_be_focused()
        found[button] = visit.violations()
        visit.page.keyboard.press("Escape")
        expect(visit.dialog).to_have_count(0)
        expect(visit.button(button).first).to_be_focused()
    assert {screen: problems for screen, problems in found.items() if problems} == {}


def test_the_main_journey_needs_no_mouse(stack: E2E, opens: Opens, people: dict[str, Person]) -> None:
    """The journey goes from the sign-in to a new token, with Tab, Space, Enter, the arrow keys and typing."""
    visit, name = opens("/", by=None), f"By keyboard {uuid.uuid4().hex[:6]}"
    keyboard = visit.page.keyboard
    expect(visit.field("E-mail")).to_be_focused()
    keyboard.type(people["owner"].email)
    visit.tab_to(visit.field("Password"))
    keyboard.type("four small grey boats")
    keyboard.press("Enter")
    expect(visit.heading("Overview")).to_be_visible()

    keyboard.press("Tab")
    expect(visit.link("Skip to the content")).to_be_focused()
    visit.tab_to(visit.link("API tokens").first)
    keyboard.press("Enter")
    expect(visit.heading("API tokens")).to_be_visible()
    keyboard.press("/")
    expect(visit.page.get_by_role("searchbox")).to_be_focused()
    visit.tab_to(visit.button("Create a token").first, key="Shift+Tab")
    keyboard.press("Enter")
    expect(visit.dialog.get_by_role("textbox", name="Name")).to_be_focused()
    keyboard.type(name)
    visit.tab_to(visit.dialog.get_by_role("checkbox", name="chats:read"))
    keyboard.press("Space")
    visit.tab_to(visit.dialog.get_by_role("button", name="Create a token"))
    keyboard.press("Enter")
    secret = visit.dialog.get_by_label("Secret", exact=True).inner_text().strip()
    visit.tab_to(visit.dialog.get_by_label("I have stored it"))
    keyboard.press("Space")
    visit.tab_to(visit.dialog.get_by_role("button", name="Close"))
    keyboard.press("Enter")
    expect(visit.row(name)).to_be_visible()
    assert stack.api("GET", "/v1/chats", token=secret).status == 200
