"""A thin layer over DynamoDB's client: items are plain dicts and conditions are text; no function scans.

Table modules (`users.table`, `webhooks.table`, …) read with it and build writes, which services commit.
"""

import base64
import dataclasses
import json
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Self

from botocore.exceptions import ClientError

from ferryman import clock, settings
from ferryman.aws import clients, failures
from ferryman.errors import Conflict, RetryLater
from ferryman.failures import report

type Item = dict[str, Any]
type Key = dict[str, str]

_BATCH_GET_LIMIT = 100
_KEY_BYTES = 1024  # of a sort key; a partition key may have twice as many
_ANSWER_BYTES = 5_500_000  # for the items of one page: Lambda allows responses of 6 MB
_MAX_ROUNDS = 20
_SIFTED_AT_ONCE = 500  # items that each further query of a filtered list reads
# Readers leave out expired items, which DynamoDB deletes only days later. `:now` is in whole epoch seconds.
KEPT = "(attribute_not_exists(expires_at_epoch) OR expires_at_epoch > :now)"
# The longest pause in seconds before each further try of a write that is throttled or collides with a transaction.
_PAUSES = (0.1, 0.2, 0.4)
_THROTTLED = {"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}


class Record:
    """A dataclass that is stored as one item: attributes that are None are not stored."""

    def to_item(self) -> Item:
        # Not dataclasses.asdict, which copies every list and map for ten times the CPU.
        names = _attributes(type(self))  # type: ignore[arg-type]
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        names = _attributes(cls)  # type: ignore[arg-type]
        return cls(**{name: value for name, value in item.items() if name in names})


@cache
def _attributes(record: type[Record]) -> dict[str, None]:
    """The names of a record's fields, in their order."""
    return {field.name: None for field in dataclasses.fields(record)}  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query. `last_key` is the key after which the next page begins; None after the last page."""

    items: list[Item]
    last_key: Key | None


def table_name(table: str) -> str:
    """The deployed name of a table, from the variable that template.yaml sets: `USERS_TABLE` for `users`."""
    return settings.text(f"{table.upper()}_TABLE")


def _dump(value: Any) -> dict[str, Any]:
    # The most frequent types come first, because this function takes half of a write's CPU.
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [_dump(member) for member in value]}
        case dict():
            return {"M": {key: _dump(member) for key, member in value.items()}}
        case bytes():
            return {"B": value}
        case float():
            return {"N": repr(value)}
    raise TypeError(f"a {type(value).__name__} cannot be stored")


def _load(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            if content.isdecimal():
                return int(content)
            number = Decimal(content)
            return int(number) if number == number.to_integral_value() else float(number)
        case "M":
            return {key: _load(member) for key, member in content.items()}
        case "L":
            return [_load(member) for member in content]
        case "NULL":
            return None
        case "B":
            # boto3 returns bytes; Lambda passes stream records with Base64 text.
            return content if isinstance(content, bytes) else base64.b64decode(content)
    return content


def dump(item: Mapping[str, Any]) -> dict[str, Any]:
    """A plain item in DynamoDB's typed form, as boto3's client takes it."""
    return {name: _dump(value) for name, value in item.items()}


def load(image: Mapping[str, Any]) -> Item:
    """A plain item, made of one in DynamoDB's typed form: boto3's answer, or the image in a stream record."""
    return {name: _load(value) for name, value in image.items()}


def _can_exist(key: Key) -> bool:
    """Whether an item can have this key: DynamoDB refuses reads of a key that is empty or too long."""
    return all(value and len(value.encode()) <= _KEY_BYTES for value in key.values())


def get(table: str, key: Key) -> Item | None:
    """One item, read consistently, or None."""
    if not _can_exist(key):
        return None
    answer = clients.dynamodb().get_item(TableName=table_name(table), Key=dump(key), ConsistentRead=True)
    return load(answer["Item"]) if "Item" in answer else None


def get_kept(table: str, key: Key) -> Item | None:
    """One item, read consistently, or None. An expired item counts as missing, even before DynamoDB deletes it."""
    item = get(table, key)
    return None if item is None or item.get("expires_at_epoch", math.inf) <= clock.now() else item


def get_many(table: str, keys: Iterable[Key], *, consistent: bool = True) -> list[Item]:
    """The items of `keys` that exist, in no order. Raises RetryLater if DynamoDB keeps leaving keys unprocessed.

    A read that is not `consistent` costs half, and may miss the changes of the last moment.
    """
    name = table_name(table)
    wanted = list({tuple(sorted(key.items())): dump(key) for key in keys if _can_exist(key)}.values())
    items: list[Item] = []
    for start in range(0, len(wanted), _BATCH_GET_LIMIT):
        request = {name: {"Keys": wanted[start : start + _BATCH_GET_LIMIT], "ConsistentRead": consistent}}
        for _ in range(8):
            answer = clients.dynamodb().batch_get_item(RequestItems=request)
            items += [load(item) for item in answer["Responses"].get(name, [])]
            request = answer.get("UnprocessedKeys") or {}
            if not request:
                break
        else:
            raise RetryLater(f"DynamoDB keeps leaving reads of {table} unprocessed.")
    return items


def read[T: Record](record: type[T], items: Iterable[Item], id_name: str, unreadable: set[str] | None) -> dict[str, T]:
    """The records in these items by id, which is the attribute `id_name`.

    An item that this version cannot parse is left out, so that the others can still be worked on. The function reports
    it, which rings an alarm, and adds its id to `unreadable`.
    """
    records: dict[str, T] = {}
    for item in items:
        try:
            records[item[id_name]] = record.from_item(item)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            row_id = str(item.get(id_name))
            report("row.unreadable", error, table=record.__name__, row=row_id)
            if unreadable is not None:
                unreadable.add(row_id)
    return records


def query(
    table: str,
    condition: str,
    values: Mapping[str, Any],
    *,
    names: Mapping[str, str] | None = None,
    where: str | None = None,
    index: str | None = None,
    newest_first: bool = False,
    limit: int | None = None,
    after: Key | None = None,
    only: Sequence[str] = (),
) -> Page:
    """One page of a query, consistent unless it reads an index.

    `condition` is the key condition, `where` a filter on other attributes. `only` lists the attributes to return; empty
    means all.
    """
    request: dict[str, Any] = {
        "TableName": table_name(table),
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": dump(values),
        "ScanIndexForward": not newest_first,
        "ConsistentRead": index is None,
    }
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    if where:
        request["FilterExpression"] = where
    if index:
        request["IndexName"] = index
    if only:
        request["ProjectionExpression"] = ", ".join(only)
    if limit:
        request["Limit"] = limit
    if after:
        request["ExclusiveStartKey"] = dump(after)
    answer = clients.dynamodb().query(**request)
    last = answer.get("LastEvaluatedKey")
    return Page([load(item) for item in answer["Items"]], load(last) if last else None)


def page(
    table: str,
    condition: str,
    values: Mapping[str, Any],
    *,
    key: Sequence[str],
    limit: int,
    after: Key | None,
    keep: Callable[[list[Item]], list[Item]] = list,
    **options: Any,
) -> Page:
    """A page of a filtered list with `limit` items, or fewer if the list ends. `options` are those of `query`.

    `keep` filters the items of a query in Python, where an expression cannot. DynamoDB applies its limit before the
    filter, so a page can take several queries. They stop at one item more than the page, so that the next page is not
    empty; `key` names the attributes of the key after which it begins. After 10,000 items read, a page with too few
    matches is returned as it is; a page without any match, after 100,000.
    """
    items: list[Item] = []
    at_once = limit + 1
    for number in range(_MAX_ROUNDS * 10):
        part = query(table, condition, values, limit=at_once, after=after, **options)
        items += keep(part.items)
        after = part.last_key
        if after is None or len(items) > limit or (items and number >= _MAX_ROUNDS):
            break
        at_once = _SIFTED_AT_ONCE
    if len(items) > limit:
        return Page(items[:limit], {name: items[limit - 1][name] for name in key})
    return Page(items, after)


def fitting(page: Page, key: Callable[[Item], Key], frame: Callable[[Item], int]) -> Page:
    """The page, cut so that its items fit into one answer of the API; it has at least one item.

    `key(item)` gives the key after which the next page begins. `frame(item)` is the number of bytes that the answer
    adds to an item's attributes, such as names of fields.
    """
    left = _ANSWER_BYTES
    for number, item in enumerate(page.items):
        # The answer is JSON, and Lambda writes it as a string into the JSON for API Gateway.
        described = json.dumps(item, ensure_ascii=False, default=str)
        left -= len(json.dumps(described, ensure_ascii=False).encode()) + frame(item)
        if left < 0 and number:
            return Page(page.items[:number], key(page.items[number - 1]))
    return page


def query_all(table: str, condition: str, values: Mapping[str, Any], **options: Any) -> Iterator[Item]:
    """Every item of a query, read page by page while iterating. With `after` (a key), the items after that one."""
    after: Key | None = options.pop("after", None)
    while True:
        page = query(table, condition, values, after=after, **options)
        yield from page.items
        if page.last_key is None:
            return
        after = page.last_key


class Exists(Conflict):
    """A put was refused because an item with its key exists; `there` is that item."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.there: Item = {}


@dataclass(frozen=True, slots=True)
class Write:
    """One write, alone or in a transaction. If its condition does not hold, `commit` raises `refused`."""

    action: str
    arguments: dict[str, Any]
    refused: Exception


def put(
    table: str,
    item: Mapping[str, Any],
    *,
    condition: str | None = None,
    values: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    refused: Exception | None = None,
) -> Write:
    """A put. With `condition="attribute_not_exists(user_id)"` it does not overwrite an item.

    If `refused` is an `Exists`, the exception gets the existing item.
    """
    arguments = {"TableName": table_name(table), "Item": dump(item)}
    if isinstance(refused, Exists):
        arguments["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return Write("Put", _with_condition(arguments, condition, values, names), refused or _changed())


def update(
    table: str,
    key: Key,
    expression: str,
    values: Mapping[str, Any] | None = None,
    *,
    condition: str | None = None,
    names: Mapping[str, str] | None = None,
    refused: Exception | None = None,
) -> Write:
    """An update. It creates a missing item, unless `condition` forbids that."""
    arguments = {"TableName": table_name(table), "Key": dump(key), "UpdateExpression": expression}
    return Write("Update", _with_condition(arguments, condition, values, names), refused or _changed())


def set_values(
    table: str,
    key: Key,
    changes: Mapping[str, Any],
    *,
    condition: str | None = None,
    values: Mapping[str, Any] | None = None,
    refused: Exception | None = None,
) -> Write:
    """An update that sets each attribute of `changes`; an attribute whose value is None is removed."""
    names = {f"#{name}": name for name in changes}
    setting = [f"#{name} = :new_{name}" for name, value in changes.items() if value is not None]
    removing = [f"#{name}" for name, value in changes.items() if value is None]
    expression = " ".join(
        part
        for part in (
            f"SET {', '.join(setting)}" if setting else "",
            f"REMOVE {', '.join(removing)}" if removing else "",
        )
        if part
    )
    new = {f":new_{name}": value for name, value in changes.items() if value is not None}
    return update(
        table,
        key,
        expression,
        {**(values or {}), **new},
        condition=condition,
        names=names,
        refused=refused,
    )


def delete(
    table: str,
    key: Key,
    *,
    condition: str | None = None,
    values: Mapping[str, Any] | None = None,
    refused: Exception | None = None,
) -> Write:
    arguments = {"TableName": table_name(table), "Key": dump(key)}
    return Write("Delete", _with_condition(arguments, condition, values, None), refused or _changed())


def check(
    table: str,
    key: Key,
    condition: str,
    values: Mapping[str, Any] | None = None,
    *,
    names: Mapping[str, str] | None = None,
    refused: Exception | None = None,
) -> Write:
    """A write that changes nothing: the transaction commits only if the condition holds."""
    arguments = {"TableName": table_name(table), "Key": dump(key)}
    return Write("ConditionCheck", _with_condition(arguments, condition, values, names), refused or _changed())


def commit(writes: Sequence[Write], *, return_new: bool = False, tries: int = 1) -> Item | None:
    """Carry out all writes or none. Raises the `refused` of the first write whose condition does not hold.

    A single write is sent without a transaction, for half the price; with `return_new`, a single update returns the new
    item. A transaction that collides with another is sent up to `tries` times, with short pauses, and then raises
    Conflict. Allow more than one try only if nothing that the caller read can have changed. Raises RetryLater when
    DynamoDB keeps throttling the transaction.
    """
    if len(writes) == 1 and writes[0].action != "ConditionCheck":
        return _write(writes[0], return_new=return_new)
    _transact(writes, tries)
    return None


def _write(write: Write, *, return_new: bool) -> Item | None:
    send = getattr(clients.dynamodb(), f"{write.action.lower()}_item")
    extra = {"ReturnValues": "ALL_NEW"} if return_new and write.action == "Update" else {}
    pauses = iter(_PAUSES)
    while True:
        try:
            answer = send(**write.arguments, **extra)
        except ClientError as error:
            match failures.code(error):
                case "ConditionalCheckFailedException" if _had_done_it(write, error):
                    return None
                case "ConditionalCheckFailedException":
                    raise _refusal(write, error.response.get("Item")) from None
                case "TransactionConflictException" if _paused(pauses):
                    continue
            raise
        return load(answer["Attributes"]) if answer.get("Attributes") else None


def _transact(writes: Sequence[Write], tries: int) -> None:
    items = [{write.action: write.arguments} for write in writes]
    pauses = iter(_PAUSES)
    while True:
        try:
            # boto3 adds a ClientRequestToken, so DynamoDB does not repeat a transaction whose answer was lost.
            clients.dynamodb().transact_write_items(TransactItems=items)
            return
        except ClientError as error:
            if failures.code(error) != "TransactionCanceledException":
                raise
            reasons = failures.reasons(error)
            for number, (write, reason) in enumerate(zip(writes, reasons, strict=False)):
                if reason == "ConditionalCheckFailed":
                    raise _refusal(write, error.response["CancellationReasons"][number].get("Item")) from None
            if not _THROTTLED.isdisjoint(reasons):
                if not _paused(pauses):
                    raise RetryLater("The service is busy. Send the request again in a moment.") from error
            elif "TransactionConflict" in reasons:
                tries -= 1
                if tries == 0:
                    text = "Somebody else is changing this at the same moment. Send the request again."
                    raise Conflict(text) from None
                _paused(iter(_PAUSES[:1]))
            else:
                raise  # such as ValidationError: the transaction itself is wrong


def _had_done_it(write: Write, error: ClientError) -> bool:
    """Whether a put found its own item: boto3 sent the put again because the answer to the first try was lost."""
    there = error.response.get("Item")
    was_repeated = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
    return was_repeated and there is not None and there == write.arguments.get("Item")


def _refusal(write: Write, there: Any) -> Exception:
    if isinstance(write.refused, Exists):
        write.refused.there = load(there or {})
    return write.refused


def _paused(pauses: Iterator[float]) -> bool:
    """Sleep before the next try, for a random part of the next pause. Returns False when no pause is left."""
    pause = next(pauses, None)
    if pause is not None:
        time.sleep(random.random() * pause)  # noqa: S311
    return pause is not None


def _changed() -> Conflict:
    return Conflict("This was changed by somebody else at the same moment. Read it again, then retry.")


def _with_condition(
    arguments: dict[str, Any],
    condition: str | None,
    values: Mapping[str, Any] | None,
    names: Mapping[str, str] | None,
) -> dict[str, Any]:
    if condition:
        arguments["ConditionExpression"] = condition
    if values:
        arguments["ExpressionAttributeValues"] = dump(values)
    if names:
        arguments["ExpressionAttributeNames"] = dict(names)
    return arguments
