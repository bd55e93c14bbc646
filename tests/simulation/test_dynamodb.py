"""The fake of DynamoDB gives the same answers as moto, for random sequences of calls with expressions like ours."""

import os
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from ferryman.aws import failures
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from simulator.aws import Network
from simulator.dynamodb import DynamoDB, Table
from simulator.engine import Engine, Invocation
from simulator.expressions import Malformed, compile_request
from simulator.faults import Faults
from tests.support.world import CREDENTIALS

TABLE = {
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "mark", "at")],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "marked",
            "KeySchema": [{"AttributeName": "mark", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}

TEXTS = st.sampled_from(["", "a", "b", "ab", "é", "a/1", "a/2"]).map(lambda text: {"S": text})
NUMBERS = st.sampled_from(["0", "1", "2", "10", "-1", "1.5", "1790000000000"]).map(lambda number: {"N": number})
SCALARS = st.one_of(
    TEXTS,
    NUMBERS,
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.sampled_from([b"a", b"bc"]).map(lambda content: {"B": content}),
)
# Each attribute keeps its type, as ours do: where types do not fit, moto breaks, and DynamoDB says no.
TYPES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "v": TEXTS,
    "w": SCALARS,
    "n": NUMBERS,
    "list": st.lists(SCALARS, max_size=3).map(lambda members: {"L": members}),
    "map": st.dictionaries(st.sampled_from(["x", "y"]), SCALARS, max_size=2).map(lambda members: {"M": members}),
}
NAMES = st.sampled_from(sorted(TYPES))
ITEMS = st.fixed_dictionaries({}, optional=TYPES)
KEYS = st.fixed_dictionaries(
    {
        "pk": st.sampled_from(["p", "q"]).map(lambda text: {"S": text}),
        "sk": st.sampled_from(["a/1", "a/2", "b/1", "b/2"]).map(lambda text: {"S": text}),
    }
)
MARKS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {
            "mark": st.sampled_from(["0", "1"]).map(lambda text: {"S": text}),
            "at": st.sampled_from(["2026-01", "2026-02"]).map(lambda text: {"S": text}),
        }
    ),
)


type Shape = tuple[str, tuple[str, ...], tuple[st.SearchStrategy[dict[str, Any]], ...]]
EVERY = tuple(TYPES)
SHAPES: list[Shape] = [
    ("attribute_exists({name})", EVERY, ()),
    ("attribute_not_exists({name})", EVERY, ()),
    ("{name} = {0}", EVERY, (SCALARS,)),
    ("{name} <> {0}", EVERY, (SCALARS,)),
    ("{name} IN ({0}, {1})", EVERY, (SCALARS, SCALARS)),
    ("begins_with({name}, {0})", EVERY, (TEXTS,)),
    ("contains({name}, {0})", EVERY, (SCALARS,)),
    ("{name} BETWEEN {0} AND {1}", ("v",), (st.just({"S": "a"}), st.just({"S": "b"}))),
    *((f"{{name}} {operator} {{0}}", ("v",), (TEXTS,)) for operator in ("<", "<=", ">", ">=")),
    *((f"{{name}} {operator} {{0}}", ("n",), (NUMBERS,)) for operator in ("<", "<=", ">", ">=")),
]
# Without parentheses that change nothing, which DynamoDB refuses.
JOINED = ["{} AND {}", "{} OR {}", "NOT ({}) AND {}", "{} AND NOT ({})", "({}) AND {}", "({}) OR {}"]


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2) -> tuple[str, dict[str, Any]]:
    """A random condition with its values. Attribute names are written as `#name`."""
    values: dict[str, Any] = {}

    def part(deeper: int) -> str:
        if deeper and draw(st.booleans()):
            return draw(st.sampled_from(JOINED)).format(part(deeper - 1), part(deeper - 1))
        shape, names, wanted = draw(st.sampled_from(SHAPES))
        given_values = []
        for strategy in wanted:
            given_values.append(f":c{len(values)}")
            values[given_values[-1]] = draw(strategy)
        return shape.format(*given_values, name=f"#{draw(st.sampled_from(names))}")

    return part(depth), values


