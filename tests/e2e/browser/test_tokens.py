"""API tokens, in a browser: the secret is shown once, then its prefix; editing, revoking one or several."""

import uuid

from playwright.sync_api import expect

from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.visit import Visit
from tests.e2e.harness import E2E

PAGE = "/settings/integrations/api"


def create(visit: Visit, name: str, *scopes: str) -> str:
    """Create a token, and return its secret."""
    visit.button("Create a token").first.click()
    visit.dialog.get_by_role("textbox", name="Name").fill(name)
    for scope in scopes:
        visit.dialog.get_by_role("checkbox", name=scope).check()
    visit.dialog.get_by_role("button", name="Create a token").click()
    return visit.take_secret()


def test_a_token_is_created_shown_once_edited_and_revoked(stack: E2E, opens: Opens) -> None:
    visit, name = opens(PAGE), f"Nightly report {uuid.uuid4().hex[:6]}"
    secret = create(visit, name, "chats:read")
    assert stack.api("GET", "/v1/chats", token=secret).status == 200
    assert stack.api("GET", "/v1/users", token=secret).status == 403

    row = visit.row(name)
    shown = row.get_by_role("cell").locator("code")
    expect(shown).to_have_text("••••••••")
    row.get_by_role("button", name="Show the prefix").click()
    prefix = shown.inner_text().removesuffix("…")
    assert secret.startswith(prefix)
    assert len(prefix) < len(secret) / 2
    row.get_by_role("button", name="Hide the prefix").click()
    expect(shown).to_have_text("••••••••")
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row.get_by_role("button", name="Copy the prefix").click()
    assert visit.page.evaluate("navigator.clipboard.readText()") == prefix

    row.get_by_role("link", name=name, exact=True).click()
    expect(visit.heading(name)).to_be_visible()
    visit.field("Name").fill("Weekly report")
    visit.page.get_by_role("checkbox", name="users:read").check()
    visit.button("Save").click()
    visit.said("The token was saved")
    assert stack.api("GET", "/v1/users", token=secret).status == 200

    visit.button("Revoke").click()
    visit.confirm("Revoke", "Weekly report")
    visit.said("The token was revoked")
    expect(visit.heading("API tokens")).to_be_visible()
    assert stack.api("GET", "/v1/chats", token=secret).status == 401
    visit.choose("Status", "Active")
    expect(visit.row("Weekly report")).to_have_count(0)
    assert "status=active" in visit.page.url


def test_a_row_of_the_list_edits_and_revokes(stack: E2E, opens: Opens) -> None:
    visit, name = opens(PAGE), f"Importer {uuid.uuid4().hex[:6]}"
    visit.button("Create a token").first.click()
    visit.dialog.get_by_role("textbox", name="Name").fill(name)
    visit.dialog.get_by_role("textbox", name="Description").fill("Reads the old system")
    expect(visit.dialog.get_by_role("combobox", name="Environment")).to_have_value("Production")
    visit.dialog.get_by_role("checkbox", name="api", exact=True).check()
    visit.dialog.get_by_role("button", name="Create a token").click()
    secret = visit.take_secret()
    expect(visit.row(name)).to_contain_text("Reads the old system")
    scopes = stack.api("GET", "/v1/me", token=secret).json["scopes"]
    assert "webhooks:write" in scopes and "tokens:read" not in scopes, "all that a manager may do, and no more"

    visit.row(name).get_by_role("link", name=f"Edit {name}").click()
    expect(visit.page.get_by_role("checkbox", name="webhooks:write")).to_be_checked()
    visit.page.get_by_role("checkbox", name="api", exact=True).check()
    visit.button("Save").click()
    visit.said("The token was saved")
    expect(visit.page.get_by_role("checkbox", name="api", exact=True)).not_to_be_checked()
    expect(visit.button("Save")).to_be_disabled()

    visit.link("← API tokens").click()
    visit.row(name).get_by_role("button", name=f"Revoke {name}").click()
    visit.confirm("Revoke 1 token", name)
    visit.said("The token was revoked")
    assert stack.api("GET", "/v1/me", token=secret).status == 401
    expect(visit.row(name).get_by_role("button", name=f"Revoke {name}")).to_have_count(0)


def test_many_are_found_by_name_and_revoked_at_once(stack: E2E, opens: Opens) -> None:
    visit, batch = opens(PAGE), f"Batch {uuid.uuid4().hex[:6]}"
    secrets = [create(visit, f"{batch} {number}", "chats:read") for number in (1, 2)]
    visit.page.get_by_role("searchbox", name="Search by name").fill(batch.lower())
    expect(visit.page.get_by_role("row")).to_have_count(3)
    for number in (1, 2):
        visit.page.get_by_role("checkbox", name=f"Select {batch} {number}").check()
    visit.button("Revoke 2 tokens").click()
    expect(visit.dialog.get_by_text(f"{batch} 1")).to_be_visible()
    visit.confirm("Revoke 2 tokens", "2")
    visit.said("2 of 2 tokens revoked")
    assert [stack.api("GET", "/v1/chats", token=secret).status for secret in secrets] == [401, 401]
