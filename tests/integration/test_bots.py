"""Bots: created with a token, limited to the chats to which they were added, disabled and deleted at once."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from ferryman.identity import permissions
from ferryman.integrations.bots import service
from ferryman.integrations.bots.schema import BotScope

from tests.integration.conftest import Workspace
from tests.support.world import World

type Made = dict[str, Any]

_numbers = itertools.count()


@pytest.fixture
def make(workspace: Workspace) -> Callable[..., Made]:
    def made(**fields: Any) -> Made:
        bot: Made = workspace.make("/v1/bots", {"name": "Deploy bot", "handle": f"bot-{next(_numbers)}", **fields})
        return bot

    return made


def as_bot(workspace: Workspace, bot: Made, token: str | None = None) -> Workspace:
    """Requests to the API with the bot's token."""
    return Workspace(workspace.world, workspace.workspace_id, bot["id"], token or bot["token"])


def add(workspace: Workspace, bot: Made, chat: str) -> None:
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200


def test_a_bot_comes_with_its_first_token_and_a_profile_card(workspace: Workspace) -> None:
    bot = workspace.make(
        "/v1/bots",
        {
            "name": "Deploy bot",
            "handle": "deploy-bot",
            "avatar_url": "https://CDN.example.com/bot.png",
            "about": "Ships what is green.",
        },
    )
    assert bot["token"].startswith("fm_live_")
    assert bot["avatar_url"] == "https://cdn.example.com/bot.png"
    assert bot["created_by"] == workspace.user_id

    read = workspace.call("GET", f"/v1/bots/{bot['id']}")
    assert bot["token"].encode() not in read.body
    assert read.json == {name: value for name, value in bot.items() if name not in ("token", "token_id")}

    card = workspace.call("GET", f"/v1/users/{bot['id']}").json
    shown = {name: card[name] for name in ("name", "handle", "avatar_url", "about", "role", "email", "active")}
    assert shown == {
        "name": "Deploy bot",
        "handle": "deploy-bot",
        "avatar_url": "https://cdn.example.com/bot.png",
        "about": "Ships what is green.",
        "role": "bot",
        "email": None,
        "active": True,
    }
    me = as_bot(workspace, bot).call("GET", "/v1/me").json
    assert (me["user"]["id"], me["token_id"]) == (bot["id"], bot["token_id"])
    assert set(me["scopes"]) == permissions.of_role("bot")


def test_the_role_of_a_bot_limits_its_scopes() -> None:
    assert set(BotScope.__value__.__args__) == permissions.of_role("bot")


def test_a_repeated_request_makes_one_bot_and_shows_no_token_again(workspace: Workspace) -> None:
    body, key = {"name": "Deploy bot", "handle": "deploy-bot"}, {"idempotency-key": "k"}
    first, again = (workspace.call("POST", "/v1/bots", body, headers=key) for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert again.json["id"] == first.json["id"]
    assert again.json["token"] is None
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("field", "value"),
    {
        "handle": "Deploy",
        "handle ": "-bot",
        "handle  ": "bot.",
        "handle   ": "@bot",
        "handle    ": "b" * 33,
        "handle     ": "dеploy",  # a Cyrillic е
        "handle      ": None,
        "name": " ",
        "avatar_url": "http://cdn.example.com/a.png",
        "avatar_url ": "https://127.0.0.1/a.png",
        "avatar_url  ": "javascript:alert(1)",
        "about": "a" * 501,
        "scopes": ["chats:write"],
        "scopes ": ["admin:*"],
        "scopes  ": [],
        "expires_at": "2020-01-01T00:00:00Z",
        "role": "admin",
        "email": "bot@example.com",
        "password": "correct horse battery staple",
        "created_by": "usr_01J00000000000000000000000",
        "workspace_id": "wsp_01J00000000000000000000000",
    }.items(),
)
def test_a_bad_bot_is_refused_with_the_field(workspace: Workspace, field: str, value: Any) -> None:
    answer = workspace.call("POST", "/v1/bots", {"name": "Deploy bot", "handle": "deploy-bot", field.strip(): value})
    assert answer.status == 422, answer.body
    assert answer.json["errors"][0]["pointer"].startswith(f"/{field.strip()}")
    assert workspace.call("GET", "/v1/bots").json["items"] == []


