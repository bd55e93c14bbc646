"""Single posts, members and channels in Mattermost's API, and addresses that do not exist."""

from typing import Any

import pytest

from local.receiver import Answer as Reply
from local.receiver import Receiver
from tests.integration import commands
from tests.integration.conftest import Workspace
from tests.integration.mattermost import outgoing
from tests.integration.mattermost.hooks import hook
from tests.integration.mattermost.v4 import execute, refused
from tests.support.clients import aws_client
from tests.support.mattermost import short
from tests.support.world import World

TALK = ("messages:read", "messages:write", "chats:read", "users:read")
NO_POST = (404, "app.post.get.app_error")
PERMISSIONS = (403, "api.context.permissions.app_error")
BODY = (400, "api.context.invalid_body_param.app_error")
PARAMETER = (400, "api.context.invalid_url_param.app_error")
TOO_LONG = (400, "model.post.is_valid.msg.app_error")


def posted(by: Workspace, chat: str, message: str = "x", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = by.make("/api/v4/posts", {"channel_id": short(chat), "message": message, **more})
    return made


def test_a_post_is_read_changed_and_deleted_by_its_id_alone(world: World, workspace: Workspace) -> None:
    for number in range(3):
        workspace.chat(f"Other {number}")
    chat = workspace.chat()
    post = posted(workspace, chat)
    at = f"/api/v4/posts/{post['id']}"
    assert workspace.call("GET", at).json == post
    assert workspace.call("GET", f"{at}/thread").json == {
        "order": [post["id"]],
        "posts": {post["id"]: post},
        "next_post_id": "",
        "prev_post_id": "",
        "has_next": False,
    }
    patched = workspace.call("PUT", f"{at}/patch", {"message": "y", "is_pinned": None}).json
    assert (patched["message"], patched["edit_at"] > 0) == ("y", True)
    updated = workspace.call("PUT", at, {"id": post["id"], "message": "z", "props": patched["props"]}).json
    assert updated["message"] == "z"
    assert workspace.call("PUT", f"{at}/patch", {}).json == updated
    assert [one["text"] for one in workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]] == ["z"]
    assert workspace.call("DELETE", at).json == {"status": "OK"}
    for answer in (workspace.call("GET", at), workspace.call("DELETE", at), workspace.call("PUT", f"{at}/patch", {})):
        assert refused(answer) == NO_POST


def test_a_post_of_a_webhook_is_found_too(workspace: Workspace) -> None:
    one = hook(workspace)
    said = one.said({"text": "hook", "attachments": [{"text": "box", "actions": [{"name": "Go"}]}]})
    at = f"/api/v4/posts/{short(said['id'])}"
    shown = workspace.call("GET", at).json
    assert shown["props"]["from_webhook"] == "true"
    # A client that sends the whole post back changes the text alone.
    changed = workspace.call("PUT", at, {**shown, "message": "edited"})
    assert (changed.status, changed.json["message"]) == (200, "edited")
    assert changed.json["props"] == shown["props"]


def box(text: str, **action: Any) -> dict[str, Any]:
    return {"text": text, **({"actions": [action]} if action else {})}