UPDATES = ("set", "remove", "add", "plus", "default", "append")


@st.composite
def updates(draw: st.DrawFn, kinds: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """A random update of up to three attributes, in the forms that our code uses."""
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    parts: dict[str, list[str]] = {"SET": [], "REMOVE": [], "ADD": []}
    values: dict[str, Any] = {}
    for number, name in enumerate(names):
        value = f":u{number}"
        match draw(st.sampled_from(kinds)):
            case "add" if name == "n":
                parts["ADD"].append(f"#{name} {value}")
                values[value] = {"N": draw(st.sampled_from(["1", "-1", "5"]))}
            case "plus" if name == "n":
                parts["SET"].append(f"#{name} = #{name} + {value}")
                values[value] = {"N": "1"}
            case "append" if name == "list":
                parts["SET"].append(f"#{name} = list_append(#{name}, {value})")
                values[value] = {"L": [draw(SCALARS)]}
            case "default":
                parts["SET"].append(f"#{name} = if_not_exists(#{name}, {value})")
                values[value] = draw(TYPES[name])
            case "remove":
                parts["REMOVE"].append(f"#{name}")
            case _:
                parts["SET"].append(f"#{name} = {value}")
                values[value] = draw(TYPES[name])
    return " ".join(f"{section} {', '.join(texts)}" for section, texts in parts.items() if texts), values


def _with_names(request: dict[str, Any]) -> dict[str, Any]:
    parts = ("ConditionExpression", "UpdateExpression", "FilterExpression")
    used = {alias: alias[1:] for part in parts for alias in re.findall(r"#\w+", request.get(part, ""))}
    return request | ({"ExpressionAttributeNames": used} if used else {})


def _conditioned(request: dict[str, Any], condition: tuple[str, dict[str, Any]] | None) -> dict[str, Any]:
    if condition is None:
        return request
    values = {**request.get("ExpressionAttributeValues", {}), **condition[1]}
    request = request | {"ConditionExpression": condition[0]}
    return request | ({"ExpressionAttributeValues": values} if values else {})


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    condition = draw(st.none() | conditions())
    match draw(st.sampled_from(["put", "put", "update", "update", "delete", "get", "query", "index", "transact"])):
        case "put":
            item = {**draw(ITEMS), **draw(MARKS), **draw(KEYS)}
            return "put_item", _with_names(_conditioned({"TableName": "t", "Item": item}, condition))
        case "update":
            return "update_item", draw(_updates(condition)) | {
                "ReturnValues": draw(st.sampled_from(["NONE", "ALL_NEW"]))
            }
        case "delete":
            return "delete_item", _with_names(_conditioned({"TableName": "t", "Key": draw(KEYS)}, condition))
        case "get":
            return "get_item", {"TableName": "t", "Key": draw(KEYS), "ConsistentRead": True}
        case "transact":
            keys = draw(st.lists(KEYS, min_size=2, max_size=3, unique_by=str))
            parts: list[dict[str, Any]] = []
            for key in keys:
                held = draw(st.none() | conditions(0))
                match draw(st.sampled_from(["Put", "Update", "Delete", "ConditionCheck"])):
                    case "Put":
                        put = _conditioned({"TableName": "t", "Item": {**draw(ITEMS), **key}}, held)
                        parts.append({"Put": _with_names(put)})
                    case "Update":
                        parts.append({"Update": draw(_updates(held, key))})
                    case "Delete":
                        parts.append({"Delete": _with_names(_conditioned({"TableName": "t", "Key": key}, held))})
                    case "ConditionCheck":
                        check = _conditioned({"TableName": "t", "Key": key}, held or draw(conditions(0)))
                        parts.append({"ConditionCheck": _with_names(check)})
            return "transact_write_items", {"TransactItems": parts}
        case kind:
            return "query", draw(_queries(kind))


@st.composite
def _updates(
    draw: st.DrawFn, condition: tuple[str, dict[str, Any]] | None, key: dict[str, Any] | None = None
) -> dict[str, Any]:
    # In a transaction, only those that fit every item: DynamoDB and moto differ in what they look at first.
    text, values = draw(updates(("set", "remove", "default") if key else UPDATES))
    request: dict[str, Any] = {"TableName": "t", "Key": key or draw(KEYS), "UpdateExpression": text}
    if values:
        request["ExpressionAttributeValues"] = values
    return _with_names(_conditioned(request, condition))


@st.composite
def _queries(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    request: dict[str, Any] = {"TableName": "t", "ScanIndexForward": draw(st.booleans())}
    if kind == "index":
        request |= {"IndexName": "marked", "KeyConditionExpression": "mark = :mark AND #at < :before"}
        request["ExpressionAttributeNames"] = {"#at": "at"}
        request["ExpressionAttributeValues"] = {":mark": {"S": "1"}, ":before": {"S": "2026-02"}}
        return request
    shape, values = draw(
        st.sampled_from(
            [
                ("pk = :pk", {}),
                ("pk = :pk AND sk BETWEEN :low AND :high", {":low": {"S": "a/2"}, ":high": {"S": "b/1"}}),
                ("pk = :pk AND begins_with(sk, :low)", {":low": {"S": "a/"}}),
                ("pk = :pk AND sk > :low", {":low": {"S": "a/1"}}),
            ]
        )
    )
    request |= {"KeyConditionExpression": shape, "ExpressionAttributeValues": {":pk": {"S": "p"}, **values}}
    if draw(st.booleans()):
        text, more = draw(conditions(1))
        request["FilterExpression"] = text
        request["ExpressionAttributeValues"] |= more
    if draw(st.booleans()):
        request["Limit"] = draw(st.integers(1, 3))
    return _with_names(request)


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patched.delenv(name)
        for name, value in CREDENTIALS.items():
            patched.setenv(name, value)
        with mock_aws():
            client = boto3.client("dynamodb")
            client.create_table(TableName="t", **TABLE)
            yield client


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(sequence=st.lists(calls(), min_size=1, max_size=12))
def test_the_fake_answers_as_moto_does(moto: Any, sequence: list[tuple[str, dict[str, Any]]]) -> None:
    for found in moto.scan(TableName="t")["Items"]:
        moto.delete_item(TableName="t", Key={"pk": found["pk"], "sk": found["sk"]})
    fake = _fake()
    for operation, request in sequence:
        assert _answer(fake, operation, request) == _answer(moto, operation, request), (operation, request)
    stored = sorted(moto.scan(TableName="t")["Items"], key=str)
    assert sorted(fake.tables["t"].items.values(), key=str) == stored


def _fake() -> DynamoDB:
    network = Network(Engine(0), Faults(0, ()), random.Random(0))
    return DynamoDB(network, {"t": Table.declared("t", TABLE)}, lambda *_: None)


def _answer(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """The compared parts of a call's answer, or the code and reasons of its refusal."""
    try:
        answer = getattr(client, operation)(**request)
    except ClientError as error:
        return failures.code(error), failures.reasons(error)
    # Not LastEvaluatedKey: DynamoDB gives one whenever it stops at a limit, moto not at the very end.
    return {name: answer[name] for name in ("Item", "Items", "Attributes") if answer.get(name)}


@pytest.mark.parametrize("operator", ["=", "<>", "<", "<=", ">", ">="])
@pytest.mark.parametrize("value", [{"S": "é"}, {"L": []}, {"L": [{"N": "1"}]}, {"M": {"a": {"S": ""}}}, {"B": b"ab"}])
def test_sizes_are_those_of_moto(moto: Any, operator: str, value: dict[str, Any]) -> None:
    """Sizes are tested separately, because moto fails on `size` of a missing attribute, where DynamoDB answers no."""
    fake = _fake()
    item = {"pk": {"S": "p"}, "sk": {"S": "size"}, "v": value}
    request = {"TableName": "t", "Key": {"pk": {"S": "p"}, "sk": {"S": "size"}}, "UpdateExpression": "SET w = :one"}
    request["ConditionExpression"] = f"size(v) {operator} :one"
    request["ExpressionAttributeValues"] = {":one": {"N": "1"}}
    for client in (fake, moto):
        client.put_item(TableName="t", Item=item)
    assert _answer(fake, "update_item", request) == _answer(moto, "update_item", request)


@pytest.mark.parametrize("index", [None, "marked"])
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_together_are_the_whole(index: str | None, forward: bool, limit: int) -> None:
    fake = _fake()
    for number in range(7):
        marks = {"mark": {"S": "1"}, "at": {"S": f"2026-0{number % 3}"}}
        fake.put_item(TableName="t", Item={"pk": {"S": "p"}, "sk": {"S": f"a/{number}"}, **marks})
    request: dict[str, Any] = {"TableName": "t", "ScanIndexForward": forward}
    name = "mark" if index else "pk"
    request |= {"IndexName": index} if index else {}
    request |= {"KeyConditionExpression": f"{name} = :value"}
    request |= {"ExpressionAttributeValues": {":value": {"S": "1" if index else "p"}}}
    whole = fake.query(**request)["Items"]
    paged: list[Any] = []
    start: dict[str, Any] = {}
    while True:
        page = fake.query(**request, Limit=limit, **start)
        paged += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert len(whole) == 7
    assert paged == whole


def test_a_replica_that_is_behind_shows_what_was() -> None:
    """Only reads without ConsistentRead may show an earlier state, or that an item did not exist yet."""
    engine, faults = Engine(0), Faults(0, ["dynamodb.stale_read"], scale=5)
    fake = DynamoDB(Network(engine, faults, random.Random(0)), {"t": Table.declared("t", TABLE)}, lambda *_: None)
    key = {"pk": {"S": "p"}, "sk": {"S": "a"}}
    shown: dict[bool, set[str]] = {True: set(), False: set()}

    def read(consistent: bool) -> str:
        wanted = {"t": {"Keys": [key], "ConsistentRead": consistent}}
        return "".join(item["v"]["S"] for item in fake.batch_get_item(RequestItems=wanted)["Responses"]["t"])

    def work() -> None:
        for consistent in (False, True) * 30:
            shown[consistent].add(read(consistent))

    for at, text in ((100, "a"), (120, "b"), (140, "c")):
        engine.now = at
        fake.put_item(TableName="t", Item={**key, "v": {"S": text}})
    task = engine.start(Invocation(engine, "deliverer", 900), work)
    engine.run(until=lambda: task.over)
    assert task.error is None
    assert shown == {True: {"c"}, False: {"", "a", "b", "c"}}


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"ConditionExpression": "state = :a", "ExpressionAttributeValues": {":a": {"S": ""}}}, "reserved"),
        ({"ConditionExpression": "v = :a"}, "lack"),
        ({"ConditionExpression": "v = :a", "ExpressionAttributeValues": {":a": {"S": ""}, ":b": {"S": ""}}}, "unused"),
        ({"ConditionExpression": "attribute_exists(v)", "ExpressionAttributeNames": {"#v": "v"}}, "unused"),
        ({"UpdateExpression": "SET v = :a, v = :a", "ExpressionAttributeValues": {":a": {"S": ""}}}, "twice"),
        ({"ConditionExpression": "v = "}, "expected"),
    ],
)
def test_the_fake_refuses_requests_that_dynamodb_refuses(request_: dict[str, Any], says: str) -> None:
    with pytest.raises(Malformed, match=says):
        compile_request(request_)
