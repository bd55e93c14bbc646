"""DynamoDB in memory: the calls of `ferryman.aws.dynamodb`, with conditions, transactions, indexes and streams."""

import re
from bisect import insort
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from simulator import aws
from simulator.aws import Network
from simulator.engine import Task
from simulator.expressions import Compiled, Item, Malformed, compile_request
from tests.support.refusals import cancelled, refused, unanswered

type Key = tuple[str, ...]
type OnChange = Callable[[str, Item | None, Item | None], None]

_CONDITION = "ConditionExpression ExpressionAttributeNames ExpressionAttributeValues"
_SHOWING = "ReturnValuesOnConditionCheckFailure"
_WRITE = f"TableName {_CONDITION} ReturnValues {_SHOWING}"
_KEY_CONDITION = re.compile(r"(#?\w+)\s*=\s*(:\w+)")
_HISTORY = 4000


@dataclass
class Index:
    hash: str
    range: str | None
    keys_only: bool
    partitions: dict[str, dict[Key, None]] = field(default_factory=lambda: defaultdict(dict))


@dataclass
class Table:
    name: str
    keys: tuple[str, ...]
    indexes: dict[str, Index]
    has_stream: bool
    items: dict[Key, Item] = field(default_factory=dict)
    partitions: dict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))
    # (when, key, the item before): what an index or a replica that is behind does not know yet
    history: deque[tuple[float, Key, Item | None]] = field(default_factory=lambda: deque(maxlen=_HISTORY))

    @classmethod
    def declared(cls, name: str, properties: Mapping[str, Any]) -> "Table":
        """The table that a resource of data.yaml declares with these properties."""
        indexes = {}
        for index in properties.get("GlobalSecondaryIndexes", []):
            names = [part["AttributeName"] for part in index["KeySchema"]]
            keys_only = index["Projection"]["ProjectionType"] == "KEYS_ONLY"
            indexes[index["IndexName"]] = Index(names[0], names[1] if len(names) > 1 else None, keys_only)
        keys = tuple(part["AttributeName"] for part in properties["KeySchema"])
        return cls(name, keys, indexes, "StreamSpecification" in properties)

    def key_of(self, item: Mapping[str, Any]) -> Key:
        try:
            return tuple(item[name]["S"] for name in self.keys)
        except KeyError as error:
            raise Malformed(f"the key attribute {error} is missing or not a string") from None

    def wire_key(self, key: Key) -> Item:
        return {name: {"S": part} for name, part in zip(self.keys, key, strict=True)}

    def write(self, now: float, key: Key, new: Item | None) -> Item | None:
        old = self.items.get(key)
        if old is None and new is not None:
            insort(self.partitions[key[0]], key)
        elif old is not None and new is None:
            self.partitions[key[0]].remove(key)
        if new is None:
            self.items.pop(key, None)
        else:
            self.items[key] = new
        for index in self.indexes.values():
            if old is not None and index.hash in old:
                index.partitions[old[index.hash]["S"]].pop(key, None)
            if new is not None and index.hash in new:
                index.partitions[new[index.hash]["S"]][key] = None
        self.history.append((now, key, old))
        return old

    def as_of(self, key: Key, moment: float) -> Item | None:
        """The item as it was at `moment` (simulated seconds), or None. `moment` must not be older than the history."""
        item = self.items.get(key)
        for when, changed, before in reversed(self.history):
            if when <= moment:
                break
            if changed == key:
                item = before
        return item

    def partition(self, value: str) -> list[tuple[Key, Item]]:
        return [(key, self.items[key]) for key in self.partitions.get(value, ())]

    def index_partition(self, index: Index, value: str, as_of: float) -> list[tuple[Key, Item]]:
        """The items in one partition of the index, as it was at `as_of` (simulated seconds).

        The index's range key orders them.
        """
        found: dict[Key, Item | None] = {key: self.items[key] for key in index.partitions.get(value, ())}
        for when, key, old in reversed(self.history):
            if when <= as_of:
                break
            found[key] = old if old is not None and old.get(index.hash) == {"S": value} else None
        shown = [(key, item) for key, item in found.items() if item is not None]
        by = index.range
        shown.sort(key=lambda one: ((one[1].get(by, {}).get("S", "") if by else ""), one[0]))
        return shown


