"""Stands in for AWS and for the receivers of a measured function, in a process of its own.

`python -m bench.edge FOLDER` writes FOLDER/ca.pem (the roots of requests and a new authority's), prints its ports as
JSON, and ends when its standard input ends. It reads commands from there. `tables` loads FOLDER/tables.json: {table:
{"keys": names, "items": in wire form, "numbered": partitions of copies}}. `seen` prints the requests since the last
`seen`.

AWS answers at once, over TLS. Writes are acknowledged but not stored, so that the same work can be repeated. Receivers
answer by path: /in at once, /slow/<ms> later, /hang never.
"""

import asyncio
import base64
import json
import re
import ssl
import sys
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import certifi
from cryptography.hazmat.primitives import serialization

from bench import SERVICES, meter
from simulator.expressions import compile_request
from tests.unit.hostile import Authority

_PAGE_BYTES = 1024 * 1024
SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()  # what KMS decrypts everything to
NAME = "localhost"


class Numbered(Sequence[str]):
    """A sequence of `count` sort keys that are computed when they are read, so a million rows take no memory."""

    def __init__(self, form: str, count: int) -> None:
        self._form, self._count = form, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: Any) -> Any:
        if not 0 <= number < self._count:
            raise IndexError(number)
        return self._form.format(number)


