"""A token that leaked, in a browser: one list of all objects that were made with it, and one act that ends all."""

from playwright.sync_api import expect

from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.things import made, made_chat
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E


def test_all_that_a_leaked_token_made_is_seen_and_ended(stack: E2E, opens: Opens, people: dict[str, Person]) -> None:
    chat = made_chat(stack, people["owner"])
    name = f"CI of {chat['name']}"
    token = made(stack, "/v1/tokens", {"name": name, "scopes": ["admin:*"], "environment": "production"})
    handle = chat["name"].replace("chat", "mole")
    for path, body in (
        ("/v1/bots", {"name": "Mole", "handle": handle}),
        ("/v1/applications", {"app_name": handle.replace("-", "_")}),
    ):
        assert stack.api("POST", path, body, token=token["token"]).status == 201

    visit = opens(f"/settings/integrations/api/{token['id']}")
    visit.button("This token leaked").click()
    assert "leaked=true" in visit.page.url
    found = visit.page.get_by_role("table", name="Everything that it made")
    expect(found.get_by_role("row", name="Bot Mole")).to_have_count(1)
    applications = stack.api("GET", "/v1/applications").json["items"]
    application = next(one for one in applications if one["app_name"] == handle.replace("-", "_"))
    named = found.get_by_role("row").filter(has_text=application["id"])
    expect(named.get_by_role("link", name=application["app_name"])).to_have_attribute(
        "href", f"/settings/integrations/applications/{application['id']}"
    )
    expect(found.get_by_role("row").filter(has_text="Application")).to_contain_text("This token")
    expect(found.get_by_text("Still there")).to_have_count(3)  # the bot has a token of its own
    assert visit.violations() == []
    visit.button("End all of it").click()
    visit.confirm("End all of it", name)
    expect(visit.page.get_by_role("alert").filter(has_text="things were ended")).to_be_visible()
    expect(found.get_by_text("Still there")).to_have_count(0)
    expect(visit.button("Save")).to_have_count(0)
    assert stack.api("GET", "/v1/me", token=token["token"]).status == 401
