"""A stub of AWS on loopback that answers at once, with answers recorded from the tests' AWS.

`record` sends every function its sample event (events/) with real ids and tokens, and records each call with its
answer. `Stub` answers from these records in a process of its own, so only our side of a call is measured.
"""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ferryman.aws import clients as aws

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support import template
from tests.support.logged import logged
from tests.support.samples import with_real_things
from tests.support.world import CREDENTIALS, Context, World, world

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class AwsCall:
    """One call of a function to AWS: its arguments, and the answer."""

    service: str
    operation: str  # `get_item`
    arguments: dict[str, Any]
    key: str
    status: int
    media_type: str
    body: str


@dataclass
class Sample:
    """One invocation of a function: its event, its environment, its calls and its log."""

    event: Any
    environment: dict[str, str]
    calls: list[AwsCall]
    logged: str  # what it wrote to its log
    at: float  # when it was invoked


@contextmanager
def record() -> Iterator[dict[str, Sample]]:
    """Run every function in a world of its own. Yields a sample of the first invocation of each, by its folder's name.

    The receiver of deliveries listens during the block.
    """
    # A rate writes its count once in many requests, which one sample cannot show.
    with world(PostsPerMinute="0", RequestsPerMinute="0") as made, Receiver() as receiver:
        owner = made.bootstrap()
        workspace = Workspace(made, owner["workspace_id"], owner["user_id"], owner["token"])
        recorder = _Recorder(made)
        _journey(made, workspace, receiver, recorder)
        for folder in template.functions():
            if folder not in recorder.samples:
                recorder.invoke(folder, with_real_things(folder, workspace))
        yield recorder.samples


def _journey(made: World, workspace: Workspace, receiver: Receiver, recorder: "_Recorder") -> None:
    """Take a message through the pipeline, so that the recorder gets samples for the dispatcher and the deliverer."""
    chat = workspace.chat()
    workspace.make("/v1/webhooks", {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]})
    made.pump()
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "Build passed"})
    plain = made.invoke
    made.invoke = recorder.invoke  # type: ignore[method-assign]
    made.pump()
    made.invoke = plain  # type: ignore[method-assign]


class _Recorder:
    def __init__(self, made: World) -> None:
        self.samples: dict[str, Sample] = {}
        self._world = made
        self._invoke = made.invoke
        self._calls: list[AwsCall] = []
        for client in (aws.dynamodb(), aws.sqs(), aws.kms(), aws.s3()):
            client.meta.events.register("before-parameter-build", _remember)
            client.meta.events.register("before-call", _remember_wire)
            client.meta.events.register("after-call", self._called)

    def invoke(self, folder: str, event: Any, context: Context | None = None) -> Any:
        """Invoke the function as the world does, and record the first invocation of each function."""
        self._calls.clear()
        at = time.time()
        with logged() as lines:
            answer = self._invoke(folder, event, context)
        if folder not in self.samples:
            text = lines.text.getvalue()
            self.samples[folder] = Sample(event, self._world.environment(folder), list(self._calls), text, at)
        return answer

    def _called(self, http_response: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        self._calls.append(
            AwsCall(
                service=model.service_model.service_name,
                operation=model.name,
                arguments=context["bench_params"],
                key=context["bench_key"],
                status=http_response.status_code,
                media_type=http_response.headers.get("content-type", "application/x-amz-json-1.0"),
                body=http_response.content.decode(),
            )
        )


def _remember(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["bench_params"] = params


def _remember_wire(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["bench_key"] = _key(params["method"], params["headers"].get("X-Amz-Target"), params["body"])


def _key(method: str, target: str | None, body: bytes | str) -> str:
    """The key by which the stub finds a call's answer: the operation and its table."""
    if target is None:
        return method
    content = json.loads(body)
    table = content.get("TableName") or next(iter(content.get("RequestItems", {})), "")
    return f"{target.partition('.')[2]} {table}".strip()


class Stub:
    """Answers each kind of call with its recorded answers, one after the other. Each connection has its own thread."""

    def __init__(self, calls: list[AwsCall]) -> None:
        answers: dict[str, list[list[Any]]] = defaultdict(list)
        for call in calls:
            answers[call.key].append([call.status, call.media_type, call.body])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.stub"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(answers) + "\n")
        self._process.stdin.flush()
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"

    def environment(self) -> dict[str, str]:
        """The environment variables with which a process uses this stub as AWS."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url, "AWS_CONFIG_FILE": os.devnull}

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    answers: dict[str, list[list[Any]]]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        known = self.answers[_key(self.command, self.headers.get("X-Amz-Target"), body)]
        known.append(known.pop(0))
        status, media_type, text = known[-1]
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    do_POST = do_GET = do_PUT = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Prints nothing."""


def main() -> None:
    _Handler.answers = json.loads(sys.stdin.readline())
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
