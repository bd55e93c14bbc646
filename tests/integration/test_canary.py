"""Each secret is only in the one answer that created it.

The test creates and uses secrets of every kind, then searches.

It searches all items of all tables, the queues, the streams, the log (as written and before masking) and every other
answer. It also sends the secrets to wrong places, as people do by mistake.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support import template
from tests.support.clients import aws_client
from tests.support.logs import Logged, captured
from tests.support.world import Answer, World


@dataclass
class Journey:
    """The requests of a workspace's users, their answers, and the secrets that these answers contained."""

    workspace: Workspace
    logged: Logged
    secrets: dict[str, str] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)  # the positions of the answers that may show a secret
    answers: list[Answer] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)  # what receivers got

    def keep(self, what: str, answer_json: dict[str, Any], name: str) -> str:
        """Store the secret in the member `name` of the last answer, and mark that answer as allowed to contain it."""
        secret = str(answer_json[name]).rpartition("/")[2]
        self.secrets[what] = secret
        self.shown.add(len(self.workspace.world.answers) - 1)
        return secret


@pytest.fixture(scope="module")
def journey(world: World) -> Journey:
    world.answers.clear()
    with captured() as logged, Receiver() as receiver:
        owner = world.bootstrap("Watched")
        workspace = Workspace(world, owner["workspace_id"], owner["user_id"], owner["token"])
        made = Journey(workspace, logged, {"the owner's token": workspace.token})
        _make(made, receiver)
        _misplace(made)
        made.answers = list(world.answers)
    return made


def _make(journey: Journey, receiver: Receiver) -> None:
    """Create one secret of each kind, and use it."""
    workspace, world = journey.workspace, journey.workspace.world
    chat = workspace.chat()
    for environment in ("production", "staging"):
        body = {"name": "CI", "scopes": ["chats:read"], "environment": environment}
        token = journey.keep(f"a {environment} token", workspace.make("/v1/tokens", body), "token")
        assert world.call("GET", "/v1/chats", token=token).status == 200
        assert world.call("POST", "/v1/chats", token=token, json_body={"name": "x"}).status == 403
    incoming = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
    hook = journey.keep("an incoming webhook's secret", incoming, "url")
    again = workspace.make(f"/v1/incoming-webhooks/{incoming['id']}/regenerate", None, 200)
    newer = journey.keep("an incoming webhook's second secret", again, "url")
    for secret, status in ((hook, 404), (newer, 200)):
        assert world.call("POST", f"/hooks/{secret}", json_body={"text": "Build passed"}).status == status
    for path, status in (("/good", 200), ("/bad", 500)):
        receiver.answer(path, status)
        body = {"url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat]}
        outgoing = workspace.make("/v1/webhooks", body)
        journey.keep(f"the signing secret of {path}", outgoing, "secret")
        rotated = workspace.make(f"/v1/webhooks/{outgoing['id']}/rotate-secret", {}, 200)
        journey.keep(f"the second signing secret of {path}", rotated, "secret")
    bot = workspace.make("/v1/bots", {"name": "Bot", "handle": f"bot-{workspace.workspace_id[-8:].lower()}"})
    journey.keep("a bot's token", bot, "token")
    journey.secrets["a session's token"] = workspace.signed_in().token
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "Build failed"})
    world.pump(20)
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "stays in the stream"})
    journey.sent = [request.body + repr(request.headers).encode() for request in receiver.requests()]
    assert journey.sent


