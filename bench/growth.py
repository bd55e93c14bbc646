"""Measures a dispatch, a page of a delivery log and a look at a token, in small and in large workspaces.

The rows are copies that bench.edge makes when they are read. Calls, units and CPU are counted.
"""

import statistics
from typing import Any

from bench.calls import Scene, scene
from bench.deliveries import edge, invoked, tables
from bench.fanout import multiplied
from bench.report import Row
from tests.support.logs import captured
from tests.support.world import World

FEW, WEBHOOKS, LOG_ROWS, CREDENTIALS = 10, 100_000, 1_000_000, 100_000
TIMES = 20


def measure() -> list[Row]:
    with edge() as surroundings, captured(), scene() as one:
        (webhook_id,) = one.webhooks(1)
        one.post()
        one.world.pump()  # so that there is a delivery
        one.post()
        dispatch = {"Records": one.world.stream_records("MessagesTable")}
        topic = f"{one.workspace_id}/live/{one.chat_id}"
        page = _get(one, f"/v1/webhooks/{webhook_id}/deliveries?limit=50")
        check = _get(one, f"/v1/chats/{one.chat_id}")

        def listening(count: int) -> dict[str, Any]:
            others = {f"{one.workspace_id}/live/another": count - FEW} if count > FEW else {}
            return multiplied(one, webhook_id, count, topics={topic: FEW, **others})

        def measured(function: str, event: Any, held: Any) -> dict[str, float]:
            with invoked(surroundings, one.world, function, {"one": event}, held) as around:
                around.function.ask("5 one")
                around.calls()
                turns = [around.function.ask(f"{TIMES} one")["cpu_ms"] / TIMES for _ in range(5)]
                calls = around.calls()
            units = sum(call["reads"] + call["writes"] for call in calls)
            times = TIMES * len(turns)
            return {"calls": len(calls) / times, "units": units / times, "cpu": statistics.median(turns)}

        pairs = {
            f"dispatch to {FEW} of {WEBHOOKS:,} webhooks": [
                measured("dispatcher", dispatch, listening(count)) for count in (FEW, WEBHOOKS)
            ],
            f"a page of {LOG_ROWS:,} log rows": [
                measured("deliveries", page, _log(one.world, webhook_id, count)) for count in (1000, LOG_ROWS)
            ],
            f"a token among {CREDENTIALS:,} credentials": [
                measured("chats", check, _credentials(one.world, count)) for count in (FEW, CREDENTIALS)
            ],
        }
    return [_row(what, small, large) for what, (small, large) in pairs.items()]


def _row(what: str, small: dict[str, float], large: dict[str, float]) -> Row:
    cost = (large["units"] + large["calls"]) / (small["units"] + small["calls"])
    note = f"over a small one: {large['calls']:.0f} calls, {large['units']:.1f} units"
    return Row.at_most(f"{what}, calls and units", cost, "×", 1, note)


def _get(one: Scene, target: str) -> dict[str, Any]:
    event, _ = one.world.event("GET", target, {"authorization": f"Bearer {one.token}"}, None)
    return event


def _log(world: World, webhook_id: str, count: int) -> dict[str, Any]:
    """The world's tables in the form for bench.edge, with `count` copies of the webhook's one delivery."""
    found = tables(world)
    (delivery,) = [item for item in found["DeliveriesTable"]["items"] if item["webhook_id"]["S"] == webhook_id]
    form = "dlv_01M{:023d}" + webhook_id.removeprefix("whk_")
    copies = {"partition": delivery["webhook"]["S"], "form": form, "count": count, "item": delivery}
    found["DeliveriesTable"] |= {"items": [], "numbered": [copies]}
    return found


def _credentials(world: World, count: int) -> dict[str, Any]:
    found = tables(world)
    held = found["CredentialsTable"]["items"]
    held += [{**held[0], "secret_hash": {"S": f"{number:064x}"}} for number in range(count - len(held))]
    return found