# --- handles ----------------------------------------------------------------------------------------------


def test_a_handle_belongs_to_one_user_or_bot(workspace: Workspace, other: Workspace, make: Callable[..., Made]) -> None:
    bot = make(handle="ada")
    taken = [
        workspace.call("POST", "/v1/bots", {"name": "Second", "handle": "ada"}),
        workspace.call("POST", "/v1/users", {"name": "Ada", "email": "ada@example.org", "handle": "ada"}),
        workspace.call("PATCH", f"/v1/users/{workspace.user_id}", {"handle": "ada"}),
        workspace.call("PATCH", f"/v1/bots/{make()['id']}", {"handle": "ada"}),
    ]
    assert [answer.status for answer in taken] == [409] * 4
    assert all("handle" in answer.json["detail"] for answer in taken)
    assert other.make("/v1/bots", {"name": "Elsewhere", "handle": "ada"})["handle"] == "ada"

    # Given up, it is free for the others.
    assert workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"handle": "grace"}).json["handle"] == "grace"
    assert workspace.call("PATCH", f"/v1/users/{workspace.user_id}", {"handle": "ada"}).json["handle"] == "ada"
    assert workspace.call("PATCH", f"/v1/users/{workspace.user_id}", {"handle": None}).json["handle"] is None
    assert make(handle="ada")["handle"] == "ada"


def test_a_handle_leads_to_its_user(workspace: Workspace, make: Callable[..., Made]) -> None:
    bot = make(handle="deploy-bot")
    (found,) = workspace.call("GET", "/v1/users?handle=deploy-bot").json["items"]
    assert found["id"] == bot["id"]
    assert workspace.call("GET", "/v1/users?handle=nobody").json == {"items": [], "next_cursor": None}
    assert workspace.call("GET", "/v1/users?handle=%40bot").status == 422


def test_people_have_profile_cards_too(workspace: Workspace) -> None:
    person = workspace.make(
        "/v1/users", {"name": "Grace", "email": "g@example.com", "handle": "grace", "about": "Ships compilers."}
    )
    assert (person["handle"], person["about"], person["avatar_url"]) == ("grace", "Ships compilers.", None)
    patch = {"avatar_url": "https://cdn.example.com/g.png", "about": None}
    changed = workspace.call("PATCH", f"/v1/users/{person['id']}", patch).json
    assert (changed["handle"], changed["about"], changed["avatar_url"]) == ("grace", None, patch["avatar_url"])


# --- what a bot may not -----------------------------------------------------------------------------------


def test_a_bot_talks_only_where_it_was_added(workspace: Workspace, make: Callable[..., Made]) -> None:
    bot = make()
    inside, outside = workspace.chat("Inside"), workspace.chat("Outside")
    add(workspace, bot, inside)
    caller = as_bot(workspace, bot)
    said = caller.make(f"/v1/chats/{inside}/messages", {"text": "Deployed"})
    assert (said["author"]["type"], said["author"]["id"]) == ("user", bot["id"])
    refused = caller.call("POST", f"/v1/chats/{outside}/messages", {"text": "Deployed"})
    unknown = caller.call("POST", "/v1/chats/cht_01J00000000000000000000000/messages", {"text": "Deployed"})
    assert (refused.status, refused.json["detail"]) == (404, unknown.json["detail"])
    assert [chat["id"] for chat in caller.call("GET", "/v1/chats").json["items"]] == [inside]

    assert workspace.call("DELETE", f"/v1/chats/{inside}/members/{bot['id']}").status == 204
    assert caller.call("POST", f"/v1/chats/{inside}/messages", {"text": "Deployed"}).status == 404


