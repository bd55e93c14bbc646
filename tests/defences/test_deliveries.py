"""Each test removes one defence of the pipeline, and checks through the API that a promise breaks."""

import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from ferryman import clock, log
from ferryman.identity.credentials import secrets
from ferryman.outbound import adapter, own_network, resolver, ssrf_guard, transport
from ferryman.outbound.adapter import Limits
from ferryman.outbound.deadline import Deadline
from ferryman.pipeline import checks, lost_messages, matching, parking
from ferryman.webhooks import health, loop_prevention, probes, retry_policy, signing
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Attempt, Delivery
from ferryman.webhooks.subscriptions import sealing
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.tickets import Ticket

from local.receiver import Answer, Receiver
from tests.defences.removal import is_held_by
from tests.integration.conftest import Workspace
from tests.support.clients import aws_client
from tests.support.logged import logged
from tests.support.world import World


class Line:
    """A chat, a webhook that gets its messages, and the receiver of the webhook."""

    def __init__(self, workspace: Workspace, receiver: Receiver, **wanted: Any) -> None:
        self.world, self.workspace, self.receiver = workspace.world, workspace, receiver
        self.chat = workspace.chat()
        self.path = f"/{self.chat}"
        body = {"url": receiver.url(self.path), "events": ["message.created"], "chat_ids": [self.chat]}
        made = workspace.make("/v1/webhooks", body | wanted)
        self.webhook_id, self.secret = made["id"], made["secret"]

    def say(self, text: str = "hello", **options: Any) -> None:
        answer = self.workspace.call("POST", f"/v1/chats/{self.chat}/messages", {"text": text}, **options)
        assert answer.status == 201, answer.body
        self.message_id = str(answer.json["id"])

    def requests(self) -> list[Any]:
        """The requests that the receiver got, after all waiting work is done."""
        self.world.pump()
        return self.receiver.requests(self.path)

    def log(self) -> list[dict[str, Any]]:
        """The deliveries of the webhook as the API lists them, after all waiting work is done."""
        self.world.pump()
        answer = self.workspace.call("GET", f"/v1/webhooks/{self.webhook_id}/deliveries")
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    def state(self) -> str:
        return str(self.workspace.call("GET", f"/v1/webhooks/{self.webhook_id}").json["state"])

    def send_ticket_again(self) -> None:
        """Send the delivery's ticket a second time, as SQS may do."""
        ticket = Ticket(self.workspace.workspace_id, self.log()[0]["id"], self.chat, self.message_id)
        aws_client("sqs").send_message(QueueUrl=self.world.queue_url("DeliveriesQueue"), MessageBody=ticket.dump())


@pytest.fixture
def line(workspace: Workspace, receiver: Receiver) -> Callable[..., Line]:
    """A factory of lines, each with a new chat and a new webhook."""
    return lambda **wanted: Line(workspace, receiver, **wanted)


type Lines = Callable[..., Line]


def _without(check: Callable[..., Any]) -> AbstractContextManager[Any]:
    """Remove one of the checks before an attempt, inside the block."""
    return patch.object(checks, "CHECKS", tuple(one for one in checks.CHECKS if one is not check))


def _items(world: World, table: str) -> str:
    """All items of a table as text."""
    return str(aws_client("dynamodb").scan(TableName=world.table(table))["Items"])


# --- where a delivery may go ---------------------------------------------------------------------------------------


def _url_is_refused(workspace: Workspace, url: str) -> bool:
    body = {"url": url, "events": ["message.created"], "chat_ids": [workspace.chat()]}
    return workspace.call("POST", "/v1/webhooks", body).status == 422


def test_the_judge_of_hosts_refuses_the_metadata_service(workspace: Workspace) -> None:
    is_held_by(
        patch.object(ssrf_guard, "_literal", lambda host, _allowed: host),
        lambda: _url_is_refused(workspace, "https://169.254.169.254/latest/meta-data"),
    )


def test_the_judge_of_schemes_refuses_plain_http(workspace: Workspace) -> None:
    is_held_by(
        patch.object(ssrf_guard, "_check_scheme_and_port", lambda *_: None),
        lambda: _url_is_refused(workspace, "http://hooks.example.com/in"),
    )


