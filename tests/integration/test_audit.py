"""The audit log: written in the transaction of the change, readable for admins, and never changed."""

import json
from typing import Any

import pytest
from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.world import World


def records(workspace: Workspace, filters: str = "") -> list[dict[str, Any]]:
    answer = workspace.call("GET", f"/v1/audit?{filters}")
    assert answer.status == 200, answer.body
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_a_change_is_recorded_with_who_when_and_from_where(workspace: Workspace) -> None:
    token = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "staging"})
    edited = workspace.call("PATCH", f"/v1/tokens/{token['id']}", {"name": "Nightly", "scopes": ["users:read"]})
    assert workspace.call("DELETE", f"/v1/tokens/{token['id']}").status == 204
    me = workspace.call("GET", "/v1/me").json

    revoked, changed, created = records(workspace, f"target_id={token['id']}")
    assert [record["action"] for record in (created, changed, revoked)] == [
        "token.created",
        "token.edited",
        "token.revoked",
    ]
    assert created["details"] == {"environment": "staging", "scopes": ["chats:read"]}
    assert changed["details"] == {"changed": ["name", "scopes"]}
    assert changed["actor"] == {"user_id": me["user"]["id"], "credential_id": me["token_id"], "livemode": True}
    assert changed["request_id"] == edited.headers["x-request-id"]
    assert changed["ip"] == "203.0.113.7"
    assert clock.seconds(changed["at"]) <= clock.now()


def test_all_that_a_token_did_is_in_one_answer(workspace: Workspace) -> None:
    leaked = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["admin:*"], "environment": "production"})
    thief = Workspace(workspace.world, workspace.workspace_id, workspace.user_id, leaked["token"])
    chat = thief.chat()
    made = thief.make("/v1/tokens", {"name": "Mine", "scopes": ["chats:read"], "environment": "production"})
    workspace.chat()
    found = records(workspace, f"token_id={leaked['id']}")
    assert {record["target_id"] for record in found} == {chat, made["id"]}
    assert {record["actor"]["credential_id"] for record in found} == {leaked["id"]}


def test_an_admins_change_of_anothers_words_is_recorded_and_shown(workspace: Workspace) -> None:
    chat = workspace.chat()
    author = workspace.person("staff", "messages:read", "messages:write")
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{author.user_id}").status == 200
    messages = f"/v1/chats/{chat}/messages"
    message = author.make(messages, {"text": "I agree"})
    assert message["edited_by"] is None
    own = author.call("PATCH", f"{messages}/{message['id']}", {"text": "I agree."}).json
    assert own["edited_by"] == author.user_id
    assert records(workspace, f"target_id={message['id']}") == []
    assert workspace.call("PATCH", f"{messages}/{message['id']}", {"text": "I disagree"}).status == 200
    assert author.call("GET", f"{messages}/{message['id']}").json["edited_by"] == workspace.user_id
    assert workspace.call("DELETE", f"{messages}/{message['id']}").status == 204
    deleted, edited = records(workspace, f"target_id={message['id']}")
    assert (edited["action"], deleted["action"]) == ("message.edited", "message.deleted")
    assert edited["actor"]["user_id"] == workspace.user_id
    assert edited["details"] == {"chat_id": chat, "author_id": author.user_id}
    assert "disagree" not in json.dumps([edited, deleted])


