"""Messages: posted, read, edited and deleted by users who may, with an event for webhooks each time."""

import json
from typing import Any

import pytest
from ferryman.conversations.messages.model import MAX_TEXT

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.world import World

SCOPES = ("chats:read", "messages:read", "messages:write")


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return f"/v1/chats/{workspace.chat()}/messages"


def post(by: Workspace, chat: str, text: str = "Build passed") -> dict[str, Any]:
    made: dict[str, Any] = by.make(chat, {"text": text})
    return made


def texts(by: Workspace, chat: str) -> list[str]:
    return [message["text"] for message in by.call("GET", chat).json["items"]]


def test_a_message_is_posted_read_and_listed_newest_first(workspace: Workspace, chat: str) -> None:
    first, second = post(workspace, chat, "one"), post(workspace, chat, "two 🚢\n\ttabs stay")
    assert (first["author"]["type"], first["author"]["id"]) == ("user", workspace.user_id)
    assert (first["origin"], first["livemode"], first["revision"], first["edited_at"]) == ("token", True, 1, None)
    me = workspace.call("GET", "/v1/me").json["user"]
    author = {
        "type": "user",
        "id": workspace.user_id,
        "name": me["name"],
        "handle": me["handle"],
        "avatar_url": me["avatar_url"],
        "emoji": None,
        "is_bot": False,
        "deleted": False,
    }
    assert workspace.call("GET", f"{chat}/{first['id']}").json == first | {"author": author}
    assert workspace.call("GET", chat).json["items"] == [second | {"author": author}, first | {"author": author}]