def test_the_judge_of_addresses_blocks_a_public_name_of_a_private_address(workspace: Workspace, line: Lines) -> None:
    """The addresses of a name are judged before each attempt, so a later DNS change cannot open our network."""

    def is_blocked() -> bool:
        private = line(url="https://rebound.example.com:8443/in")
        private.say()
        return all(attempt["error"] == "blocked_target" for attempt in private.log()[0]["attempts"])

    with (
        patch.object(resolver, "_getaddrinfo", lambda _host, _port: ["127.0.0.1"]),
        patch.object(own_network, "is_down", lambda: False),
    ):
        is_held_by(patch.object(ssrf_guard, "check", lambda _target, addresses, _allowed: list(addresses)), is_blocked)


def test_the_deadline_ends_an_attempt(line: Lines) -> None:
    begin = Deadline.__init__

    def ends() -> bool:
        slow = line()
        slow.receiver.answer(slow.path, Answer(delay=1.4), 200)
        slow.say()
        return bool(slow.log()[0]["attempts"][0]["outcome"] == "failed")

    is_held_by(patch.object(Deadline, "__init__", lambda self, _seconds: begin(self, 30)), ends)


def test_the_limit_bounds_what_is_kept_of_a_response(line: Lines) -> None:
    kept: list[int] = []
    outcome_of = transport._outcome

    def is_bounded() -> bool:
        talkative = line()
        talkative.receiver.answer(talkative.path, Answer(body=b"x" * 200_000))
        talkative.say()
        talkative.requests()
        return kept.pop() <= transport.EXCERPT_BYTES

    def counted(response: Any, duration_ms: int) -> Any:
        kept.append(len(response.content))
        return outcome_of(response, duration_ms)

    with patch.object(transport, "_outcome", counted):
        is_held_by(patch.object(transport, "_limits", lambda _options: Limits(10**6, 1)), is_bounded)


def test_a_redirect_is_not_followed_into_our_network(line: Lines) -> None:
    """The adapter with the guard sends only one request; the session above it must not follow redirects."""
    send = adapter.GuardedAdapter.send

    def is_not_followed() -> bool:
        redirecting = line()
        elsewhere = f"{redirecting.path}/elsewhere"
        redirecting.receiver.answer(redirecting.path, Answer(302, headers={"Location": elsewhere}))
        redirecting.say()
        redirecting.requests()
        return not redirecting.receiver.requests(elsewhere)

    def following(self: Any, request: Any, **named: Any) -> Any:
        response = send(self, request, **named)
        if response.status_code == 302:
            request.url = request.url + "/elsewhere"
            return send(self, request, **named)
        return response

    is_held_by(patch.object(adapter.GuardedAdapter, "send", following), is_not_followed)


# --- what the receiver can rely on ---------------------------------------------------------------------------------


def _is_signed(line: Line, request: Any) -> bool:
    """Whether the signature of the request is right by the documented recipe."""
    timestamp, signature = request.headers["X-FM-Webhook-Signature"].split(",")
    signed = f"{timestamp.removeprefix('t=')}.".encode() + request.body
    wanted = hmac.digest(line.secret.encode(), signed, hashlib.sha256).hex()
    return bool(signature == f"v1={wanted}" and timestamp == f"t={request.headers['X-FM-Webhook-Timestamp']}")


def _is_verified(line: Lines) -> bool:
    made = line()
    made.say()
    (request,) = made.requests()
    return _is_signed(made, request)


def test_the_signature_covers_its_timestamp(line: Lines) -> None:
    def of_body_alone(secrets: Any, timestamp: int, body: bytes) -> str:
        return f"t={timestamp},v1={hmac.digest(secrets[0].encode(), body, hashlib.sha256).hex()}"

    is_held_by(patch.object(signing, "fm_signature", of_body_alone), lambda: _is_verified(line))


def test_the_signature_covers_the_body(line: Lines) -> None:
    sign = signing.fm_signature
    is_held_by(
        patch.object(signing, "fm_signature", lambda secrets, at, _body: sign(secrets, at, b"")),
        lambda: _is_verified(line),
    )


