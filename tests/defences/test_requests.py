"""Each test removes one defence of the API, and checks through the API that a promise breaks."""

import itertools
import json
from typing import Any
from unittest.mock import patch

from ferryman import mistakes
from ferryman.conversations.chats import access
from ferryman.conversations.chats import table as chats
from ferryman.http import api, body, cursors
from ferryman.http.needs import Needs
from ferryman.identity import authority, idempotency, permissions
from ferryman.identity.credentials.model import Credential
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.logins import passwords, sign_in_failures
from ferryman.identity.tokens import service as tokens
from ferryman.integrations.incoming_webhooks import service as incoming_webhooks
from ferryman.integrations.incoming_webhooks.posts import Post

from tests.defences.removal import is_held_by
from tests.integration.conftest import Later, Workspace
from tests.integration.signing_in.people import PASSWORD, accept, invited, person
from tests.support.world import Answer, World

_numbers = itertools.count()


def _nothing(*_arguments: Any, **_named: Any) -> None:
    """Stands in for a check that never refuses."""


def _hook(workspace: Workspace) -> str:
    """The path of a new incoming webhook's secret URL."""
    made = workspace.make("/v1/incoming-webhooks", {"chat_id": workspace.chat(), "name": "CI"})
    return str(made["url"].removeprefix("https://api.test"))


def _new_chat(workspace: Workspace, **options: Any) -> Answer:
    return workspace.call("POST", "/v1/chats", {"name": "Builds"}, **options)


# --- who may -------------------------------------------------------------------------------------------------------


def test_admission_refuses_a_token_without_the_scope(workspace: Workspace) -> None:
    reader = workspace.narrow("chats:read")
    is_held_by(patch.object(Needs, "admit", _nothing), lambda: _new_chat(reader).status == 403)


def test_expiry_ends_a_token(workspace: Workspace, later: Later) -> None:
    body = {"name": "short", "scopes": ["chats:read"], "environment": "production"}
    made = workspace.make("/v1/tokens", body | {"expires_at": "2999-01-01T00:00:00Z"})
    later(40_000_000_000)

    def is_refused() -> bool:
        return workspace.world.call("GET", "/v1/me", token=made["token"]).status == 401

    is_held_by(patch.object(Credential, "is_expired", lambda _self: False), is_refused)


def test_the_cascade_of_a_user_stops_their_tokens(workspace: Workspace) -> None:
    def is_stopped() -> bool:
        leaver = workspace.person("staff", "chats:read")
        assert workspace.call("PATCH", f"/v1/users/{leaver.user_id}", {"active": False}).status == 200
        return leaver.call("GET", "/v1/me").status == 401

    is_held_by(patch.object(tokens, "follow_user", _nothing), is_stopped)


def test_the_role_caps_what_a_token_was_granted(workspace: Workspace) -> None:
    staff = workspace.person("staff", *permissions.ALL)

    def is_capped() -> bool:
        return staff.call("POST", "/v1/users", _someone()).status == 403

    is_held_by(patch.object(permissions, "effective", lambda granted, _role: frozenset(granted)), is_capped)


def _someone() -> dict[str, Any]:
    return {"name": "Someone", "email": f"someone-{next(_numbers)}@example.com", "role": "staff"}


def test_a_token_cannot_make_a_broader_one(workspace: Workspace) -> None:
    maker = workspace.narrow("tokens:write", "chats:read")
    broader = {"name": "broad", "scopes": ["chats:write"], "environment": "production"}
    is_held_by(
        patch.object(tokens, "_refuse_broader", _nothing),
        lambda: maker.call("POST", "/v1/tokens", broader).status == 403,
    )


def test_authority_protects_an_owner_from_an_admin(workspace: Workspace) -> None:
    admin = workspace.person("admin", *permissions.ALL)
    change = {"name": "Taken over"}

    def is_protected() -> bool:
        return admin.call("PATCH", f"/v1/users/{workspace.user_id}", change).status == 403

    is_held_by(patch.object(authority, "require_authority", _nothing), is_protected)


def test_a_test_credential_makes_no_people(workspace: Workspace) -> None:
    tester = workspace.narrow("admin:*", environment="staging")
    is_held_by(
        patch.object(authority, "require_live", _nothing),
        lambda: tester.call("POST", "/v1/users", _someone()).status == 403,
    )


def test_the_workspace_in_the_key_separates_tenants(workspace: Workspace, other: Workspace) -> None:
    chat, key = workspace.chat(), chats._key

    def is_invisible() -> bool:
        return other.call("GET", f"/v1/chats/{chat}").status == 404

    shared = patch.object(chats, "_key", lambda _workspace_id, entry: key(workspace.workspace_id, entry))
    is_held_by(shared, is_invisible)


def test_membership_hides_a_chat_from_colleagues(workspace: Workspace) -> None:
    colleague, chat = workspace.person("staff", "chats:read"), workspace.chat()
    unguarded = patch.object(access, "get_visible", lambda caller, chat_id: chats.get(caller.workspace_id, chat_id))
    is_held_by(unguarded, lambda: colleague.call("GET", f"/v1/chats/{chat}").status == 404)


# --- what a body may hold ------------------------------------------------------------------------------------------


