"""Incoming webhooks that take another product's own payloads, through the API."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlencode

import pytest
from ferryman.dialects import sources
from ferryman.integrations.incoming_webhooks.model import Source

from tests.integration.conftest import Workspace
from tests.support.logs import captured
from tests.support.world import Answer, World

PAYLOADS = Path(__file__).parents[1] / "unit" / "sources" / "payloads"
SAMPLES = Path(__file__).parents[2] / "console" / "src" / "samples.json"
SECRET = "a-secret-of-the-sender"
PUSHED = {"ref": "refs/heads/main", "commits": [{}], "pusher": {"name": "ada"}, "repository": {"full_name": "a/b"}}
SAID = "ada pushed 1 commit to main in a/b"


def hook(by: Workspace, source: str, **more: Any) -> dict[str, Any]:
    body = {"chat_id": by.chat(), "name": "CI", "source": source, **more}
    made: dict[str, Any] = by.make("/v1/incoming-webhooks", body)
    return made | {"path": str(made["url"]).removeprefix("https://api.test")}


def send(world: World, path: str, payload: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.call("POST", path, body=json.dumps(payload), headers={"content-type": "application/json", **named})


def signed(payload: Any, secret: str = SECRET) -> str:
    return f"sha256={hmac.new(secret.encode(), json.dumps(payload).encode(), hashlib.sha256).hexdigest()}"


def said(by: Workspace, made: dict[str, Any]) -> list[str]:
    return [message["text"] for message in by.messages(made["chat_id"])]


@pytest.mark.parametrize("source", sorted({*get_args(Source.__value__)} - {"aws_sns", "generic"}))
def test_a_products_published_payloads_arrive(world: World, workspace: Workspace, source: str) -> None:
    made = hook(workspace, source)
    assert (made["source"], made["translation"], made["has_sender_secret"]) == (source, None, False)
    posts = 0
    for example in json.loads((PAYLOADS / f"{source}.json").read_text())[:12]:
        answer = send(world, made["path"], example["payload"], **example["headers"])
        assert (answer.status, answer.body) == (200, b"ok")
        post = sources.translated(source, None, example["payload"], example["headers"])
        assert ("x-fm-message-id" in answer.headers) == (post is not None)
        posts += post is not None
    found = workspace.messages(made["chat_id"])
    assert len(found) == posts
    assert all(message["author"]["name"] == "CI" for message in found)
    boxes = [box for message in found for box in message["attachments"] or ()]
    assert boxes
    assert all(box["color"].startswith("#") for box in boxes)


def test_an_event_that_says_nothing_is_answered_and_counts_as_a_use(world: World, workspace: Workspace) -> None:
    made = hook(workspace, "github")
    answer = send(world, made["path"], {"action": "created"}, x_github_event="label")
    assert (answer.status, answer.body) == (200, b"ok")
    assert "x-fm-message-id" not in answer.headers
    assert said(workspace, made) == []
    assert workspace.call("GET", f"/v1/incoming-webhooks/{made['id']}").json["last_used_at"]


def test_payloads_come_as_json_of_any_media_type_or_in_a_form(world: World, workspace: Workspace) -> None:
    made = hook(workspace, "github")
    for headers, body in (
        ({"content-type": "text/plain; charset=UTF-8"}, json.dumps(PUSHED)),
        ({}, json.dumps(PUSHED)),
        ({"content-type": "application/x-www-form-urlencoded"}, urlencode({"payload": json.dumps(PUSHED)})),
    ):
        assert world.call("POST", made["path"], body=body, headers=headers | {"x-github-event": "push"}).status == 200
    assert said(workspace, made) == [SAID] * 3
    multipart = {"content-type": "multipart/form-data; boundary=x"}
    assert world.call("POST", made["path"], body="--x--", headers=multipart).status == 415


@pytest.mark.parametrize(
    ("body", "status"), [("", 400), ("{", 400), ("<xml/>", 400), ('"text"', 200), ("[]", 200), ("null", 200)]
)
def test_only_json_is_taken_and_any_json_is(world: World, workspace: Workspace, body: str, status: int) -> None:
    assert world.call("POST", hook(workspace, "generic")["path"], body=body).status == status


@pytest.mark.parametrize("odd", [r'"cut \ud83d"', r'"\u0000"', "1e400", "9" * 41, r'{"\udfff": [1e-999]}'])
def test_odd_members_do_not_make_the_url_fail(world: World, workspace: Workspace, odd: str) -> None:
    made = hook(workspace, "generic")
    assert world.call("POST", made["path"], body=f'{{"message": "Deployed", "log": {odd}}}').status == 200
    assert said(workspace, made) == ["Deployed"]


def test_a_payload_may_be_larger_than_a_message_but_not_endless(world: World, workspace: Workspace) -> None:
    path = hook(workspace, "generic")["path"]
    assert send(world, path, {"message": "Deployed", "log": "x" * 900_000}).status == 200
    assert send(world, path, {"message": "x" * 1_000_000}).status == 413


# --- the sender's secret ----------------------------------------------------------------------------------------------


def test_only_an_event_that_is_signed_with_the_secret_becomes_a_message(world: World, workspace: Workspace) -> None:
    made = hook(workspace, "github", sender_secret=SECRET)
    assert made["has_sender_secret"] is True
    assert SECRET not in json.dumps(made)
    good = {"x_github_event": "push", "x_hub_signature_256": signed(PUSHED)}
    assert send(world, made["path"], PUSHED, **good).status == 200
    for headers in ({}, {"x_hub_signature_256": signed(PUSHED, "another secret")}):
        answer = send(world, made["path"], PUSHED, x_github_event="push", **headers)
        assert (answer.status, answer.json["title"]) == (403, "Forbidden")
        assert "sender_secret" in answer.json["detail"]
    assert send(world, made["path"], PUSHED | {"commits": [{}, {}]}, **good).status == 403
    assert said(workspace, made) == [SAID]


def test_a_secret_is_judged_before_the_body_is_read(world: World, workspace: Workspace) -> None:
    made = hook(workspace, "generic", sender_secret=SECRET)
    assert world.call("POST", made["path"], body="{").status == 403
    assert world.call("POST", made["path"], body="{", headers={"authorization": f"Bearer {SECRET}"}).status == 400


def test_a_secret_is_kept_encrypted_and_bound_to_its_webhook(world: World, workspace: Workspace) -> None:
    with captured() as logged:
        made = hook(workspace, "generic", sender_secret=SECRET)
        headers = {"authorization": f"Bearer {SECRET}"}
        assert send(world, made["path"], {"message": "x"}, **headers).status == 200
    assert SECRET not in str(logged.lines)
    items = [item for _, item in world.items() if made["id"] in str(item)]
    assert SECRET not in str(items)
    assert sum("B" in item.get("sealed_sender_secret", {}) for item in items) == 2


def test_a_secret_can_be_changed_removed_and_survives_a_new_url(world: World, workspace: Workspace) -> None:
    made = hook(workspace, "gitlab", sender_secret=SECRET)
    address = f"/v1/incoming-webhooks/{made['id']}"

    def status(path: str, token: str) -> int:
        return send(world, path, {"object_kind": "push"}, x_gitlab_token=token).status

    renewed = workspace.call("POST", f"{address}/regenerate").json["url"].removeprefix("https://api.test")
    assert (status(renewed, SECRET), status(renewed, "x"), status(made["path"], SECRET)) == (200, 403, 404)
    assert workspace.call("PATCH", address, json_body={"sender_secret": "another-secret"}).json["has_sender_secret"]
    assert (status(renewed, "another-secret"), status(renewed, SECRET)) == (200, 403)
    assert not workspace.call("PATCH", address, json_body={"sender_secret": None}).json["has_sender_secret"]
    assert status(renewed, "anything") == 200
    records = workspace.call("GET", "/v1/audit").json["items"]
    edits = [record["details"]["changed"] for record in records if record["action"] == "incoming_webhook.edited"]
    assert edits == [["sender_secret"]] * 2
    assert SECRET not in json.dumps(records)


def test_a_closed_webhook_judges_nothing(world: World, workspace: Workspace) -> None:
    made = hook(workspace, "aws_sns")
    workspace.call("PATCH", f"/v1/incoming-webhooks/{made['id']}", json_body={"state": "disabled"})
    assert send(world, made["path"], {"Type": "Notification"}).status == 409


def test_sns_is_not_believed_without_a_signature(world: World, workspace: Workspace) -> None:
    made = hook(workspace, "aws_sns")
    for example in json.loads((PAYLOADS / "aws_sns.json").read_text()):
        assert send(world, made["path"], example["payload"]).status == 403
    assert send(world, made["path"], [1]).status == 403
    assert said(workspace, made) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"source": "github", "flavour": "slack"}, "/flavour"),
        ({"source": "unheard_of"}, "/source"),
        ({"translation": "a"}, "/translation"),
        ({"source": "generic", "translation": "a.["}, "/translation"),
        ({"source": "generic", "translation": "a" * 2_001}, "/translation"),
        ({"sender_secret": SECRET}, "/sender_secret"),
        ({"source": "jenkins", "sender_secret": SECRET}, "/sender_secret"),
        ({"source": "aws_sns", "sender_secret": SECRET}, "/sender_secret"),
        ({"source": "github", "sender_secret": "short"}, "/sender_secret"),
        ({"source": "github", "sender_secret": "with a space in it"}, "/sender_secret"),
    ],
)
def test_a_webhook_that_could_not_work_is_refused(workspace: Workspace, body: dict[str, Any], pointer: str) -> None:
    wanted = {"chat_id": workspace.chat(), "name": "CI", **body}
    answer = workspace.call("POST", "/v1/incoming-webhooks", json_body=wanted)
    assert answer.status == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert SECRET not in answer.body.decode()


def test_a_patch_is_held_to_the_same_rules(workspace: Workspace) -> None:
    plain, github = (
        workspace.make("/v1/incoming-webhooks", {"chat_id": workspace.chat(), "name": "CI"}),
        hook(workspace, "github"),
    )
    for made, body in (
        (plain, {"translation": "a"}),
        (plain, {"sender_secret": SECRET}),
        (github, {"translation": "a.["}),
        (github, {"source": "gitlab"}),
    ):
        assert workspace.call("PATCH", f"/v1/incoming-webhooks/{made['id']}", json_body=body).status == 422


# --- a workspace's own translation ------------------------------------------------------------------------------------

EXPRESSION = "{text: join(' ', [who, 'deployed']), attachments: [{title: version}]}"


def test_a_workspace_writes_its_own_translation(world: World, workspace: Workspace) -> None:
    made = hook(workspace, "generic", translation=EXPRESSION)
    assert made["translation"] == EXPRESSION
    assert send(world, made["path"], {"who": "Ada", "version": "1.2"}).status == 200
    (message,) = workspace.messages(made["chat_id"])
    assert (message["text"], message["attachments"][0]["title"]) == ("Ada deployed", "1.2")
    # A failure tells of itself below the product's own sentence; nothing is lost.
    assert send(world, made["path"], {"who": 7, "message": "Deployed"}).status == 200
    last = workspace.messages(made["chat_id"])[0]
    assert last["text"] == "Deployed"
    assert last["attachments"][0]["footer"].startswith("The own translation failed.")
    address = f"/v1/incoming-webhooks/{made['id']}"
    assert workspace.call("PATCH", address, json_body={"translation": "nothing"}).json["translation"] == "nothing"
    assert "x-fm-message-id" not in send(world, made["path"], {"who": "Ada"}).headers
    assert workspace.call("PATCH", address, json_body={"translation": None}).json["translation"] is None
    send(world, made["path"], {"message": "Again"})
    assert said(workspace, made)[0] == "Again"


def test_a_translation_of_signed_events_keeps_the_signature(world: World, workspace: Workspace) -> None:
    made = hook(workspace, "github", translation="pusher.name", sender_secret=SECRET)
    assert send(world, made["path"], PUSHED).status == 403
    assert send(world, made["path"], PUSHED, x_hub_signature_256=signed(PUSHED)).status == 200
    assert said(workspace, made) == ["ada"]


@pytest.mark.parametrize("source", get_args(Source.__value__))
def test_the_consoles_sample_of_a_source_makes_a_message_by_our_sentences_and_by_its_expression(
    workspace: Workspace, source: str
) -> None:
    sample = json.loads(SAMPLES.read_text())[source]
    body = {"source": source, "payload": sample["payload"], "headers": sample["headers"]}
    for more in ({}, {"translation": sample["expression"]}):
        shown = workspace.call("POST", "/v1/incoming-webhooks/preview", json_body=body | more)
        assert shown.status == 200, shown.body
        assert len(shown.json["text"]) > 5


def test_a_preview_shows_the_message_and_keeps_nothing(world: World, workspace: Workspace) -> None:
    before = world.rows()

    def preview(**body: Any) -> Answer:
        return workspace.call("POST", "/v1/incoming-webhooks/preview", json_body=body)

    shown = preview(source="github", payload=PUSHED, headers={"X-GitHub-Event": "push"})
    assert (shown.status, shown.json["text"]) == (200, SAID)
    own = preview(source="generic", payload={"who": "Ada", "version": "1.2"}, translation=EXPRESSION).json
    assert (own["text"], own["attachments"][0]["title"]) == ("Ada deployed", "1.2")
    assert preview(source="github", payload={}, headers={"x-github-event": "label"}).json == {
        "text": None,
        "attachments": None,
    }
    failed = preview(source="generic", payload={"who": 7}, translation=EXPRESSION)
    assert (failed.status, failed.json["errors"][0]["pointer"]) == (422, "/translation")
    costly = preview(source="generic", payload={}, translation="|".join(["[@,@]"] * 60))
    assert (costly.status, "too much work" in costly.json["detail"]) == (422, True)
    assert preview(source="aws_sns", payload={"Type": "Notification", "Message": "Load"}).json["text"] == "Load"
    assert world.rows() == before
