"""The embedded stack for the e2e tests: one for the whole run, on free ports, apart from that of `make up`."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import logs
from local.processes import free_port
from local.receiver import Receiver
from local.stack import Stack
from tests.e2e.harness import E2E
from tools import clients
from tools.console import tail

# Delays between the attempts, instead of 30 s, 2 min and 10 min.
RETRY_DELAYS = "1,1,2"


@pytest.fixture(scope="session")
def stack() -> Iterator[E2E]:
    with tempfile.TemporaryDirectory(prefix="ferryman-e2e-") as directory:
        embedded = Stack(
            Path(directory),
            port=free_port(),
            stack_port=free_port(),
            overrides={"RetryDelays": RETRY_DELAYS},
            persistent=False,
        )
        receivers: list[Receiver] = []

        def receiver() -> Receiver:
            receivers.append(Receiver())
            return receivers[-1]

        try:
            embedded.up()
            info = embedded.info
            yield E2E(
                api_url=info["api_url"],
                owner_token=info["owner_token"],
                workspace_id=info["workspace_id"],
                stack_port=embedded.stack_port,
                receiver=receiver,
                embedded=embedded,
            )
        finally:
            for one in receivers:
                one.close()
            embedded.down()


@pytest.fixture(scope="session")
def python() -> Path:
    """The path of a Python that has the clients of other products installed."""
    return clients.python()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add to the report of a failed test what the functions logged during it, and the last lines of MiniStack's log."""
    report = yield
    running = getattr(item, "funcargs", {}).get("stack")
    if isinstance(running, E2E) and isinstance(report, pytest.TestReport) and report.failed:
        embedded = running.embedded
        since = int((time.time() - call.duration - 1) * 1000)
        try:
            shown = "\n".join(logs.readable(line) for line in logs.lines(embedded.stack_port, since))
        except Exception as error:
            shown = f"not available: {error!r}"
        report.sections.append(("functions' logs", shown))
        report.sections.append(("MiniStack", tail(embedded.directory / "ministack/ministack.log")))
    return report