class DynamoDB:
    """Stands in for boto3's client of DynamoDB. Outside of the simulator's tasks no fault strikes."""

    def __init__(self, network: Network, tables: Mapping[str, Table], on_change: OnChange) -> None:
        self.network = network
        self.tables = tables
        self._on_change = on_change  # (table, before, after), for streams and the oracle

    # -- reads -----------------------------------------------------------------------------------------------------

    def get_item(self, **request: Any) -> dict[str, Any]:
        aws.require_known("get_item", request, "TableName Key ConsistentRead")
        table = self._table(request)

        def apply() -> dict[str, Any]:
            item = table.items.get(table.key_of(request["Key"]))
            return {} if item is None else {"Item": item}

        return self._read("GetItem", apply)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        aws.require_known("batch_get_item", request, "RequestItems")
        wanted = request["RequestItems"]
        keys = [(name, self.tables[name].key_of(key)) for name, part in wanted.items() for key in part["Keys"]]
        if not 1 <= len(keys) <= 100 or len(set(keys)) != len(keys):
            raise self._invalid("BatchGetItem", "between 1 and 100 different keys")
        answer: dict[str, Any] = {}

        def apply(lag: float = 0) -> dict[str, Any]:
            answer["Responses"] = {name: [] for name in wanted}
            for name, key in sorted(keys):
                behind = 0 if wanted[name].get("ConsistentRead") else lag
                if item := self.tables[name].as_of(key, self.network.engine.now - behind):
                    answer["Responses"][name].append(item)
            answer["UnprocessedKeys"] = {}
            return answer

        def perturb(task: Task) -> dict[str, Any] | None:
            consistent = all(part.get("ConsistentRead") for part in wanted.values())
            if not consistent and self.network.strikes(task, "dynamodb.stale_read"):
                return apply(self.network.faults.random("dynamodb.stale_read").uniform(0.1, 60))
            if not self.network.strikes(task, "dynamodb.unprocessed"):
                return None
            dice = self.network.faults.random("dynamodb.unprocessed")
            left = dice.sample(sorted(keys), dice.randint(1, len(keys)))
            responses: dict[str, list[Item]] = {name: [] for name in wanted}
            unprocessed: dict[str, Any] = {}
            for name, key in sorted(keys):
                table = self.tables[name]
                if (name, key) in left:
                    unprocessed.setdefault(name, {**wanted[name], "Keys": []})["Keys"].append(table.wire_key(key))
                elif key in table.items:
                    responses[name].append(table.items[key])
            return {"Responses": responses, "UnprocessedKeys": unprocessed}

        return self._read("BatchGetItem", apply, perturb)

    def query(self, **request: Any) -> dict[str, Any]:
        known = "TableName IndexName KeyConditionExpression FilterExpression ExpressionAttributeNames "
        known += (
            "ExpressionAttributeValues ScanIndexForward ConsistentRead Limit ExclusiveStartKey ProjectionExpression"
        )
        aws.require_known("query", request, known)
        table = self._table(request)
        index = table.indexes[request["IndexName"]] if "IndexName" in request else None
        if index is not None and request.get("ConsistentRead"):
            raise self._invalid("Query", "no consistent reads of an index")
        compiled = self._compile("Query", request)
        names = request.get("ExpressionAttributeNames", {})
        values = request["ExpressionAttributeValues"]
        hash_name = index.hash if index else table.keys[0]
        partition = [
            values[value]["S"]
            for name, value in _KEY_CONDITION.findall(request["KeyConditionExpression"])
            if names.get(name, name) == hash_name
        ]
        if len(partition) != 1:
            raise self._invalid("Query", f"one equality for {hash_name}")

        def apply(most: int | None = None, lag: float = 0) -> dict[str, Any]:
            if index is None:
                rows = table.partition(partition[0])
            else:
                rows = table.index_partition(index, partition[0], self.network.engine.now - lag)
            in_range = compiled.conditions["KeyConditionExpression"]
            rows = [row for row in rows if in_range(row[1], values)]
            if not request.get("ScanIndexForward", True):
                rows.reverse()
            if start := request.get("ExclusiveStartKey"):
                rows = _after(rows, table.key_of(start), index, start, request.get("ScanIndexForward", True))
            limit = min(request.get("Limit") or len(rows) + 1, most or len(rows) + 1)
            seen, more = rows[:limit], len(rows) >= limit
            filter_ = compiled.conditions.get("FilterExpression")
            shown = [item for _, item in seen if filter_ is None or filter_(item, values)]
            if index is not None and index.keys_only:
                kept = {*table.keys, index.hash, index.range}
                shown = [{name: value for name, value in item.items() if name in kept} for item in shown]
            if "ProjectionExpression" in request:
                kept = {names.get(name, name) for name in request["ProjectionExpression"].split(", ")}
                shown = [{name: value for name, value in item.items() if name in kept} for item in shown]
            answer: dict[str, Any] = {"Items": shown, "Count": len(shown), "ScannedCount": len(seen)}
            if more and seen:
                key, item = seen[-1]
                extra = [] if index is None else [name for name in (index.hash, index.range) if name]
                answer["LastEvaluatedKey"] = table.wire_key(key) | {name: item[name] for name in extra}
            return answer

        def perturb(task: Task) -> dict[str, Any] | None:
            most, lag = None, 0.0
            if self.network.strikes(task, "dynamodb.short_page"):
                most = self.network.faults.random("dynamodb.short_page").randint(1, 3)
            if index is not None and self.network.strikes(task, "dynamodb.stale_index"):
                lag = self.network.faults.random("dynamodb.stale_index").uniform(1, 60)
            if index is not None and self.network.strikes(task, "dynamodb.index_far_behind"):
                lag = self.network.faults.random("dynamodb.index_far_behind").uniform(120, 3000)
            return apply(most, lag) if most or lag else None

        return self._read("Query", apply, perturb)

    # -- writes ----------------------------------------------------------------------------------------------------

    def put_item(self, **request: Any) -> dict[str, Any]:
        aws.require_known("put_item", request, f"Item {_WRITE}")
        return self._write("PutItem", request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        aws.require_known("update_item", request, f"Key UpdateExpression {_WRITE}")
        return self._write("UpdateItem", request)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        aws.require_known("delete_item", request, f"Key {_WRITE}")
        return self._write("DeleteItem", request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        aws.require_known("transact_write_items", request, "TransactItems ClientRequestToken")
        writes = [next(iter(entry.items())) for entry in request["TransactItems"]]
        for action, part in writes:
            known = {"Put": "Item", "Update": "Key UpdateExpression"}.get(action, "Key")
            aws.require_known(f"transact_write_items {action}", part, f"{known} TableName {_CONDITION} {_SHOWING}")
        prepared = [(action, part, self._table(part), self._compile(action, part)) for action, part in writes]
        keys = [(table.name, table.key_of(part.get("Key") or part["Item"])) for _, part, table, _ in prepared]
        if not 1 <= len(keys) <= 100 or len(set(keys)) != len(keys):
            raise self._invalid("TransactWriteItems", "between 1 and 100 different items")

        def apply() -> dict[str, Any]:
            reasons = [
                "None" if _holds(compiled, table.items.get(key), part) else "ConditionalCheckFailed"
                for (_, part, table, compiled), (_, key) in zip(prepared, keys, strict=True)
            ]
            if any(reason != "None" for reason in reasons):
                error = cancelled(*reasons)
                listed: Any = error.response["CancellationReasons"]
                for reason, (_, part, table, _), (_, key) in zip(listed, prepared, keys, strict=True):
                    if reason["Code"] != "None" and part.get(_SHOWING) == "ALL_OLD" and key in table.items:
                        reason["Item"] = table.items[key]
                raise error
            for (action, part, table, compiled), (_, key) in zip(prepared, keys, strict=True):
                if action != "ConditionCheck":
                    self._store(table, key, _result(action, compiled, table, key, part))
            return {}

        def before(task: Task) -> None:
            self._before(task, "TransactWriteItems")
            if self.network.strikes(task, "dynamodb.conflict"):
                reasons = ["TransactionConflict", *["None" for _ in keys[1:]]]
                raise cancelled(*reasons)

        def after(task: Task) -> None:
            # The SDK sends a token with each transaction, so its own retry is not carried out again.
            if self.network.strikes(task, "dynamodb.timeout"):
                raise unanswered()

        answer: dict[str, Any] = self.network.call("TransactWriteItems", apply, before, after)
        return answer

    # -- how -------------------------------------------------------------------------------------------------------

    def _table(self, request: Mapping[str, Any]) -> Table:
        return self.tables[request["TableName"]]

    def _compile(self, operation: str, request: Mapping[str, Any]) -> Compiled:
        try:
            return compile_request(request)
        except Malformed as error:
            raise self._invalid(operation, str(error)) from None

    def _invalid(self, operation: str, message: str) -> Exception:
        error = refused(operation, "ValidationException")
        error.add_note(message)
        return error

    def _before(self, task: Task, operation: str) -> None:
        if "dynamodb" in self.network.down:
            task.note("dynamodb.outage")
            raise refused(operation, "InternalServerError", 500)
        if self.network.strikes(task, "dynamodb.throttle"):
            raise refused(operation, "ThrottlingException")
        if self.network.strikes(task, "dynamodb.unavailable"):
            raise refused(operation, "InternalServerError", 500)
        if self.network.strikes(task, "dynamodb.slow"):
            self.network.engine.sleep(self.network.faults.random("dynamodb.slow").uniform(1, 6))

    def _read(
        self, operation: str, apply: Callable[[], dict[str, Any]], after: Callable[[Task], Any] | None = None
    ) -> dict[str, Any]:
        answer: dict[str, Any] = self.network.call(operation, apply, lambda task: self._before(task, operation), after)
        return answer

    def _write(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        table = self._table(request)
        compiled = self._compile(operation, request)
        action = operation.removesuffix("Item")
        key = table.key_of(request.get("Key") or request["Item"])
        if set(request.get("Key", table.keys)) != set(table.keys):
            raise self._invalid(operation, "exactly the key attributes")

        def apply() -> dict[str, Any]:
            old = table.items.get(key)
            if not _holds(compiled, old, request):
                shown = request.get(_SHOWING) == "ALL_OLD" and old is not None
                more: dict[str, Any] = {"Item": old} if shown else {}
                raise refused(operation, "ConditionalCheckFailedException", **more)
            try:
                new = _result(action, compiled, table, key, request)
            except Malformed as error:
                raise self._invalid(operation, str(error)) from None
            self._store(table, key, new)
            match request.get("ReturnValues", "NONE"):
                case "NONE":
                    return {}
                case "ALL_NEW":
                    return {"Attributes": new}
                case "ALL_OLD":
                    return {"Attributes": old} if old else {}
            raise NotImplementedError(request["ReturnValues"])

        def before(task: Task) -> None:
            self._before(task, operation)
            if self.network.strikes(task, "dynamodb.conflict"):
                raise refused(operation, "TransactionConflictException")

        def after(task: Task) -> dict[str, Any] | None:
            if self.network.strikes(task, "dynamodb.timeout"):
                raise unanswered()
            if not self.network.strikes(task, "dynamodb.applied_twice"):
                return None
            try:
                return apply()
            except ClientError as error:
                error.response["ResponseMetadata"]["RetryAttempts"] = 1
                raise

        answer: dict[str, Any] = self.network.call(operation, apply, before, after)
        return answer

    def _store(self, table: Table, key: Key, new: Item | None) -> None:
        old = table.write(self.network.engine.now, key, new)
        if old != new:
            self._on_change(table.name, old, new)


def _holds(compiled: Compiled, old: Item | None, request: Mapping[str, Any]) -> bool:
    condition = compiled.conditions.get("ConditionExpression")
    return condition is None or condition(old or {}, request.get("ExpressionAttributeValues", {}))


def _result(action: str, compiled: Compiled, table: Table, key: Key, request: Mapping[str, Any]) -> Item | None:
    """The item after a write, or None when the write deletes it."""
    if action == "Put":
        item: Item = request["Item"]
        return item
    if action == "Delete":
        return None
    assert compiled.update is not None
    before = table.items.get(key) or table.wire_key(key)
    return compiled.update(before, request.get("ExpressionAttributeValues", {}))


def _after(
    rows: list[tuple[Key, Item]], key: Key, index: Index | None, start: Mapping[str, Any], forward: bool
) -> list[tuple[Key, Item]]:
    """The rows that follow the exclusive start key `start`. The row of that key may have been deleted."""

    def order(key: Key, item: Mapping[str, Any]) -> tuple[str, Key]:
        return (item[index.range]["S"] if index is not None and index.range else "", key)

    first = order(key, start)
    return [row for row in rows if (order(*row) > first if forward else order(*row) < first)]
