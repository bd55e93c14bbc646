"""Counts the AWS calls of a piece of work, and DynamoDB's read and write units.

The calls are counted at the clients of AWS. The units are computed from the items, because neither moto nor a stub
knows them. DynamoDB's rules
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html) are these: an item is
rounded up to 1 KB for a write and 4 KB for a consistent read; a write counts the larger of the item before and after; a
transaction counts twice; a refused condition counts the item it read; each index of data.yaml to which a write applies
counts its own entry.
"""

import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.support import template
from tests.support.world import REGION

type Item = Mapping[str, Any]
type Look = Callable[[str, Item], Item | None]  # (table, key) → the item now, in DynamoDB's wire form
type Evaluated = Callable[[dict[str, Any]], Sequence[Item]]  # a query without its filter → what it read

_KB = 1024
_READ_BYTES = 4096
_TRANSACTION = 2
_PLACEHOLDER = re.compile(r"[#:]\w+")


@dataclass(frozen=True, slots=True)
class Call:
    """One call to AWS. `tables` are logical ids of the template, empty for other services."""

    service: str
    operation: str
    tables: tuple[str, ...] = ()
    reads: float = 0
    writes: int = 0

    @property
    def name(self) -> str:
        return " ".join([self.service, self.operation, *self.tables])


@dataclass(slots=True)
class Counted:
    """The AWS calls of one piece of work."""

    calls: list[Call] = field(default_factory=list)

    @property
    def reads(self) -> float:
        return sum(call.reads for call in self.calls)

    @property
    def writes(self) -> int:
        return sum(call.writes for call in self.calls)

    def of(self, service: str = "", operation: str = "") -> int:
        """The number of calls of a service, of an operation, or of both; of all calls without arguments."""
        return sum(service in ("", call.service) and operation in ("", call.operation) for call in self.calls)

    def written(self, table: str) -> int:
        """The write units of calls that touch this table and no other."""
        return sum(call.writes for call in self.calls if call.tables == (table,))

    def by_name(self) -> dict[str, int]:
        """The number of calls by the name of the call, such as `dynamodb PutItem MessagesTable`."""
        return dict(sorted(Counter(call.name for call in self.calls).items()))


class Meter:
    """Counts calls while a block `counting()` runs. A call of any thread counts in the innermost block only."""

    def __init__(self, look: Look, evaluated: Evaluated) -> None:
        self._look = look
        self._evaluated = evaluated
        self._open: list[Counted] = []
        self._lock = threading.Lock()

    @contextmanager
    def counting(self) -> Iterator[Counted]:
        counted = Counted()
        self._open.append(counted)
        try:
            yield counted
        finally:
            self._open.remove(counted)

    @property
    def is_counting(self) -> bool:
        return bool(self._open)

    def before(self, service: str, operation: str, request: Mapping[str, Any]) -> list[Item | None]:
        """The items that a call may change, as they are before the call."""
        return [self._look(table, key) for _, table, key in writes(operation, request)] if service == "dynamodb" else []

    def after(self, service: str, operation: str, request: Mapping[str, Any], before: list[Item | None]) -> None:
        """Count a call after its end, also if AWS refused it. `before` is the result of the method `before`."""
        if not self._open:
            return
        call = Call(service, operation)
        if service == "dynamodb":
            tables = tuple(sorted(set(_tables(operation, request))))
            call = Call(
                service, operation, tables, self._reads(operation, request), self._writes(operation, request, before)
            )
        with self._lock:
            self._open[-1].calls.append(call)

    def _writes(self, operation: str, request: Mapping[str, Any], before: list[Item | None]) -> int:
        times = _TRANSACTION if operation == "TransactWriteItems" else 1
        units = 0
        for (kind, table, key), old in zip(writes(operation, request), before, strict=True):
            new = self._look(table, key)
            units += times * write_units(old, new)
            if kind != "ConditionCheck":
                units += index_units(table, old, new)
        return units

    def _reads(self, operation: str, request: Mapping[str, Any]) -> float:
        match operation:
            case "GetItem":
                found = self._look(request["TableName"], request["Key"])
                return read_units(size(found or {}), consistent=request.get("ConsistentRead", False))
            case "BatchGetItem":
                return sum(
                    read_units(size(self._look(table, key) or {}), consistent=wanted.get("ConsistentRead", False))
                    for table, wanted in request["RequestItems"].items()
                    for key in wanted["Keys"]
                )
            case "Query":
                read = sum(map(size, self._evaluated(unfiltered(request))))
                return read_units(read, consistent=request.get("ConsistentRead", False))
        return 0


