"""The pipeline's promises, with one fault in each test: duplicates, crashes half way, and refused calls."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.outbound import own_network, transport
from ferryman.pipeline import deliver, load_events
from ferryman.pipeline.load_events import Source
from ferryman.pipeline.prepare import Prepared, prepare
from ferryman.webhooks import retry_policy
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.tickets import Ticket

from local.receiver import Receiver
from tests.integration.conftest import Later, Workspace
from tests.support import queued
from tests.support.clients import aws_client
from tests.support.logged import logged
from tests.support.refusals import refused
from tests.support.world import Context, World
from tests.support.world import world as make_world
from tests.unit import hostile

type Event = dict[str, Any]


@pytest.fixture
def world() -> Iterator[World]:
    """A new deployment for each test, because a fault may leave messages in a queue."""
    with make_world() as made:
        yield made


@pytest.fixture(autouse=True)
def settings(world: World) -> Iterator[None]:
    """An attempt times out after one second."""
    before = world.parameters["AttemptTimeoutSeconds"]
    world.parameters["AttemptTimeoutSeconds"] = "1"
    yield
    world.parameters["AttemptTimeoutSeconds"] = before


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat()


@pytest.fixture
def webhook_id(workspace: Workspace, receiver: Receiver, chat: str) -> str:
    wanted = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]}
    return str(workspace.make("/v1/webhooks", wanted)["id"])


def _say(workspace: Workspace, chat: str, *texts: str) -> None:
    for text in texts:
        workspace.make(f"/v1/chats/{chat}/messages", {"text": text})


def _log(workspace: Workspace, webhook_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workspace.call("GET", f"/v1/webhooks/{webhook_id}/deliveries").json["items"]
    return found


def _batch(*tickets: Ticket) -> Event:
    return queued.batch(tickets)


def _dispatched(world: World, workspace: Workspace, chat: str, *texts: str) -> list[Ticket]:
    _say(workspace, chat, *texts)
    world.pump_streams()
    return queued.taken(world)


def _change(world: World, ticket: Ticket, **values: dict[str, Any]) -> None:
    """Set attributes of a delivery as a crashed function would have left them."""
    with world.inside("deliverer"):
        source = Source(ticket.workspace_id, ticket.event_id, ticket.chat_id, ticket.message_id)
        deliveries.show(deliveries.new(load_events.recall([source])[ticket.event_id], ticket.webhook_id))
    aws_client("dynamodb").update_item(
        TableName=world.table("deliveries"),
        Key={
            "webhook": {"S": f"{ticket.workspace_id}/{ticket.webhook_id}"},
            "delivery_id": {"S": ticket.delivery_id},
        },
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
    )


@contextmanager
def _intercepted(service: str, operation: str, act: Callable[[int, Any], Any], when: str = "before") -> Iterator[None]:
    """Inside the block, call `act` at each call of an operation, with the number of the call and its request or answer.

    `act` may raise, or change an answer.
    """
    client = {"dynamodb": aws.dynamodb, "sqs": aws.sqs}[service]()
    calls = 0

    def at_call(params: Any = None, parsed: Any = None, **_: Any) -> None:
        nonlocal calls
        calls += 1
        act(calls, parsed if when == "after" else params)

    name = f"{when}-call.{service}.{operation}"
    client.meta.events.register(name, at_call)
    try:
        yield
    finally:
        client.meta.events.unregister(name, at_call)


# --- from the stream to the queue -------------------------------------------------------------------------


def test_a_record_that_comes_twice_makes_one_delivery(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    _say(workspace, chat, "twice")
    records = world.stream_records("MessagesTable")
    for _ in range(2):
        assert world.invoke("dispatcher", {"Records": records}) == {"batchItemFailures": []}
    tickets = queued.taken(world)
    assert len(tickets) == 2
    assert len(set(tickets)) == 1
    for _ in range(2):
        world.invoke("dispatcher", {"Records": records})
        world.pump()
    assert len(receiver.requests()) == 1
    assert [len(delivery["attempts"]) for delivery in _log(workspace, webhook_id)] == [1]


def test_a_dispatcher_that_dies_before_sending_sends_the_tickets_next_time(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    _say(workspace, chat, "nearly sent", "this too")
    records = world.stream_records("MessagesTable")

    def die(_call: int, _request: Any) -> None:
        raise refused("SendMessageBatch", "InternalServerError", 500)

    with _intercepted("sqs", "SendMessageBatch", die):
        reply = world.invoke("dispatcher", {"Records": records})
    assert reply == {"batchItemFailures": [{"itemIdentifier": records[0]["dynamodb"]["SequenceNumber"]}]}
    assert world.invoke("dispatcher", {"Records": records}) == {"batchItemFailures": []}
    world.pump()
    assert len(receiver.requests()) == 2


def test_the_sweeper_finds_a_message_whose_dispatcher_died_before_the_receipt(
    world: World,
    workspace: Workspace,
    receiver: Receiver,
    chat: str,
    webhook_id: str,
    later: Later,
) -> None:
    """The dispatcher writes the receipt after it has sent the tickets, because a second ticket is harmless."""
    _say(workspace, chat, "sent, without a receipt")
    records = world.stream_records("MessagesTable")

    def die(_call: int, _request: Any) -> None:
        raise refused("PutItem", "InternalServerError", 500)

    with _intercepted("dynamodb", "PutItem", die):
        assert world.invoke("dispatcher", {"Records": records})["batchItemFailures"]
    later(300)
    assert world.invoke("sweeper", {}) == {"swept": 1}
    assert len(queued.taken(world)) == 2
    assert world.invoke("sweeper", {}) == {"swept": 0}


def test_after_a_failure_of_ours_the_batch_comes_again_from_there(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    """Lambda repeats from the first record in the answer. All records before it are done, none behind it is begun."""
    other = workspace.chat()
    wanted = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [other]}
    workspace.make("/v1/webhooks", wanted)
    _say(workspace, chat, "first")
    _say(workspace, other, "second")
    _say(workspace, chat, "third")
    records = world.stream_records("MessagesTable")
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]

    def refuse_other(_call: int, request: Any) -> None:
        if other in str(request):
            raise refused("Query", "InternalServerError", 500)

    with _intercepted("dynamodb", "Query", refuse_other):
        reply = world.invoke("dispatcher", {"Records": records})
    assert reply == {"batchItemFailures": [{"itemIdentifier": numbers[1]}]}
    assert len(queued.taken(world)) == 1
    assert world.invoke("dispatcher", {"Records": records}) == {"batchItemFailures": []}
    world.pump()
    assert sorted(json.loads(r.body)["data"]["message"]["text"] for r in receiver.requests()) == [
        "first",
        "second",
        "third",
    ]


def test_messages_that_sqs_refuses_within_a_good_answer_are_sent_again(
    world: World, workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    for number in range(3):
        wanted = {"url": receiver.url(f"/{number}"), "events": ["message.created"], "chat_ids": [chat]}
        workspace.make("/v1/webhooks", wanted)
    _say(workspace, chat, "to three")
    sent: list[int] = []

    def fail_two(call: int, answer: dict[str, Any]) -> None:
        sent.append(len(answer["Successful"]))
        if call == 1:
            failed, answer["Successful"] = answer["Successful"][:2], answer["Successful"][2:]
            answer["Failed"] = [{"Id": one["Id"], "Code": "InternalError", "SenderFault": False} for one in failed]

    with _intercepted("sqs", "SendMessageBatch", fail_two, "after"):
        world.pump_streams()
    assert sent == [3, 2], "all, then those that failed and no others"
    world.pump()
    assert len(receiver.requests()) == 3, "the two that had arrived all the same cost nobody anything"


def test_messages_that_sqs_refuses_for_good_keep_their_record_in_the_stream(
    world: World, workspace: Workspace, chat: str, webhook_id: str
) -> None:
    _say(workspace, chat, "refused")
    (record,) = world.stream_records("MessagesTable")

    def fail_all(_call: int, answer: dict[str, Any]) -> None:
        answer["Failed"] = [{"Id": one["Id"], "Code": "X", "SenderFault": True} for one in answer.pop("Successful")]

    with _intercepted("sqs", "SendMessageBatch", fail_all, "after"):
        reply = world.invoke("dispatcher", {"Records": [record]})
    assert reply == {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    queued.taken(world)


def test_reads_that_dynamodb_leaves_unprocessed_are_repeated(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    _say(workspace, chat, "read again")

    def leave_all(call: int, answer: dict[str, Any]) -> None:
        if call % 2:
            table, items = next(iter(answer["Responses"].items()))
            names = world_keys(world, table)
            keys = [{name: item[name] for name in names} for item in items]
            answer["UnprocessedKeys"] = {table: {"Keys": keys, "ConsistentRead": True}} if keys else {}
            answer["Responses"] = {table: []}

    with _intercepted("dynamodb", "BatchGetItem", leave_all, "after"):
        world.pump()
    assert len(receiver.requests()) == 1


def world_keys(world: World, table: str) -> list[str]:
    described = aws_client("dynamodb").describe_table(TableName=table)["Table"]["KeySchema"]
    return [one["AttributeName"] for one in described]


# --- claims -----------------------------------------------------------------------------------------------


def test_two_copies_of_a_message_at_once_make_one_attempt(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    """The copy without the claim is received again later, in case the one with the claim crashes."""
    (ticket,) = _dispatched(world, workspace, chat, "twice at once")
    with logged() as log:
        world.invoke("deliverer", _batch(ticket, ticket))
    assert len(log.lines("delivery.attempted")) == 1
    assert len(receiver.requests()) == 1
    (delivery,) = _log(workspace, webhook_id)
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)


def test_who_loses_the_claim_looks_again_in_case_the_winner_dies(
    world: World, workspace: Workspace, chat: str, webhook_id: str
) -> None:
    (ticket,) = _dispatched(world, workspace, chat, "twice at once")
    sent: list[int] = []

    def count(_call: int, request: dict[str, Any]) -> None:
        sent.append(json.loads(request["body"])["Entries"][0]["DelaySeconds"])

    with _intercepted("sqs", "SendMessageBatch", count):
        assert world.invoke("deliverer", _batch(ticket, ticket)) == {"batchItemFailures": []}
    assert sent == [16], "a second for the attempt, and fifteen to write of it"


def test_who_took_too_long_has_no_say_any_more(world: World, workspace: Workspace, chat: str) -> None:
    """The lease of the attempt is over, and another function has claimed the next one.

    DynamoDB refuses the late write. This is not logged as a failure, and the ticket is received again.
    """
    tickets: list[Ticket] = []

    def be_overtaken(visit: hostile.Visit) -> None:
        visit.read_request()
        made = [{"M": {"number": {"N": str(number)}, "at": {"S": clock.now_iso()}}} for number in (1, 2)]
        made[0]["M"]["outcome"] = {"S": "unknown"}
        lease = {"N": str(int(clock.now() * 1000) + 20_000)}
        _change(world, tickets[0], attempts={"L": made}, lease_until=lease, unknowns={"N": "1"})
        visit.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with hostile.receiver(be_overtaken) as receiver:
        wanted = {"url": receiver.url("/in", "localhost"), "events": ["message.created"], "chat_ids": [chat]}
        webhook_id = workspace.make("/v1/webhooks", wanted)["id"]
        tickets += _dispatched(world, workspace, chat, "slow")
        with logged() as log:
            assert world.invoke("deliverer", _batch(*tickets)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert not log.lines("delivery.failed"), "it is nobody's fault, so it rings nothing"
    (delivery,) = _log(workspace, webhook_id)
    assert delivery["state"] == "sending"
    assert [attempt["outcome"] for attempt in delivery["attempts"]] == ["unknown", "open"]


def test_a_copy_that_comes_while_another_sends_waits_for_its_lease(
    world: World, workspace: Workspace, chat: str
) -> None:
    replies: list[Event] = []
    tickets: list[Ticket] = []

    def meet_a_copy(visit: hostile.Visit) -> None:
        visit.read_request()
        replies.append(world.invoke("deliverer", _batch(*tickets)))
        visit.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with hostile.receiver(meet_a_copy) as receiver:
        wanted = {"url": receiver.url("/in", "localhost"), "events": ["message.created"], "chat_ids": [chat]}
        webhook_id = workspace.make("/v1/webhooks", wanted)["id"]
        tickets += _dispatched(world, workspace, chat, "twice in turn")
        world.invoke("deliverer", _batch(*tickets))
        assert receiver.connections == 1
    assert replies == [{"batchItemFailures": []}], "it is deferred with a new message, so that no receive is spent"
    (delivery,) = _log(workspace, webhook_id)
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)


def test_a_copy_that_comes_late_finds_the_delivery_over(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    (ticket,) = _dispatched(world, workspace, chat, "late")
    for _ in range(3):
        assert world.invoke("deliverer", _batch(ticket)) == {"batchItemFailures": []}
    assert len(receiver.requests()) == 1
    (delivery,) = _log(workspace, webhook_id)
    assert (delivery["state"], delivery["reason"]) == ("delivered", None), "it stays as it ended"


def test_an_attempt_that_never_reported_is_closed_as_unknown_and_costs_nothing(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    """The deliverer with the claim crashed, perhaps after the receiver's 200.

    The next attempt has the same id and body.
    """
    (ticket,) = _dispatched(world, workspace, chat, "who knows")
    began = clock.iso(clock.now() - 60)
    open_attempt = {"M": {"number": {"N": "1"}, "at": {"S": began}}}
    _change(
        world,
        ticket,
        state={"S": "sending"},
        attempts={"L": [open_attempt]},
        lease_until={"N": str(int(clock.now() * 1000) - 1)},
    )
    assert world.invoke("deliverer", _batch(ticket)) == {"batchItemFailures": []}
    (request,) = receiver.requests()
    assert request.headers["X-FM-Delivery-Attempt"] == "2"
    assert request.headers["X-FM-Delivery-ID"] == ticket.delivery_id
    (delivery,) = _log(workspace, webhook_id)
    assert [attempt["outcome"] for attempt in delivery["attempts"]] == ["unknown", "delivered"]
    assert delivery["state"] == "delivered"


@pytest.mark.parametrize(("unknowns", "attempts"), [(0, 4), (3, 4), (4, 3)])
def test_three_attempts_that_never_reported_are_free(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str, unknowns: int, attempts: int
) -> None:
    receiver.answer("/in", 500)
    (ticket,) = _dispatched(world, workspace, chat, "always refused")
    _change(world, ticket, unknowns={"N": str(unknowns)})
    for _ in range(8):
        world.invoke("deliverer", _batch(ticket))
    assert len(receiver.requests()) == attempts
    assert _log(workspace, webhook_id)[0]["state"] == "exhausted"


def test_attempts_that_never_report_end_too(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    """A function that crashes at each attempt must not try for ever, so the dead letters end the delivery."""
    (ticket,) = _dispatched(world, workspace, chat, "deadly")
    spent = retry_policy.MAX_FAILURES + retry_policy.MAX_UNKNOWNS - 1
    _change(
        world,
        ticket,
        state={"S": "sending"},
        attempts={"L": [{"M": {"number": {"N": "1"}, "at": {"S": clock.now_iso()}}}]},
        unknowns={"N": str(spent)},
        lease_until={"N": "1"},
    )
    assert world.invoke("deliverer", _batch(ticket)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert world.invoke("dead_letters", _batch(ticket)) == {"batchItemFailures": []}
    assert not receiver.requests()
    (delivery,) = _log(workspace, webhook_id)
    assert (delivery["state"], delivery["attempts"][0]["outcome"]) == ("exhausted", "unknown")
    assert f"{spent + 1} never reported" in delivery["reason"]


def test_without_time_for_an_attempt_none_is_begun(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    (ticket,) = _dispatched(world, workspace, chat, "too late")
    reply = world.invoke("deliverer", _batch(ticket), Context(remaining_ms=1_900))
    assert reply == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert not receiver.requests()
    assert _log(workspace, webhook_id) == []


def test_the_time_that_reading_took_is_gone(
    world: World,
    workspace: Workspace,
    receiver: Receiver,
    chat: str,
    webhook_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (ticket,) = _dispatched(world, workspace, chat, "slowly read")
    context = Context(remaining_ms=26_000)

    def slowly(tickets: Sequence[Ticket]) -> Prepared:
        context.remaining_ms = 1_000
        return prepare(tickets)

    monkeypatch.setattr(deliver, "prepare", slowly)
    reply = world.invoke("deliverer", _batch(ticket), context)
    assert reply == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert not receiver.requests()


@pytest.mark.parametrize("operation", ["BatchGetItem", "PutItem"])
def test_a_failure_before_the_claim_costs_the_receiver_nothing(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str, operation: str
) -> None:
    """Here a read for the attempt fails, or the claim itself. (test_dead_letters has the failures of KMS.)

    A delivery that was never claimed is in the log after it has gone through the dead letters.
    """
    (ticket,) = _dispatched(world, workspace, chat, "put off")

    def refuse(_call: int, _request: Any) -> None:
        raise refused(operation, "InternalServerError", 500)

    with _intercepted("dynamodb", operation, refuse):
        for _ in range(4):
            assert world.invoke("deliverer", _batch(ticket)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert not receiver.requests()
    assert world.invoke("dead_letters", _batch(ticket)) == {"batchItemFailures": []}
    assert [delivery["state"] for delivery in _log(workspace, webhook_id)] == ["queued"]
    assert world.invoke("deliverer", _batch(ticket)) == {"batchItemFailures": []}
    (delivery,) = _log(workspace, webhook_id)
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)


def test_while_our_own_network_is_down_no_attempt_is_counted(
    world: World,
    workspace: Workspace,
    receiver: Receiver,
    chat: str,
    webhook_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was sent, so neither the delivery's attempts nor the webhook's failures are counted."""
    (ticket,) = _dispatched(world, workspace, chat, "put off")

    def fail(*_: Any, **__: Any) -> Any:
        raise own_network.OwnNetworkDown("test")

    with monkeypatch.context() as broken:
        broken.setattr(transport, "post", fail)
        for _ in range(12):
            with logged() as log:
                assert world.invoke("deliverer", _batch(ticket)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
            assert log.lines("delivery.failed"), "it rings"
    (delivery,) = _log(workspace, webhook_id)
    assert (delivery["state"], delivery["attempts"]) == ("queued", [])
    assert workspace.call("GET", f"/v1/webhooks/{webhook_id}").json["consecutive_failures"] == 0
    assert world.invoke("dead_letters", _batch(ticket)) == {"batchItemFailures": []}
    assert world.invoke("deliverer", _batch(ticket)) == {"batchItemFailures": []}
    (delivery,) = _log(workspace, webhook_id)
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)
    assert len(receiver.requests()) == 1


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_deliveries_of_a_disabled_or_deleted_webhook_are_cancelled(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str, how: str
) -> None:
    """The event was dispatched before. The delivery ends without an attempt."""
    (ticket,) = _dispatched(world, workspace, chat, "waits")
    url = f"/v1/webhooks/{webhook_id}"
    if how == "deleted":
        assert workspace.call("DELETE", url).status == 204
    else:
        assert workspace.call("PATCH", url, {"state": "disabled"}).status == 200
    assert world.invoke("deliverer", _batch(ticket)) == {"batchItemFailures": []}
    assert receiver.requests() == []
    if how == "disabled":
        (delivery,) = _log(workspace, webhook_id)
        assert (delivery["state"], delivery["attempts"]) == ("cancelled", [])
        assert delivery["reason"] == "the webhook is disabled: disabled by a user"


def test_one_that_fails_does_not_take_its_batch_along(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, webhook_id: str
) -> None:
    tickets = _dispatched(world, workspace, chat, "one", "two", "three")
    replies: list[Event] = []

    def refuse_first(call: int, _request: Any) -> None:
        if call == 1:
            raise refused("PutItem", "InternalServerError", 500)

    with _intercepted("dynamodb", "PutItem", refuse_first):
        replies.append(world.invoke("deliverer", _batch(*tickets)))
    assert len(replies[0]["batchItemFailures"]) == 1
    assert len(receiver.requests()) == 2


def test_an_expired_delivery_is_gone_though_it_is_still_stored(
    world: World, workspace: Workspace, chat: str, webhook_id: str
) -> None:
    """DynamoDB deletes expired items only within days."""
    (ticket,) = _dispatched(world, workspace, chat, "over")
    _change(world, ticket, expires_at_epoch={"N": str(int(clock.now()) - 1)})
    assert _log(workspace, webhook_id) == []
    assert workspace.call("GET", f"/v1/deliveries/{ticket.delivery_id}").status == 404
