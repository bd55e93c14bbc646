"""The sweeper finds messages that were not dispatched, by receipts, active chats and cursors, and loses none."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.conversations.messages import activity
from ferryman.errors import RetryLater
from ferryman.pipeline.lost_messages import receipts, walk

from local.receiver import Receiver
from tests.integration.conftest import Later, Workspace
from tests.support.clients import aws_client
from tests.support.logged import logged
from tests.support.refusals import refused
from tests.support.world import Context, World
from tests.support.world import world as make_world

type Item = dict[str, Any]


@pytest.fixture
def world() -> Iterator[World]:
    """A new deployment for each test, whose sweeper has never run, and with empty caches."""
    activity.known.cache_clear()
    with make_world() as made:
        yield made


@pytest.fixture
def chat(workspace: Workspace, receiver: Receiver) -> str:
    """A chat with a webhook of the receiver."""
    return _listened(workspace, receiver)


def _listened(workspace: Workspace, receiver: Receiver) -> str:
    made = workspace.chat()
    wanted = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [made]}
    workspace.make("/v1/webhooks", wanted)
    return made


def _lose(world: World) -> None:
    """Take the new stream records, so that the dispatcher does not get them."""
    world.stream_records("MessagesTable")


def _texts(world: World, receiver: Receiver) -> list[str]:
    world.pump()
    return sorted(json.loads(request.body)["data"]["message"]["text"] for request in receiver.requests("/in"))


def _stored(world: World, message_id: str) -> Item:
    (found,) = [
        item
        for table, item in world.items()
        if table == "MessagesTable" and item["message_id"]["S"] == message_id and "revision" in item
    ]
    return found


def _with_receipt(world: World) -> set[str]:
    return {
        one["S"]
        for table, item in world.items()
        if table == "ReceiptsTable" and "ids" in item
        for one in item["ids"]["L"]
    }


def _cursor(name: str = "soon") -> Item:
    key = {"minute": {"S": "cursor"}, "receipt_id": {"S": name}}
    item: Item = aws_client("dynamodb").get_item(TableName="ReceiptsTable", Key=key)["Item"]
    return item


@contextmanager
def _intercepted(operation: str, act: Callable[[Any], Any], when: str = "before-parameter-build") -> Iterator[None]:
    """Inside the block, call `act` with the request before each call of an operation, or with the answer after it.

    `act` may raise.
    """

    def at_call(params: Any = None, parsed: Any = None, **_: Any) -> None:
        act(params if parsed is None else parsed)

    events, name = aws.dynamodb().meta.events, f"{when}.dynamodb.{operation}"
    events.register(name, at_call)
    try:
        yield
    finally:
        events.unregister(name, at_call)


@contextmanager
def _without_queues() -> Iterator[None]:
    def refuse(**_: Any) -> None:
        raise refused("SendMessageBatch", "InternalServerError", 500)

    events, name = aws.sqs().meta.events, "before-call.sqs.SendMessageBatch"
    events.register(name, refuse)
    try:
        yield
    finally:
        events.unregister(name, refuse)


# --- what a message carries -------------------------------------------------------------------------------


def test_only_the_first_message_of_a_chat_and_ten_minutes_has_an_entry(
    world: World, workspace: Workspace, later: Later
) -> None:
    chat, other = workspace.chat(), workspace.chat()
    start = clock.now() - clock.now() % activity.PERIOD_SECONDS + activity.PERIOD_SECONDS - clock.now()
    later(start + 1)
    first, second, elsewhere = workspace.say(chat, "1"), workspace.say(chat, "2"), workspace.say(other, "3")
    later(start + activity.PERIOD_SECONDS + 1)
    next_first = workspace.say(chat, "4")
    later(start + activity.PERIOD_SECONDS)
    before_it = workspace.say(chat, "5")
    items = {name: _stored(world, name) for name in (first, second, elsewhere, next_first, before_it)}
    # The last one comes before the entry of its ten minutes: who looks no further than itself has to find it.
    assert [name for name, item in items.items() if "active" in item] == [first, elsewhere, next_first, before_it]
    assert not [item for item in items.values() if "undispatched" in item]


def test_a_message_that_was_not_stored_leaves_the_chat_inactive(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    def refuse(request: Item) -> None:
        if request["TableName"] == "MessagesTable":
            raise refused("PutItem", "InternalServerError", 500)

    with _intercepted("PutItem", refuse):
        assert workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": "refused"}).status >= 500
    assert "active" in _stored(world, workspace.say(chat, "stored"))
    _lose(world)
    later(300)
    assert world.invoke("sweeper", {}) == {"swept": 1}
    assert _texts(world, receiver) == ["stored"]


def test_a_process_knows_a_bounded_number_of_chats(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "_MOST_KNOWN", 2)
    chats = [workspace.chat() for _ in range(3)]
    for chat in chats:
        workspace.say(chat, "first")
    assert "active" not in _stored(world, workspace.say(chats[2], "known"))
    assert "active" in _stored(world, workspace.say(chats[0], "forgotten"))


def test_an_id_that_is_old_when_its_message_is_put_carries_the_mark(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweeper may have passed the time of such an id already. The dispatcher removes the mark."""
    real, readings = clock.now, [0]

    def slow() -> float:
        readings[0] += 1
        return real() + 20 * readings[0]

    with monkeypatch.context() as slowly:
        slowly.setattr(clock, "now", slow)
        message_id = workspace.say(chat, "slow")
    assert "undispatched" in _stored(world, message_id)
    world.pump_streams()
    assert "undispatched" not in _stored(world, message_id)
    assert message_id in _with_receipt(world)
    assert _texts(world, receiver) == ["slow"]


