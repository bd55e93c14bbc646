"""Secret URLs accept a slash at the end, for a post and for a GET that only checks whether the URL exists."""

import pytest

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace
from tests.integration.fchat.applications import App, email_of, group, person, texts
from tests.support.logs import captured
from tests.support.objects import Objects
from tests.support.world import World

SECRET = "0" * 32


@pytest.mark.parametrize("flavour", ["ferryman", "mattermost", "slack"])
def test_an_incoming_webhook_takes_a_slash_at_the_end(world: World, workspace: Workspace, flavour: str) -> None:
    chat = workspace.chat()
    made = workspace.make("/v1/incoming-webhooks", {"name": "CI", "chat_id": chat, "flavour": flavour})
    target = made["url"].removeprefix("https://api.test")
    with captured() as logged:
        for number, end in enumerate(("", "/", "//")):
            answer = world.call("POST", target + end, json_body={"text": f"Build {number} passed"})
            assert (answer.status, answer.body) == (200, b"ok"), answer.body
    assert texts(workspace, chat) == ["Build 0 passed", "Build 1 passed", "Build 2 passed"]
    assert target.rpartition("/")[2] not in logged.written.getvalue()
    assert logged.written.getvalue().count("{secret}") == 3


def test_fchats_endpoints_take_a_slash_at_the_end(world: World, workspace: Workspace) -> None:
    chat, somebody = group(workspace), person(workspace)
    app = App(workspace, chat_id=chat, may_message_people=True)
    assert world.call("POST", f"/webhooks/{app.name}/{app.token}/", json_body={"text": "x"}).json == {"ok": True}
    body = {"email": email_of(somebody, workspace), "text": "x"}
    with captured() as logged:
        assert world.call("POST", f"/webhooks/{app.token}/fchat/", json_body=body).json["error_code"] == 200
    assert [line["endpoint"] for line in app.requests()] == ["person", "group"]
    assert app.token not in logged.written.getvalue()


def test_the_reply_address_of_a_command_takes_a_slash_at_the_end(workspace: Workspace, receiver: Receiver) -> None:
    receiver.answer("/deploy", Answer(body=b"{}"))
    chat = workspace.chat()
    workspace.make("/v1/commands", {"trigger": "deploy", "url": receiver.url("/deploy")})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "/deploy"})
    (request,) = receiver.requests("/deploy")
    sent = dict(pair.split("=", 1) for pair in request.body.decode().split("&"))
    target = sent["response_url"].replace("%3A", ":").replace("%2F", "/").removeprefix("https://api.test")
    answer = workspace.world.call("POST", f"{target}/", json_body={"text": "Done", "response_type": "in_channel"})
    assert (answer.status, answer.body) == (200, b"ok")
    assert texts(workspace, chat)[-1] == "Done"


@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
@pytest.mark.parametrize(
    "target",
    [f"/hooks/{SECRET}", f"/services/T0/B0/{SECRET}", f"/hooks/commands/{SECRET}", f"/webhooks/{SECRET}/fchat"],
)
def test_other_methods_learn_that_a_secret_url_takes_posts(world: World, target: str, method: str, end: str) -> None:
    answer = world.call(method, target + end)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert SECRET not in answer.body.decode()


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/hooks/{secret}/more", b'"status": 404'),
        ("/services/T0/{secret}", b"no_service"),
        ("/services/T0/B0/{secret}/more", b"no_service"),
        ("/hooks/commands/{secret}/more", b'"status_code": 404'),
        ("/webhooks/{secret}", b"Channel or token not found"),
        ("/webhooks/a/b/{secret}", b"Channel or token not found"),
        ("/webhooks/{secret}/fchat/more", b"Channel or token not found"),
    ],
)
def test_an_address_of_another_form_is_unknown_and_writes_nothing(
    world: World, workspace: Workspace, target: str, body: bytes
) -> None:
    secret = Objects(workspace).id("secret")
    before = world.rows()
    answer = world.call("POST", target.format(secret=secret), json_body={"text": "x"})
    assert answer.status == 404, answer.body
    assert body in answer.body
    assert world.rows() == before
