"""Refuses calls that AWS refuses and moto allows.

- IAM: each call is checked against the policies that template.yaml gives to the function that makes the call
- DynamoDB: limits of keys, a range that ends before it begins, and a start key outside of its query
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.support import template
from tests.support.refusals import refused

_IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_SQS_ACTION = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
MAX_BYTES = {"HASH": 2048, "RANGE": 1024}


@cache
def allowed(folder: str) -> set[tuple[str, str]]:
    """The permissions of a function: (action, resource) pairs, with resources by logical id.

    An index is `Table/index/name`, a table's stream `Table/stream`, a bucket's objects are `Bucket/*`.
    """
    pairs = set()
    for statement in template.statements(folder):
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                pairs.add((action, _resource(resource)))
    return pairs


@cache
def contexts(folder: str) -> dict[tuple[str, str], dict[str, str]]:
    """The encryption context that a function's permission requires, by (action, resource)."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for statement in template.statements(folder):
        for wanted in statement.get("Condition", {}).values():
            context = {name.removeprefix("kms:EncryptionContext:"): value for name, value in wanted.items()}
            for action in _listed(statement["Action"]):
                found |= {(action, _resource(resource)): context for resource in _listed(statement["Resource"])}
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _resource(value: Any) -> str:
    """The resource with logical ids instead of `!GetAtt X.Arn` and `!Sub ${X.Arn}/index/y`; anything else unchanged."""
    match value:
        case {"Fn::GetAtt": [name, "Arn"]}:
            return str(name)
        case {"Fn::GetAtt": [name, "StreamArn"]}:
            return f"{name}/stream"
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{(\w+)\.Arn\}", r"\1", text)
        case {"Ref": name}:
            return str(name)
    return str(value)


def needed(service: str, operation: str, arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The (action, physical resource) pairs that a caller needs in IAM for one call."""
    match service, operation:
        case "dynamodb", "TransactWriteItems" | "TransactGetItems":
            for item in arguments["TransactItems"]:
                ((kind, inner),) = item.items()
                yield f"dynamodb:{_IN_TRANSACTION[kind]}", inner["TableName"]
        case "dynamodb", "BatchGetItem" | "BatchWriteItem":
            for table in arguments["RequestItems"]:
                yield f"dynamodb:{operation}", table
        case "dynamodb", _:
            index = f"/index/{arguments['IndexName']}" if "IndexName" in arguments else ""
            yield f"dynamodb:{operation}", f"{arguments['TableName']}{index}"
        case "sqs", _:
            yield f"sqs:{_SQS_ACTION.get(operation, operation)}", arguments["QueueUrl"]
        case "kms", _:
            yield f"kms:{operation}", arguments["KeyId"]
        case "s3", "ListObjectsV2":
            yield "s3:ListBucket", arguments["Bucket"]
        case "s3", _:
            yield f"s3:{operation}", f"{arguments['Bucket']}/*"


def refuse_forbidden(
    folder: str, service: str, operation: str, arguments: dict[str, Any], logical: dict[str, str]
) -> None:
    """Raise AWS's AccessDeniedException if the function's role does not allow the call.

    `logical` maps physical ids to logical ids.
    """
    may = allowed(folder)
    for action, resource in needed(service, operation, arguments):
        table, _, index = resource.partition("/index/")
        bucket, objects, _ = table.partition("/*")
        name = logical.get(bucket, bucket) + objects + (f"/index/{index}" if index else "")
        if (action, name) not in may and (f"{action.partition(':')[0]}:*", name) not in may:
            text = f"template.yaml does not allow the function {folder} to call {action} on {name}"
            raise refused(operation, "AccessDeniedException", text=text)
        wanted = contexts(folder).get((action, name), {})
        if not wanted.items() <= arguments.get("EncryptionContext", {}).items():
            text = f"template.yaml allows the function {folder} to call {action} on {name} only for {wanted}"
            raise refused(operation, "AccessDeniedException", text=text)


def refuse_impossible(operation: str, arguments: dict[str, Any], schemas: dict[str, dict[str, str]]) -> None:
    """Raise DynamoDB's ValidationException for a key or a range that cannot exist.

    `schemas` maps tables to their key attributes, and these to HASH or RANGE.
    """
    for table, key in _keys(operation, arguments):
        for name, kind in schemas[table].items():
            value = key.get(name, {}).get("S", "")
            if not 0 < len(value.encode("utf-8", "surrogatepass")) <= MAX_BYTES[kind]:
                _invalid(operation, f"the key attribute {name} of {table} has {len(value)} characters")
    if operation == "Query":
        values = arguments["ExpressionAttributeValues"]
        for low, high in re.findall(r"BETWEEN (:\w+) AND (:\w+)", arguments["KeyConditionExpression"]):
            if values[low]["S"] > values[high]["S"]:
                _invalid("Query", "The BETWEEN operator requires upper bound >= lower bound")
        if "ExclusiveStartKey" in arguments:
            _check_start(arguments)


def _keys(operation: str, arguments: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    match operation:
        case "TransactWriteItems":
            for item in arguments["TransactItems"]:
                for inner in item.values():
                    yield inner["TableName"], inner.get("Key") or inner["Item"]
        case "BatchGetItem":
            for table, wanted in arguments["RequestItems"].items():
                for key in wanted["Keys"]:
                    yield table, key
        case "GetItem" | "UpdateItem" | "DeleteItem":
            yield arguments["TableName"], arguments["Key"]
        case "PutItem":
            yield arguments["TableName"], arguments["Item"]


def _check_start(arguments: dict[str, Any]) -> None:
    start, values = arguments["ExclusiveStartKey"], arguments["ExpressionAttributeValues"]
    condition, names = arguments["KeyConditionExpression"], arguments.get("ExpressionAttributeNames", {})

    def named(name: str) -> str:
        return str(start[names.get(name, name)]["S"])

    inside = [
        *(named(name) == values[value]["S"] for name, value in re.findall(r"(#?\w+) = (:\w+)", condition)),
        *(
            named(name).startswith(values[value]["S"])
            for name, value in re.findall(r"begins_with\((#?\w+), (:\w+)\)", condition)
        ),
        *(
            values[low]["S"] <= named(name) <= values[high]["S"]
            for name, low, high in re.findall(r"(#?\w+) BETWEEN (:\w+) AND (:\w+)", condition)
        ),
    ]
    if not all(inside):
        _invalid("Query", "The provided starting key is outside query boundaries based on provided conditions")


def _invalid(operation: str, text: str) -> None:
    raise refused(operation, "ValidationException", text=text)
