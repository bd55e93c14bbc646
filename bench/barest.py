"""The floor under a delivery: the least Python that makes the same calls and sends the same requests.

`python -m bench.barest FOLDER` reads FOLDER/floor.json: the calls that the real deliverer made for one batch, and what
it sent. Then, for each line of standard input (`new` or `kept`, and how many batches), it does that work with asyncio's
streams and AWS calls signed by hand, and prints its CPU milliseconds for one delivery.
"""

import asyncio
import datetime
import hashlib
import hmac
import json
import ssl
import sys
import time
from pathlib import Path
from typing import Any

REGION = "us-east-1"
SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms", "AmazonSQS": "sqs"}
_KEY = "testing"
type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


class Aws:
    """Calls over connections that are kept, signed with Signature Version 4."""

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        self._port, self._tls = port, tls
        self._free: list[Streams] = []
        self._keys: dict[tuple[str, str], bytes] = {}

    async def call(self, target: str, request: Any) -> bytes:
        service = SERVICES[target.partition(".")[0]]
        body = json.dumps(request).encode()
        at = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{at[:8]}/{REGION}/{service}/aws4_request"
        host = f"localhost:{self._port}"
        signed = f"host:{host}\nx-amz-date:{at}\nx-amz-target:{target}\n\nhost;x-amz-date;x-amz-target"
        canonical = f"POST\n/\n\n{signed}\n{hashlib.sha256(body).hexdigest()}"
        text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = _hmac(self._key(at[:8], service), text).hex()
        head = (
            f"POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Date: {at}\r\nX-Amz-Target: {target}\r\n"
            f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={_KEY}/{scope}, "
            f"SignedHeaders=host;x-amz-date;x-amz-target, Signature={signature}\r\n\r\n"
        )
        streams = (
            self._free.pop() if self._free else await asyncio.open_connection("localhost", self._port, ssl=self._tls)
        )
        streams[1].write(head.encode() + body)
        answer = await _response(streams[0])
        self._free.append(streams)
        json.loads(answer)
        return answer

    def _key(self, day: str, service: str) -> bytes:
        if (day, service) not in self._keys:
            key = _hmac(b"AWS4" + _KEY.encode(), day)
            for part in (REGION, service, "aws4_request"):
                key = _hmac(key, part)
            self._keys[day, service] = key
        return self._keys[day, service]


async def _response(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


class Floor:
    def __init__(self, folder: Path) -> None:
        self.work = json.loads((folder / "floor.json").read_text())
        self.tls = ssl.create_default_context(cafile=folder / "ca.pem")
        self.aws = Aws(self.work["ports"]["aws"], self.tls)
        self._kept: list[Streams] = []

    async def batch(self, *, keep: bool) -> None:
        for call in self.work["batch"]:
            await self.aws.call(*call)
        await asyncio.gather(*(self._deliver(delivery, keep=keep) for delivery in self.work["deliveries"]))

    async def _deliver(self, delivery: Any, *, keep: bool) -> None:
        port, path, body, calls = delivery
        first, last = calls[: len(calls) // 2], calls[len(calls) // 2 :]
        for call in first:
            await self.aws.call(*call)
        content = body.encode()
        at = int(time.time())
        signature = hmac.digest(b"secret", b"%d.%s" % (at, content), "sha256").hex()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\nConnection: {'keep-alive' if keep else 'close'}\r\n"
            f"X-FM-Webhook-Signature: t={at},v1={signature}\r\n\r\n"
        )
        if keep and self._kept:
            streams = self._kept.pop()
        else:
            streams = await asyncio.open_connection("127.0.0.1", port, ssl=self.tls, server_hostname="localhost")
        streams[1].write(head.encode() + content)
        await _response(streams[0])
        if keep:
            self._kept.append(streams)
        else:
            streams[1].close()
        for call in last:
            await self.aws.call(*call)


def main() -> None:
    floor = Floor(Path(sys.argv[1]))

    async def run(batches: int, *, keep: bool) -> None:
        for _ in range(batches):
            await floor.batch(keep=keep)

    with asyncio.Runner() as runner:
        for line in sys.stdin:
            how, batches = line.split()
            began = time.process_time()
            runner.run(run(int(batches), keep=how == "kept"))
            spent = time.process_time() - began
            print(spent * 1000 / (int(batches) * len(floor.work["deliveries"])), flush=True)


if __name__ == "__main__":
    main()
