"""The hand-written figures of docs/cost.md: sizes of items, prices of storage, and limits that protect the bill."""

import re
from pathlib import Path

import pytest

from bench import cost
from bench.meter import size
from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support import template
from tests.support.world import World

PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text()
MILLION = 1_000_000
MONTH_DAYS = 365 / 12
OVERHEAD = 100  # bytes that DynamoDB adds to an item
STORED, RESTORABLE = 0.25, 0.20  # dollars a GB and month
ITEMS_A_MONTH = {"messages": 10 * MILLION, "deliveries": 10 * MILLION, "receipts": MILLION}
DAYS = {"400 days": 400, "30 days": 30, "two weeks and a day": 15}


def rows() -> dict[str, tuple[int, int, float, float]]:
    """The page's table of storage, by table: bytes of an item, days of retention, GB, and dollars a month."""
    found = {}
    for line in re.findall(r"^\| (messages|deliveries|receipts).*\|$", PAGE, re.MULTILINE):
        (row,) = re.findall(rf"^\| {line}.*$", PAGE, re.MULTILINE)
        _, _, item, kept, gigabytes, dollars, _ = (cell.strip() for cell in row.split("|"))
        days = next(number for words, number in DAYS.items() if kept.startswith(words))
        found[line] = (int(item.split()[0]), days, float(gigabytes), float(dollars.lstrip("$")))
    return found


def monthly(size_bytes: int, items: int, days: float, restorable: bool = True) -> float:
    gigabytes = items * days / MONTH_DAYS * size_bytes / 1e9
    return gigabytes * (STORED + RESTORABLE * restorable)


def test_items_are_as_large_as_the_page_says(world: World, workspace: Workspace, receiver: Receiver) -> None:
    """A difference of a tenth is accepted, because ids and times differ by some bytes."""
    chat = workspace.chat()
    hook = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]}
    workspace.make("/v1/webhooks", hook)
    url = str(workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})["url"])
    world.call("POST", url.removeprefix("https://api.test"), json_body={"text": "x" * 120})
    world.pump()
    (message,) = [item for table, item in world.items() if table == "MessagesTable" and "text" in item]
    (delivery,) = [item for table, item in world.items() if table == "DeliveriesTable"]
    for name, item in (("messages", message), ("deliveries", delivery)):
        assert size(item) + OVERHEAD == pytest.approx(rows()[name][0], rel=0.1), name


def test_storage_costs_what_the_page_says() -> None:
    assert rows().keys() == ITEMS_A_MONTH.keys()
    for name, (item, days, gigabytes, dollars) in rows().items():
        assert ITEMS_A_MONTH[name] * days / MONTH_DAYS * item / 1e9 == pytest.approx(gigabytes, rel=0.15), name
        assert monthly(item, ITEMS_A_MONTH[name], days, name != "receipts") == pytest.approx(
            dollars, rel=0.02, abs=0.01
        )
    more = monthly(rows()["messages"][0], 10 * MILLION, MONTH_DAYS)
    for words in (f"${more:.2f} more each month", f"${12 * more:.0f} after a year", f"${36 * more:.0f} after three"):
        assert words in " ".join(PAGE.split())
    assert f"${monthly(rows()['messages'][0], 10 * MILLION, 90):.2f}" in PAGE
    assert monthly(450, MILLION, MONTH_DAYS) == pytest.approx(0.20, abs=0.005), "a million records of the audit log"


def test_a_limit_of_writes_costs_what_the_page_says() -> None:
    dollars = 1_000 * 30 * 86_400 * cost.PRICES["write"].dollars
    assert f"1,000 write units a second all month long would be ${dollars:,.0f} a table" in PAGE


def test_an_idle_month_counts_the_keys_alarms_and_queues_that_there_are() -> None:
    """The page has measured figures, which a new key, alarm or queue makes wrong."""
    (table,) = re.findall(r"^\| a month without traffic.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    shown = {name: float(dollars) for name, dollars in re.findall(r"^\| (\w+) \| ([\d.]+) \|$", table, re.MULTILINE)}
    alarms = template.load("operations.yaml")["Resources"].values()
    ringing = sum(item["Type"] == "AWS::CloudWatch::Alarm" for item in alarms)
    polls = len(template.resources("AWS::SQS::Queue")) * 5 * 3 * 60 * 24 * 30
    metrics = len(cost.IDLE_METRICS) * cost.PRICES["metric"].dollars
    assert shown["KMS"] == len(template.resources("AWS::KMS::Key"))
    assert shown["CloudWatch"] == pytest.approx(ringing * 0.10 + metrics, abs=0.005)
    assert shown["SQS"] == pytest.approx(polls * 0.40 / MILLION, abs=0.005)