def test_retries_tests_and_cancelled_notifications_are_recorded(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    body = {"url": receiver.url("/in"), "events": ["message.created"]}
    webhook = workspace.make("/v1/webhooks", body)
    test = workspace.make(f"/v1/webhooks/{webhook['id']}/test", {}, 202)
    workspace.make(f"/v1/chats/{workspace.chat()}/messages", {"text": "x"})
    world.pump()
    log = workspace.call("GET", f"/v1/webhooks/{webhook['id']}/deliveries").json["items"]
    (delivery,) = [one for one in log if not one["test"]]
    assert workspace.call("POST", f"/v1/deliveries/{delivery['id']}/retry").status == 202
    assert workspace.call("POST", f"/v1/webhooks/{webhook['id']}/send").status == 200
    tested, checked = records(workspace, f"target_id={webhook['id']}&action=webhook.tested") + records(
        workspace, f"target={webhook['id']}&action=webhook.checked"
    )
    assert tested["details"] == {"delivery_id": test["id"]}
    assert checked["details"] == {}
    (retried,) = records(workspace, "action=delivery.retried")
    assert (retried["target_id"], retried["details"]) == (delivery["id"], {"webhook_id": webhook["id"]})
    soon = clock.iso(clock.now() + 3600)
    told = workspace.make(
        "/v1/notifications", {"type": "system", "title": "x", "user_ids": [workspace.user_id], "send_at": soon}
    )
    assert workspace.call("POST", f"/v1/notifications/{told['id']}/cancel").status == 200
    assert workspace.call("POST", f"/v1/notifications/{told['id']}/cancel").status == 200
    cancelled, created = records(workspace, f"target_id={told['id']}")
    assert (created["action"], cancelled["action"]) == ("notification.created", "notification.cancelled")
    assert created["details"] == {"type": "system", "people": 1}


def test_a_bot_that_is_deleted_leaves_its_chats_on_record(workspace: Workspace) -> None:
    chat = workspace.chat()
    bot = workspace.make("/v1/bots", {"name": "CI", "handle": "ci-leaves"})
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
    assert workspace.call("DELETE", f"/v1/bots/{bot['id']}").status == 204
    removed, added, created = records(workspace, f"target_id={chat}")
    assert (removed["action"], removed["details"]) == ("member.removed", {"user_id": bot["id"]})
    assert added["action"] == "member.added"
    assert created["details"] == {"type": "group", "members": [workspace.user_id]}


def test_the_first_records_are_of_the_bootstrap(workspace: Workspace) -> None:
    found = records(workspace)
    assert {record["action"] for record in found} == {"user.created", "token.created"}
    assert {record["actor"]["credential_id"] for record in found} == {"bootstrap"}


def test_people_and_their_roles_are_recorded(workspace: Workspace) -> None:
    user = workspace.make("/v1/users", {"name": "Grace", "email": "grace@example.com", "role": "staff"})
    assert workspace.call("PATCH", f"/v1/users/{user['id']}", {"role": "manager", "name": "Grace"}).status == 200
    edited, created = records(workspace, f"target_id={user['id']}")
    assert (created["action"], created["details"]) == ("user.created", {"role": "staff"})
    assert (edited["action"], edited["details"]["changed"], edited["details"]["role"]) == (
        "user.edited",
        ["role"],
        "manager",
    )


def test_webhooks_are_recorded_without_their_secrets(workspace: Workspace) -> None:
    chat = workspace.chat()
    body = {"url": "https://ci.example.com/in?key=abc", "events": ["message.created"], "chat_ids": [chat]}
    webhook = workspace.make("/v1/webhooks", body)
    url = f"/v1/webhooks/{webhook['id']}"
    assert workspace.call("PATCH", url, {"name": "CI", "state": "disabled"}).status == 200
    rotated = workspace.call("POST", f"{url}/rotate-secret", {})
    assert rotated.status == 200, rotated.body
    assert workspace.call("POST", f"{url}/expire-old-secret").status == 200
    assert workspace.call("DELETE", url).status == 204
    found = list(reversed(records(workspace, f"target_id={webhook['id']}")))
    assert [record["action"] for record in found] == [
        "webhook.created",
        "webhook.edited",
        "webhook.rotated",
        "webhook.old_secret_expired",
        "webhook.deleted",
    ]
    assert found[0]["details"] == {"events": ["message.created"]}
    assert found[1]["details"] == {"changed": ["name", "state"]}
    assert found[2]["details"] == {"overlap_hours": 24}
    text = json.dumps(found)
    assert webhook["secret"] not in text
    assert rotated.json["secret"] not in text
    assert "key=abc" not in text


def test_a_call_that_changes_nothing_leaves_no_record(workspace: Workspace) -> None:
    token = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "staging"})
    assert workspace.call("PATCH", f"/v1/tokens/{token['id']}", {"name": "CI"}).status == 200
    assert workspace.call("PATCH", f"/v1/tokens/{token['id']}", {"environment": "production"}).status == 422
    assert workspace.call("DELETE", f"/v1/tokens/{token['id']}").status == 204
    assert workspace.call("DELETE", f"/v1/tokens/{token['id']}").status == 204
    assert [record["action"] for record in records(workspace, f"target_id={token['id']}")] == [
        "token.revoked",
        "token.created",
    ]


def test_a_change_that_is_refused_at_its_commit_leaves_no_record(workspace: Workspace) -> None:
    token = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "staging"})
    url = f"/v1/tokens/{token['id']}"
    with meanwhile(lambda: workspace.call("PATCH", url, {"name": "First"})):
        assert workspace.call("PATCH", url, {"name": "Second"}).status == 409
    assert len(records(workspace, f"target_id={token['id']}&action=token.edited")) == 1


def test_no_secret_is_in_any_record(workspace: Workspace) -> None:
    token = workspace.make(
        "/v1/tokens", {"name": "fm_live_looksLikeASecret", "scopes": ["chats:read"], "environment": "production"}
    )
    workspace.call("PATCH", f"/v1/tokens/{token['id']}", {"description": token["token"]})
    text = json.dumps(records(workspace))
    assert token["token"] not in text
    assert "fm_live_looks" not in text


def test_a_record_masks_text_that_looks_like_a_secret(world: World) -> None:
    """Details are names and counts. If a text of a user gets into them, secrets in it are masked."""
    caller = Caller("wsp_1", "usr_1", "owner", True, frozenset(), "tok_1")
    secret = "fm_live_" + "a" * 36
    with world.inside("tokens"):
        (write,) = audit.writes(caller, "token.edited", "tok_2", {"note": f"was {secret}", "changed": [secret]})
    assert secret not in json.dumps(write.arguments)
    assert "[redacted]" in json.dumps(write.arguments)