def _misplace(journey: Journey) -> None:
    """Send each secret to wrong places.

    Ferryman refuses all these requests, except those with it as Idempotency-Key.
    """
    world, token = journey.workspace.world, journey.workspace.token
    for secret in journey.secrets.values():
        for method, target, options in (
            ("GET", f"/v1/chats/{secret}", {}),
            ("GET", f"/v1/tokens/{secret}", {}),
            ("GET", f"/{secret}", {}),
            ("GET", f"/hooks/{secret}", {}),
            ("POST", f"/hooks/{secret}x", {"json_body": {"text": "x"}}),
            ("GET", f"/v1/chats?{secret}=1", {}),
            ("GET", f"/v1/chats?cursor={secret}", {}),
            ("GET", f"/v1/me?{secret}", {}),
            ("POST", "/v1/chats", {"json_body": {"name": "x", secret: 1}}),
            ("POST", "/v1/chats", {"json_body": {"name": [secret]}}),
            ("POST", "/v1/webhooks", {"json_body": {"url": f"https://{secret}@ci.example.com/", "events": ["x"]}}),
            ("POST", "/v1/tokens", {"json_body": {"name": "x", "scopes": [secret], "environment": "production"}}),
            ("POST", "/v1/chats", {"body": f'{{"name": "{secret}"'}),
        ):
            answer = world.call(method, target, token=token, **options)
            assert answer.status in (404, 405, 400, 422), f"{method} {target}: {answer.status}"
        for headers in (
            {"authorization": f"Basic {secret}"},
            {"authorization": f"Bearer {secret[:-1]}"},
            {"authorization": f"Bearer {secret}0"},
            {"x-api-key": secret[:-1]},
        ):
            assert world.call("GET", "/v1/me", headers=headers).status == 401
        key = {"idempotency-key": secret}
        assert world.call("POST", "/v1/chats", token=token, json_body={"name": "x"}, headers=key).status == 201


def _hits(journey: Journey, text: str) -> list[str]:
    return [what for what, secret in journey.secrets.items() if secret in text]


def _text(value: Any) -> str:
    """An item as text, with its binary values decoded, so that a secret in one is found."""
    plain = json.dumps(value, default=lambda raw: bytes(raw).decode("latin-1"))
    for found in _binaries(value):
        plain += base64.b64decode(found).decode("latin-1")
    return plain


def _binaries(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"B"}:
            yield value["B"] if isinstance(value["B"], str) else base64.b64encode(bytes(value["B"])).decode()
        for inner in value.values():
            yield from _binaries(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _binaries(inner)


def test_the_journey_made_every_kind_of_secret(journey: Journey) -> None:
    kinds = {secret[:8] if secret.startswith("fm_") else secret[:6] for secret in journey.secrets.values()}
    assert {"fm_live_", "fm_test_", "fm_sess_", "whsec_"} <= kinds
    assert len(set(journey.secrets.values())) == len(journey.secrets) >= 10


def test_no_secret_is_in_any_table(journey: Journey, world: World) -> None:
    searched = 0
    for table, item in world.items():
        assert _hits(journey, _text(item)) == [], f"{table} holds a secret"
        searched += 1
    assert searched > 30


def test_no_secret_is_in_a_queue_or_a_stream(journey: Journey, world: World) -> None:
    sqs = aws_client("sqs")
    for queue in template.resources("AWS::SQS::Queue"):
        for message in sqs.receive_message(QueueUrl=world.queue_url(queue), MaxNumberOfMessages=10).get("Messages", []):
            assert _hits(journey, json.dumps(message)) == [], f"{queue} holds a secret"
    for table in ("MessagesTable", "EventsTable"):
        records = world.stream_records(table)
        assert records or table == "EventsTable"
        assert _hits(journey, json.dumps(records)) == [], f"the stream of {table} holds a secret"


def test_no_secret_is_in_the_log(journey: Journey) -> None:
    names = {line["message"] for line in journey.logged.lines()}
    assert {"request.handled", "message.accepted", "events.dispatched", "delivery.attempted"} <= names
    assert _hits(journey, journey.logged.written.getvalue()) == []


def test_no_secret_is_in_the_log_even_before_it_is_masked(journey: Journey) -> None:
    """Masking is only a second protection, so the unmasked lines must not contain a secret either."""
    assert journey.logged.unmasked.getvalue().count("\n") >= journey.logged.written.getvalue().count("\n")
    assert _hits(journey, journey.logged.unmasked.getvalue()) == []


def test_no_secret_is_in_any_answer_but_the_one_that_made_it(journey: Journey) -> None:
    assert len(journey.answers) > 200
    for position, answer in enumerate(journey.answers):
        text = answer.body.decode("latin-1") + json.dumps(dict(answer.headers))
        hits = _hits(journey, text)
        assert len(hits) == (position in journey.shown), f"{answer.route} answered {answer.status} with {hits}"


def test_no_secret_is_sent_to_a_receiver(journey: Journey) -> None:
    assert [hits for body in journey.sent if (hits := _hits(journey, body.decode("latin-1")))] == []
