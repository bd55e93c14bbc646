"""Notifications, in a browser: repeated weekly by the clock of a time zone, and sent before an appointment begins."""

import uuid
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.visit import Visit
from tests.e2e.harness import E2E


def write(visit: Visit, title: str, when: str) -> None:
    visit.button("Send a notification").click()
    visit.dialog.get_by_role("textbox", name="Title").fill(title)
    visit.choose("Send it", when)


def sent(stack: E2E, title: str) -> dict[str, object]:
    items = stack.api("GET", "/v1/notifications").json["items"]
    return dict(next(item for item in items if item["title"] == title))


def test_one_repeats_every_week_until_it_is_ended(stack: E2E, opens: Opens) -> None:
    visit, title = opens("/me/notifications", by="manager"), f"Retrospective {uuid.uuid4().hex[:6]}"
    write(visit, title, "Every week")
    days = visit.dialog.get_by_role("group", name="On")
    days.get_by_text("Wednesday").click()
    visit.dialog.get_by_label("Time of day").fill("10:30")
    visit.dialog.get_by_role("combobox", name="Time zone").fill("Europe/Ber")
    visit.page.get_by_role("option", name="Europe/Berlin").click()
    visit.dialog.get_by_role("textbox", name="Minutes before").fill("15")
    assert visit.violations() == []
    visit.dialog.get_by_role("button", name="Send a notification").click()
    visit.said("The notification is scheduled")
    row = visit.row(title)
    expect(row).to_contain_text("Monday, Wednesday at 10:30, Europe/Berlin · 15 minutes before")
    made = sent(stack, title)
    assert made["repeat"] == {
        "on": ["monday", "wednesday"],
        "at": "10:30",
        "time_zone": "Europe/Berlin",
        "minutes_before": 15,
    }
    visit.button(f"End the repetition: {title}").click()
    visit.said("It is not sent again")
    expect(row).to_contain_text("Cancelled")


def test_a_reminder_comes_before_a_meeting(stack: E2E, opens: Opens) -> None:
    visit, title = opens("/me/notifications", by="manager"), f"Planning {uuid.uuid4().hex[:6]}"
    write(visit, title, "Before something begins, such as a meeting")
    visit.choose("Type", "Meeting")
    begins = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%dT%H:%M}"
    visit.dialog.get_by_label("Begins at").fill(begins)
    visit.dialog.get_by_role("button", name="Send a notification").click()
    visit.said("The notification is scheduled")
    expect(visit.row(title)).to_contain_text("begins")
    made = sent(stack, title)
    starts = visit.page.evaluate("local => new Date(local).toISOString()", begins)
    early = datetime.fromisoformat(str(made["starts_at"])) - datetime.fromisoformat(str(made["send_at"]))
    assert (str(made["starts_at"])[:16], early, made["state"]) == (starts[:16], timedelta(minutes=10), "scheduled")
