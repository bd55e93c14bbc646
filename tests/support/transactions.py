"""Makes moto's transactions fast, also for large tables.

To be able to roll back, moto copies every table of a transaction with all items and its stream, and never frees the
copies. This module stores only the items that the transaction touches, and restores them when it is refused.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

type PutBack = Callable[[], None]


@contextmanager
def remembering_what_they_touch() -> Iterator[None]:
    """Inside the block, a transaction stores the touched items instead of copies of whole tables."""
    whole = DynamoDBBackend.transact_write_items

    def transact(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        undo = [step for item in transact_items for step in _remember(self, next(iter(item.values())))]
        try:
            whole(self, transact_items)
        except Exception:
            for step in undo:
                step()
            raise

    shallow = SimpleNamespace(deepcopy=lambda thing: thing if isinstance(thing, Table) else copy.deepcopy(thing))
    with patch.object(models, "copy", shallow), patch.object(DynamoDBBackend, "transact_write_items", transact):
        yield


def _remember(backend: DynamoDBBackend, operation: dict[str, Any]) -> Iterator[PutBack]:
    table = backend.tables[operation["TableName"]]
    key = operation.get("Key") or operation["Item"]
    place: dict[Any, Any] = table.items
    name = DynamoType(key[table.hash_key_attr])
    if table.range_key_attr:
        place, name = table.items[name], DynamoType(key[table.range_key_attr])
    item = copy.deepcopy(place.get(name))

    def put_back() -> None:
        if item is None:
            place.pop(name, None)
        else:
            place[name] = item

    yield put_back
    if table.stream_shard:
        records = table.stream_shard.items
        length = len(records)
        yield lambda: records.__delitem__(slice(length, None))