FORBIDDEN: dict[str, Any] = {
    "POST /v1/chats": {"name": "Mine"},
    "POST /v1/users": {"name": "Eve", "email": "eve@example.com"},
    "POST /v1/tokens": {"name": "more", "scopes": ["messages:write"], "environment": "production"},
    "POST /v1/bots": {"name": "Spawn", "handle": "spawn"},
    "POST /v1/bots/{bot}/tokens": {},
    "POST /v1/bots/{bot}/callbacks": {"url": "https://bots.example.com/in"},
    "PATCH /v1/bots/{bot}": {"name": "Root"},
    "PATCH /v1/users/{bot}": {"role": "admin"},
    "PUT /v1/chats/{chat}/members/{bot}": None,
    "POST /v1/webhooks": {"url": "https://bots.example.com/in", "events": ["message.created"]},
    "POST /v1/incoming-webhooks": {"chat_id": "{chat}", "name": "CI"},
}


@pytest.mark.parametrize("route", FORBIDDEN)
@pytest.mark.parametrize("held", [["admin:*"], [scope for scope in permissions.ALL if scope != "admin:*"]], ids=len)
def test_a_bot_creates_nothing_whatever_its_token_says(
    workspace: Workspace, make: Callable[..., Made], route: str, held: list[str]
) -> None:
    bot, chat = make(), workspace.chat()
    add(workspace, bot, chat)
    broad = workspace.call("PATCH", f"/v1/tokens/{bot['token_id']}", {"scopes": held})
    assert (broad.status, broad.json["scopes"]) == (200, held)
    method, _, path = route.partition(" ")
    filled = json.loads(json.dumps([path, FORBIDDEN[route]]).replace("{bot}", bot["id"]).replace("{chat}", chat))
    answer = as_bot(workspace, bot).call(method, *filled)
    assert answer.status == 403, answer.body


def test_a_bot_stays_a_bot(workspace: Workspace, make: Callable[..., Made]) -> None:
    bot = make()
    for patch in ({"role": "admin"}, {"email": "bot@example.com"}, {"name": "Root"}, {"active": False}):
        answer = workspace.call("PATCH", f"/v1/users/{bot['id']}", patch)
        assert answer.status == 409, answer.body
        assert "/v1/bots/" in answer.json["detail"]
    assert workspace.call("GET", f"/v1/users/{bot['id']}").json["role"] == "bot"


def test_a_bot_has_no_password_no_session_and_no_second_factor(workspace: Workspace, make: Callable[..., Made]) -> None:
    bot = make()
    invited = workspace.call("POST", f"/v1/users/{bot['id']}/invitation")
    assert (invited.status, invited.json["detail"]) == (409, "This is a bot: it has no password, it uses API tokens.")
    caller = as_bot(workspace, bot)
    passwords = {"password": "correct horse battery", "new_password": "correct horse battery staple"}
    assert caller.call("POST", "/v1/me/password", passwords).status == 403
    assert caller.call("POST", "/v1/me/totp").status == 403
    assert caller.call("GET", "/v1/sessions").status == 403


# --- who manages bots -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["manager", "staff"])
def test_managers_and_staff_manage_no_bots(workspace: Workspace, role: str) -> None:
    person = workspace.person(role, *(scope for scope in permissions.ALL if scope != "admin:*"))
    assert person.call("GET", "/v1/bots").status == 403
    assert person.call("POST", "/v1/bots", {"name": "Mine", "handle": "mine"}).status == 403


def test_a_narrow_token_manages_the_bots_of_its_own_user(workspace: Workspace, make: Callable[..., Made]) -> None:
    theirs = make()
    admin = workspace.person("admin", "bots:read", "bots:write", "messages:write")
    assert admin.call("GET", "/v1/bots").json["items"] == []
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/tokens"),
        ("POST", "/tokens"),
        ("GET", "/callbacks"),
        ("POST", "/callbacks"),
    ):
        body = {"url": "https://bots.example.com/in"} if path == "/callbacks" else {}
        sent = body if method in ("PATCH", "POST") else None
        answer = admin.call(method, f"/v1/bots/{theirs['id']}{path}", sent)
        unknown = admin.call(method, f"/v1/bots/usr_01J00000000000000000000000{path}", sent)
        assert (answer.status, answer.json["detail"]) == (404, unknown.json["detail"])
    own = admin.make("/v1/bots", {"name": "Mine", "handle": "mine"})
    assert [bot["id"] for bot in admin.call("GET", "/v1/bots").json["items"]] == [own["id"]]
    assert [bot["id"] for bot in workspace.call("GET", "/v1/bots").json["items"]] == [theirs["id"], own["id"]]
    # Its first token got what the narrow token has and a bot may hold.
    (token,) = admin.call("GET", f"/v1/bots/{own['id']}/tokens").json["items"]
    assert token["scopes"] == ["messages:write"]