def test_a_page_of_the_longest_texts_fits_into_an_answer(workspace: Workspace, chat: str) -> None:
    """Lambda's limit for an answer is 6 MB. Each text takes 96 kB as JSON, and its backslashes are escaped again."""
    sent = [post(workspace, chat, "\x01" * (MAX_TEXT - 3) + f"{number:03}")["id"] for number in range(60)]
    listed, target = [], f"{chat}?limit=100"
    while True:
        answer = workspace.call("GET", target)
        assert len(json.dumps(answer.body.decode(), ensure_ascii=False).encode()) < 6_000_000
        assert answer.json["items"]
        listed += [message["id"] for message in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            break
        target = f"{chat}?limit=100&cursor={answer.json['next_cursor']}"
    assert listed == sent[::-1]


@pytest.mark.parametrize("text", ["", " \n ", "x" * (MAX_TEXT + 1), None, 1, ["x"]])
def test_an_empty_text_is_refused(workspace: Workspace, chat: str, text: Any) -> None:
    answer = workspace.call("POST", chat, {"text": text})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/text")
    message = post(workspace, chat)
    assert workspace.call("PATCH", f"{chat}/{message['id']}", {"text": text}).status == 422
    assert texts(workspace, chat) == ["Build passed"]


@pytest.mark.parametrize("character", ["x", "é", "💣"])
def test_the_limit_counts_characters(workspace: Workspace, chat: str, character: str) -> None:
    """In UTF-8, the longest text fits into the largest body, whatever its characters are."""
    body = json.dumps({"text": character * MAX_TEXT}, ensure_ascii=False).encode()
    answer = workspace.call("POST", chat, body=body, headers={"content-type": "application/json"})
    assert (answer.status, answer.json["text"]) == (201, character * MAX_TEXT)


def test_each_edit_is_a_revision(workspace: Workspace, chat: str) -> None:
    message = post(workspace, chat)
    url = f"{chat}/{message['id']}"
    assert workspace.call("PATCH", url, {"text": "Build passed"}).json == message
    edited = workspace.call("PATCH", url, {"text": "Build failed"}).json
    assert (edited["text"], edited["revision"]) == ("Build failed", 2)
    assert edited["edited_at"] >= message["created_at"]
    assert workspace.call("PATCH", url, {"text": "Build passed"}).json["revision"] == 3
    assert texts(workspace, chat) == ["Build passed"]


def test_a_deleted_message_is_gone(workspace: Workspace, chat: str) -> None:
    message, other = post(workspace, chat, "secret plans"), post(workspace, chat, "lunch")
    url = f"{chat}/{message['id']}"
    assert workspace.call("DELETE", url).status == 204
    for method, body in (("GET", None), ("PATCH", {"text": "x"}), ("DELETE", None)):
        assert workspace.call(method, url, body).status == 404
    assert texts(workspace, chat) == ["lunch"]
    assert workspace.call("GET", f"{chat}/{other['id']}").status == 200
    items = [item for table, item in workspace.world.items() if table == "MessagesTable"]
    assert not [item for item in items if "secret plans" in json.dumps(item)]


def test_only_the_author_or_an_admin_changes_a_message(workspace: Workspace) -> None:
    grace, linus = workspace.person("staff", *SCOPES), workspace.person("staff", *SCOPES)
    chat = f"/v1/chats/{workspace.chat(member_ids=[grace.user_id, linus.user_id])}/messages"
    message = post(grace, chat)
    url = f"{chat}/{message['id']}"
    assert linus.call("GET", url).status == 200
    for method, body in (("PATCH", {"text": "x"}), ("DELETE", None)):
        answer = linus.call(method, url, body)
        assert answer.status == 403
        assert "author" in answer.json["detail"]
        assert workspace.narrow(*SCOPES).call(method, url, body).status == 403
    assert grace.call("PATCH", url, {"text": "mine"}).status == 200
    assert workspace.call("PATCH", url, {"text": "moderated"}).status == 200
    assert workspace.call("DELETE", url).status == 204


@pytest.mark.parametrize("action", ["PATCH", "DELETE"])
def test_an_edit_does_not_overwrite_a_newer_one(workspace: Workspace, chat: str, action: str) -> None:
    message = post(workspace, chat)
    url = f"{chat}/{message['id']}"
    with meanwhile(lambda: workspace.call("PATCH", url, {"text": "first"})):
        assert workspace.call(action, url, {"text": "second"} if action == "PATCH" else None).status == 409
    assert texts(workspace, chat) == ["first"]


def test_an_edit_does_not_bring_a_deleted_message_back(workspace: Workspace, chat: str) -> None:
    message = post(workspace, chat)
    url = f"{chat}/{message['id']}"
    with meanwhile(lambda: workspace.call("DELETE", url)):
        assert workspace.call("PATCH", url, {"text": "second"}).status == 409
    assert texts(workspace, chat) == []


# --- live and test ----------------------------------------------------------------------------------------


def test_live_and_test_messages_do_not_meet(workspace: Workspace, chat: str) -> None:
    tester = workspace.narrow("admin:*", environment="development")
    live, test = post(workspace, chat, "live"), post(tester, chat, "test")
    assert (live["livemode"], test["livemode"]) == (True, False)
    assert (texts(workspace, chat), texts(tester, chat)) == (["live"], ["test"])
    for by, hidden in ((tester, live), (workspace, test)):
        url = f"{chat}/{hidden['id']}"
        for method, body in (("GET", None), ("PATCH", {"text": "x"}), ("DELETE", None)):
            assert by.call(method, url, body).status == 404


def test_a_test_message_reaches_test_webhooks_only_and_a_live_one_live_ones(
    world: World, workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    tester = workspace.narrow("admin:*", environment="staging")
    for by, path in ((workspace, "/live"), (tester, "/test")):
        by.make("/v1/webhooks", {"url": receiver.url(path), "events": ["message.created"]})
    post(workspace, chat, "live")
    post(tester, chat, "test")
    world.pump()
    got = {path: [json.loads(request.body) for request in receiver.requests(path)] for path in ("/live", "/test")}
    assert {path: [(e["livemode"], e["data"]["message"]["text"]) for e in events] for path, events in got.items()} == {
        "/live": [(True, "live")],
        "/test": [(False, "test")],
    }


# --- events -----------------------------------------------------------------------------------------------


def test_each_change_is_an_event_of_its_own(world: World, workspace: Workspace, receiver: Receiver, chat: str) -> None:
    events = ["message.created", "message.updated", "message.deleted"]
    workspace.make("/v1/webhooks", {"url": receiver.url("/in"), "events": events})
    message = post(workspace, chat, "one")
    url = f"{chat}/{message['id']}"
    assert workspace.call("PATCH", url, {"text": "two"}).status == 200
    world.pump()
    assert workspace.call("DELETE", url).status == 204
    world.pump()
    bodies = [json.loads(request.body) for request in receiver.requests("/in")]
    assert sorted(body["type"] for body in bodies) == sorted(events)
    said = {body["type"]: body["data"]["message"].get("text") for body in bodies}
    assert said == {"message.created": "one", "message.updated": "two", "message.deleted": None}
    assert len({body["id"] for body in bodies}) == 3


# --- content and visibility -------------------------------------------------------------------------------------------


def test_a_message_has_attachments_and_a_priority(workspace: Workspace) -> None:
    chat = workspace.chat()
    box = {"title": "Build 17", "title_link": "https://ci.example.com/17", "color": "good"}
    body = {
        "text": "Build passed",
        "attachments": [{**box, "fields": [{"title": "Branch", "value": "main", "short": True}]}],
        "priority": {"level": "urgent", "acknowledge": True},
    }
    made = workspace.make(f"/v1/chats/{chat}/messages", body)
    (shown,) = made["attachments"]
    assert {name: value for name, value in shown.items() if value} == {
        **box,
        "fields": [{"title": "Branch", "value": "main", "short": True}],
    }
    assert shown["text"] is None
    assert made["priority"] == {"level": "urgent", "acknowledge": True, "persistent": False}
    (listed,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert listed | {"author": None} == made | {"author": None}
    plain = workspace.make(f"/v1/chats/{chat}/messages", {"text": "plain"})
    assert (plain["attachments"], plain["priority"], plain["props"], plain["visible_to"]) == (None,) * 4


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"attachments": [{"color": "pink"}]}, "/attachments/0/color"),
        ({"attachments": [{"title_link": "javascript:alert(1)"}]}, "/attachments/0/title_link"),
        ({"attachments": [{"fields": [{"title": "x"}]}]}, "/attachments/0/fields/0/value"),
        ({"attachments": [{"file": "x"}]}, "/attachments/0/file"),
        ({"attachments": [{}] * 21}, "/attachments"),
        ({"priority": {"level": "high"}}, "/priority/level"),
        ({"visible_to": "usr_01JZZZZZZZ0123456789ABCDEF"}, "/visible_to"),
    ],
)
def test_content_that_cannot_be_kept_is_refused(workspace: Workspace, body: dict[str, Any], pointer: str) -> None:
    answer = workspace.call("POST", f"/v1/chats/{workspace.chat()}/messages", {"text": "x", **body})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)


def test_a_message_for_one_person_is_seen_by_them_and_its_author_only(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    scopes = ("messages:read", "messages:write", "admin:*")
    author, reader, third = (workspace.person("admin", *scopes) for _ in range(3))
    chat = workspace.chat(member_ids=[author.user_id, reader.user_id, third.user_id])
    workspace.make("/v1/webhooks", {"url": receiver.url(), "events": ["message.created", "message.updated"]})
    made = author.make(f"/v1/chats/{chat}/messages", {"text": "psst", "visible_to": reader.user_id})
    at = f"/v1/chats/{chat}/messages"
    for who in (author, reader):
        assert [one["id"] for one in who.call("GET", at).json["items"]] == [made["id"]]
        assert who.call("GET", f"{at}/{made['id']}").json["visible_to"] == reader.user_id
    for who in (third, workspace):
        assert who.call("GET", at).json["items"] == []
        assert who.call("GET", f"{at}/{made['id']}").status == 404
    assert author.call("PATCH", f"{at}/{made['id']}", {"text": "psst!"}).status == 200
    author.make(at, {"text": "loud"})
    world.pump()
    assert [json.loads(request.body)["data"]["message"]["text"] for request in receiver.requests()] == ["loud"]