def test_the_log_filters_by_actor_target_action_and_time(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = workspace.person("admin", "admin:*")
    user = workspace.make("/v1/users", {"name": "Grace", "email": "grace@example.com"})
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + 60)
    admin.call("PATCH", f"/v1/users/{user['id']}", {"name": "Grace H"})
    monkeypatch.setattr(clock, "now", lambda: start + 120)
    workspace.call("PATCH", f"/v1/users/{user['id']}", {"name": "Grace Hopper"})

    def actions(filters: str) -> list[str]:
        return [f"{record['action']} {record['actor']['user_id']}" for record in records(workspace, filters)]

    theirs, ours = f"user.edited {admin.user_id}", f"user.edited {workspace.user_id}"
    assert actions(f"user_id={admin.user_id}") == [theirs]
    assert actions(f"target_id={user['id']}&action=user.edited") == [ours, theirs]
    assert actions(f"since={clock.iso(start + 60)}") == [ours, theirs]
    assert actions(f"since={clock.iso(start + 60)}&until={clock.iso(start + 120)}") == [theirs]
    turned = workspace.call("GET", f"/v1/audit?since={clock.iso(start + 120)}&until={clock.iso(start)}")
    assert (turned.status, turned.json["detail"]) == (422, "until: must be after since")
    assert actions("action=session.ended") == []


def test_the_first_names_of_the_filters_mean_the_same(workspace: Workspace) -> None:
    made = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "production"})
    token = workspace.call("GET", "/v1/me").json["token_id"]
    for first, name, value in (
        ("actor", "user_id", workspace.user_id),
        ("token", "token_id", token),
        ("target", "target_id", made["id"]),
    ):
        found = records(workspace, f"{name}={value}&action=token.created")
        assert made["id"] in [record["target_id"] for record in found]
        assert records(workspace, f"{first}={value}&action=token.created") == found
        assert records(workspace, f"{first}=unknown") == records(workspace, f"{name}=unknown") == []
        twice = workspace.call("GET", f"/v1/audit?{first}={value}&{name}={value}")
        assert (twice.status, name in twice.json["errors"][0]["detail"]) == (422, True), twice.body


def test_the_log_pages_newest_first(workspace: Workspace) -> None:
    for number in range(5):
        workspace.make("/v1/tokens", {"name": f"{number}", "scopes": ["chats:read"], "environment": "staging"})
    found: list[str] = []
    cursor = ""
    while True:
        page = workspace.call("GET", f"/v1/audit?action=token.created&limit=2{cursor}").json
        found += [record["id"] for record in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(found) == 6
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    "filters", ["action=token.eaten", "since=yesterday", "who=me", "limit=0", f"target_id={'x' * 129}"]
)
def test_an_invalid_filter_is_named(workspace: Workspace, filters: str) -> None:
    answer = workspace.call("GET", f"/v1/audit?{filters}")
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == filters.partition("=")[0]


def test_only_admins_with_the_scope_read_the_log(workspace: Workspace) -> None:
    assert workspace.narrow("audit:read").call("GET", "/v1/audit").status == 200
    assert workspace.person("admin", "audit:read").call("GET", "/v1/audit").status == 200
    assert workspace.narrow("tokens:read", "users:write").call("GET", "/v1/audit").status == 403
    for role in ("manager", "staff"):
        assert workspace.person(role, "audit:read", "admin:*").call("GET", "/v1/audit").status == 403


def test_a_workspace_sees_its_own_records_only(workspace: Workspace, other: Workspace) -> None:
    token = other.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "staging"})
    assert records(workspace, f"target_id={token['id']}") == []
    assert records(workspace, f"user_id={other.user_id}") == []


def test_test_tokens_see_what_test_credentials_did(workspace: Workspace) -> None:
    tester = workspace.narrow("admin:*", environment="staging")
    made = tester.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "staging"})
    assert [record["target_id"] for record in records(tester)] == [made["id"]]
    assert len(records(workspace)) > 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_changes_a_record_through_the_api(workspace: Workspace, method: str) -> None:
    record = records(workspace)[0]
    assert workspace.call(method, "/v1/audit").status == 405
    assert workspace.call(method, f"/v1/audit/{record['id']}").status == 404


def test_nothing_in_the_package_overwrites_a_record(world: World, workspace: Workspace) -> None:
    """IAM allows no update or deletion there (tests/contract), but PutItem could replace a record."""
    caller = Caller(workspace.workspace_id, workspace.user_id, "owner", True, frozenset(), "tok_x")
    with world.inside("tokens"):
        details = {"changed": ["name"], "note": f"was {workspace.token}", "notes": [workspace.token]}
        writes = audit.writes(caller, "token.edited", "tok_y", details)
        store.commit(writes)
        with pytest.raises(Conflict):
            store.commit(writes)
    (record,) = records(workspace, "target=tok_y")
    masked = "fm_live_[redacted]"  # whatever a service puts into the details
    assert record["details"] == {"changed": ["name"], "note": f"was {masked}", "notes": [masked]}
