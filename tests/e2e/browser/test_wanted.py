"""Parts of the console that load when a person first uses them: tooltips and the person's menu."""

import re

from playwright.sync_api import expect

from tests.e2e.browser.conftest import Opens


def test_words_beside_a_thing_come_on_hover_describe_it_and_go_by_escape(opens: Opens) -> None:
    visit = opens("/settings/nowhere")
    button, words = visit.button("Dark colours"), visit.page.get_by_role("tooltip")
    expect(words).to_have_count(0)
    button.hover()
    expect(words).to_have_text("Dark colours")
    expect(button).to_have_accessible_description("Dark colours")
    visit.page.keyboard.press("Escape")
    expect(words).to_have_count(0)
    visit.heading("Page not found").hover()
    button.hover()
    expect(words).to_be_visible()


def test_the_persons_menu_opens_by_the_keyboard_and_gives_the_focus_back(opens: Opens) -> None:
    visit = opens("/settings/nowhere")
    button, item = visit.button("Your account", exact=False), visit.page.get_by_role("menuitem", name="Sign out")
    for _ in range(2):  # the first time loads it
        button.focus()
        visit.page.keyboard.press("Enter")
        expect(item).to_be_visible()
        expect(button).to_have_attribute("aria-expanded", "true")
        visit.page.keyboard.press("Escape")
        expect(item).to_be_hidden()
        expect(button).to_be_focused()
    button.press("Enter")
    expect(item).to_be_visible()
    button.press("Escape")  # somebody is quicker than the focus
    expect(item).to_be_hidden()
    button.click()
    visit.page.get_by_role("menuitem", name=re.compile("security")).click()
    expect(visit.heading("Sign-in and security")).to_be_visible()