def test_the_bots_routes_do_not_find_people(workspace: Workspace) -> None:
    person = workspace.person()
    assert workspace.call("GET", f"/v1/bots/{person.user_id}").status == 404
    assert workspace.call("DELETE", f"/v1/bots/{person.user_id}").status == 404
    assert workspace.call("GET", f"/v1/users/{person.user_id}").status == 200


def test_a_bots_token_is_never_broader_than_the_one_that_makes_it(
    workspace: Workspace, make: Callable[..., Made]
) -> None:
    narrow = workspace.narrow("bots:write", "messages:read")
    body = {"name": "Mine", "handle": "mine", "scopes": ["messages:write"]}
    assert narrow.call("POST", "/v1/bots", body).status == 403
    bot = narrow.make("/v1/bots", {"name": "Mine", "handle": "mine"})
    assert narrow.call("POST", f"/v1/bots/{bot['id']}/tokens", {"scopes": ["users:read"]}).status == 403
    assert workspace.narrow("bots:write").call("POST", "/v1/bots", {"name": "No", "handle": "no"}).status == 403

    tester = workspace.narrow("admin:*", environment="staging")
    live = tester.call("POST", "/v1/bots", {"name": "Live", "handle": "live", "environment": "production"})
    assert live.status == 403
    test_bot = tester.make("/v1/bots", {"name": "Test", "handle": "test"})
    assert test_bot["token"].startswith("fm_test_")
    soon = workspace.make(
        "/v1/tokens",
        {"name": "s", "scopes": ["admin:*"], "environment": "production", "expires_at": "2099-01-01T00:00:00Z"},
    )
    ending = Workspace(workspace.world, workspace.workspace_id, workspace.user_id, soon["token"])
    assert ending.call("POST", "/v1/bots", {"name": "Long", "handle": "long"}).status == 403
    lasting = {"name": "Short", "handle": "short", "expires_at": "2098-01-01T00:00:00Z"}
    assert ending.make("/v1/bots", lasting)["token"].startswith("fm_live_")


# --- editing, stopping, deleting --------------------------------------------------------------------------


def test_a_bot_is_edited_field_by_field(workspace: Workspace, make: Callable[..., Made]) -> None:
    bot = make(about="Ships.", avatar_url="https://cdn.example.com/b.png")
    changed = workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"name": "Shipper", "about": None}).json
    assert (changed["name"], changed["about"], changed["avatar_url"]) == ("Shipper", None, bot["avatar_url"])
    assert changed["handle"] == bot["handle"]
    for field in ("name", "handle", "active"):
        answer = workspace.call("PATCH", f"/v1/bots/{bot['id']}", {field: None})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, f"/{field}")
    assert workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"role": "admin"}).status == 422


def test_a_deactivated_bot_is_refused_at_once_and_can_come_back(
    workspace: Workspace, make: Callable[..., Made]
) -> None:
    bot = make()
    second = workspace.make(f"/v1/bots/{bot['id']}/tokens", {})
    callers = [as_bot(workspace, bot), as_bot(workspace, bot, second["token"])]
    assert [caller.call("GET", "/v1/me").status for caller in callers] == [200, 200]
    assert workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"active": False}).json["active"] is False
    assert [caller.call("GET", "/v1/me").status for caller in callers] == [401, 401]
    refused = workspace.call("POST", f"/v1/bots/{bot['id']}/tokens", {})
    assert refused.status == 409
    assert "deactivated" in refused.json["detail"]
    assert workspace.call("POST", f"/v1/bots/{bot['id']}/callbacks", {"url": "https://b.example.com/"}).status == 409
    assert workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"active": True}).status == 200
    assert [caller.call("GET", "/v1/me").status for caller in callers] == [200, 200]


