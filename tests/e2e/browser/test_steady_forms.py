"""The field in use does not move on the screen when parts of the form above it load late, in a browser."""

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.browser.conftest import Opens

WEBHOOKS, CHATS = "/settings/integrations/webhooks", "/settings/chats"


def test_a_field_stays_where_it_is_when_events_come_that_are_scrolled_away(opens: Opens) -> None:
    """The browser itself keeps the position there, unless told not to. With both, the field would move twice."""
    visit = opens(WEBHOOKS)
    visit.page.set_viewport_size({"width": 390, "height": 500})
    held: list[Route] = []
    visit.page.route("**/v1/event-types*", lambda route: held.append(route))
    visit.page.reload()
    visit.button("Create a webhook").first.click()
    field = visit.dialog.get_by_role("textbox", name="At most this many")
    field.focus()
    field.evaluate("field => field.scrollIntoView({ block: 'start' })")
    place = field.bounding_box()
    assert place is not None
    for route in held:
        route.continue_()
    expect(visit.dialog.get_by_role("checkbox", name="message.created")).to_have_count(1)
    assert field.bounding_box() == pytest.approx(place, abs=2)
    expect(field).to_be_in_viewport()
    field.blur()
    assert visit.page.locator("[style*='overflow-anchor: none']").count() == 0


def test_a_message_in_a_dialog_does_not_scroll_the_page_behind_it(opens: Opens) -> None:
    visit = opens(CHATS)
    visit.page.set_viewport_size({"width": 390, "height": 800})
    visit.page.add_style_tag(content="main { min-height: 3000px }")
    visit.button("Create a chat").first.click()
    visit.page.route("**/v1/chats", lambda route: route.fulfill(status=503, json={"detail": "Busy. Try again."}))
    visit.expected.append("503")
    name = visit.dialog.get_by_role("textbox", name="Name")
    name.fill("Builds")
    name.press("Enter")
    expect(visit.dialog.get_by_role("alert")).to_contain_text("Busy")
    expect(name).to_be_focused()
    assert visit.page.evaluate("scrollY") == 0


def test_a_list_in_which_nothing_is_chosen_shows_nothing_while_it_loads(opens: Opens) -> None:
    visit = opens("/settings/integrations/incoming-webhooks")
    held: list[Route] = []
    visit.page.route("**/v1/chats?*", lambda route: held.append(route))
    visit.page.reload()
    visit.button("Create an incoming webhook").first.click()
    box = visit.dialog.get_by_role("combobox", name="Chat")
    box.click()
    expect(visit.page.get_by_role("option")).to_have_text(["Loading …"])
    expect(box).to_have_value("")
    for route in held:
        route.continue_()
    expect(visit.page.get_by_role("option").filter(has_text="Loading")).to_have_count(0)
    expect(box).to_have_value("")
