"""The list of the workspace's webhooks: filters, pages, deleting several, and the connectivity check."""

import json
from typing import Any

import pytest

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile


def made(workspace: Workspace, **fields: Any) -> dict[str, Any]:
    body = {"url": "https://ci.example.com/in", "events": ["message.created"], **fields}
    webhook: dict[str, Any] = workspace.make("/v1/webhooks", body)
    return webhook


def listed(workspace: Workspace, filters: str) -> list[str]:
    answer = workspace.call("GET", f"/v1/webhooks?{filters}")
    assert answer.status == 200, answer.body
    return [webhook["name"] for webhook in answer.json["items"]]


# -- the list ----------------------------------------------------------------------------------------------------------


def test_the_list_filters_by_name_url_state_and_event(workspace: Workspace) -> None:
    made(workspace, name="Deploys")
    made(workspace, name="Größe", url="https://Size.example.com/hook")
    made(workspace, name="Mentions", events=["bot.mentioned", "message.created"])
    off = made(workspace, name="old deployment", events=["message.deleted"])
    assert workspace.call("PATCH", f"/v1/webhooks/{off['id']}", {"state": "disabled"}).status == 200
    assert listed(workspace, "name=DEPLOY") == ["old deployment", "Deploys"]
    assert listed(workspace, "name=GR%C3%96SSE") == ["Größe"]
    assert listed(workspace, "url=size.EXAMPLE") == ["Größe"]
    assert listed(workspace, "state=disabled") == ["old deployment"]
    assert listed(workspace, "event=bot.mentioned") == ["Mentions"]
    assert listed(workspace, "name=deploy&state=enabled&event=message.created") == ["Deploys"]
    assert listed(workspace, "name=nothing") == []


def test_a_filtered_list_has_no_empty_pages(workspace: Workspace) -> None:
    """Matches come after many others, with other users' webhooks between them."""
    colleague = workspace.person("admin", "webhooks:write", "webhooks:read")
    chat = workspace.chat()
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{colleague.user_id}").status == 200
    for number in range(3):
        made(colleague, name=f"theirs {number}", chat_ids=[chat])
        for _ in range(4):
            made(workspace, name="mine", chat_ids=[chat])
    pages, cursor = [], ""
    for _ in range(4):
        page = colleague.call("GET", f"/v1/webhooks?limit=1{cursor}").json
        pages.append([webhook["name"] for webhook in page["items"]])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        assert colleague.call("GET", f"/v1/webhooks?limit=1&name=x{cursor}").status == 422
    assert pages == [["theirs 2"], ["theirs 1"], ["theirs 0"]]


def test_the_page_that_holds_the_last_match_has_no_cursor(workspace: Workspace) -> None:
    made(workspace, name="other")
    made(workspace, name="wanted")
    page = workspace.call("GET", "/v1/webhooks?limit=1&name=wanted").json
    assert ([webhook["name"] for webhook in page["items"]], page["next_cursor"]) == (["wanted"], None)


@pytest.mark.parametrize("filters", ["state=paused", "event=message.read", "name=", f"url={'x' * 201}", "user=me"])
def test_an_invalid_filter_is_named(workspace: Workspace, filters: str) -> None:
    answer = workspace.call("GET", f"/v1/webhooks?{filters}")
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == filters.partition("=")[0]


# -- deleting many -----------------------------------------------------------------------------------------------------


def test_many_are_deleted_at_once_and_each_is_answered_for(workspace: Workspace, other: Workspace) -> None:
    first, second, kept = made(workspace), made(workspace), made(workspace)
    foreign = made(other)
    bot = workspace.make("/v1/bots", {"name": "Bot", "handle": "bot"})
    test = made(workspace.narrow("admin:*", environment="staging"))
    unknown = "whk_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    ids = [first["id"], foreign["id"], second["id"], unknown, "nonsense", bot["id"], test["id"]]
    answer = workspace.call("POST", "/v1/webhooks/delete", {"ids": ids})
    assert answer.status == 200
    assert [(result["id"], result["status"]) for result in answer.json["results"]] == [
        (first["id"], "deleted"),
        (foreign["id"], "not_found"),
        (second["id"], "deleted"),
        (unknown, "not_found"),
        ("nonsense", "not_found"),
        (bot["id"], "not_found"),
        (test["id"], "not_found"),
    ]
    assert [one["id"] for one in workspace.call("GET", "/v1/webhooks").json["items"]] == [kept["id"]]
    assert other.call("GET", f"/v1/webhooks/{foreign['id']}").status == 200
    records = workspace.call("GET", "/v1/audit?action=webhook.deleted").json["items"]
    assert {record["target_id"] for record in records} == {first["id"], second["id"]}


