"""Lists: each item comes once, in order, also if items are added meanwhile, for every route that takes a cursor."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from ferryman import clock

from tests.integration.conftest import Workspace
from tests.support.objects import PARAMETER, Objects, path
from tests.support.world import World
from tools import openapi

LISTS = {
    operation.key: operation
    for operation in openapi.routes()
    if operation.query and "cursor" in operation.query.model_fields
}


def _post(target: str, **body: Any) -> Callable[[Objects, int], None]:
    """A function that adds an object to a list, by a POST to `target`.

    In the body, `{}` in a text becomes a number, and None the id of the parameter with that name.
    """

    def add(objects: Objects, number: int) -> None:
        filled = {name: objects.id(name) if value is None else value for name, value in body.items()}
        filled = {name: value.format(number) if isinstance(value, str) else value for name, value in filled.items()}
        here = PARAMETER.sub(lambda match: objects.id(match[1]), target)
        answer = objects.owner.call("POST", here, filled)
        assert answer.status in (200, 201, 202), answer.body

    return add


def _member(objects: Objects, number: int) -> None:
    user = objects.owner.make("/v1/users", {"name": f"Member {number}", "email": f"member-{number}@example.com"})
    added = objects.owner.call("PUT", f"/v1/chats/{objects.id('chat_id')}/members/{user['id']}")
    assert added.status == 200, added.body


def _session(objects: Objects, _number: int) -> None:
    objects.owner.signed_in()


def _notified(objects: Objects, number: int) -> None:
    body = {"type": "system", "title": f"Told {number}", "user_ids": [objects.owner.user_id]}
    objects.owner.make("/v1/notifications", body)
    objects.owner.world.invoke("notifier", {})


def _scheduled(objects: Objects, number: int) -> None:
    """Add a notification that is due in a day, so that no other test sends it."""
    later = clock.iso(clock.now() + 86_400)
    body = {"type": "system", "title": f"Later {number}", "everyone": True, "send_at": later}
    objects.owner.make("/v1/notifications", body)


def _made_by_a_token(objects: Objects, number: int) -> None:
    """Create a token with the token whose list is read."""
    token_id, owner = objects.id("token_id"), objects.owner
    assert owner.call("PATCH", f"/v1/tokens/{token_id}", {"scopes": ["admin:*"]}).status == 200
    maker = Workspace(owner.world, owner.workspace_id, owner.user_id, objects._made["secret_of_token"])
    maker.make("/v1/tokens", {"name": f"Made {number}", "scopes": ["chats:read"], "environment": "production"})


# How to add one more to a list.
ADD: dict[str, Callable[[Objects, int], None]] = {
    "GET /v1/applications": _post("/v1/applications", app_name="app-{}"),
    "GET /v1/applications/{application_id}/requests": _post("/webhooks/{app_name}/{token}", text="Message {}"),
    "GET /v1/audit": _post("/v1/tokens", name="Audited {}", scopes=["chats:read"], environment="production"),
    "GET /v1/bots": _post("/v1/bots", name="Bot {}", handle="bot-{}"),
    "GET /v1/bots/{bot_id}/callbacks": _post("/v1/bots/{bot_id}/callbacks", url="https://ci.example.com/{}"),
    "GET /v1/bots/{bot_id}/callbacks/{callback_id}/deliveries": _post("/v1/bots/{bot_id}/callbacks/{callback_id}/test"),
    "GET /v1/bots/{bot_id}/callbacks/{callback_id}/replays": _post("/v1/bots/{bot_id}/callbacks/{callback_id}/replays"),
    "GET /v1/bots/{bot_id}/tokens": _post("/v1/bots/{bot_id}/tokens", name="Token {}"),
    "GET /v1/commands": _post("/v1/commands", trigger="deploy-{}", url="https://ci.example.com/{}"),
    "GET /v1/connections": _post(
        "/v1/connections", connector="zapier", configuration={"url": "https://a.example.com/x"}
    ),
    "GET /v1/chats": _post("/v1/chats", name="Chat {}"),
    "GET /v1/chats/{chat_id}/members": _member,
    "GET /v1/chats/{chat_id}/messages": _post("/v1/chats/{chat_id}/messages", text="Message {}"),
    "GET /v1/deliveries": _post("/v1/webhooks/{webhook_id}/test"),
    "GET /v1/deliveries/statistics": _post("/v1/webhooks", url="https://ci.example.com/{}", events=["message.created"]),
    "GET /v1/incoming-webhooks": _post("/v1/incoming-webhooks", name="Hook {}", chat_id=None),
    "GET /v1/me/notifications": _notified,
    "GET /v1/me/webhooks": _post("/v1/me/webhooks", url="https://me.example.com/{}"),
    "GET /v1/me/webhooks/{personal_webhook_id}/deliveries": _post("/v1/me/webhooks/{personal_webhook_id}/test"),
    "GET /v1/me/webhooks/{personal_webhook_id}/replays": _post("/v1/me/webhooks/{personal_webhook_id}/replays"),
    "GET /v1/notifications": _scheduled,
    "GET /v1/sessions": _session,
    "GET /v1/tokens": _post("/v1/tokens", name="Token {}", scopes=["chats:read"], environment="staging"),
    "GET /v1/tokens/{token_id}/made": _made_by_a_token,
    "GET /v1/users": _post("/v1/users", name="User {}", email="user-{}@example.com"),
    "GET /v1/webhooks": _post("/v1/webhooks", url="https://ci.example.com/{}", events=["message.created"]),
    "GET /v1/webhooks/{webhook_id}/deliveries": _post("/v1/webhooks/{webhook_id}/test"),
    "GET /v1/webhooks/{webhook_id}/replays": _post("/v1/webhooks/{webhook_id}/replays"),
}

# The same lists under other addresses.
ALIASES = {"/admin/integrations/webhooks": "/v1/webhooks", "/me/agent/webhooks": "/v1/me/webhooks"}
for alias, address in ALIASES.items():
    at = f"GET {address}"
    ADD |= {f"GET {alias}{key.removeprefix(at)}": fill for key, fill in ADD.items() if key.startswith(at)}


def add(key: str, objects: Objects, number: int) -> None:
    if key not in ADD:
        raise AssertionError(f"Nothing is known that fills {key}: add one to ADD in tests/integration/test_paging.py.")
    ADD[key](objects, number)


def page(by: Workspace, target: str, limit: int, cursor: str | None = None) -> tuple[list[Any], str | None]:
    answer = by.call("GET", f"{target}?limit={limit}" + (f"&cursor={quote(cursor)}" if cursor else ""))
    assert answer.status == 200, answer.body
    return answer.json["items"], answer.json["next_cursor"]


def everything(by: Workspace, target: str, limit: int) -> list[Any]:
    found, cursor, pages = [], None, 0
    while True:
        items, cursor = page(by, target, limit, cursor)
        assert len(items) <= limit
        assert items or not pages, "the cursor of a full page leads to more"
        assert cursor is None or len(items) == limit, "a page that is not the last is full"
        found += items
        pages += 1
        if cursor is None:
            return found


@dataclass
class Filled:
    """A list that has at least five items."""

    by: Workspace
    objects: Objects
    target: str
    whole: list[Any]


@pytest.fixture(scope="module")
def filled(world: World) -> Callable[[str], Filled]:
    """A factory: fills the list of a route in a workspace of its own, once for all tests that only read it."""

    @cache
    def fill(key: str) -> Filled:
        made = world.bootstrap("Paged")
        owner = Workspace(world, made["workspace_id"], made["user_id"], made["token"])
        # Sessions are listed to a session.
        by = owner.signed_in() if key == "GET /v1/sessions" else owner
        objects = Objects(by)
        target = path(LISTS[key], objects.ids(LISTS[key]))
        for number in range(5):
            add(key, objects, number)
        return Filled(by, objects, target, everything(by, target, 100))

    return fill


@pytest.mark.parametrize("key", LISTS)
def test_pages_of_any_size_make_the_same_list(filled: Callable[[str], Filled], key: str) -> None:
    made = filled(key)
    assert len(made.whole) >= 5
    for limit in (1, 2, len(made.whole) - 1, len(made.whole)):
        assert everything(made.by, made.target, limit) == made.whole
    assert len({json.dumps(item) for item in made.whole}) == len(made.whole)


@pytest.mark.parametrize("key", LISTS)
def test_a_cursor_is_good_for_its_own_list_only(filled: Callable[[str], Filled], other: Workspace, key: str) -> None:
    made = filled(key)
    _, cursor = page(made.by, made.target, 1)
    assert cursor
    assert page(made.by, made.target, 100, cursor)[0] == made.whole[1:]
    elsewhere = "/v1/chats" if made.target != "/v1/chats" else "/v1/users"
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    owner = Workspace(made.by.world, made.by.workspace_id, made.by.user_id, made.objects.owner.token)
    scope = LISTS[key].needs.scope or "chats:read"
    for by, address, sent in (
        (made.by, elsewhere, cursor),
        (made.by, made.target, changed),
        (made.by, made.target, cursor[:-1]),
        (other, made.target, cursor),
        (owner.person("owner", "admin:*"), made.target, cursor),
        (owner.narrow("admin:*", environment="staging"), made.target, cursor),
        # Another token of the same person and breadth sees the same list.
        *([(owner.narrow(scope), made.target, cursor)] if scope != "admin:*" else []),
    ):
        answer = by.call("GET", f"{address}?limit=1&cursor={quote(sent)}")
        # A caller who does not find a list does not find it with a cursor either.
        assert answer.status in (403, 404, 422), answer.body
        if answer.status == 422:
            assert answer.json["errors"][0]["pointer"] == "cursor"


@pytest.mark.parametrize("alias", ALIASES)
def test_a_cursor_is_good_under_each_address_of_its_list(filled: Callable[[str], Filled], alias: str) -> None:
    made = filled(f"GET {ALIASES[alias]}")
    for here, there in ((made.target, alias), (alias, made.target)):
        _, cursor = page(made.by, here, 2)
        assert page(made.by, there, 100, cursor)[0] == made.whole[2:]


@pytest.mark.parametrize("key", LISTS)
def test_a_thing_added_between_pages_moves_no_other(filled: Callable[[str], Filled], key: str) -> None:
    """A client that reads page by page gets all items that existed at the start exactly once."""
    made = filled(key)
    before = everything(made.by, made.target, 100)
    found, cursor = page(made.by, made.target, 2)
    for number in range(10, 12):
        add(key, made.objects, number)
    while cursor is not None:
        items, cursor = page(made.by, made.target, 2, cursor)
        found += items
    assert [item for item in found if item in before] == before
    assert len(found) == len({json.dumps(item) for item in found})


def test_a_cursor_does_not_show_the_key_of_an_item(filled: Callable[[str], Filled]) -> None:
    """The page may end at an item that its reader must not see."""
    made = filled("GET /v1/users")
    _, cursor = page(made.by, made.target, 1)
    assert cursor
    content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for shown in (made.by.workspace_id, made.whole[0]["id"], "workspace_id", "entry"):
        assert shown.encode() not in content


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_filter_leaves_no_empty_page(world: World, limit: int) -> None:
    """The filter removes many more items than one query of this limit reads."""
    made = world.bootstrap("Filtered")
    by = Workspace(world, made["workspace_id"], made["user_id"], made["token"])
    for _ in range(2):
        by.make("/v1/tokens", {"name": "wanted", "scopes": ["chats:read"], "environment": "staging"})
        by.chat("Wanted")
    for _ in range(25):
        by.make("/v1/tokens", {"name": "other", "scopes": ["chats:read"], "environment": "production"})
    for target in ("/v1/tokens?environment=staging", "/v1/tokens?name=wanted", "/v1/audit?action=chat.created"):
        found, cursor = [], ""
        while True:
            answer = by.call("GET", f"{target}&limit={limit}{cursor}").json
            assert answer["items"]
            found += answer["items"]
            if answer["next_cursor"] is None:
                break
            cursor = f"&cursor={answer['next_cursor']}"
        assert len(found) == 2