def test_the_claim_lets_one_of_two_tickets_through(line: Lines) -> None:
    def claim_without_asking(delivery: Delivery, _lease_seconds: float) -> Delivery:
        attempt = Attempt(number=len(delivery.attempts) + 1, at=clock.now_iso())
        return replace(delivery, state="sending", attempts=[*delivery.attempts, attempt])

    def arrives_once() -> bool:
        made = line()
        made.say("twice")
        records = made.world.stream_records("MessagesTable")
        for _ in range(2):
            made.world.invoke("dispatcher", {"Records": records})
        return len(made.requests()) == 1

    is_held_by(patch.object(deliveries, "claim", claim_without_asking), arrives_once)


def test_a_delivery_that_is_over_is_not_sent_again(line: Lines) -> None:
    def is_not_sent_again() -> bool:
        made = line()
        made.say()
        made.send_ticket_again()
        return len(made.requests()) == 1

    is_held_by(patch.object(Delivery, "is_over", False), is_not_sent_again)


def test_the_lease_keeps_others_from_an_attempt_under_way(line: Lines) -> None:
    def is_left_alone() -> bool:
        made = line()
        made.say()
        made.requests()
        key = {
            "webhook": {"S": f"{made.workspace.workspace_id}/{made.webhook_id}"},
            "delivery_id": {"S": made.log()[0]["id"]},
        }
        aws_client("dynamodb").update_item(
            TableName=made.world.table("deliveries"),
            Key=key,
            UpdateExpression="SET #state = :sending, lease_until = :until",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":sending": {"S": "sending"},
                ":until": {"N": str(int((clock.now() + 60) * 1000))},
            },
        )
        made.send_ticket_again()
        return len(made.requests()) == 1

    is_held_by(_without(checks._is_not_being_sent), is_left_alone)


def test_a_webhook_that_was_disabled_gets_nothing_more(line: Lines) -> None:
    def gets_nothing() -> bool:
        made = line()
        made.say()
        made.world.pump_streams()
        change = {"state": "disabled"}
        assert made.workspace.call("PATCH", f"/v1/webhooks/{made.webhook_id}", change).status == 200
        return not made.requests()

    is_held_by(_without(checks._is_still_wanted), gets_nothing)


def test_the_retry_policy_tries_a_failing_receiver_four_times(line: Lines) -> None:
    def tries_four_times() -> bool:
        failing = line()
        failing.receiver.answer(failing.path, 500)
        failing.say()
        return len(failing.requests()) == 4

    is_held_by(patch.object(retry_policy, "retry_delay", lambda *_, **__: None), tries_four_times)


def test_health_disables_a_webhook_whose_receiver_is_gone(line: Lines) -> None:
    def is_disabled() -> bool:
        gone = line()
        gone.receiver.answer(gone.path, 410)
        gone.say()
        gone.requests()
        return gone.state() == "disabled"

    is_held_by(patch.object(health, "failed", lambda *_: None), is_disabled)


def test_a_probe_brings_back_a_webhook_whose_receiver_answers_again(line: Lines) -> None:
    real, hours = clock.now, iter((1, 3))

    def comes_back() -> bool:
        failing = line(disable_after=5)
        failing.receiver.answer(failing.path, 500)
        failing.say("one")
        failing.say("two")
        failing.requests()
        assert failing.state() == "disabled"
        failing.receiver.answer(failing.path, 200)
        later = real() + 3600 * next(hours)
        with patch.object(clock, "now", lambda: later):
            failing.world.invoke("sweeper", {})
            failing.requests()
        return failing.state() == "enabled"

    is_held_by(patch.object(probes, "step", lambda _: None), comes_back)


def test_the_place_in_a_second_holds_the_rate(line: Lines) -> None:
    now = clock.now()

    def is_held() -> bool:
        limited = line(max_per_second=1)
        limited.say("one")
        limited.say("two")
        return len(limited.requests()) == 1

    with patch.object(clock, "now", lambda: now):
        is_held_by(patch.object(webhooks, "take_place", lambda *_: True), is_held)