def test_a_deleted_bot_leaves_only_its_messages(world: World, workspace: Workspace, make: Callable[..., Made]) -> None:
    bot = make(handle="leaver")
    chats = [workspace.chat(f"Chat {number}") for number in range(3)]
    for chat in chats:
        add(workspace, bot, chat)
    said = as_bot(workspace, bot).make(f"/v1/chats/{chats[0]}/messages", {"text": "Bye"})
    callback = workspace.make(f"/v1/bots/{bot['id']}/callbacks", {"url": "https://bots.example.com/in"})
    tester = workspace.narrow("admin:*", environment="staging")
    tester.make(f"/v1/bots/{bot['id']}/callbacks", {"url": "https://bots.example.com/in"})

    assert workspace.call("DELETE", f"/v1/bots/{bot['id']}").status == 204

    assert as_bot(workspace, bot).call("GET", "/v1/me").status == 401
    assert workspace.call("GET", f"/v1/tokens/{bot['token_id']}").json["status"] == "revoked"
    assert workspace.call("GET", f"/v1/bots/{bot['id']}").status == 404
    assert workspace.call("GET", f"/v1/users/{bot['id']}").status == 404
    assert workspace.call("GET", f"/v1/webhooks/{callback['id']}").status == 404
    for chat in chats:
        members = workspace.call("GET", f"/v1/chats/{chat}/members").json["items"]
        assert [member["user_id"] for member in members] == [workspace.user_id]
        assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 404
    kept = workspace.call("GET", f"/v1/chats/{chats[0]}/messages/{said['id']}").json
    assert (kept["text"], kept["author"]["id"]) == ("Bye", bot["id"])
    assert not [item for table, item in world.items() if table == "SubscriptionsTable" and bot["id"] in str(item)]
    assert make(handle="leaver")["id"] != bot["id"]
    assert workspace.call("DELETE", f"/v1/bots/{bot['id']}").status == 404


