"""What surrounds the deliverer while it is measured, in a process of its own: AWS that answers at once, and receivers.

`python -m bench.edge FOLDER` writes FOLDER/ca.pem (the roots of requests and a new authority's), prints its ports as
JSON, and ends when its standard input does. The line `tables` lets it read FOLDER/tables.json: {table: {"keys": names,
"items": in wire form}}; `seen` asks what it was asked since the last time. All of it speaks TLS, as AWS and receivers
do. Writes are acknowledged and forgotten, so that the same batch can be delivered again and again.

Receivers answer by path: /in at once, /slow/<ms> later, /hang never.
"""

import asyncio
import base64
import json
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
from cryptography.hazmat.primitives import serialization

from tests.unit.hostile import Authority

SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()  # what KMS decrypts everything to
NAME = "localhost"


class Aws:
    """DynamoDB, SQS and KMS: reads from the snapshot, acknowledges everything else."""

    def __init__(self) -> None:
        self._keys: dict[str, list[str]] = {}
        self._items: dict[tuple[str, ...], dict[str, Any]] = {}
        self.seen: list[tuple[str, Any]] = []  # (target, request), of every call

    def load(self, tables: dict[str, Any]) -> None:
        self._keys = {table: found["keys"] for table, found in tables.items()}
        for table, found in tables.items():
            self._items |= {self._key(table, item): item for item in found["items"]}

    def answer(self, target: str, body: bytes) -> bytes:
        request = json.loads(body)
        self.seen.append((target, request))
        return json.dumps(self._answer(target.partition(".")[2], request)).encode()

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
            case "Decrypt":
                return {"Plaintext": base64.b64encode(SECRET.encode()).decode(), "KeyId": request["KeyId"]}
            case "SendMessageBatch":
                return {"Successful": [{"Id": entry["Id"], "MessageId": "m"} for entry in request["Entries"]]}
        return {}

    def _item(self, table: str, key: dict[str, Any]) -> dict[str, Any] | None:
        return self._items.get(self._key(table, key))

    def _key(self, table: str, item: dict[str, Any]) -> tuple[str, ...]:
        return (table, *(item[name]["S"] for name in self._keys[table]))


class Http(asyncio.Protocol):
    """As much HTTP/1.1 as our own clients speak: a head, a body of Content-Length bytes, and connections that stay."""

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
                reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%s"
                asyncio.get_running_loop().call_later(
                    seconds, self._reply, reply % (len(content), content), headers.get("connection") == "close"
                )

    def _reply(self, reply: bytes, close: bool) -> None:
        self._transport.write(reply)
        if close:
            self._transport.close()


class Receivers:
    def __init__(self) -> None:
        self.bodies: list[str] = []

    def answer(self, first: str, _headers: dict[str, str], body: bytes) -> tuple[float, bytes] | None:
        self.bodies.append(body.decode())
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
        print(json.dumps({"calls": aws.seen, "bodies": receivers.bodies}), flush=True)
        aws.seen.clear()
        receivers.bodies.clear()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
