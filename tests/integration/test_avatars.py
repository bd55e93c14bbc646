"""Uploaded avatars: which pictures are accepted, who may set them, and how a browser gets them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from ferryman.identity import avatar_images

from tests.integration.conftest import Workspace
from tests.support import pictures
from tests.support.world import Answer, World

type Made = dict[str, Any]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><script>alert(1)</script></svg>'


@pytest.fixture
def bot(workspace: Workspace) -> Made:
    made: Made = workspace.make("/v1/bots", {"name": "Deploy bot", "handle": "deploy-bot"})
    return made


def upload(caller: Workspace, bot: Made, content: bytes, media_type: str = "image/png") -> Answer:
    return caller.world.call(
        "PUT", f"/v1/bots/{bot['id']}/avatar", token=caller.token, body=content, headers={"Content-Type": media_type}
    )


def uploaded(caller: Workspace, bot: Made, content: bytes, media_type: str = "image/png") -> str:
    answer = upload(caller, bot, content, media_type)
    assert answer.status == 200, answer.body
    return str(answer.json["avatar_url"])


def shown(world: World, url: str) -> Answer:
    """The picture at this URL, requested without a token as a browser does."""
    return world.call("GET", urlsplit(url).path)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (pictures.png(), "image/png"),
        (pictures.jpeg(), "image/jpeg"),
        (pictures.gif(), "image/gif"),
        (pictures.webp(), "image/webp"),
        (pictures.png(avatar_images.MAX_PIXELS, 1), "image/png"),
    ],
)
def test_a_picture_is_served_as_what_it_is_and_nothing_else(
    world: World, workspace: Workspace, bot: Made, content: bytes, media_type: str
) -> None:
    url = uploaded(workspace, bot, content, "image/x-anything")
    assert url.startswith("https://")
    assert workspace.call("GET", f"/v1/users/{bot['id']}").json["avatar_url"] == url
    answer = shown(world, url)
    assert (answer.status, answer.body) == (200, content)
    headers = {
        "content-type": media_type,
        "cache-control": "public, max-age=31536000, immutable",
        "content-security-policy": "default-src 'none'",
        "x-content-type-options": "nosniff",
    }
    assert {name: answer.headers[name] for name in headers} == headers


@pytest.mark.parametrize(
    ("content", "media_type", "status", "word"),
    [
        (b"", "image/png", 400, "empty"),
        (SVG, "image/svg+xml", 422, "PNG"),
        (SVG, "image/png", 422, "PNG"),
        (b"<html><script>alert(1)</script>", "image/png", 422, "PNG"),
        (pictures.png()[:8], "image/png", 422, "cut off"),
        (pictures.png()[:20], "image/png", 422, "cut off"),
        (pictures.jpeg()[:12], "image/jpeg", 422, "cut off"),
        (pictures.gif()[:7], "image/gif", 422, "cut off"),
        (pictures.webp()[:20], "image/webp", 422, "cut off"),
        (pictures.png(0, 5), "image/png", 422, "cut off"),
        (pictures.png(avatar_images.MAX_PIXELS + 1, 1), "image/png", 422, "pixels"),
        (pictures.gif(1, 5_000), "image/gif", 422, "pixels"),
        (pictures.png() + b"\0" * avatar_images.MAX_BYTES, "image/png", 413, "at most 262144"),
        (pictures.png(), "text/html", 415, "image/png"),
        (b'{"url": "https://cdn.example.com/a.png"}', "application/json", 415, "image/png"),
    ],
)
def test_anything_else_is_refused_with_the_reason(
    workspace: Workspace, bot: Made, content: bytes, media_type: str, status: int, word: str
) -> None:
    answer = upload(workspace, bot, content, media_type)
    assert (answer.status, word in answer.json["detail"]) == (status, True), answer.body
    assert workspace.call("GET", f"/v1/bots/{bot['id']}").json["avatar_url"] is None


def test_the_largest_picture_is_taken_and_served(world: World, workspace: Workspace, bot: Made) -> None:
    content = pictures.png().ljust(avatar_images.MAX_BYTES, b"\0")
    assert shown(world, uploaded(workspace, bot, content)).body == content


def test_another_picture_has_another_address_and_the_old_one_is_gone(
    world: World, workspace: Workspace, bot: Made
) -> None:
    first, second = pictures.png(shade=1), pictures.png(shade=2)
    old = uploaded(workspace, bot, first)
    assert uploaded(workspace, bot, first) == old
    new = uploaded(workspace, bot, second)
    assert new != old
    assert (shown(world, old).status, shown(world, new).body) == (404, second)
    assert workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"name": "Renamed"}).json["avatar_url"] == new
    assert shown(world, new).status == 200


@pytest.mark.parametrize(
    "end",
    [
        lambda workspace, bot: workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"avatar_url": None}),
        lambda workspace, bot: workspace.call(
            "PATCH", f"/v1/bots/{bot['id']}", {"avatar_url": "https://cdn.example.com/a.png"}
        ),
        lambda workspace, bot: workspace.call("DELETE", f"/v1/bots/{bot['id']}"),
    ],
    ids=["removed", "replaced by a URL", "with its bot"],
)
def test_a_picture_is_deleted_when_nobody_has_it(
    world: World, workspace: Workspace, bot: Made, end: Callable[[Workspace, Made], Answer]
) -> None:
    url = uploaded(workspace, bot, pictures.png())
    assert end(workspace, bot).status in (200, 204)
    assert shown(world, url).status == 404
    entries = [item["entry"]["S"] for table, item in world.items() if table == "UsersTable"]
    assert f"avatar/{bot['id']}" not in entries


def test_only_who_manages_a_bot_sets_its_avatar(workspace: Workspace, other: Workspace, bot: Made) -> None:
    colleague = workspace.person("admin", "bots:write")
    tester = workspace.narrow("admin:*", environment="staging")
    as_bot = Workspace(workspace.world, workspace.workspace_id, bot["id"], bot["token"])
    refused = [
        upload(caller, bot, pictures.png()).status
        for caller in (colleague, other, tester, workspace.narrow("bots:read"), as_bot)
    ]
    assert refused == [404, 404, 403, 403, 403]
    assert workspace.call("GET", f"/v1/bots/{bot['id']}").json["avatar_url"] is None
    assert upload(workspace.narrow("bots:write"), bot, pictures.png()).status == 200


def test_people_set_their_own_in_a_session(world: World, workspace: Workspace) -> None:
    assert workspace.call("PUT", "/v1/me/avatar", pictures.png()).status == 403
    assert workspace.call("DELETE", "/v1/me/avatar").status == 403
    grace = workspace.person("staff").signed_in()
    assert workspace.signed_in(livemode=False).call("PUT", "/v1/me/avatar", pictures.png()).status == 403
    made = grace.call("PUT", "/v1/me/avatar", pictures.png())
    assert (made.status, made.json["id"]) == (200, grace.user_id)
    url = made.json["avatar_url"]
    assert shown(world, url).body == pictures.png()
    (record,) = workspace.call("GET", f"/v1/audit?target_id={grace.user_id}&action=user.edited").json["items"]
    assert (record["actor"]["user_id"], record["details"]["changed"]) == (grace.user_id, ["avatar_url"])
    assert grace.call("DELETE", "/v1/me/avatar").status == 204
    assert grace.call("GET", "/v1/me").json["user"]["avatar_url"] is None
    assert shown(world, url).status == 404


def test_an_address_shows_one_picture_and_nothing_of_another_workspace(
    world: World, workspace: Workspace, other: Workspace, bot: Made
) -> None:
    url = uploaded(workspace, bot, pictures.png())
    path = urlsplit(url).path
    theirs = other.make("/v1/bots", {"name": "Theirs", "handle": "theirs"})
    uploaded(other, theirs, pictures.png())
    home, owner, digest = path.rpartition("/")[2].split("-")
    elsewhere = other.workspace_id.removeprefix("wsp_")
    for name in (
        f"{elsewhere}-{owner}-{digest}",
        f"{home}-{theirs['id'].removeprefix('usr_')}-{digest}",
        f"{home}-{owner}-{'0' * 32}",
        f"{home}-{owner}-",
        f"{home}-{owner}-{digest}.png",
        f"{home.lower()}-{owner}-{digest}",
        bot["id"],
    ):
        answer = world.call("GET", f"/avatars/{name}")
        assert (answer.status, b"PNG" in answer.body) == (404, False)
        assert answer.headers["cache-control"] == "no-store"
    answer = shown(world, url)
    said = b"".join(f"{name}: {value}".encode() for name, value in answer.headers.items()) + answer.body
    assert all(secret.encode() not in said for secret in (workspace.workspace_id, bot["id"], "Deploy bot"))


def test_an_upload_is_shown_with_the_messages_of_its_bot(workspace: Workspace, bot: Made) -> None:
    chat = workspace.chat()
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
    url = uploaded(workspace, bot, pictures.png())
    as_bot = Workspace(workspace.world, workspace.workspace_id, bot["id"], bot["token"])
    as_bot.make(f"/v1/chats/{chat}/messages", {"text": "Deployed"})
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert message["author"]["avatar_url"] == url
