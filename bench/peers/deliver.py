"""A delivery loop with boto3 and requests, with which the deliverer is compared.

`python -m bench.peers.deliver FOLDER` reads FOLDER/floor.json: the calls and the bodies that the real deliverer sent
for one batch. The loop makes the same calls and sends the same bodies, ten at a time. It creates its clients and its
TLS context once. It gives none of the deliverer's guarantees: it checks no addresses and bounds no attempt by a
deadline, a crash loses open deliveries, and any answer of a receiver may raise.

For each line of standard input it prints its CPU milliseconds for one delivery:

- `new 6` makes six batches with a new connection for each POST.
- `kept 6` reuses connections.
- `posts 6` sends six batches of POSTs over new connections, without calls to AWS.
"""

import base64
import hmac
import json
import ssl
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore import xform_name
from botocore.config import Config
from requests.adapters import HTTPAdapter

from bench import SERVICES

_BINARY = ("B", "CiphertextBlob")
_AT_ONCE = 10


class SharedContext(HTTPAdapter):
    """An adapter that verifies with one TLS context, so that the certificate authorities are parsed once."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_maxsize=_AT_ONCE)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"


class Deliverer:
    def __init__(self, folder: Path) -> None:
        self.work = json.loads((folder / "floor.json").read_text())
        roots = str(folder / "ca.pem")
        self._clients: dict[str, Any] = {
            service: boto3.client(
                service,  # type: ignore[call-overload]
                region_name="us-east-1",
                endpoint_url=f"https://localhost:{self.work['ports']['aws']}",
                aws_access_key_id="testing",
                aws_secret_access_key="testing",  # noqa: S106 - nobody checks it
                verify=roots,
                config=Config(max_pool_connections=_AT_ONCE, connect_timeout=2, read_timeout=5),
            )
            for service in SERVICES.values()
        }
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", SharedContext(ssl.create_default_context(cafile=roots)))
        self._threads = ThreadPoolExecutor(_AT_ONCE)

    def batch(self, *, keep: bool) -> None:
        for call in self.work["batch"]:
            self._call(*call)
        list(self._threads.map(lambda delivery: self._deliver(delivery, keep=keep), self.work["deliveries"]))

    def posts(self) -> None:
        list(self._threads.map(lambda one: self._post(one[0], one[1], one[2], keep=False), self.work["deliveries"]))

    def _deliver(self, delivery: Any, *, keep: bool) -> None:
        port, path, body, calls = delivery
        for call in calls[: len(calls) // 2]:
            self._call(*call)
        self._post(port, path, body, keep=keep)
        for call in calls[len(calls) // 2 :]:
            self._call(*call)

    def _call(self, target: str, request: Any) -> Any:
        prefix, _, operation = target.partition(".")
        return getattr(self._clients[SERVICES[prefix]], xform_name(operation))(**_plain(request))

    def _post(self, port: int, path: str, body: str, *, keep: bool) -> None:
        content = body.encode()
        at = int(time.time())
        signature = hmac.digest(b"secret", b"%d.%s" % (at, content), "sha256").hex()
        headers = {"Content-Type": "application/json", "X-FM-Webhook-Signature": f"t={at},v1={signature}"}
        if not keep:
            headers["Connection"] = "close"
        with self._session.post(
            f"https://localhost:{port}{path}",
            data=content,
            headers=headers,
            timeout=(3, 8),
            allow_redirects=False,
            stream=True,
        ) as response:
            response.raise_for_status()
            response.raw.read(1024)


def _plain(value: Any) -> Any:
    """A recorded request in the form that boto3 takes: binary values as bytes."""
    if isinstance(value, dict):
        return {
            name: base64.b64decode(member) if name in _BINARY and isinstance(member, str) else _plain(member)
            for name, member in value.items()
        }
    return [_plain(member) for member in value] if isinstance(value, list) else value


def main() -> None:
    deliverer = Deliverer(Path(sys.argv[1]))
    work: dict[str, Callable[[], None]] = {
        "new": lambda: deliverer.batch(keep=False),
        "kept": lambda: deliverer.batch(keep=True),
        "posts": deliverer.posts,
    }
    for line in sys.stdin:
        how, batches = line.split()
        began = time.process_time()
        for _ in range(int(batches)):
            work[how]()
        spent = time.process_time() - began
        print(spent * 1000 / (int(batches) * len(deliverer.work["deliveries"])), flush=True)


if __name__ == "__main__":
    main()
