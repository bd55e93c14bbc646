"""Ferryman in one process: the real handlers behind the template's routes, on tables and queues that moto creates.

Tests send requests to the API by `call`. Then `pump` passes stream records to the dispatcher, tickets to the deliverer
and dead letters to their function, as Lambda's event source mappings do.
"""

import base64
import importlib.util
import json
import os
import re
import uuid
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, unquote, urlsplit

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from ferryman.aws import clients as aws
from ferryman.identity.logins import passwords
from ferryman.invocation import Handler, observed
from ferryman.outbound import allowed_targets
from ferryman.webhooks.subscriptions import sealing
from moto import mock_aws
from moto.backends import get_backend

from tests.support import atomic, guard, quick_moto, template, transactions
from tests.support.clients import aws_client

REGION = "us-east-1"
STACK = "ferryman-test"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
PARAMETERS = {"EnvironmentName": "local", "AllowLocalTargets": "true", "RetryDelays": "0,0,0", "PauseSeconds": "0"}


@dataclass(frozen=True)
class Answer:
    """An answer of the API."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    route: str = ""  # the route's key in the template: `GET /v1/chats/{chat_id}`
    cookies: tuple[str, ...] = ()  # the headers Set-Cookie

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Context:
    """The parts of Lambda's context that our handlers read."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "test"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:test"

    def __init__(self, remaining_ms: int = 60_000) -> None:
        self.remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


