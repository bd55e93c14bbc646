"""API tokens through the API: lists and their filters, editing, and revoking one or several."""

import hashlib
from typing import Any

import pytest
from ferryman import clock
from ferryman.identity import rates
from ferryman.identity.credentials import secrets

from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.world import Answer, World

HOUR = 3600


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that moves the clock ahead by so many seconds: `later(3600)`."""
    started, offset = clock.now, [0.0]
    monkeypatch.setattr(clock, "now", lambda: started() + offset[0])

    def move(seconds: float) -> None:
        offset[0] += seconds

    return move


def made(workspace: Workspace, name: str, environment: str = "production", **fields: Any) -> dict[str, Any]:
    body = {"name": name, "scopes": ["chats:read"], "environment": environment, **fields}
    token: dict[str, Any] = workspace.make("/v1/tokens", body)
    return token


def listed(workspace: Workspace, filters: str) -> list[str]:
    answer = workspace.call("GET", f"/v1/tokens?{filters}")
    assert answer.status == 200, answer.body
    return [token["name"] for token in answer.json["items"]]


# -- the list ----------------------------------------------------------------------------------------------------------


def test_the_list_filters_by_a_part_of_the_name_in_whatever_case(workspace: Workspace) -> None:
    for name in ("Deploy bot", "Größe", "old DEPLOYMENT", "Nightly"):
        made(workspace, name)
    assert listed(workspace, "name=deploy") == ["old DEPLOYMENT", "Deploy bot"]
    assert listed(workspace, "name=GR%C3%96SSE") == ["Größe"]
    assert listed(workspace, "name=nothing") == []


def test_a_renamed_token_is_found_by_its_new_name_only(workspace: Workspace) -> None:
    token = made(workspace, "Before")
    assert workspace.call("PATCH", f"/v1/tokens/{token['id']}", {"name": "After"}).status == 200
    assert listed(workspace, "name=after") == ["After"]
    assert listed(workspace, "name=before") == []


def test_the_list_filters_by_status(workspace: Workspace, later: Any) -> None:
    ending = clock.iso(clock.now() + HOUR)
    made(workspace, "ends", expires_at=ending)
    made(workspace, "stays")
    revoked = made(workspace, "revoked", expires_at=ending)
    assert workspace.call("DELETE", f"/v1/tokens/{revoked['id']}").status == 204
    assert listed(workspace, "status=active") == ["stays", "ends", "Owner"]
    assert listed(workspace, "status=expired") == []
    later(HOUR)
    assert listed(workspace, "status=active") == ["stays", "Owner"]
    assert listed(workspace, "status=expired") == ["ends"]
    assert listed(workspace, "status=revoked") == ["revoked"]


def test_the_list_filters_by_environment_and_filters_combine(workspace: Workspace) -> None:
    for environment in ("staging", "development", "production"):
        made(workspace, f"CI {environment}", environment)
        made(workspace, f"App {environment}", environment)
    assert listed(workspace, "environment=staging") == ["App staging", "CI staging"]
    assert listed(workspace, "environment=production&name=ci&status=active") == ["CI production"]


def test_a_filtered_list_pages_and_its_cursor_belongs_to_its_filters(workspace: Workspace) -> None:
    for number in range(5):
        made(workspace, f"ci {number}")
        made(workspace, f"other {number}")
    names, cursor = [], ""
    for _ in range(3):
        page = workspace.call("GET", f"/v1/tokens?name=ci&limit=2{cursor}").json
        names += [token["name"] for token in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        assert workspace.call("GET", f"/v1/tokens?name=other&limit=2{cursor}").status == 422
    assert names == ["ci 4", "ci 3", "ci 2", "ci 1", "ci 0"]


@pytest.mark.parametrize("filters", ["status=gone", "environment=prod", "name=", f"name={'x' * 101}", "user=me"])
def test_an_invalid_filter_is_named(workspace: Workspace, filters: str) -> None:
    answer = workspace.call("GET", f"/v1/tokens?{filters}")
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == filters.partition("=")[0]


# -- editing -----------------------------------------------------------------------------------------------------------


def test_an_environment_changes_within_its_mode(workspace: Workspace) -> None:
    token = made(workspace, "CI", "staging")
    edited = workspace.call("PATCH", f"/v1/tokens/{token['id']}", {"environment": "development"})
    assert (edited.status, edited.json["environment"]) == (200, "development")
    assert edited.json["prefix"] == token["prefix"]
    assert workspace.world.call("GET", "/v1/chats", token=token["token"]).status == 200


@pytest.mark.parametrize(
    ("before", "after"), [("production", "staging"), ("staging", "production"), ("development", "production")]
)
def test_a_token_does_not_change_between_live_and_test(workspace: Workspace, before: str, after: str) -> None:
    token = made(workspace, "CI", before)
    answer = workspace.call("PATCH", f"/v1/tokens/{token['id']}", {"environment": after, "name": "Other"})
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == "/environment"
    assert "new token" in answer.json["detail"]
    assert workspace.call("GET", f"/v1/tokens/{token['id']}").json["name"] == "CI"


@pytest.mark.parametrize("field", ["name", "scopes", "environment"])
def test_a_required_field_of_a_token_cannot_be_removed(workspace: Workspace, field: str) -> None:
    token = made(workspace, "CI")
    answer = workspace.call("PATCH", f"/v1/tokens/{token['id']}", {field: None})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, f"/{field}")


def test_an_edit_is_never_broader_than_the_editor(workspace: Workspace) -> None:
    narrow = workspace.narrow("tokens:write", "chats:read")
    token = made(workspace, "CI")
    assert narrow.call("PATCH", f"/v1/tokens/{token['id']}", {"scopes": ["tokens:write"]}).status == 200
    assert narrow.call("PATCH", f"/v1/tokens/{token['id']}", {"scopes": ["messages:read"]}).status == 403
    assert workspace.call("PATCH", f"/v1/tokens/{token['id']}", {"scopes": ["messages:read"]}).status == 200
    assert narrow.call("PATCH", f"/v1/tokens/{token['id']}", {"scopes": ["chats:read"]}).status == 403


def test_changed_scopes_hold_at_the_next_call(workspace: Workspace) -> None:
    token = made(workspace, "CI")
    assert workspace.world.call("GET", "/v1/chats", token=token["token"]).status == 200
    assert workspace.call("PATCH", f"/v1/tokens/{token['id']}", {"scopes": ["users:read"]}).status == 200
    assert workspace.world.call("GET", "/v1/chats", token=token["token"]).status == 403
    assert workspace.world.call("GET", "/v1/users", token=token["token"]).status == 200


def test_a_set_of_scopes_is_named_by_one_word(workspace: Workspace) -> None:
    token = made(workspace, "Reports", scopes=["api"], description="Nightly figures")
    assert {"messages:write", "webhooks:read"} <= set(token["scopes"])
    assert not {"tokens:write", "users:write", "admin:*"} & set(token["scopes"])
    headers = {"x-api-key": token["token"]}
    assert workspace.world.call("GET", "/v1/webhooks", headers=headers).status == 200
    assert workspace.world.call("GET", "/v1/tokens", headers=headers).status == 403
    edit = {"scopes": ["admin", "chats:read"], "description": None}
    edited = workspace.call("PATCH", f"/v1/tokens/{token['id']}", edit).json
    assert (edited["scopes"], edited["description"]) == (["admin:*", "chats:read"], None)
    assert workspace.world.call("GET", "/v1/tokens", headers=headers).status == 200
    narrow = workspace.narrow("tokens:write", "messages:read")
    assert (
        narrow.call("POST", "/v1/tokens", {"name": "n", "scopes": ["api"], "environment": "production"}).status == 403
    )


# -- revoking ----------------------------------------------------------------------------------------------------------


def test_many_are_revoked_at_once_and_each_is_answered_for(
    world: World, workspace: Workspace, other: Workspace
) -> None:
    first, second = made(workspace, "first"), made(workspace, "second", "staging")
    gone = made(workspace, "gone")
    assert workspace.call("DELETE", f"/v1/tokens/{gone['id']}").status == 204
    foreign = made(other, "foreign")
    unknown = "tok_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    ids = [first["id"], gone["id"], foreign["id"], second["id"], unknown, "nonsense"]
    answer = workspace.call("POST", "/v1/tokens/revoke", {"ids": ids})
    assert answer.status == 200
    assert [(result["id"], result["status"]) for result in answer.json["results"]] == [
        (first["id"], "revoked"),
        (gone["id"], "already_revoked"),
        (foreign["id"], "not_found"),
        (second["id"], "revoked"),
        (unknown, "not_found"),
        ("nonsense", "not_found"),
    ]
    for token in (first, second):
        assert world.call("GET", "/v1/me", token=token["token"]).status == 401
        assert workspace.call("GET", f"/v1/tokens/{token['id']}").json["status"] == "revoked"
    assert world.call("GET", "/v1/me", token=foreign["token"]).status == 200


def test_a_hundred_are_revoked_in_one_call_also_the_one_that_asks(world: World, workspace: Workspace) -> None:
    asking = workspace.narrow("admin:*")
    ids = [made(workspace, f"token {number}")["id"] for number in range(99)]
    ids.append(asking.call("GET", "/v1/me").json["token_id"])
    answer = asking.call("POST", "/v1/tokens/revoke", {"ids": ids})
    assert {result["status"] for result in answer.json["results"]} == {"revoked"}
    assert len(answer.json["results"]) == 100
    assert asking.call("GET", "/v1/me").status == 401


def test_a_narrow_token_revokes_its_own_users_only(workspace: Workspace) -> None:
    admin = workspace.person("admin", "tokens:write", "tokens:read")
    theirs = made(workspace, "the owner's")
    own = admin.call("GET", "/v1/tokens").json["items"][0]
    answer = admin.call("POST", "/v1/tokens/revoke", {"ids": [theirs["id"], own["id"]]})
    assert [result["status"] for result in answer.json["results"]] == ["not_found", "revoked"]
    assert workspace.world.call("GET", "/v1/me", token=theirs["token"]).status == 200


def test_a_test_token_revokes_no_live_one(workspace: Workspace) -> None:
    live, test = made(workspace, "live"), made(workspace, "test", "staging")
    tester = workspace.narrow("admin:*", environment="development")
    answer = tester.call("POST", "/v1/tokens/revoke", {"ids": [live["id"], test["id"]]})
    assert [result["status"] for result in answer.json["results"]] == ["not_found", "revoked"]


@pytest.mark.parametrize(
    "body", [{"ids": []}, {"ids": ["x"] * 2}, {"ids": [str(n) for n in range(101)]}, {"ids": [1]}, {}, {"ids": [""]}]
)
def test_a_list_of_ids_that_cannot_be_is_refused(workspace: Workspace, body: Any) -> None:
    answer = workspace.call("POST", "/v1/tokens/revoke", body)
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"].startswith("/ids")


def test_revoking_many_needs_the_scope(workspace: Workspace) -> None:
    token = made(workspace, "CI")
    assert workspace.narrow("tokens:read").call("POST", "/v1/tokens/revoke", {"ids": [token["id"]]}).status == 403
    assert workspace.world.call("GET", "/v1/me", token=token["token"]).status == 200


def test_two_revocations_at_the_same_moment_are_one(workspace: Workspace) -> None:
    token = made(workspace, "CI")
    url = f"/v1/tokens/{token['id']}"
    with meanwhile(lambda: workspace.call("DELETE", url)):
        assert workspace.call("DELETE", url).status == 204
    records = workspace.call("GET", f"/v1/audit?target={token['id']}&action=token.revoked").json["items"]
    assert len(records) == 1


def test_a_token_that_is_edited_while_it_is_revoked_stays_revoked(workspace: Workspace) -> None:
    token = made(workspace, "CI")
    url = f"/v1/tokens/{token['id']}"
    with meanwhile(lambda: workspace.call("DELETE", url)):
        assert workspace.call("PATCH", url, {"scopes": ["users:read"]}).status == 409
    assert workspace.call("GET", url).json["status"] == "revoked"
    assert workspace.world.call("GET", "/v1/me", token=token["token"]).status == 401


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_the_secret_is_shown_once_and_kept_nowhere(world: World, workspace: Workspace) -> None:
    body = {"name": "CI", "scopes": ["chats:read"], "environment": "production"}
    key = {"idempotency-key": "once"}
    token = workspace.call("POST", "/v1/tokens", body, headers=key).json
    secret = token["token"]
    url = f"/v1/tokens/{token['id']}"
    again = workspace.call("POST", "/v1/tokens", body, headers=key)
    assert (again.status, again.json["id"], again.json["token"]) == (201, token["id"], None)
    workspace.world.call("GET", "/v1/chats", token=secret)
    later_answers = [
        again,
        workspace.call("GET", url),
        workspace.call("GET", "/v1/tokens"),
        workspace.call("PATCH", url, {"name": "Nightly"}),
        workspace.call("GET", "/v1/audit"),
        workspace.call("POST", "/v1/tokens/revoke", {"ids": [token["id"]]}),
        workspace.world.call("GET", "/v1/me", token=secret),
    ]
    for answer in later_answers:
        assert secret.encode() not in answer.body
    assert token["prefix"] == secret[:12]
    kept = [(table, str(item)) for table, item in world.items()]
    assert not [table for table, item in kept if secret in item or secret[12:] in item]
    assert [table for table, item in kept if hashlib.sha256(secret.encode()).hexdigest() in item] == ["TokensTable"]


@pytest.fixture(autouse=True)
def nobody_showed_tokens_before() -> None:
    rates._counts.clear()


def shown(world: World, token: str) -> Answer:
    return world.call("POST", "/v1/tokens/revoke-by-secret", json_body={"token": token})


def test_who_finds_a_token_revokes_it_by_showing_it(world: World, workspace: Workspace) -> None:
    found = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "production"})
    assert (shown(world, found["token"]).status, shown(world, found["token"]).status) == (204, 204)
    assert world.call("GET", "/v1/me", token=found["token"]).status == 401
    read = workspace.call("GET", f"/v1/tokens/{found['id']}").json
    assert (read["status"], read["revoked_reason"]) == ("revoked", "shown")
    (record,) = workspace.call("GET", f"/v1/audit?target={found['id']}&action=token.revoked").json["items"]
    assert (record["actor"]["credential_id"], record["details"]) == (found["id"], {"by": "showing it"})
    world.invoke("notifier", {})
    (told,) = workspace.call("GET", "/v1/me/notifications").json["items"]
    assert told["title"].startswith("Your token CI (fm_live_")
    assert found["token"] not in repr([record, told])


def test_the_owner_of_a_bot_is_told_of_its_token(world: World, workspace: Workspace) -> None:
    bot = workspace.make("/v1/bots", {"name": "CI", "handle": "ci-shown"})
    assert shown(world, bot["token"]).status == 204
    assert world.call("GET", "/v1/me", token=bot["token"]).status == 401
    world.invoke("notifier", {})
    assert len(workspace.call("GET", "/v1/me/notifications").json["items"]) == 1


def test_showing_something_else_says_nothing_and_changes_nothing(world: World, workspace: Workspace) -> None:
    session = workspace.signed_in()
    hook = workspace.make("/v1/incoming-webhooks", {"chat_id": workspace.chat(), "name": "CI"})
    before = world.rows()
    strangers = (
        secrets.new_token(livemode=True),
        "fm_live_short",
        "x",
        session.token,
        workspace.invitation,
        hook["url"].rpartition("/")[2],
    )
    for other in strangers:
        answer = shown(world, other)
        assert (answer.status, answer.body) == (204, b"")
    assert world.rows() == before
    assert session.call("GET", "/v1/me").status == 200


def test_one_address_cannot_show_tokens_without_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    answers = [shown(world, secrets.new_token(livemode=True)) for _ in range(40)]
    assert answers[-1].status == 429
    assert int(answers[-1].headers["retry-after"]) > 0


def test_tokens_are_found_by_what_lists_show_of_them(workspace: Workspace) -> None:
    made = [
        workspace.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": environment})
        for environment in ("production", "staging")
    ]
    for one in made:
        items = workspace.call("GET", f"/v1/tokens?prefix={one['prefix']}").json["items"]
        assert one["id"] in [item["id"] for item in items]
        assert all(item["prefix"] == one["prefix"] for item in items)
    whole = workspace.call("GET", f"/v1/tokens?prefix={made[0]['token']}")
    assert (whole.status, whole.json["errors"][0]["pointer"]) == (422, "prefix")
    assert made[0]["token"] not in whole.body.decode()
