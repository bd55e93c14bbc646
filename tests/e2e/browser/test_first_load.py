"""The first load of the console: an outline before the code has loaded, and one request for each answer of the API."""

import re
from collections import Counter

import pytest
from playwright.sync_api import Page, Request, Route, expect

from local import screens
from tests.e2e.browser.conftest import Invites, Opens
from tests.e2e.browser.visit import Visit
from tests.e2e.harness import E2E

CORE = re.compile(r"/assets/core-.*\.js")
# Where a text is, as a person sees it: the first of these words on the screen.
_PLACE = """words => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const range = document.createRange()
        range.selectNodeContents(node)
        const box = range.getBoundingClientRect()
        if (node.textContent.trim() === words && box.height > 0) return [box.left, box.top, box.width]
    }
}"""


@pytest.fixture
def visit(opens: Opens) -> Visit:
    """A tab without a session that has opened the console."""
    return opens("/", by=None)


def held(page: Page) -> list[Route]:
    """Hold back the code that every screen needs. The test continues the returned routes later."""
    routes: list[Route] = []
    page.route(CORE, lambda route: routes.append(route))
    return routes


def places(page: Page, *words: str) -> dict[str, list[float]]:
    return {one: page.evaluate(_PLACE, one) for one in words}


@pytest.mark.parametrize("width", [390, 1280])
def test_the_sign_in_is_drawn_before_its_code_is_there_and_nothing_moves(visit: Visit, width: int) -> None:
    page = visit.page
    page.set_viewport_size({"width": width, "height": 800})
    routes = held(page)
    page.goto("/", wait_until="commit")
    expect(page.get_by_text("Forgot your password?")).to_be_visible()
    expect(page.get_by_role("status", name="Loading")).to_have_attribute("aria-busy", "true")
    words = ("Sign in", "E-mail", "Password", "Test mode", "Ferryman")
    drawn = places(page, *words)
    for route in routes:
        route.continue_()
    expect(visit.heading("Sign in")).to_be_visible()
    for word, shown in places(page, *words).items():
        assert drawn[word] == pytest.approx(shown, abs=2), word


def test_a_session_sees_the_outline_of_the_application_in_the_colours_that_it_chose(opens: Opens) -> None:
    visit = opens("/settings/overview")
    visit.page.evaluate("localStorage.setItem('mantine-color-scheme-value', 'dark')")
    routes = held(visit.page)
    visit.page.reload(wait_until="commit")
    try:
        outline = visit.page.get_by_role("status", name="Loading")
        expect(outline.get_by_text("Ferryman").last).to_be_visible()
        expect(outline.get_by_text("Forgot your password?")).to_be_hidden()
        expect(outline).to_have_css("background-color", "rgb(36, 36, 36)")
        for route in routes:
            route.continue_()
        expect(visit.heading("Overview")).to_be_visible()
    finally:
        visit.page.evaluate("localStorage.removeItem('mantine-color-scheme-value')")


def asked(visit: Visit, address: str) -> Counter[str]:
    """The number of requests to each path of the API until the screen at the address has loaded."""
    counted: Counter[str] = Counter()

    def count(request: Request) -> None:
        if "/v1/" in request.url:
            counted[re.sub(r"since=[^&]+", "since", request.url.partition("/v1")[2])] += 1

    visit.page.on("request", count)
    visit.goto(address)
    visit.page.remove_listener("request", count)
    return counted


def test_the_overview_asks_for_each_thing_once(sampled: E2E, opens: Opens) -> None:
    visit = opens("/settings/nowhere")
    counted = asked(visit, "/settings/overview")
    assert counted == dict.fromkeys(
        [
            "/me",
            "/tokens?status=active",
            "/webhooks",
            "/deliveries?state=exhausted&since&limit=100",
            "/deliveries/statistics?limit=100",
        ],
        1,
    )


def test_a_delivery_asks_for_each_thing_once(sampled: E2E, opens: Opens) -> None:
    address = screens.of_sample(sampled.embedded.api())["delivery"]
    counted = asked(opens("/settings/nowhere"), address)
    assert set(counted.values()) == {1}, counted
    assert len(counted) == 3  # the person, the delivery, its webhook


def test_a_person_asks_for_nothing_that_is_not_theirs(sampled: E2E, opens: Opens) -> None:
    counted = asked(opens("/settings/nowhere", by="staff"), "/settings/overview")
    assert counted == {"/me": 1}


def test_the_next_person_in_the_tab_sees_nothing_of_the_one_before(opens: Opens, invited: Invites) -> None:
    one, other = invited("admin"), invited("staff")
    visit = opens("/settings/overview", by=one)
    visit.button("Your account", exact=False).click()
    visit.page.get_by_role("menuitem", name="Sign out").click()
    visit.field("E-mail").fill(other.email)
    visit.field("Password").fill("four small grey boats")
    visit.button("Sign in").click()
    expect(visit.page.get_by_text(f"Welcome, {other.name}.")).to_be_visible()
    expect(visit.link("API tokens")).to_have_count(0)


def test_a_page_whose_first_files_are_gone_offers_to_load_again(visit: Visit) -> None:
    visit.expected += ["404", "dynamically imported"]
    visit.page.route(CORE, lambda route: route.fulfill(status=404, body=""))
    visit.page.goto("/")
    expect(visit.heading("This screen could not be shown")).to_be_visible()
    visit.page.unroute(CORE)
    visit.link("Load the page again").click()
    expect(visit.heading("Sign in")).to_be_visible()
