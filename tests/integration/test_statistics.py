"""How many deliveries succeeded and failed in each hour, for users who see the webhook, at a limited price."""

from collections.abc import Iterable
from typing import Any

import pytest
from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.webhooks.deliveries.model import Delivery, DeliveryState
from ferryman.webhooks.deliveries.table import TABLE, key

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.clients import aws_client
from tests.support.world import World

ADDRESS = "/v1/deliveries/statistics"
HOUR = 3600


@pytest.fixture
def hook(workspace: Workspace, receiver: Receiver) -> dict[str, Any]:
    return webhook(workspace, receiver)


def webhook(by: Workspace, receiver: Receiver) -> dict[str, Any]:
    chat = by.chat()
    fields = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]}
    made: dict[str, Any] = by.make("/v1/webhooks", fields)
    return made | {"chat": chat}


def counted(by: Workspace, query: str = "") -> dict[str, dict[str, Any]]:
    answer = by.call("GET", f"{ADDRESS}?{query}")
    assert answer.status == 200, answer.body
    return {one["webhook_id"]: one for one in answer.json["items"]}


def ends(counts: dict[str, Any]) -> tuple[int, int, int]:
    return counts["delivered"], counts["failed"], counts["waiting"]


def keep(
    world: World, workspace: Workspace, hook: dict[str, Any], states: Iterable[tuple[float, DeliveryState]]
) -> None:
    """Store deliveries of events that happened at these times (seconds since the epoch)."""
    with world.inside("deliverer"):
        table, items = store.table_name(TABLE), []
    for number, (at, state) in enumerate(states):
        event_id = ids.derived(ids.EVENT, clock.iso(at), str(number))
        delivery_id = ids.delivery(event_id, hook["id"])
        delivery = Delivery(
            workspace_id=workspace.workspace_id,
            webhook_id=hook["id"],
            delivery_id=delivery_id,
            event_id=event_id,
            event_type="message.created",
            livemode=True,
            state=state,
            created_at=clock.iso(at),
            updated_at=clock.iso(at),
            expires_at_epoch=int(clock.now()) + HOUR,
        )
        item = {**delivery.to_item(), **key(workspace.workspace_id, hook["id"], delivery_id)}
        items.append({"PutRequest": {"Item": store.dump(item)}})
    for start in range(0, len(items), 25):
        aws_client("dynamodb").batch_write_item(RequestItems={table: items[start : start + 25]})


def test_deliveries_are_counted_by_how_they_ended_and_tests_are_not(
    world: World, workspace: Workspace, hook: dict[str, Any], receiver: Receiver
) -> None:
    for number in range(3):
        workspace.make(f"/v1/chats/{hook['chat']}/messages", {"text": f"Build {number}"})
    assert workspace.call("POST", f"/v1/webhooks/{hook['id']}/test", {}).status == 202
    world.pump()
    receiver.answer("/in", 410)
    workspace.make(f"/v1/chats/{hook['chat']}/messages", {"text": "To nobody"})
    world.pump()
    counts = counted(workspace)[hook["id"]]
    assert ends(counts) == (3, 1, 0)
    assert counts["complete"]
    assert sum(ends(hour)[0] for hour in counts["hours"]) == 3


def test_each_is_counted_in_the_hour_of_its_event(world: World, workspace: Workspace, hook: dict[str, Any]) -> None:
    this_hour = int(clock.now()) // HOUR * HOUR
    states: list[tuple[float, DeliveryState]] = [
        (this_hour - 24 * HOUR + 3599, "delivered"),  # before the day
        (this_hour - 23 * HOUR, "exhausted"),
        (this_hour - 2 * HOUR, "delivered"),
        (this_hour - 2 * HOUR + 3599, "cancelled"),
        (this_hour, "retrying"),
        (this_hour, "queued"),
    ]
    keep(world, workspace, hook, states)
    counts = counted(workspace)[hook["id"]]
    assert {hour["at"]: ends(hour) for hour in counts["hours"]} == {
        clock.iso(this_hour - 23 * HOUR): (0, 1, 0),
        clock.iso(this_hour - 2 * HOUR): (1, 1, 0),
        clock.iso(this_hour): (0, 0, 2),
    }
    assert counts["since"] == clock.iso(this_hour - 23 * HOUR)
    assert ends(counted(workspace, "hours=25")[hook["id"]]) == (2, 2, 2)
    assert ends(counted(workspace, "hours=1")[hook["id"]]) == (0, 0, 2)


def test_the_newest_deliveries_are_counted_when_there_are_many_and_the_answer_says_since_when(
    world: World, workspace: Workspace, hook: dict[str, Any]
) -> None:
    """At most a thousand are counted, so that the price of the answer does not grow with the log."""
    this_hour = int(clock.now()) // HOUR * HOUR
    old: list[tuple[float, DeliveryState]] = [(this_hour - 2 * HOUR, "exhausted")] * 5
    new: list[tuple[float, DeliveryState]] = [(this_hour - HOUR + second, "delivered") for second in range(1_000)]
    keep(world, workspace, hook, old + new)
    counts = counted(workspace)[hook["id"]]
    assert ends(counts) == (1_000, 0, 0)
    assert not counts["complete"]
    assert counts["since"] == clock.iso(this_hour - HOUR)


def test_only_those_who_see_a_webhook_get_its_counts(
    workspace: Workspace, hook: dict[str, Any], other: Workspace
) -> None:
    colleague = workspace.person("manager", "webhooks:read")
    tester = workspace.narrow("admin:*", environment="staging")
    assert hook["id"] in counted(workspace)
    assert list(counted(workspace, f"webhook_id={hook['id']}")) == [hook["id"]]
    for by in (colleague, tester, other):
        assert hook["id"] not in counted(by)
        assert counted(by, f"webhook_id={hook['id']}") == {}


@pytest.mark.parametrize("query", ["hours=0", "hours=169", "hours=all", "webhook_id=nonsense"])
def test_other_hours_are_refused(workspace: Workspace, query: str) -> None:
    answer = workspace.call("GET", f"{ADDRESS}?{query}")
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == query.partition("=")[0]