@pytest.mark.parametrize(
    ("props", "kept", "boxes"),
    [
        ({"attachments": [box("new")], "build": 5}, {"build": 5}, ["new"]),
        ({"attachments": [box("one"), None, box("two")]}, {}, ["one", "two"]),
        ({"attachments": []}, {}, []),
        ({}, {}, []),
        (None, {"build": 1}, ["old"]),
        ({"from_webhook": "true", "override_username": "boss", "build": 2}, {"build": 2}, []),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_props_and_attachments_are_changed(
    workspace: Workspace, props: Any, kept: dict[str, Any], boxes: list[str], whole: bool
) -> None:
    """Sent props replace the old ones. Without props, or with null, the old ones stay."""
    chat = workspace.chat()
    post = posted(workspace, chat, props={"attachments": [box("old")], "build": 1, "override_username": "boss"})
    assert post["props"] == {"attachments": [box("old")], "build": 1}
    at = f"/api/v4/posts/{post['id']}"
    sent = {"message": "y", "props": props}
    changed = workspace.call("PUT", *((at, sent | {"id": post["id"]}) if whole else (f"{at}/patch", sent)))
    assert changed.status == 200
    assert changed.json["props"] == kept | ({"attachments": [box(one) for one in boxes]} if boxes else {})
    assert workspace.call("GET", at).json == changed.json
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert [one["text"] for one in message["attachments"] or ()] == boxes
    assert message["props"] == (kept or None)


def test_a_button_keeps_its_program_when_its_post_is_sent_back(workspace: Workspace) -> None:
    """Clients do not see `integration`. A button that a client sends back with its id keeps its integration."""
    button = {"id": "go", "name": "Go", "integration": {"url": "https://ci.example.com/go", "context": {"s": 1}}}
    post = posted(workspace, workspace.chat(), props={"attachments": [box("old", **button)]})
    at = f"/api/v4/posts/{post['id']}"
    assert "ci.example.com" not in str(post)
    boxes = [box("new", **post["props"]["attachments"][0]["actions"][0])]
    changed = workspace.call("PUT", f"{at}/patch", {"props": {"attachments": boxes}})
    assert "ci.example.com" not in changed.body.decode()
    # Nobody listens there, so the click fails at the program; an unknown button fails before.
    assert refused(workspace.call("POST", f"{at}/actions/go"))[0] == 400
    assert refused(workspace.call("POST", f"{at}/actions/other"))[0] == 404
    # A button that comes back with another id calls nothing.
    renamed = [box("new", id="other", name="Go")]
    assert workspace.call("PUT", f"{at}/patch", {"props": {"attachments": renamed}}).status == 200
    assert refused(workspace.call("POST", f"{at}/actions/other"))[0] == 404


@pytest.mark.parametrize(
    ("metadata", "shown"),
    [
        (
            {"priority": {"priority": "urgent", "requested_ack": True, "persistent_notifications": True}},
            {"priority": "urgent", "requested_ack": True, "persistent_notifications": True},
        ),
        (
            {"priority": {"priority": "important", "requested_ack": False, "unknown": [1]}},
            {"priority": "important", "requested_ack": False, "persistent_notifications": False},
        ),
        (
            {"priority": {"requested_ack": True}},
            {"priority": "standard", "requested_ack": True, "persistent_notifications": False},
        ),
        ({"priority": None}, None),
        ({"embeds": [], "files": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_priority_is_kept_and_shown(workspace: Workspace, metadata: Any, shown: Any) -> None:
    chat = workspace.chat()
    post = posted(workspace, chat, metadata=metadata)
    assert post["metadata"] == ({"priority": shown} if shown else {})
    assert workspace.call("GET", f"/api/v4/posts/{post['id']}").json == post
    (listed,) = workspace.call("GET", f"/api/v4/channels/{short(chat)}/posts").json["posts"].values()
    assert listed == post
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert (message["priority"] or {}).get("level") == (shown or {}).get("priority")
    # A change of the text keeps it.
    changed = workspace.call("PUT", f"/api/v4/posts/{post['id']}/patch", {"message": "y"}).json
    assert changed["metadata"] == post["metadata"]


@pytest.mark.parametrize("metadata", ["text", [], 5, {"priority": "urgent"}, {"priority": {"priority": 5}}])
def test_a_priority_that_cannot_be_read_is_refused(workspace: Workspace, metadata: Any) -> None:
    chat = workspace.chat()
    sent = {"channel_id": short(chat), "message": "x", "metadata": metadata}
    assert refused(workspace.call("POST", "/api/v4/posts", sent)) == BODY
    assert workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"] == []


def test_an_admins_edit_of_attachments_is_audited(workspace: Workspace) -> None:
    chat, person = workspace.chat(), workspace.person("staff", *TALK)
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{person.user_id}").status == 200
    post = posted(person, chat)
    path = f"/api/v4/posts/{post['id']}/patch"
    assert workspace.call("PUT", path, {"props": {"attachments": [box("moderated")]}}).status == 200
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert (message["revision"], message["edited_by"]) == (2, workspace.user_id)
    audited = workspace.call("GET", "/v1/audit?action=message.edited").json["items"]
    assert [one["target_id"] for one in audited] == [message["id"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], BODY),
        ({"message": 5}, BODY),
        ({"message": ""}, TOO_LONG),
        ({"message": "x" * 16_384}, TOO_LONG),
        ({"message": "x", "props": {"attachments": [5]}}, BODY),
        ({"message": "x", "props": "text"}, BODY),
        ({"message": "", "props": {}}, TOO_LONG),
        ({"message": "x", "props": {"attachments": [{"text": "x" * 140_000}]}}, TOO_LONG),
        ({"message": "x", "props": {"notes": "x" * 140_000}}, TOO_LONG),
    ],
)
def test_a_change_that_cannot_be_taken(workspace: Workspace, body: Any, expected: tuple[int, str]) -> None:
    post = posted(workspace, workspace.chat())
    assert refused(workspace.call("PUT", f"/api/v4/posts/{post['id']}/patch", body)) == expected
    assert refused(workspace.call("PUT", f"/api/v4/posts/{post['id']}", {"id": "other", "message": "y"})) == BODY
    assert workspace.call("GET", f"/api/v4/posts/{post['id']}").json["message"] == "x"


def test_only_the_author_changes_a_post_and_only_members_find_it(workspace: Workspace, other: Workspace) -> None:
    chat = workspace.chat()
    post = posted(workspace, chat)
    at = f"/api/v4/posts/{post['id']}"
    member, stranger = workspace.person("staff", *TALK), workspace.person("staff", *TALK)
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{member.user_id}").status == 200
    assert member.call("GET", at).json == post
    for method, path in (("PUT", f"{at}/patch"), ("DELETE", at)):
        assert refused(member.call(method, path, {"message": "y"})) == PERMISSIONS
        for by in (stranger, other):
            assert refused(by.call(method, path, {"message": "y"})) == NO_POST
    for by in (stranger, other):
        assert refused(by.call("GET", at)) == refused(by.call("GET", f"{at}/thread")) == NO_POST
    assert refused(workspace.narrow("chats:read").call("GET", at)) == PERMISSIONS
    assert refused(workspace.narrow("messages:read").call("DELETE", at)) == PERMISSIONS
    assert refused(workspace.call("GET", "/api/v4/posts/x")) == PARAMETER


def test_the_members_and_the_channels_of_a_user_are_listed(workspace: Workspace, other: Workspace) -> None:
    chat, quiet = workspace.chat("Builds"), workspace.chat("Quiet")
    person = workspace.person("staff", *TALK)
    workspace.call("PUT", f"/v1/chats/{chat}/members/{person.user_id}")
    at = f"/api/v4/channels/{short(chat)}/members"
    both = {short(workspace.user_id), short(person.user_id)}
    assert {one["user_id"] for one in workspace.call("GET", at).json} == both
    assert len(workspace.call("GET", f"{at}?per_page=1&page=1").json) == 1
    assert workspace.call("GET", f"{at}?page=9").json == []
    assert person.call("GET", f"{at}/me").json["user_id"] == short(person.user_id)
    assert person.call("GET", f"{at}/{short(workspace.user_id)}").json["channel_id"] == short(chat)
    missing = (404, "app.channel.get_member.missing.app_error")
    assert refused(workspace.call("GET", f"{at}/{'0' * 26}")) == missing
    assert refused(other.call("GET", at)) == PERMISSIONS
    assert refused(workspace.narrow("messages:read").call("GET", at)) == PERMISSIONS
    team = short(workspace.workspace_id)
    mine = [one["id"] for one in person.call("GET", f"/api/v4/users/me/teams/{team}/channels").json]
    assert mine == [short(chat)]
    all_of_owner = workspace.call("GET", f"/api/v4/users/{short(workspace.user_id)}/teams/{team}/channels").json
    assert {one["id"] for one in all_of_owner} == {short(chat), short(quiet)}
    foreign = f"/api/v4/users/{short(person.user_id)}/teams/{team}/channels"
    assert refused(workspace.call("GET", foreign)) == PERMISSIONS


def test_users_are_found_by_lists(workspace: Workspace) -> None:
    person = workspace.make("/v1/users", {"name": "Ada", "email": "a@example.com", "role": "staff", "handle": "ada"})
    by = workspace.call
    assert [one["username"] for one in by("POST", "/api/v4/users/ids", [short(person["id"])]).json] == ["ada"]
    assert [one["id"] for one in by("POST", "/api/v4/users/usernames", ["Ada", "nobody"]).json] == [short(person["id"])]
    assert by("POST", "/api/v4/users/ids", ["0" * 26]).json == []
    nameless = by("GET", "/api/v4/users/me").json
    assert by("GET", f"/api/v4/users/username/{nameless['username']}").json == nameless
    bodies: list[Any] = [[], {}, [5], ["x"] * 101, None]
    for body in bodies:
        for path in ("ids", "usernames"):
            assert refused(by("POST", f"/api/v4/users/{path}", body)) == BODY
    assert refused(workspace.narrow("chats:read").call("POST", "/api/v4/users/ids", ["x"])) == PERMISSIONS


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v4/reactions"),
        ("GET", "/api/v4/users/me/sessions/x/y"),
        ("PATCH", "/api/v4/posts"),
        ("DELETE", "/api/v4/users/me"),
        ("GET", "/api/v4/posts//thread"),
    ],
)
def test_nothing_is_at_an_address_that_is_not_offered(
    world: World, workspace: Workspace, method: str, path: str
) -> None:
    nothing = (404, "api.context.404.app_error")
    assert refused(workspace.call(method, path, {})) == nothing
    assert refused(world.call(method, path, json_body={})) == nothing


def as_release_0_1_0_wrote_it(world: World, message_id: str) -> str:
    """Give a stored message an id of release 0.1.0, which does not contain its chat. Returns the id."""
    table = world.table("messages")
    (item,) = [item for name, item in world.items() if name == table and item["message_id"]["S"] == message_id]
    dynamodb, old_id = aws_client("dynamodb"), message_id[:14] + "ZZZZ" + message_id[18:]
    dynamodb.put_item(TableName=table, Item=item | {"message_id": {"S": old_id}})
    dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("chat", "message_id")})
    return old_id