def test_a_delete_that_failed_halfway_is_finished_by_the_next(
    world: World, workspace: Workspace, make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, chat = make(), workspace.chat()
    add(workspace, bot, chat)
    workspace.make(f"/v1/bots/{bot['id']}/callbacks", {"url": "https://bots.example.com/in"})

    def broken(*_: Any) -> None:
        raise RuntimeError("the power went out")

    for place in ("ferryman.conversations.chats.table.joined", "ferryman.integrations.bots.callbacks.delete_all"):
        with monkeypatch.context() as patched:
            patched.setattr(place, broken)
            assert workspace.call("DELETE", f"/v1/bots/{bot['id']}").status == 500
        assert workspace.call("GET", f"/v1/bots/{bot['id']}").json["active"] is False
        assert as_bot(workspace, bot).call("GET", "/v1/me").status == 401
    assert workspace.call("DELETE", f"/v1/bots/{bot['id']}").status == 204
    assert workspace.call("GET", f"/v1/users/{bot['id']}").status == 404


def test_a_test_token_stops_nothing_that_is_live(workspace: Workspace, make: Callable[..., Made]) -> None:
    bot = make()
    tester = workspace.narrow("admin:*", environment="staging")
    assert tester.call("DELETE", f"/v1/bots/{bot['id']}").status == 403
    assert tester.call("PATCH", f"/v1/bots/{bot['id']}", {"active": False}).status == 403
    assert tester.call("DELETE", f"/v1/bots/{bot['id']}/tokens/{bot['token_id']}").status == 404
    assert tester.call("GET", f"/v1/bots/{bot['id']}/tokens").json["items"] == []
    added = tester.make(f"/v1/bots/{bot['id']}/tokens", {"revoke_others": True})
    assert added["token"].startswith("fm_test_")
    assert as_bot(workspace, bot).call("GET", "/v1/me").status == 200

    own = tester.make("/v1/bots", {"name": "Test", "handle": "own-test"})
    assert tester.call("PATCH", f"/v1/bots/{own['id']}", {"active": False}).status == 200
    assert tester.call("DELETE", f"/v1/bots/{own['id']}").status == 204


# --- tokens -----------------------------------------------------------------------------------------------


def test_a_token_is_rotated_with_and_without_an_overlap(workspace: Workspace, make: Callable[..., Made]) -> None:
    bot = make(scopes=["messages:write"])
    second = workspace.make(f"/v1/bots/{bot['id']}/tokens", {})
    assert (second["scopes"], second["environment"]) == (["messages:write"], "production")
    assert second["user_id"] == bot["id"]
    old, new = as_bot(workspace, bot), as_bot(workspace, bot, second["token"])
    assert (old.call("GET", "/v1/me").status, new.call("GET", "/v1/me").status) == (200, 200)

    third = workspace.make(f"/v1/bots/{bot['id']}/tokens", {"revoke_others": True, "name": "third"})
    assert (old.call("GET", "/v1/me").status, new.call("GET", "/v1/me").status) == (401, 401)
    assert as_bot(workspace, bot, third["token"]).call("GET", "/v1/me").status == 200
    listed = workspace.call("GET", f"/v1/bots/{bot['id']}/tokens")
    assert [(token["name"], token["status"]) for token in listed.json["items"]] == [
        ("third", "active"),
        ("Deploy bot", "revoked"),
        ("Deploy bot", "revoked"),
    ]
    for secret in (bot["token"], second["token"], third["token"]):
        assert secret.encode() not in listed.body

    assert workspace.call("DELETE", f"/v1/bots/{bot['id']}/tokens/{third['id']}").status == 204
    assert as_bot(workspace, bot, third["token"]).call("GET", "/v1/me").status == 401


def test_a_bots_tokens_are_its_own(workspace: Workspace, make: Callable[..., Made]) -> None:
    first, second = make(), make()
    own = workspace.make("/v1/tokens", {"name": "own", "scopes": ["chats:read"], "environment": "production"})
    for token_id in (second["token_id"], own["id"], "tok_01J00000000000000000000000"):
        answer = workspace.call("DELETE", f"/v1/bots/{first['id']}/tokens/{token_id}")
        assert (answer.status, answer.json["detail"]) == (404, "The token does not exist.")
    assert as_bot(workspace, second).call("GET", "/v1/me").status == 200


def test_a_bot_holds_so_many_tokens_and_all_can_be_replaced_at_once(
    workspace: Workspace, make: Callable[..., Made]
) -> None:
    bot = make()
    tokens = [bot["token"]]
    for _ in range(service.MAX_TOKENS - 1):
        tokens.append(workspace.make(f"/v1/bots/{bot['id']}/tokens", {})["token"])
    full = workspace.call("POST", f"/v1/bots/{bot['id']}/tokens", {})
    assert full.status == 409
    assert "revoke_others" in full.json["detail"]
    new = workspace.make(f"/v1/bots/{bot['id']}/tokens", {"revoke_others": True})["token"]
    statuses = [as_bot(workspace, bot, token).call("GET", "/v1/me").status for token in [*tokens, new]]
    assert statuses == [401] * service.MAX_TOKENS + [200]


def test_changes_of_bots_are_audited(workspace: Workspace, make: Callable[..., Made]) -> None:
    bot = make(handle="seen")
    workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"name": "Renamed"})
    callback = workspace.make(f"/v1/bots/{bot['id']}/callbacks", {"url": "https://bots.example.com/in"})
    workspace.call("PATCH", f"/v1/bots/{bot['id']}/callbacks/{callback['id']}", {"name": "main"})
    workspace.call("DELETE", f"/v1/bots/{bot['id']}/callbacks/{callback['id']}")
    workspace.call("DELETE", f"/v1/bots/{bot['id']}")
    records = workspace.call("GET", "/v1/audit?limit=100").json["items"]
    done = {(record["action"], record["target_id"]) for record in records}
    assert done >= {
        ("token.created", bot["token_id"]),
        ("bot.created", bot["id"]),
        ("bot.edited", bot["id"]),
        ("callback.created", callback["id"]),
        ("callback.edited", callback["id"]),
        ("callback.deleted", callback["id"]),
        ("token.revoked", bot["token_id"]),
        ("bot.deleted", bot["id"]),
    }
    (edited,) = [record for record in records if record["action"] == "bot.edited"]
    assert (edited["actor"]["user_id"], edited["details"]) == (
        workspace.user_id,
        {"active": True, "changed": ["name"]},
    )
