"""Objects whose owner left, in a browser: the screens say so, and another person takes over and enables them."""

from playwright.sync_api import expect

from local.receiver import Receiver
from tests.e2e.browser.conftest import Invites, Opens
from tests.e2e.browser.things import made_chat
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E

SETTINGS = "/settings/integrations"


def test_things_of_a_person_who_left_get_a_new_owner_and_come_back(
    stack: E2E, opens: Opens, people: dict[str, Person], invited: Invites, receiver: Receiver
) -> None:
    leaver = invited("admin")
    chat = made_chat(stack, leaver, people["owner"])
    session, name = leaver.session(stack), chat["name"].replace("-", "_")

    def theirs(path: str, body: dict[str, object]) -> str:
        answer = stack.api("POST", path, body, token=session)
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    url = receiver.url(f"/{name}")
    hook = {"name": name, "url": url, "events": ["message.created"], "chat_ids": [chat["id"]]}
    pages = {
        "webhooks": theirs("/v1/webhooks", hook),
        "applications": theirs("/v1/applications", {"app_name": name}),
        "bots": theirs("/v1/bots", {"name": name, "handle": name}),
        "commands": theirs("/v1/commands", {"trigger": name, "url": url}),
    }
    incoming = theirs("/v1/incoming-webhooks", {"chat_id": chat["id"], "name": name})
    assert stack.api("PATCH", f"/v1/users/{leaver.user_id}", {"active": False}).status == 200

    visit = opens("/settings/overview")
    for collection, thing_id in pages.items():
        visit.goto(f"{SETTINGS}/{collection}/{thing_id}")
        notice = visit.page.get_by_role("alert").filter(has_text="Its owner was deactivated")
        expect(notice).to_contain_text("Hand it over to somebody who may have it")
        notice.get_by_role("button", name="Hand over").click()
        visit.choose("New owner", f"{people['owner'].name} · Owner")
        visit.confirm("Hand over")
        visit.button("Activate" if collection == "bots" else "Enable").click()
        expect(notice).to_have_count(0)
        owner = stack.api("GET", f"/v1/{collection}/{thing_id}").json["owner_id"]
        assert owner == people["owner"].user_id

    visit.goto(f"{SETTINGS}/incoming-webhooks?chat={chat['id']}")
    expect(visit.row(name)).to_contain_text("Its owner was deactivated")
    for entry in ("Hand over", "Enable"):
        visit.button(f"Change: {name}").click()
        visit.page.get_by_role("menuitem", name=entry).click()
        if entry == "Hand over":
            visit.choose("New owner", f"{people['owner'].name} · Owner")
            visit.confirm("Hand over")
    expect(visit.row(name)).to_contain_text("Enabled")
    assert stack.api("GET", f"/v1/incoming-webhooks/{incoming}").json["state"] == "enabled"


def test_a_person_whose_role_came_back_enables_what_was_disabled(
    stack: E2E, opens: Opens, invited: Invites, receiver: Receiver
) -> None:
    person = invited("manager")
    chat = made_chat(stack, person)
    body = {"name": "Mine", "url": receiver.url("/mine"), "events": ["message.created"], "chat_ids": [chat["id"]]}
    webhook = stack.api("POST", "/v1/webhooks", body, token=person.session(stack)).json
    for role in ("staff", "manager"):
        assert stack.api("PATCH", f"/v1/users/{person.user_id}", {"role": role}).status == 200
    visit = opens(f"{SETTINGS}/webhooks/{webhook['id']}", by=person)
    notice = visit.page.get_by_role("alert").filter(has_text="Its owner got a role that may not have it")
    expect(notice).to_contain_text("An owner or admin can hand it over")
    expect(visit.button("Hand over")).to_have_count(0)
    assert visit.violations() == []
    visit.button("Enable").click()
    expect(notice).to_have_count(0)