# --- what has no receipt ----------------------------------------------------------------------------------


def test_the_sweeper_finds_lost_messages_and_leaves_dispatched_ones_alone(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    second = _listened(workspace, receiver)
    sent = [workspace.say(chat, "sent 1"), workspace.say(chat, "sent 2")]
    world.pump_streams()
    lost = [workspace.say(chat, "lost 1"), workspace.say(second, "lost 2"), workspace.say(second, "lost 3")]
    _lose(world)
    assert _with_receipt(world) == set(sent)
    later(60)
    assert world.invoke("sweeper", {}) == {"swept": 0}
    later(300)
    assert world.invoke("sweeper", {}) == {"swept": 3}
    assert world.invoke("sweeper", {}) == {"swept": 0}
    assert _with_receipt(world) == {*sent, *lost}
    later(7200)
    assert world.invoke("sweeper", {}) == {"swept": 0}
    assert _texts(world, receiver) == ["lost 1", "lost 2", "lost 3", "sent 1", "sent 2"]


def test_a_message_stored_after_the_sweeper_came_by_is_found(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    """A put can take some time, so the sweeper looks only at messages that are older than that."""
    message_id = workspace.say(chat, "slow")
    _lose(world)
    item = _stored(world, message_id)
    aws_client("dynamodb").delete_item(TableName="MessagesTable", Key={n: item[n] for n in ("chat", "message_id")})
    later(45)
    assert world.invoke("sweeper", {}) == {"swept": 0}
    aws_client("dynamodb").put_item(TableName="MessagesTable", Item=item)
    _lose(world)
    later(300)
    assert world.invoke("sweeper", {}) == {"swept": 1}
    assert _texts(world, receiver) == ["slow"]


def test_a_message_that_the_index_showed_late_is_found_an_hour_later(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    """DynamoDB gives no limit for how late an index shows a change."""
    workspace.say(chat, "unseen")
    _lose(world)

    def show_nothing(answer: Item) -> None:
        if any("active" in item for item in answer.get("Items", [])):
            answer["Items"] = []

    later(300)
    with _intercepted("Query", show_nothing, "after-call"):
        assert world.invoke("sweeper", {}) == {"swept": 0}
    later(600)
    assert world.invoke("sweeper", {}) == {"swept": 0}
    later(3600 + 600)
    assert world.invoke("sweeper", {}) == {"swept": 1}
    assert _texts(world, receiver) == ["unseen"]


@pytest.mark.parametrize(("change", "told"), [("PATCH", ["first"]), ("DELETE", [])])
def test_the_sweeper_delivers_the_first_text_of_an_edited_message_but_not_a_deleted_one(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later, change: str, told: list[str]
) -> None:
    path = f"/v1/chats/{chat}/messages/{workspace.say(chat, 'first')}"
    body = {"text": "second"} if change == "PATCH" else None
    assert workspace.call(change, path, body).status < 300
    _lose(world)
    world.stream_records("EventsTable")
    later(300)
    assert world.invoke("sweeper", {}) == {"swept": 2}  # the message, and the event of its change
    assert _texts(world, receiver) == told


def test_a_message_that_cannot_be_dispatched_keeps_its_mark_and_stops_no_other(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    message_id = workspace.say(chat, "refused")
    _lose(world)
    later(300)
    with _without_queues(), pytest.raises(RetryLater):
        world.invoke("sweeper", {})
    assert "undispatched" in _stored(world, message_id)
    assert _cursor()["accounted_until"]["S"] > _stored(world, message_id)["created_at"]["S"]
    assert world.invoke("sweeper", {}) == {"swept": 1}
    assert _texts(world, receiver) == ["refused"]


def test_a_stream_that_was_behind_takes_the_marks_off(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    """If the marks stayed, the sweeper would dispatch all messages of a long outage a second time."""
    message_id = workspace.say(chat, "behind")
    later(300)
    with _without_queues(), pytest.raises(RetryLater):
        world.invoke("sweeper", {})
    assert "undispatched" in _stored(world, message_id)
    world.pump_streams()
    assert "undispatched" not in _stored(world, message_id)
    assert world.invoke("sweeper", {}) == {"swept": 0}
    assert _texts(world, receiver) == ["behind"]


def test_a_message_that_was_not_sent_has_no_receipt(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    workspace.say(chat, "not sent")
    records = world.stream_records("MessagesTable")
    with _without_queues():
        assert world.invoke("dispatcher", {"Records": records})["batchItemFailures"]
    later(300)
    assert world.invoke("sweeper", {}) == {"swept": 1}
    assert _texts(world, receiver) == ["not sent"]


def test_a_message_that_an_operator_gave_up_is_not_tried_again(
    world: World, workspace: Workspace, chat: str, later: Later
) -> None:
    workspace.say(chat, "good")
    good = workspace.say(chat, "unreadable")
    item = _stored(world, good)
    key = {name: item[name] for name in ("chat", "message_id")}
    dynamodb = aws_client("dynamodb")
    dynamodb.put_item(TableName="MessagesTable", Item={**key, "created_at": item["created_at"]})
    _lose(world)
    later(300)
    for _ in range(2):
        with pytest.raises(RetryLater):
            world.invoke("sweeper", {})
    dynamodb.update_item(TableName="MessagesTable", Key=key, UpdateExpression="REMOVE undispatched")
    assert world.invoke("sweeper", {}) == {"swept": 0}
    later(7200)
    assert world.invoke("sweeper", {}) == {"swept": 0}


def test_a_sweeper_that_dies_before_its_cursor_moves_does_the_same_again(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    workspace.say(chat, "late")
    _lose(world)
    later(300)

    def die(request: Item) -> None:
        if request["Item"].get("receipt_id") == {"S": "soon"}:
            raise refused("PutItem", "InternalServerError", 500)

    with _intercepted("PutItem", die), pytest.raises(RetryLater):
        world.invoke("sweeper", {})
    assert world.invoke("sweeper", {})["swept"] <= 1
    assert _texts(world, receiver) == ["late"]


# --- cursors ----------------------------------------------------------------------------------------------


def test_a_run_that_was_overtaken_does_not_put_the_cursor_back(
    world: World, workspace: Workspace, later: Later
) -> None:
    later(300)
    world.invoke("sweeper", {})
    later(600)
    overtaken: list[str] = []

    def overtake(request: Item) -> None:
        if "accounted_until" in request["Item"] and not overtaken:
            overtaken.append(request["Item"]["accounted_until"]["S"])
            later(900)
            world.invoke("sweeper", {})

    with _intercepted("PutItem", overtake):
        world.invoke("sweeper", {})
    assert _cursor()["accounted_until"]["S"] > overtaken[0]


class FewLooks(Context):
    """A context that has 60 seconds left for the first `looks` calls, and then 20 seconds."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 60_000 if self.looks >= 0 else 20_000


def test_a_sweeper_short_of_time_leaves_the_next_chats_to_the_next_run(
    world: World, workspace: Workspace, receiver: Receiver, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "_CHATS_AT_ONCE", 1)
    chats = [_listened(workspace, receiver) for _ in range(4)]
    world.invoke("sweeper", {})  # its cursor is two minutes back
    for chat in chats:
        workspace.say(chat, chat)
    _lose(world)
    later(300)
    swept, places = 0, []
    with logged() as log:
        for _ in range(10):
            swept += world.invoke("sweeper", {}, FewLooks(2))["swept"]
            places.append(_cursor().get("slice_chat", {"S": ""})["S"].partition("/")[2])
            if swept == 4:
                break
    assert swept == 4
    assert [place for place in places if place] == sorted({place for place in places if place}), "it goes on"
    assert len({place for place in places if place}) >= 2
    assert log.lines("sweep.behind")
    assert _texts(world, receiver) == sorted(chats)


def test_more_receipts_than_can_be_held_make_smaller_slices(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "_MOST_RECEIPTS", 1)
    world.invoke("sweeper", {})
    for minute in range(4):
        later(60 * minute)
        workspace.say(chat, f"sent {minute}")
        world.pump_streams()
    workspace.say(chat, "lost")
    _lose(world)
    moves = int(_cursor()["moves"]["N"])
    later(600)
    assert world.invoke("sweeper", {}) == {"swept": 1}
    assert int(_cursor()["moves"]["N"]) - moves >= 4
    assert _texts(world, receiver) == ["lost", *(f"sent {minute}" for minute in range(4))]


# --- receipts ---------------------------------------------------------------------------------------------


def test_receipts_fit_into_a_write_unit_each_and_expire(world: World) -> None:
    from ferryman import ids
    from ferryman.aws import dynamodb as store

    from bench.meter import write_units

    with world.inside("dispatcher"):
        for write in receipts.writing([ids.new(ids.MESSAGE) for _ in range(100)]):
            store.commit([write])
    items = [item for table, item in world.items() if table == "ReceiptsTable"]
    assert sum(len(item["ids"]["L"]) for item in items) == 100
    assert {write_units(None, item) for item in items} == {1}
    assert len(items) <= 5
    assert all(int(item["expires_at_epoch"]["N"]) > clock.now() + 14 * 86_400 for item in items)


# --- copied back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("marked", "texts"), [(False, []), (True, ["restored"])])
def test_a_message_copied_back_from_a_backup_is_sent_only_if_it_waits(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, marked: bool, texts: list[str]
) -> None:
    workspace.say(chat, "restored")
    (record,) = world.stream_records("MessagesTable")
    record["dynamodb"]["ApproximateCreationDateTime"] = clock.now() + 2 * 86_400
    if marked:
        record["dynamodb"]["NewImage"]["undispatched"] = {"S": "1"}
    assert world.invoke("dispatcher", {"Records": [record]}) == {"batchItemFailures": []}
    assert _texts(world, receiver) == texts