def unfiltered(request: Mapping[str, Any]) -> dict[str, Any]:
    """The same query without its filter and projection: DynamoDB charges for all items that it reads."""
    query = {name: value for name, value in request.items() if name not in ("FilterExpression", "ProjectionExpression")}
    used = set(_PLACEHOLDER.findall(query["KeyConditionExpression"]))
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if kept := {key: value for key, value in query.pop(name, {}).items() if key in used}:
            query[name] = kept
    return query


def writes(operation: str, request: Mapping[str, Any]) -> list[tuple[str, str, Item]]:
    """The writes of a call, as (kind, table, item). For an update or a deletion, the item is only the key."""
    if operation == "TransactWriteItems":
        parts = [next(iter(entry.items())) for entry in request["TransactItems"]]
    elif operation in ("PutItem", "UpdateItem", "DeleteItem"):
        parts = [(operation.removesuffix("Item"), request)]
    else:
        return []
    return [(kind, part["TableName"], part.get("Key") or part["Item"]) for kind, part in parts]


def _tables(operation: str, request: Mapping[str, Any]) -> list[str]:
    if "RequestItems" in request:
        return list(request["RequestItems"])
    return [request["TableName"]] if "TableName" in request else [table for _, table, _ in writes(operation, request)]


def read_units(read: int, *, consistent: bool) -> float:
    return max(1, math.ceil(read / _READ_BYTES)) * (1 if consistent else 0.5)


def write_units(old: Item | None, new: Item | None) -> int:
    return max(1, math.ceil(max(size(old or {}), size(new or {})) / _KB))


def index_units(table: str, old: Item | None, new: Item | None) -> int:
    """The write units of the table's indexes for a change of an item from `old` to `new`. None is a missing item."""
    units = 0
    for key, projected in _indexes(table):
        before, after = _entry(old, key, projected), _entry(new, key, projected)
        if before == after:
            continue
        moved = before is not None and after is not None and any(before[name] != after[name] for name in key)
        if moved:
            units += write_units(before, None) + write_units(None, after)
        else:
            units += write_units(before, after)
    return units


@cache
def _indexes(table: str) -> tuple[tuple[tuple[str, ...], frozenset[str] | None], ...]:
    """For each index, its key attributes and the attributes that it projects. None stands for all attributes."""
    declared = template.resources("AWS::DynamoDB::Table")[table]["Properties"]
    own = [part["AttributeName"] for part in declared["KeySchema"]]
    found = []
    for index in declared.get("GlobalSecondaryIndexes", []):
        key = tuple(part["AttributeName"] for part in index["KeySchema"])
        projection = index["Projection"]
        kept = frozenset([*own, *key, *projection.get("NonKeyAttributes", [])])
        found.append((key, None if projection["ProjectionType"] == "ALL" else kept))
    return tuple(found)


def _entry(item: Item | None, key: tuple[str, ...], projected: frozenset[str] | None) -> Item | None:
    if item is None or not all(name in item for name in key):
        return None
    return {name: value for name, value in item.items() if projected is None or name in projected}


def size(item: Item) -> int:
    """The bytes of an item by DynamoDB's rules: names and values, and two digits of a number in a byte."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            digits = str(content).lstrip("-").replace(".", "").strip("0")
            return math.ceil(len(digits) / 2) + 1 + str(content).startswith("-")
        case "B":
            return len(content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(member) for name, member in content.items())
        case "L":
            return 3 + sum(1 + _value_size(member) for member in content)
    return 1


# -- on moto, at the code's clients -----------------------------------------------------------------------------------


def of_world() -> Meter:
    """A meter at the AWS clients of the code under test. Create it after the `tests.support.world`."""
    import boto3
    from ferryman.aws import clients as aws

    looking = boto3.client("dynamodb")  # another client than the code's, so its calls do not count
    meter = Meter(_item_of_moto, lambda query: list(looking.query(**query)["Items"]))

    def noted(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if meter.is_counting:
            service = model.service_model.service_name
            context["meter"] = (service, model.name, params, meter.before(service, model.name, params))

    def counted(context: dict[str, Any], **_: Any) -> None:
        if "meter" in context:
            meter.after(*context.pop("meter"))

    for client in (aws.dynamodb(), aws.sqs(), aws.kms(), aws.s3()):
        client.meta.events.register_last("before-parameter-build", noted)
        client.meta.events.register("after-call", counted)
    return meter


def _item_of_moto(table: str, key: Item) -> Item | None:
    from moto.backends import get_backend

    backend = get_backend("dynamodb")["123456789012"][REGION]
    schema = [
        part["AttributeName"] for part in template.resources("AWS::DynamoDB::Table")[table]["Properties"]["KeySchema"]
    ]
    found = backend.get_item(table, {name: key[name] for name in schema})
    return None if found is None else found.to_json()["Attributes"]