def test_one_that_is_changed_at_the_same_moment_is_not_deleted_and_says_so(workspace: Workspace) -> None:
    webhook = made(workspace)
    with meanwhile(lambda: workspace.call("PATCH", f"/v1/webhooks/{webhook['id']}", {"name": "New"})):
        answer = workspace.call("POST", "/v1/webhooks/delete", {"ids": [webhook["id"]]})
    assert answer.json["results"] == [{"id": webhook["id"], "status": "conflict"}]
    assert workspace.call("GET", f"/v1/webhooks/{webhook['id']}").json["name"] == "New"


def test_a_narrow_token_deletes_its_own_users_webhooks_only(workspace: Workspace) -> None:
    webhook = made(workspace)
    colleague = workspace.person("manager", "webhooks:write")
    answer = colleague.call("POST", "/v1/webhooks/delete", {"ids": [webhook["id"]]})
    assert answer.json["results"] == [{"id": webhook["id"], "status": "not_found"}]


# -- the connectivity check --------------------------------------------------------------------------------------------


def test_a_check_sends_a_small_unsigned_body_and_shows_the_answer(workspace: Workspace, receiver: Receiver) -> None:
    webhook = made(workspace, url=receiver.url())
    answer = workspace.call("POST", f"/v1/webhooks/{webhook['id']}/send")
    assert answer.status == 200
    told = answer.json
    assert (told["ok"], told["status"], told["error"]) == (True, 200, None)
    (request,) = receiver.requests()
    assert json.loads(request.body)["webhook_id"] == webhook["id"]
    assert len(request.body) < 400
    assert not [name for name in request.headers if "signature" in name.lower()]
    assert webhook["secret"].encode() not in request.body
    assert workspace.call("GET", f"/v1/webhooks/{webhook['id']}/deliveries").json["items"] == []


def test_a_check_of_a_failing_receiver_says_what_it_answered_and_counts_nothing(
    workspace: Workspace, receiver: Receiver
) -> None:
    receiver.answer("/", Answer(503, body=b"Down for repair, whsec_abcdefghijklmnopqrstuvwxyz012345"))
    webhook = made(workspace, url=receiver.url())
    told = workspace.call("POST", f"/v1/webhooks/{webhook['id']}/send").json
    assert (told["ok"], told["status"]) == (False, 503)
    assert told["excerpt"] == "Down for repair, whsec_[redacted]"
    assert workspace.call("GET", f"/v1/webhooks/{webhook['id']}").json["consecutive_failures"] == 0


@pytest.mark.parametrize(("status", "ok"), [(299, True), (300, False)])
def test_a_check_is_ok_up_to_status_299(workspace: Workspace, receiver: Receiver, status: int, ok: bool) -> None:
    receiver.answer("/", Answer(status))
    webhook = made(workspace, url=receiver.url())
    told = workspace.call("POST", f"/v1/webhooks/{webhook['id']}/send").json
    assert (told["ok"], told["status"]) == (ok, status)


def test_a_check_of_an_address_without_listener_reports_the_failure(workspace: Workspace) -> None:
    webhook = made(workspace, url="http://127.0.0.1:9/in")
    told = workspace.call("POST", f"/v1/webhooks/{webhook['id']}/send").json
    assert (told["ok"], told["status"], told["error"]) == (False, None, "connect_error")
    assert told["detail"]


def test_a_disabled_webhook_can_be_checked_and_a_strangers_cannot(
    workspace: Workspace, other: Workspace, receiver: Receiver
) -> None:
    webhook = made(workspace, url=receiver.url())
    assert workspace.call("PATCH", f"/v1/webhooks/{webhook['id']}", {"state": "disabled"}).status == 200
    assert workspace.call("POST", f"/v1/webhooks/{webhook['id']}/send").json["ok"]
    assert other.call("POST", f"/v1/webhooks/{webhook['id']}/send").status == 404
    assert len(receiver.requests()) == 1