def test_the_limit_refuses_a_large_body(workspace: Workspace) -> None:
    large = json.dumps({"name": "Builds"}) + " " * body.MAX_BYTES

    def is_refused() -> bool:
        return workspace.call("POST", "/v1/chats", body=large).status == 413

    is_held_by(patch.object(body.raw, "__defaults__", (10**9,)), is_refused)


def test_the_parser_refuses_a_repeated_key(workspace: Workspace) -> None:
    def is_refused() -> bool:
        return workspace.call("POST", "/v1/chats", body='{"name": "a", "name": "b"}').status == 400

    is_held_by(patch.object(body, "_object", dict), is_refused)


def test_the_parser_refuses_half_a_character(workspace: Workspace) -> None:
    def is_refused() -> bool:
        return workspace.call("POST", "/v1/chats", body='{"name": "\\ud800"}').status == 400

    is_held_by(patch.object(body, "_check", _nothing), is_refused)


def test_an_incoming_webhook_takes_no_empty_text(workspace: Workspace) -> None:
    hook = _hook(workspace)

    def is_refused() -> bool:
        return workspace.world.call("POST", hook, json_body={"text": " "}).status == 422

    is_held_by(patch.object(incoming_webhooks, "postable", lambda text: Post(parts=[(text, [])])), is_refused)


def test_an_answer_does_not_repeat_a_long_name_that_was_sent(workspace: Workspace) -> None:
    name = "secret" * 10

    def is_kept_back() -> bool:
        answer = workspace.call("POST", "/v1/chats", {"name": "Builds", name: 1})
        assert answer.status == 422
        return name.encode() not in answer.body

    is_held_by(patch.object(mistakes, "named", lambda text: text), is_kept_back)


def test_no_cache_may_keep_an_answer(workspace: Workspace) -> None:
    def is_kept_by_nobody() -> bool:
        return workspace.call("GET", "/v1/me").headers.get("cache-control") == "no-store"

    is_held_by(patch.object(api, "_SAFE_HEADERS", {}), is_kept_by_nobody)


# --- lists, and requests that are repeated -------------------------------------------------------------------------


def test_the_seal_binds_a_cursor_to_its_list(workspace: Workspace) -> None:
    workspace.chat("One")
    workspace.chat("Two")

    def is_bound() -> bool:
        cursor = workspace.call("GET", "/v1/chats?limit=1").json["next_cursor"]
        return workspace.call("GET", f"/v1/tokens?limit=1&cursor={cursor}").status == 422

    class Unbound:
        def encrypt(self, content: bytes, _list: list[bytes]) -> bytes:
            return content

        decrypt = encrypt

    is_held_by(patch.object(cursors, "_seal", lambda _: Unbound()), is_bound)


def _sent_twice(workspace: Workspace, *names: str) -> list[Answer]:
    headers = {"idempotency-key": f"key-{next(_numbers)}"}
    return [workspace.call("POST", "/v1/chats", {"name": name}, headers=headers) for name in names]


def test_the_key_in_the_transaction_lets_a_repeated_request_create_once(workspace: Workspace) -> None:
    def creates_once() -> bool:
        first, second = _sent_twice(workspace, "Builds", "Builds")
        return bool(first.json["id"] == second.json.get("id"))

    is_held_by(patch.object(idempotency, "writes", lambda *_: []), creates_once)


def test_the_look_up_answers_a_repeated_request_like_the_first(workspace: Workspace) -> None:
    def is_answered_alike() -> bool:
        first, second = _sent_twice(workspace, "Builds", "Builds")
        return first.status == second.status

    is_held_by(patch.object(IdempotencyKey, "created", lambda _self: None), is_answered_alike)


def test_the_fingerprint_refuses_another_request_under_the_same_key(workspace: Workspace) -> None:
    make = IdempotencyKey.of

    def is_refused() -> bool:
        return _sent_twice(workspace, "Builds", "Alerts")[1].status == 409

    blind = patch.object(
        IdempotencyKey, "of", lambda caller, key, method, path, _body: make(caller, key, method, path, b"")
    )
    is_held_by(blind, is_refused)


# --- passwords -----------------------------------------------------------------------------------------------------


def test_the_rules_refuse_a_short_password(world: World, workspace: Workspace) -> None:
    def is_refused() -> bool:
        user = workspace.make("/v1/users", _someone())
        return accept(world, invited(workspace, user["id"]), "short123").status == 422

    is_held_by(patch.object(passwords, "MIN_LENGTH", 0), is_refused)


def test_the_hash_refuses_a_wrong_password(workspace: Workspace) -> None:
    grace = person(workspace)
    is_held_by(
        patch.object(passwords, "matches", lambda *_: True),
        lambda: grace.try_to_sign_in(password=f"not {PASSWORD}").status == 401,
    )


def test_counting_stops_somebody_who_guesses_passwords(workspace: Workspace) -> None:
    def is_stopped() -> bool:
        grace = person(workspace)
        answers = [grace.try_to_sign_in(password="not this one").status for _ in range(sign_in_failures.FREE + 1)]
        return 429 in answers

    is_held_by(patch.object(sign_in_failures, "begin", _nothing), is_stopped)