def test_a_post_whose_id_does_not_say_its_chat_is_found_among_the_readers_oldest_chats(
    world: World, workspace: Workspace, other: Workspace
) -> None:
    for number in range(3):
        workspace.chat(f"Other {number}")
    chat = workspace.chat()
    said = workspace.make(f"/v1/chats/{chat}/messages", {"text": "old"})
    old_id = as_release_0_1_0_wrote_it(world, said["id"])
    at = f"/api/v4/posts/{short(old_id)}"
    assert workspace.call("GET", at).json["message"] == "old"
    for by in (other, workspace.person("staff", *TALK)):
        assert refused(by.call("GET", at)) == NO_POST
    assert workspace.call("PUT", f"{at}/patch", {"message": "newer"}).json["message"] == "newer"
    assert workspace.call("DELETE", at).json == {"status": "OK"}
    assert refused(workspace.call("GET", at)) == NO_POST


# --- posts of webhooks ------------------------------------------------------------------------------------------------


def props_of(workspace: Workspace, chat: str) -> dict[str, Any]:
    """The props of the channel's newest post."""
    listed = workspace.call("GET", f"/api/v4/channels/{short(chat)}/posts").json
    return dict(listed["posts"][listed["order"][0]]["props"])


def test_a_post_of_an_incoming_webhook_tells_the_title_that_the_webhook_had(workspace: Workspace) -> None:
    chat = workspace.chat()
    one = hook(workspace, chat=chat, title="Builds of CI")
    one.said({"text": "x", "username": "Robot", "props": {"webhook_display_name": "root", "build": 1}})
    told = {"from_webhook": "true", "override_username": "Robot", "webhook_display_name": "Builds of CI", "build": 1}
    assert props_of(workspace, chat) == told
    path = f"/v1/incoming-webhooks/{one.id}"
    for title in ("Builds", None):
        assert workspace.call("PATCH", path, {"title": title}).status == 200
        one.said({"text": "x" * 16_384})
        listed = workspace.call("GET", f"/api/v4/channels/{short(chat)}/posts").json
        titles = [listed["posts"][id_]["props"]["webhook_display_name"] for id_ in listed["order"]]
        assert titles[:3] == [title or "", title or "", "Builds of CI" if title else "Builds"]
    renewed = workspace.make(f"{path}/regenerate", None, 200)["url"].removeprefix("https://api.test")
    assert workspace.call("PATCH", path, {"title": "Anew"}).status == 200
    assert workspace.world.call("POST", renewed, json_body={"text": "x"}).status == 200
    assert props_of(workspace, chat)["webhook_display_name"] == "Anew"
    assert [message["props"] for message in one.messages()] == [None] * 5 + [{"build": 1}]


def test_an_answer_to_an_outgoing_webhook_tells_its_name_and_that_of_a_command_does_not(
    workspace: Workspace, receiver: Receiver
) -> None:
    chat = workspace.chat()
    receiver.answer("/out", Reply(body=b'{"text": "done", "username": "Robot"}'))
    outgoing.hook(workspace, receiver, chat, name="Deployments")
    outgoing.say(workspace, chat, "deploy")
    shown = {"from_webhook": "true", "override_username": "Robot"}
    assert props_of(workspace, chat) == shown | {"webhook_display_name": "Deployments"}
    commands.command(workspace, receiver)
    commands.answers(receiver, {"text": "done", "username": "Robot", "response_type": "in_channel"})
    assert execute(workspace, chat, "/deploy").status == 200
    assert props_of(workspace, chat) == shown
