"""A refusal says how to correct the request: which field, what is allowed, and what to do."""

from typing import Any

import pytest

from tests.integration.conftest import Workspace
from tests.support.objects import Objects, path
from tests.support.world import World
from tools import openapi

CHAT = {"name": "Builds"}
TOKEN = {"name": "CI", "scopes": ["chats:read"], "environment": "production"}
WEBHOOK = {"url": "https://ci.example.com/ferryman", "events": ["message.created"]}
NOTICE = {"type": "system", "title": "Done"}
USER = {"name": "Grace", "email": "grace@example.com"}


@pytest.mark.parametrize(
    ("target", "body", "pointer", "said"),
    [
        ("/v1/chats", {}, "/name", "must be given"),
        ("/v1/chats", {"name": 1}, "/name", "must be a text"),
        ("/v1/chats", {"name": " "}, "/name", "must not be blank"),
        ("/v1/chats", {"name": "x" * 101}, "/name", "must have at most 100 characters"),
        ("/v1/chats", {"name": "a\u202eb"}, "/name", "text-direction"),
        ("/v1/chats", CHAT | {"type": "channel"}, "/type", "'group' or 'private'"),
        ("/v1/chats", CHAT | {"member_ids": "usr_1"}, "/member_ids", "must be a list"),
        ("/v1/chats", CHAT | {"member_ids": ["x"]}, "/member_ids/0", "an id that begins with usr_"),
        ("/v1/chats", CHAT | {"nmae": "x"}, "/nmae", "is not a known field; leave it out"),
        ("/v1/chats", CHAT | {"a/b": 1}, "/a~1b", "is not a known field"),
        ("/v1/chats", CHAT | {"a~b": 1}, "/a~0b", "is not a known field"),
        ("/v1/chats", CHAT | {"": 1}, "/", "is not a known field"),
        ("/v1/chats", CHAT | {"[key]": 1}, "/[key]", "is not a known field"),
        ("/v1/chats", [], "", "the body must be a JSON object"),
        ("/v1/chats", "x", "", "the body must be a JSON object"),
        ("/v1/tokens", TOKEN | {"scopes": []}, "/scopes", "must not be empty"),
        ("/v1/tokens", TOKEN | {"scopes": ["chats:*"]}, "/scopes/0", "'chats:read'"),
        ("/v1/tokens", TOKEN | {"environment": "prod"}, "/environment", "'production'"),
        ("/v1/tokens", TOKEN | {"expires_at": "tomorrow"}, "/expires_at", "2026-12-31T23:59:59Z"),
        ("/v1/tokens", TOKEN | {"expires_at": "2026-12-31T23:59:59"}, "/expires_at", "add Z for UTC"),
        (
            "/v1/webhooks",
            WEBHOOK | {"max_per_second": "5"},
            "/max_per_second",
            "a whole number, without quotation marks",
        ),
        (
            "/v1/webhooks",
            WEBHOOK | {"max_per_second": 5.0},
            "/max_per_second",
            "a whole number, without a decimal point",
        ),
        ("/v1/webhooks", WEBHOOK | {"max_per_second": True}, "/max_per_second", "must be a whole number"),
        ("/v1/notifications", NOTICE | {"everyone": "true"}, "/everyone", "true or false, without quotation marks"),
        ("/v1/users", USER | {"email": "grace"}, "/email", "ada@example.com"),
        ("/v1/users", USER | {"role": "god"}, "/role", "'owner'"),
    ],
)
def test_the_field_and_the_remedy_are_named(
    workspace: Workspace, target: str, body: Any, pointer: str, said: str
) -> None:
    answer = workspace.call("POST", target, body)
    assert answer.status == 422
    (error,) = answer.json["errors"]
    assert error["pointer"] == pointer
    assert said in error["detail"]
    assert said in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "pointer", "said"),
    [
        ("limit=0", "limit", "must be at least 1"),
        ("limit=101", "limit", "must be at most 100"),
        ("limit=ten", "limit", "must be a whole number"),
        ("cursor=x", "cursor", "Start again without one"),
        ("page=2", "page", "is not a known field; leave it out"),
    ],
)
def test_the_parameter_and_the_remedy_are_named(workspace: Workspace, query: str, pointer: str, said: str) -> None:
    answer = workspace.call("GET", f"/v1/chats?{query}")
    assert answer.status == 422
    (error,) = answer.json["errors"]
    assert error["pointer"] == pointer
    assert said in error["detail"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (None, {}, 400, "send a JSON object"),
        ("{", {}, 400, "not valid JSON"),
        ('{"name": "x", "name": "y"}', {}, 400, "the same key twice"),
        ('{"name": NaN}', {}, 400, "not valid JSON"),
        ("x" * 270_000, {}, 413, "at most 262144"),
        ("name=x", {"content-type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        ('{"name": "x"}', {"content-type": "text/plain"}, 415, "application/json"),
    ],
)
def test_an_unreadable_body_is_refused_with_the_reason(
    workspace: Workspace, body: str | None, headers: dict[str, str], status: int, said: str
) -> None:
    answer = workspace.call("POST", "/v1/chats", body=body, headers={"content-type": "application/json", **headers})
    assert answer.status == status
    assert said in answer.json["detail"]


def test_every_wrong_field_is_named_at_once(workspace: Workspace) -> None:
    answer = workspace.call("POST", "/v1/tokens", {"name": "", "scopes": "all", "colour": "red"})
    assert {error["pointer"] for error in answer.json["errors"]} == {"/name", "/scopes", "/environment", "/colour"}
    assert "and 3 more" in answer.json["detail"]


def test_ten_thousand_wrong_fields_are_not_all_named(workspace: Workspace) -> None:
    answer = workspace.call("POST", "/v1/chats", CHAT | {f"f{number}": 1 for number in range(5_000)})
    assert answer.status == 422
    assert len(answer.json["errors"]) == 20
    assert "and 4999 more" in answer.json["detail"]


@pytest.mark.parametrize(
    ("target", "name", "body"),
    [
        ("/v1/tokens", "scopes", TOKEN),
        ("/v1/webhooks", "events", {"url": "https://ci.example.com/ferryman"}),
        ("/v1/bots", "scopes", {"name": "Deploy bot", "handle": "deploy-bot"}),
    ],
)
def test_the_items_of_a_list_that_is_too_long_are_not_looked_at(
    workspace: Workspace, target: str, name: str, body: dict[str, Any]
) -> None:
    answer = workspace.call("POST", target, body | {name: [1] * 80_000})
    assert (answer.status, answer.json["errors"]) == (
        422,
        [{"pointer": f"/{name}", "detail": "must have at most 100 items"}],
    )


def test_a_thousand_unknown_parameters_are_not_all_named(workspace: Workspace) -> None:
    answer = workspace.call("GET", "/v1/chats?" + "&".join(f"p{number}=" for number in range(1_000)))
    assert answer.status == 422
    assert len(answer.json["errors"]) == 20
    assert "and 999 more" in answer.json["detail"]


@pytest.mark.parametrize("long", ["x" * 25, "0123456789abcdefghijABCDEFGHIJ99", "é" * 3_000])
def test_a_long_name_that_the_caller_made_up_is_not_repeated_whole(workspace: Workspace, long: str) -> None:
    for answer in (
        workspace.call("POST", "/v1/chats", CHAT | {long: 1}),
        workspace.call("GET", f"/v1/chats?{long}=1"),
        workspace.call("GET", f"/v1/me?{long}=1"),
    ):
        assert answer.status == 422
        assert long not in answer.json["detail"]
        assert answer.json["errors"][0]["pointer"].lstrip("/") == f"{long[:8]}…"


@pytest.mark.parametrize(
    "media", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.x+json", None]
)
def test_json_by_any_name_is_read(world: World, workspace: Workspace, media: str | None) -> None:
    headers = {"content-type": media} if media else {}
    answer = workspace.call("POST", "/v1/chats", body='{"name": "Builds"}', headers=headers)
    assert answer.status == 201


def test_a_body_in_base64_is_read_the_same(workspace: Workspace) -> None:
    """API Gateway encodes a body in base64 if it takes the body for binary."""
    body = '{"name": "Größe 🚢"}'.encode()
    answer = workspace.call("POST", "/v1/chats", body=body, headers={"content-type": "application/json"})
    assert (answer.status, answer.json["name"]) == (201, "Größe 🚢")


MAY_BE_EMPTY = {operation.key: operation for operation in openapi.routes() if operation.may_be_empty}


@pytest.mark.parametrize("key", MAY_BE_EMPTY)
def test_a_body_with_nothing_required_in_it_may_be_left_out(world: World, workspace: Workspace, key: str) -> None:
    operation = MAY_BE_EMPTY[key]
    caller = workspace.signed_in() if operation.needs.session else workspace
    target = path(operation, Objects(workspace).ids(operation))
    absent = caller.call(operation.method, target)
    assert absent.status not in (400, 415), absent.body  # one that needs a choice says so with 422
