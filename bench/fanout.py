"""Measures one event for 1, 10, … 10,000 webhooks: calls, CPU and memory of the real dispatcher.

The webhooks and their subscriptions are copies of one webhook that the API created. bench.edge serves the copies, page
by page.
"""

from typing import Any

from bench.calls import Scene, scene
from bench.deliveries import Surroundings, edge, invoked, tables
from bench.report import Row
from tests.support.logs import captured

SIZES = (1, 10, 100, 1000, 10_000)
_ID = "whk_01K{:023d}"


def measure() -> list[Row]:
    found: dict[int, dict[str, float]] = {}
    with edge() as surroundings, captured(), scene() as one:
        (webhook_id,) = one.webhooks(1)
        one.world.stream_records("MessagesTable")
        one.post()
        event = {"Records": one.world.stream_records("MessagesTable")}
        for size in SIZES:
            copied = multiplied(one, webhook_id, size)
            with invoked(surroundings, one.world, "dispatcher", {"one": event}, copied) as around:
                found[size] = _measured(around, size)
    return [*_each(found), *_verdict(found)]


def multiplied(one: Scene, webhook_id: str, size: int, *, topics: dict[str, int] | None = None) -> dict[str, Any]:
    """The world's tables in the form for bench.edge, with `size` copies of one webhook in its place.

    The copies listen to the webhook's chat, or to `topics`: for each topic, the number of its subscriptions.
    """
    found = tables(one.world)
    (webhook,) = [item for item in found["WebhooksTable"]["items"] if item["webhook_id"]["S"] == webhook_id]
    rows = [item for item in found["SubscriptionsTable"]["items"] if item["webhook_id"]["S"] == webhook_id]
    (row,) = rows
    for table, item in (("WebhooksTable", webhook), ("SubscriptionsTable", row)):
        found[table]["items"].remove(item)
    workspace = {"partition": one.workspace_id, "form": _ID, "count": size, "item": webhook}
    found["WebhooksTable"]["numbered"] = [workspace]
    listening = topics if topics is not None else {row["topic"]["S"]: size}
    found["SubscriptionsTable"]["numbered"] = [
        {"partition": topic, "form": _ID, "count": count, "item": row} for topic, count in listening.items()
    ]
    return found


def _measured(around: Surroundings, size: int) -> dict[str, float]:
    around.function.ask("1 one")
    around.calls()
    answer = around.function.ask("1 one")
    calls = around.calls()
    assert answer["answer"] == {"batchItemFailures": []}, answer
    sent = [call["request"]["Entries"] for call in calls if call["target"].endswith("SendMessageBatch")]
    assert sum(map(len, sent)) == size, "each webhook gets its ticket"
    return {
        "calls": len(calls),
        "units": sum(call["reads"] + call["writes"] for call in calls),
        "cpu": answer["cpu_ms"],
        "memory": around.function.ask("memory one") / 1024 / 1024,
    }


def _each(found: dict[int, dict[str, float]]) -> list[Row]:
    return [
        Row(
            f"one event to {size:,} webhooks",
            one["calls"],
            "calls",
            "",
            True,
            f"{one['calls'] / size:.2f} calls, {one['units'] / size:.2f} units and {one['cpu'] / size:.2f} CPU ms "
            f"a webhook, peak of {one['memory']:.1f} MiB",
        )
        for size, one in found.items()
    ]


def _verdict(found: dict[int, dict[str, float]]) -> list[Row]:
    most, less = SIZES[-1], SIZES[-2]
    each = f"of {most:,} over {less:,}, each webhook"
    return [
        Row.at_most("fan-out, calls", found[most]["calls"] / found[less]["calls"] * less / most, "×", 1.1, each),
        Row.at_most("fan-out, CPU", found[most]["cpu"] / found[less]["cpu"] * less / most, "×", 1.3, each),
        Row.at_most(
            "fan-out, memory", found[most]["memory"] / found[less]["memory"], "×", 1.3, "of all, so it is flat"
        ),
    ]