class World:
    """One deployment. Create it inside `mock_aws`."""

    def __init__(self, **parameters: str) -> None:
        declared = template.deployed()["Parameters"]
        defaults = {name: str(item.get("Default", "")) for name, item in declared.items()}
        self.parameters = defaults | PARAMETERS | parameters
        self._physical: dict[str, str] = {}
        self._arns: dict[str, str] = {}
        self._modules: dict[str, ModuleType] = {}
        self._handlers: dict[str, Handler] = {}
        self._read_through: dict[str, str] = {}
        self._streams: dict[str, tuple[str, str]] = {}
        self._acting: str | None = None  # the function whose code runs now
        self.answers: list[Answer] = []  # every one since the test began
        self._host = "api.test"
        aws.reset()
        allowed_targets.of_deployment.cache_clear()
        sealing._unseal.cache_clear()
        self._create()
        self._watch()
        self.functions = template.functions()
        self._routes: dict[str, list[tuple[re.Pattern[str], str, str]]] = defaultdict(list)  # by method
        for key, folder in template.routes().items():
            self._routes[key.partition(" ")[0]].append((_pattern(key), key, folder))

    # -- what the template declares --------------------------------------------------------------------------------

    def _create(self) -> None:
        dynamodb, sqs, kms, s3 = aws_client("dynamodb"), aws_client("sqs"), aws_client("kms"), aws_client("s3")
        for name, item in template.resources("AWS::DynamoDB::Table").items():
            wanted = item["Properties"]
            request = {key: wanted[key] for key in ("AttributeDefinitions", "KeySchema", "BillingMode")}
            for key in ("GlobalSecondaryIndexes", "StreamSpecification"):
                if key in wanted:
                    request[key] = wanted[key]
            if "StreamSpecification" in request:
                request["StreamSpecification"] = {**request["StreamSpecification"], "StreamEnabled": True}
            made = dynamodb.create_table(TableName=name, **request)["TableDescription"]
            self._physical[name], self._arns[name] = name, made["TableArn"]
        for name, item in template.resources("AWS::SQS::Queue").items():
            wanted = item["Properties"]
            attributes = {key: str(value) for key, value in wanted.items() if not isinstance(value, dict | bool)}
            url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
            self._physical[name], self._arns[name] = url, found["QueueArn"]
        for name, item in template.resources("AWS::SQS::Queue").items():
            if "RedrivePolicy" in item["Properties"]:
                redrive = self.resolve(item["Properties"]["RedrivePolicy"])
                sqs.set_queue_attributes(
                    QueueUrl=self._physical[name], Attributes={"RedrivePolicy": json.dumps(redrive)}
                )
        for name in template.resources("AWS::KMS::Key"):
            key = kms.create_key()["KeyMetadata"]
            self._physical[name], self._arns[name] = key["KeyId"], key["Arn"]
        for name in template.resources("AWS::S3::Bucket"):
            bucket = name.lower()
            s3.create_bucket(Bucket=bucket)
            self._physical[name], self._arns[name] = bucket, f"arn:aws:s3:::{bucket}"

    def _watch(self) -> None:
        """Let the AWS clients of the code under test raise the errors that AWS raises and moto does not (`guard`)."""
        logical = {physical: name for name, physical in self._physical.items()}
        schemas = {
            name: {key["AttributeName"]: key["KeyType"] for key in item["Properties"]["KeySchema"]}
            for name, item in template.resources("AWS::DynamoDB::Table").items()
        }

        def check(params: dict[str, Any], model: Any, **_: Any) -> None:
            service = model.service_model.service_name
            if self._acting is not None:
                guard.refuse_forbidden(self._acting, service, model.name, params, logical)
            if service == "dynamodb":
                guard.refuse_impossible(model.name, params, schemas)

        for client in (aws.dynamodb(), aws.sqs(), aws.kms(), aws.s3()):
            atomic.one_call_at_a_time(client)
            quick_moto.unsigned(client)
            client.meta.events.register("before-parameter-build", check)

    def resolve(self, value: Any) -> Any:
        """A value of a template with its intrinsic functions evaluated.

        Only those that the tests need are supported.
        """
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            return self.parameters.get(value["Ref"], self._physical.get(value["Ref"], value["Ref"]))
        if set(value) == {"Fn::GetAtt"}:
            name, attribute = value["Fn::GetAtt"]
            return self._arns[name] if attribute == "Arn" else f"{name}.{attribute}"
        if set(value) == {"Fn::If"}:
            name, then, otherwise = value["Fn::If"]
            return self.resolve(then if self._holds({"Condition": name}) else otherwise)
        if set(value) == {"Fn::Sub"}:
            return value["Fn::Sub"].replace("${AWS::StackName}", STACK)
        return {key: self.resolve(item) for key, item in value.items()}

    def _holds(self, condition: Any) -> bool:
        """Whether a condition of template.yaml is true. Raises ValueError for an unknown form."""
        match condition:
            case {"Condition": str(name)}:
                return self._holds(template.load()["Conditions"][name])
            case {"Fn::Not": [inner]}:
                return not self._holds(inner)
            case {"Fn::Or": list(inner)}:
                return any(map(self._holds, inner))
            case {"Fn::And": list(inner)}:
                return all(map(self._holds, inner))
            case {"Fn::Equals": [one, other]}:
                return bool(self.resolve(one) == self.resolve(other))
        raise ValueError(f"the condition {condition} is not known here")

    def table(self, folder: str) -> str:
        """The physical name of the table `folder`, such as `DeliveriesTable` for `deliveries`."""
        return "".join(part.title() for part in folder.split("_")) + "Table"

    def rows(self) -> dict[str, int]:
        """How many items each table has, without the table of rates, to which every request may write."""
        tables = get_backend("dynamodb")["123456789012"][REGION].tables
        return {name: len(table) for name, table in tables.items() if name != self.table("rates")}

    def items(self, but: Container[str] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every item in wire form, as (table, item), of all tables except `but`."""
        for name, table in get_backend("dynamodb")["123456789012"][REGION].tables.items():
            for item in () if name in but else table.all_items():
                yield name, item.to_json()["Attributes"]

    def keyed_items(self, but: Container[str] = ()) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
        """Every item in wire form, as (table, key, item), of all tables except `but`."""
        tables = get_backend("dynamodb")["123456789012"][REGION].tables
        for name, item in self.items(but):
            yield name, tuple(item[part["AttributeName"]]["S"] for part in tables[name].schema), item

    def queue_url(self, logical_id: str) -> str:
        return self._physical[logical_id]

    def bucket(self, logical_id: str = "ParkedBucket") -> str:
        return self._physical[logical_id]

    def parked(self) -> dict[str, Any]:
        """The content of every object in the bucket of parked records, by key."""
        s3, bucket = aws_client("s3"), self.bucket()
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return {key: json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys}

    # -- functions -------------------------------------------------------------------------------------------------

    def environment(self, folder: str) -> dict[str, str]:
        """All environment variables that the template gives to a function."""
        shared = template.load()["Globals"]["Function"]["Environment"]["Variables"]
        own = self.functions[folder]["Environment"]["Variables"]
        return {name: str(self.resolve(value)) for name, value in {**shared, **own}.items()}

    def module(self, folder: str) -> ModuleType:
        if folder not in self._modules:
            path = template.handler(folder)
            spec = importlib.util.spec_from_file_location(f"handler_{folder}", path)
            assert spec and spec.loader
            self._modules[folder] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self._modules[folder])
        return self._modules[folder]

    def invoke(self, folder: str, event: Any, context: Context | None = None) -> Any:
        """Call a function's handler in the environment that the template gives it.

        Powertools stores the current event and context in its classes. A request inside of another (`meanwhile`)
        restores those of the outer one.
        """
        app = getattr(self.module(folder), "app", None)
        outer, context_of = getattr(BaseRouter, "current_event", None), dict(app.context) if app else {}
        if app:
            app.context.clear()
        with self.inside(folder):
            if folder not in self._handlers:
                self._handlers[folder] = observed(self.module(folder).handler)
            answer = self._handlers[folder](event, context or Context())
        if outer is not None:
            BaseRouter.current_event = outer
        if app:
            app.context.update(context_of)
        return answer

    @contextmanager
    def inside(self, folder: str) -> Iterator[None]:
        """Inside the block, the environment variables and IAM role of a function, for calls to the package itself."""
        own, acted = self.environment(folder), self._acting
        before = {name: os.environ.get(name) for name in own}
        os.environ.update(own)
        self._acting = folder
        try:
            yield
        finally:
            self._acting = acted
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    # -- the front door --------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        target: str,
        *,
        token: str | None = None,
        json_body: Any = None,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request: build the event as API Gateway would, and invoke the function of its route."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if token is not None:
            sent.setdefault("authorization", f"Bearer {token}")
        if isinstance(json_body, bytes):  # a picture
            body = json_body
            sent.setdefault("content-type", "application/octet-stream")
        elif json_body is not None:
            body = json.dumps(json_body)
            sent.setdefault("content-type", "application/json")
        event, folder = self.event(method, target, sent, body)
        answer = self.invoke(folder, event)
        content = answer.get("body") or ""
        raw = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
        made = Answer(
            answer["statusCode"],
            {k.lower(): v for k, v in answer["headers"].items()},
            raw,
            self._address(event, folder),
            tuple(answer.get("cookies") or ()),
        )
        self.answers.append(made)
        return made

    def _address(self, event: dict[str, Any], folder: str) -> str:
        """The key of the event's route, such as `GET /v1/me`.

        A function with one greedy route lists its addresses in `ADDRESSES`; the key is then that of the address.
        """
        addresses = getattr(self.module(folder), "ADDRESSES", None)
        found = addresses and addresses.find(event["requestContext"]["http"]["method"], event["rawPath"])
        return str(found.key if found else event["routeKey"])

    def event(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | str | None
    ) -> tuple[dict[str, Any], str]:
        """An HTTP API event (payload format 2.0), and the folder of the function that gets it."""
        parts = urlsplit(target)
        path = unquote(parts.path)
        route, folder, parameters = self._match(method, path)
        headers = dict(headers)
        cookies = headers.pop("cookie", "")
        is_text = body is None or isinstance(body, str)
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": parts.query,
            "headers": {"host": self._host, **headers},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "api",
                "domainName": self._host,
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                    "userAgent": "tests",
                },
                "requestId": str(uuid.uuid4()),
                "routeKey": route,
                "stage": "$default",
            },
            "isBase64Encoded": not is_text,
        }
        if cookies:
            event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
        if parameters:
            event["pathParameters"] = parameters
        if parts.query:
            query: dict[str, str] = {}
            for name, value in parse_qsl(parts.query, keep_blank_values=True):
                query[name] = f"{query[name]},{value}" if name in query else value
            event["queryStringParameters"] = query
        if body is not None:
            event["body"] = body if isinstance(body, str) else base64.b64encode(body).decode()
        return event, folder

    def _match(self, method: str, path: str) -> tuple[str, str, dict[str, str]]:
        found = []
        for pattern, key, folder in [*self._routes[method], *self._routes["ANY"]]:
            match = pattern.fullmatch(f"{key.partition(' ')[0]} {path}")
            if match:
                # A greedy route gets what no other takes, the one with the longest path first; and a route of every
                # method what those of one method do not.
                steps = key.count("/") if "+}" in key else 0
                rank = ("+}" in key, -steps, len(match.groupdict()), key.startswith("ANY "))
                found.append((rank, key, folder, match.groupdict()))
        if not found:
            return "$default", template.routes()["$default"], {}
        _, key, folder, parameters = min(found, key=lambda item: item[0])
        return key, folder, parameters

    def bootstrap(self, name: str = "Acme", **fields: Any) -> dict[str, Any]:
        """Create a workspace with its owner through the bootstrap function, and return the function's answer.

        Deletes the function's own mark first, so that it creates a further workspace.
        """
        aws_client("dynamodb").delete_item(TableName=self.table("workspaces"), Key={"workspace_id": {"S": "bootstrap"}})
        event = {
            "workspace_name": name,
            "owner_name": "Ada",
            "owner_email": f"ada-{uuid.uuid4().hex[:8]}@example.com",
            **fields,
        }
        made: dict[str, Any] = self.invoke("bootstrap", event)
        assert "token" in made, made
        return made

    # -- what AWS moves --------------------------------------------------------------------------------------------

    def pump(self, rounds: int = 12) -> None:
        """Move records and messages, as the event source mappings do, until none is waiting or `rounds` are over."""
        for _ in range(rounds):
            moved = self.pump_streams() + self.pump_queue("DeliveriesQueue", "deliverer")
            moved += self.pump_queue("SlowDeliveriesQueue", "deliverer")
            moved += self.pump_queue("DeadLettersQueue", "dead_letters")
            if not moved:
                return

    def stream_records(self, table: str) -> list[dict[str, Any]]:
        """The table's stream records since the last call that pass the mapping's filter."""
        streams = aws_client("dynamodbstreams")
        arn, shard = self._stream(table)
        # A fresh iterator each time: moto replaces its tables when a transaction is cancelled, and an iterator
        # would go on reading what was replaced.
        read = self._read_through.get(table)
        start: Any = {"ShardIteratorType": "TRIM_HORIZON"}
        if read:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": read}
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, **start)["ShardIterator"]
        answer = streams.get_records(ShardIterator=iterator)
        if answer["Records"]:
            self._read_through[table] = max(
                (record["dynamodb"]["SequenceNumber"] for record in answer["Records"]), key=int
            )
        records = [json.loads(json.dumps(record, default=_wire)) for record in answer["Records"]]
        filters = [filter_ for name, _, filter_ in template.streams() if name == table]
        return [record for record in records if any(template.passes(filter_, record) for filter_ in filters)]

    def _stream(self, table: str) -> tuple[str, str]:
        """The ARN of a table's stream, and the id of its only shard. Cached."""
        if table not in self._streams:
            described = aws_client("dynamodb").describe_table(TableName=table)["Table"]
            stream = aws_client("dynamodbstreams").describe_stream(StreamArn=described["LatestStreamArn"])
            (shard,) = stream["StreamDescription"]["Shards"]
            self._streams[table] = described["LatestStreamArn"], shard["ShardId"]
        return self._streams[table]

    def pump_streams(self) -> int:
        moved = 0
        for table, folder, _ in template.streams():
            records, tries = self.stream_records(table), 0
            while records:
                tries += 1
                assert tries <= 1000, f"{folder} gets nowhere; its log says why"
                failed = self.invoke(folder, {"Records": records})["batchItemFailures"]
                moved += len(records)
                if not failed:
                    break
                numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
                records = records[numbers.index(failed[0]["itemIdentifier"]) :]
                moved -= len(records)
        return moved

    def pump_queue(self, queue: str, folder: str) -> int:
        """Invoke a function with up to ten messages of a queue. Deletes those that it does not report as failed.

        Returns how many it received.
        """
        sqs, url = aws_client("sqs"), self.queue_url(queue)
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages", [])
        if not received:
            return 0
        records: list[dict[str, Any]] = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{url.rpartition('/')[2]}",
            }
            for message in received
        ]
        reply = self.invoke(folder, {"Records": records})
        failed = {item["itemIdentifier"] for item in reply["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=record["receiptHandle"])
        return len(records)


def _wire(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _pattern(route_key: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+\+?)\}", route_key)
    return re.compile("".join(_group(piece) if odd % 2 else re.escape(piece) for odd, piece in enumerate(pieces)))


def _group(name: str) -> str:
    """The regular expression of a path parameter. A greedy one (`name+`) matches any text, including line breaks."""
    return f"(?P<{name[:-1]}>(?s:.+))" if name.endswith("+") else f"(?P<{name}>[^/]+)"


@contextmanager
def world(**parameters: str) -> Iterator[World]:
    """A deployment of its own during the block.

    The hash of a password is cheap here; tests/unit/test_passwords.py checks the cost of a real one.
    """
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(CREDENTIALS)
    try:
        strict = patch.dict(aws.CONFIG, parameter_validation=True)  # botocore then names a parameter that is wrong
        cheap = patch.object(passwords, "LOG2_N", 4)
        with strict, cheap, mock_aws(), transactions.remembering_what_they_touch(), quick_moto.answering_quickly():
            yield World(**parameters)
    finally:
        os.environ.clear()
        os.environ.update(before)
        aws.reset()
        allowed_targets.of_deployment.cache_clear()