class Table:
    """Partitions of items in the order of their sort keys. A partition may be `Numbered`, with copies of one item."""

    def __init__(self, keys: list[str], items: list[dict[str, Any]], numbered: list[dict[str, Any]]) -> None:
        self.keys = keys
        self._items: dict[tuple[str, ...], dict[str, Any]] = {}
        self._sorted: dict[str, list[str]] = {}
        for item in items:
            key = self.key(item)
            self._items[key] = item
            if len(key) > 1:
                insort(self._sorted.setdefault(key[0], []), key[1])
        self._numbered = {one["partition"]: (Numbered(one["form"], one["count"]), one["item"]) for one in numbered}

    def key(self, item: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(item[name]["S"] for name in self.keys)

    def get(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        names = self.key(key)
        if found := self._items.get(names):
            return found
        return self._copy(*names) if len(names) > 1 and names[0] in self._numbered else None

    def _copy(self, partition: str, sort: str) -> dict[str, Any]:
        item = self._numbered[partition][1]
        return {**item, self.keys[0]: {"S": partition}, self.keys[1]: {"S": sort}}

    def query(self, request: Mapping[str, Any]) -> tuple[list[dict[str, Any]], bool]:
        """The items that a query reads before its filter, and whether it stopped at its limit or at a megabyte."""
        partition, low, high = _range(request, self.keys)
        sorts: Sequence[str] = self._sorted.get(partition, [])
        numbered = partition in self._numbered
        if numbered:
            sorts = self._numbered[partition][0]
        start = request.get("ExclusiveStartKey")
        forward = request.get("ScanIndexForward", True)
        first, last = bisect_left(sorts, low), bisect_right(sorts, high)
        if start:
            at = start[self.keys[1]]["S"]
            first, last = (bisect_right(sorts, at), last) if forward else (first, bisect_left(sorts, at))
        read: list[dict[str, Any]] = []
        held = 0
        for number in range(first, last) if forward else range(last - 1, first - 1, -1):
            if held >= _PAGE_BYTES or len(read) == request.get("Limit"):
                return read, True
            key = (partition, sorts[number])
            read.append(self._copy(*key) if numbered else self._items[key])
            held += meter.size(read[-1])
        return read, len(read) == request.get("Limit")


def _range(request: Mapping[str, Any], keys: list[str]) -> tuple[str, str, str]:
    """The partition, and the lowest and the highest sort key that a query names."""
    names, values = request.get("ExpressionAttributeNames", {}), request["ExpressionAttributeValues"]
    partition, low, high = "", "", "\U0010ffff"
    for name, value in re.findall(r"(#?\w+) = (:\w+)", request["KeyConditionExpression"]):
        assert names.get(name, name) == keys[0], "equality is for the partition"
        partition = values[value]["S"]
    for begin, end in re.findall(r"BETWEEN (:\w+) AND (:\w+)", request["KeyConditionExpression"]):
        low, high = values[begin]["S"], values[end]["S"]
    return partition, low, high


class Aws:
    """DynamoDB, SQS and KMS: answers reads from the loaded tables, and acknowledges all other calls."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._meter = meter.Meter(self._item, lambda query: self._tables[query["TableName"]].query(query)[0])
        self._written: dict[tuple[str, tuple[str, ...]], Any] = {}  # by the call that is being counted
        self.seen: list[dict[str, Any]] = []  # every call

    def load(self, tables: dict[str, Any]) -> None:
        self._tables = {
            name: Table(found["keys"], found["items"], found.get("numbered", [])) for name, found in tables.items()
        }

    def answer(self, target: str, body: bytes) -> bytes:
        request = json.loads(body)
        prefix, _, operation = target.partition(".")
        service = SERVICES[prefix]
        with self._meter.counting() as counted:
            before = self._meter.before(service, operation, request)
            self._written = {
                (table, self._tables[table].key(key)): item for table, key, item in self._after(operation, request)
            }
            self._meter.after(service, operation, request, before)
            self._written = {}
        (call,) = counted.calls
        self.seen.append(
            {"target": target, "request": request, "at": time.monotonic(), "reads": call.reads, "writes": call.writes}
        )
        return json.dumps(self._answer(operation, request)).encode()

    def _answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "BatchGetItem":
                found = {
                    table: [item for key in wanted["Keys"] if (item := self._item(table, key))]
                    for table, wanted in request["RequestItems"].items()
                }
                return {"Responses": found, "UnprocessedKeys": {}}
            case "GetItem":
                item = self._item(request["TableName"], request["Key"])
                return {"Item": item} if item else {}
            case "Query":
                return self._query(request)
            case "Decrypt":
                return {"Plaintext": base64.b64encode(SECRET.encode()).decode(), "KeyId": request["KeyId"]}
            case "SendMessageBatch":
                return {"Successful": [{"Id": entry["Id"], "MessageId": "m"} for entry in request["Entries"]]}
        return {}

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        table = self._tables[request["TableName"]]
        read, more = table.query(request)
        holds = compile_request(request).conditions.get("FilterExpression")
        shown = [item for item in read if holds is None or holds(item, request["ExpressionAttributeValues"])]
        answer: dict[str, Any] = {"Items": shown, "Count": len(shown), "ScannedCount": len(read)}
        if more and read:
            answer["LastEvaluatedKey"] = {name: read[-1][name] for name in table.keys}
        return answer

    def _item(self, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
        place = (table, self._tables[table].key(key))
        return self._written[place] if place in self._written else self._tables[table].get(key)

    def _after(self, operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
        """The items as they would be after a write, if it were stored: (table, key, item)."""
        for kind, table, key in meter.writes(operation, request):
            if kind == "Put":
                yield table, key, key
            elif kind == "Update" and operation == "UpdateItem":
                update = compile_request(request).update
                assert update, "an update has an expression"
                old = self._tables[table].get(key) or dict(key)
                yield table, key, update(old, request.get("ExpressionAttributeValues", {}))


class Http(asyncio.Protocol):
    """The part of HTTP/1.1 that our clients use: a head, a body of Content-Length bytes, and persistent connections."""

    def __init__(self, answer: Callable[[str, dict[str, str], bytes], tuple[float, bytes] | None]) -> None:
        self._answer = answer
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, rest = self._received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self._received = rest[length:]
            answered = self._answer(first, headers, rest[:length])
            if answered:
                seconds, content = answered
                close = headers.get("connection") == "close"
                start = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
                start += f"Content-Length: {len(content)}\r\n{'Connection: close\r\n' if close else ''}\r\n"
                asyncio.get_running_loop().call_later(seconds, self._reply, start.encode() + content, close)

    def _reply(self, reply: bytes, close: bool) -> None:
        self._transport.write(reply)
        if close:
            self._transport.close()


class Receivers:
    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.heads: list[int] = []  # their bytes

    def answer(self, first: str, headers: dict[str, str], body: bytes) -> tuple[float, bytes] | None:
        self.bodies.append(body.decode())
        self.heads.append(len(first) + 4 + sum(len(name) + len(value) + 4 for name, value in headers.items()))
        path = first.split(" ")[1]
        if path.startswith("/hang"):
            return None
        return (int(path.rpartition("/")[2]) / 1000 if path.startswith("/slow/") else 0), b"ok"


async def _serve(folder: Path) -> None:
    aws, receivers = Aws(), Receivers()
    authority = Authority(folder)
    roots = Path(certifi.where()).read_bytes()
    (folder / "ca.pem").write_bytes(roots + authority.certificate.public_bytes(serialization.Encoding.PEM))

    def call(_first: str, headers: dict[str, str], body: bytes) -> tuple[float, bytes]:
        return 0, aws.answer(headers["x-amz-target"], body)

    loop = asyncio.get_running_loop()

    async def listen(answer: Callable[..., Any], tls: ssl.SSLContext | None) -> int:
        server = await loop.create_server(lambda: Http(answer), "127.0.0.1", 0, ssl=tls, backlog=256)
        return int(server.sockets[0].getsockname()[1])

    ports = {
        "aws": await listen(call, authority.server(NAME)),
        "tls": await listen(receivers.answer, authority.server(NAME)),
        "http": await listen(receivers.answer, None),
    }
    print(json.dumps(ports), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "tables":
            aws.load(json.loads((folder / "tables.json").read_text()))
        print(json.dumps({"calls": aws.seen, "bodies": receivers.bodies, "heads": receivers.heads}), flush=True)
        aws.seen.clear()
        receivers.bodies.clear()
        receivers.heads.clear()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
