"""The console shows an error and stays usable when the API refuses, is busy or does not answer."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import made
from tests.e2e.harness import E2E

WEBHOOKS = "/settings/integrations/webhooks"
LISTED = re.compile(r"/v1/webhooks(\?.*)?$")


@pytest.fixture(scope="module", autouse=True)
def listed(stack: E2E) -> None:
    """Create an outgoing webhook, so that the list has a table."""
    made(
        stack,
        "/v1/webhooks",
        {"name": "Listed", "url": "https://hooks.example.com/listed", "events": ["message.created"]},
    )


def test_an_api_that_is_away_is_said_and_tried_again(opens: Opens) -> None:
    visit = opens("/settings/integrations/bots")
    visit.expected.append("ERR_CONNECTION_REFUSED")
    visit.page.route(LISTED, lambda route: route.abort("connectionrefused"))
    visit.link("Outgoing webhooks").click()
    trouble = visit.page.get_by_role("alert").filter(has_text="The API did not answer.")
    expect(trouble).to_be_visible()
    visit.page.unroute(LISTED)
    trouble.get_by_role("button", name="Try again").click()
    expect(visit.page.get_by_role("table", name="Outgoing webhooks")).to_be_visible()


def test_a_busy_api_is_asked_again_without_a_word(opens: Opens) -> None:
    visit = opens("/settings/integrations/bots")
    visit.expected.append("503")
    asked: list[str] = []

    def busy_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()
        else:
            route.fulfill(status=503, content_type="application/problem+json", body='{"detail": "Busy"}')

    visit.page.route(LISTED, busy_once)
    visit.link("Outgoing webhooks").click()
    expect(visit.page.get_by_role("table", name="Outgoing webhooks")).to_be_visible()
    assert len(asked) >= 2


def test_a_refusal_stands_at_its_field_and_a_failure_carries_the_request_id(opens: Opens) -> None:
    visit = opens(WEBHOOKS)
    visit.expected += ["422", "500"]
    visit.button("Create a webhook").first.click()
    visit.dialog.get_by_role("textbox", name="Name").fill("Inside")
    url = visit.dialog.get_by_role("textbox", name="URL")
    url.fill("https://10.0.0.1/hook")
    with visit.page.expect_response(LISTED) as refusal:
        visit.dialog.get_by_role("button", name="Create a webhook").click()
    assert refusal.value.status == 422
    expect(url).to_have_attribute("aria-invalid", "true")
    # The text stands for a moment in the live region too, if the check while typing comes in first.
    expect(url).to_have_accessible_description(re.compile("The host is an IP address"))
    expect(visit.dialog.get_by_role("textbox", name="Name")).to_have_value("Inside")

    answer = '{"type": "about:blank", "title": "Oops", "status": 500, "detail": "It broke.", "request_id": "req-7"}'
    visit.page.route(
        LISTED, lambda route: route.fulfill(status=500, content_type="application/problem+json", body=answer)
    )
    url.fill("https://hooks.example.com/")
    visit.dialog.get_by_role("button", name="Create a webhook").click()
    failure = visit.dialog.get_by_role("alert").filter(has_text="It broke.")
    expect(failure.get_by_text("req-7")).to_be_visible()


def test_a_number_that_is_refused_says_which_numbers_are_not(opens: Opens) -> None:
    visit = opens("/settings/integrations/applications")
    visit.expected.append("422")
    visit.button("Create an application").first.click()
    visit.dialog.get_by_role("textbox", name="Name").fill("refused-numbers")
    visit.dialog.get_by_role("switch", name="It may message people").check()
    number = visit.dialog.get_by_role("textbox", name="New people an hour")
    number.fill("1000000")
    visit.dialog.get_by_role("button", name="Create").click()
    expect(number).to_be_focused()
    expect(number).to_have_accessible_description(re.compile("Must be at most 10000"))


def test_an_address_without_a_page_and_a_thing_that_is_gone(opens: Opens) -> None:
    visit = opens("/settings/nowhere")
    expect(visit.heading("Page not found")).to_be_visible()
    visit.expected.append("404")
    visit.goto(f"{WEBHOOKS}/whk_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    expect(visit.page.get_by_role("alert").filter(has_text="does not exist")).to_be_visible()


def test_a_screen_whose_file_a_newer_release_took_away_offers_to_load_again(opens: Opens) -> None:
    visit = opens("/settings/overview")
    visit.expected += ["404", "dynamically imported"]
    gone = re.compile(r"/assets/signature-.*\.js")
    visit.page.route(gone, lambda route: route.fulfill(status=404, body=""))
    visit.link("Signature helper").click()
    expect(visit.page.get_by_text("This screen could not be shown")).to_be_visible()
    visit.page.unroute(gone)
    visit.button("Load the page again").click()
    expect(visit.heading("Signature helper")).to_be_visible()
