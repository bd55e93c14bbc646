"""The runbook's script for restoring a table copies missing items and overwrites none."""

import importlib.util
from pathlib import Path
from typing import Any

from tests.support.clients import aws_client
from tests.support.world import World

SNIPPET = Path(__file__).parents[2] / "docs" / "snippets" / "copy_missing.py"
KEYS = [{"AttributeName": "workspace_id", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}]


def test_missing_items_come_back_and_nothing_is_overwritten(world: World) -> None:
    spec = importlib.util.spec_from_file_location("copy_missing", SNIPPET)
    assert spec and spec.loader
    snippet = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(snippet)
    restored = {"a": "old", "b": "old", "c": "old"}
    _table("restored", restored)
    _table("original", {"b": "changed since", "d": "new"})

    assert snippet.copy_missing("restored", "original") == (2, 1)

    assert _content("original") == {"a": "old", "b": "changed since", "c": "old", "d": "new"}
    assert _content("restored") == restored


def _table(name: str, content: dict[str, str]) -> None:
    dynamodb: Any = aws_client("dynamodb")
    attributes = [{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in KEYS]
    dynamodb.create_table(
        TableName=name, KeySchema=KEYS, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
    )
    for entry, value in content.items():
        # The same partition for all: the whole key decides, not its first half.
        item = {"workspace_id": {"S": "wsp"}, "entry": {"S": entry}, "value": {"S": value}}
        dynamodb.put_item(TableName=name, Item=item)


def _content(name: str) -> dict[str, str]:
    items = aws_client("dynamodb").scan(TableName=name)["Items"]
    return {item["entry"]["S"]: item["value"]["S"] for item in items}
