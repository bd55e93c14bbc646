"""The settings of a workspace, in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.browser.conftest import Opens
from tests.e2e.harness import E2E

FIELDS = ("disable_webhooks_after", "probe_webhooks", "allows_overrides")


@pytest.fixture
def settings(stack: E2E) -> Iterator[dict[str, object]]:
    """The settings before the test. After the test they are restored."""
    workspace = stack.api("GET", "/v1/workspace").json
    before = {name: workspace[name] for name in FIELDS}
    yield before
    restored = stack.api("PATCH", "/v1/workspace", before)
    assert restored.status == 200, restored.body


def test_an_admin_changes_what_holds_for_all_webhooks(stack: E2E, opens: Opens, settings: dict[str, object]) -> None:
    visit = opens("/settings/workspace", by="admin")
    expect(visit.button("Save")).to_be_disabled()
    visit.field("Disable an outgoing webhook after this many failed attempts in a row").fill("25")
    visit.page.get_by_role("switch", name="Enable it again when its receiver answers").uncheck()
    visit.button("Save").click()
    expect(visit.dialog).to_contain_text(f"{settings['disable_webhooks_after']} → 25")
    expect(visit.dialog).to_contain_text("Yes → No")
    assert visit.violations() == []
    visit.confirm("Save")
    visit.said("The settings are saved")

    workspace = stack.api("GET", "/v1/workspace").json
    assert [workspace[name] for name in FIELDS] == [25, False, settings["allows_overrides"]]
    expect(visit.field("Disable an outgoing webhook after this many failed attempts in a row")).to_have_value("25")
    expect(visit.button("Save")).to_be_disabled()


def test_others_are_not_led_to_the_settings(opens: Opens) -> None:
    visit = opens("/settings/overview", by="manager")
    expect(visit.page.get_by_role("link", name="Chats", exact=True)).to_be_visible()
    expect(visit.page.get_by_role("link", name="Workspace settings")).to_have_count(0)