# --- who gets what -------------------------------------------------------------------------------------------------


def test_matching_sends_nothing_to_the_webhook_of_an_owner_who_left(workspace: Workspace, line: Lines) -> None:
    def gets_nothing_after_its_owner_left() -> bool:
        made = line()
        leaver = made.workspace.call("DELETE", f"/v1/chats/{made.chat}/members/{made.workspace.user_id}")
        assert leaver.status == 204, leaver.body
        made.say()
        return not made.log()

    is_held_by(patch.object(matching, "wants", lambda *_: True), gets_nothing_after_its_owner_left)


def test_the_chain_keeps_an_answer_from_its_own_webhook(line: Lines) -> None:
    def does_not_come_back() -> bool:
        made = line()
        made.say("ping")
        (request,) = made.requests()
        made.say("pong", headers={"X-FM-Delivery-ID": request.headers["X-FM-Delivery-ID"]})
        return len(made.requests()) == 1

    is_held_by(patch.object(loop_prevention, "of_reply", lambda *_: None), does_not_come_back)


# --- nothing is lost -----------------------------------------------------------------------------------------------


def test_the_search_for_lost_messages_finds_one_that_the_stream_lost(line: Lines) -> None:
    real = clock.now
    hours = iter((6, 8))  # later than any other sweep of this module: the search goes forward only

    def is_found() -> bool:
        said = real() + 3600 * next(hours)
        with patch.object(clock, "now", lambda: said):
            made = line()
            made.say()
            made.world.stream_records("MessagesTable")
        with patch.object(clock, "now", lambda: said + 3600):
            made.world.invoke("sweeper", {})
            return len(made.requests()) == 1

    is_held_by(patch.object(lost_messages, "find", lambda _seconds_left: ([], 0)), is_found)


def test_parking_keeps_a_record_that_nobody_can_read(world: World) -> None:
    numbers = iter("12")

    def is_kept() -> bool:
        number, before = next(numbers), len(world.parked())
        record = {"eventID": number, "eventName": "INSERT", "dynamodb": {"SequenceNumber": number, "NewImage": 5}}
        assert world.invoke("dispatcher", {"Records": [record]}) == {"batchItemFailures": []}
        return len(world.parked()) == before + 1

    is_held_by(patch.object(parking, "park", lambda *_: None), is_kept)


# --- secrets -------------------------------------------------------------------------------------------------------


def test_the_hash_keeps_tokens_out_of_the_tables(workspace: Workspace) -> None:
    wanted = {"name": "CI", "scopes": ["chats:read"], "environment": "production"}

    def is_absent() -> bool:
        return workspace.make("/v1/tokens", wanted)["token"] not in _items(workspace.world, "credentials")

    digest = secrets.digest
    own = digest(workspace.token)
    readable = patch.object(secrets, "digest", lambda text: own if text == workspace.token else text)
    is_held_by(readable, is_absent)


def test_sealing_keeps_signing_secrets_out_of_the_tables(line: Lines) -> None:
    def is_absent() -> bool:
        made = line()
        return made.secret not in _items(made.world, "webhooks")

    in_clear = patch.object(sealing, "seal", lambda _workspace, _webhook, _version, secret: secret.encode())
    is_held_by(in_clear, is_absent)


def test_redaction_masks_a_secret_that_a_receiver_repeats(line: Lines) -> None:
    def is_masked() -> bool:
        echoing = line()
        echoing.receiver.answer(echoing.path, Answer(500, body=f"got {echoing.secret}".encode()), 200)
        echoing.say()
        return echoing.secret not in json.dumps(echoing.log())

    is_held_by(patch.object(transport, "_redacted", lambda text: text), is_masked)


def test_redaction_masks_a_token_in_the_log(workspace: Workspace) -> None:
    def is_masked() -> bool:
        with logged() as lines:
            log.event("something.happened", detail=f"refused {workspace.token}")
        return workspace.token not in lines.text.getvalue()

    (handler,) = [one for one in log.logger.handlers if isinstance(one.formatter, log.Formatter)]
    is_held_by(patch.object(handler.formatter, "_mask", lambda text: text), is_masked)
