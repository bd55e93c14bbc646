"""Sends one message through a deployment with tracing, and writes the trace to a file as JSON.

The file also holds the ids, log lines and headers that the tests look at. Run it as
`python -m tests.support.traced Active FILE`, where `Active` is the value of the parameter `Tracing`. It is a process of
its own, because the X-Ray SDK patches botocore for the rest of the process.
"""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.logged import logged
from tests.support.world import world

TEXT = "nobody but the receiver reads this"
TRACE_ID = "1-67891233-abcdef012345678912345678"


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.setblocking(False)
        # As Lambda sets them.
        as_lambda = {
            "LAMBDA_TASK_ROOT": "/var/task",
            "_X_AMZN_TRACE_ID": f"Root={TRACE_ID};Parent=53995c3f42cd8ad8;Sampled=1",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
        }
        with world(Tracing=sys.argv[1]) as made, Receiver() as receiver:
            os.environ.update(as_lambda)
            owner = made.bootstrap()
            workspace = Workspace(made, owner["workspace_id"], owner["user_id"], owner["token"])
            chat = workspace.chat()
            workspace.make(
                "/v1/webhooks", {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]}
            )
            url = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})["url"]
            secret = url.rpartition("/")[2]
            with logged() as log:
                answer = made.call("POST", f"/hooks/{secret}", json_body={"text": TEXT})
                made.pump()
            (request,) = receiver.requests("/in")
            segments = _received(daemon)
    outcome = {
        "message_id": answer.headers["x-fm-message-id"],
        "delivery_id": request.headers["X-FM-Delivery-Id"],
        "secret": secret,
        "text": TEXT,
        "lines": log.lines(),
        "receiver": receiver.url(),
        "segments": segments,
        "headers": dict(request.headers.items()),
        "modules": [name for name in ("aws_xray_sdk", "wrapt") if name in sys.modules],
    }
    Path(sys.argv[2]).write_text(json.dumps(outcome))


def _received(daemon: socket.socket) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        try:
            packet = daemon.recv(65_536).decode()
        except BlockingIOError:
            return found
        found.append(json.loads(packet.partition("\n")[2]))


if __name__ == "__main__":
    main()
