"""One embedded stack: MiniStack, the deployed templates, and the gateway in front of them.

`make up` has one in `.local`; each run of the e2e tests has another, on other ports and in another directory.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import bootstrap, deploy, ministack, processes, warm
from local.api import Api
from local.deploy import Deployment
from tools import build, template
from tools.console import LocalError, step, tail, yellow

ROOT = Path(__file__).resolve().parent.parent
GATEWAY_START_SECONDS = 10
DELIVERER_CONCURRENCY = "4"  # each is a process of its own here


@dataclass
class Stack:
    """One stack, with its files below `directory`.

    Other programs find its address and token in `ferryman.json` there.
    """

    directory: Path
    port: int  # of the front door
    stack_port: int  # of MiniStack
    root: Path = ROOT
    overrides: dict[str, str] = field(default_factory=dict)  # parameters of the template
    persistent: bool = True  # whether MiniStack's state survives a stop

    @property
    def api_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def info_file(self) -> Path:
        return self.directory / "ferryman.json"

    @property
    def info(self) -> dict[str, Any]:
        try:
            known: dict[str, Any] = json.loads(self.info_file.read_text())
        except FileNotFoundError:
            return {}
        return known

    def api(self, token: str | None = None) -> Api:
        return Api(self.api_url, token or self.info.get("owner_token"))

    def up(self) -> None:
        """Bring the stack up to date with the sources, skipping the steps that are done already."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._alone():
            before = self._served()
            self._start_ministack()
            deployment = self._deploy()
            self._start_gateway(deployment)
            if self._served() != before:
                with step("Starting the functions"):
                    warm.functions(self.stack_port, deployment)
                self._remove_old_code()
            with step("Owner and workspace"):
                self._remember(**bootstrap.ensure(self.stack_port, deployment, self.api()))

    def receiver_url(self) -> str:
        """Start the receiver of the sample workspace unless it runs. Returns its address, which never changes."""
        port = self.info.get("receiver_port") or processes.free_port()
        running = self._running()
        if "receiver" not in running:
            command = [sys.executable, "-m", "local.receiver", "--port", str(port)]
            process = processes.start(command, cwd=ROOT, env=dict(os.environ), log=self.directory / "receiver.log")
            self._remember(receiver_port=port, processes=running | {"receiver": process})
        return f"http://localhost:{port}"

    def sampled(self) -> None:
        """Store that the sample workspace exists."""
        self._remember(sampled=True)

    def down(self) -> bool:
        """Stop everything that `up` started. Returns False if nothing was running."""
        running = self._running()
        if gateway := running.get("gateway"):
            with step("Stopping the gateway"):
                processes.stop(gateway, patience=2)
        if receiver := running.get("receiver"):
            processes.stop(receiver, patience=2)
        clean = True
        if emulator := running.get("ministack"):
            with step("Stopping MiniStack" + (", which saves its state" if self.persistent else "")):
                clean = ministack.stop(emulator)
        if not clean:
            print(yellow("  MiniStack had to be killed: what changed since it was started is lost."))
        self._remember(processes={})
        return bool(running)

    def _start_ministack(self) -> None:
        running = self._running().get("ministack")
        if running and self.info.get("stack_port") == self.stack_port and ministack.healthy(self.stack_port):
            return
        if running:
            ministack.stop(running)
        elif "ministack" in self.info.get("processes", {}):
            # It ended without `down`, so its state is older than the last deployment: deploy again.
            self._remember(deployed=None)
        with step("Starting MiniStack, a local AWS"):
            self._set_aside_unpacked_code()
            process = ministack.start(self._ministack_directory, self.stack_port, persistent=self.persistent)
        self._remember(
            stack_port=self.stack_port,
            aws_endpoint_url=ministack.endpoint(self.stack_port),
            stack_name=deploy.STACK_NAME,
            region=ministack.REGION,
            processes=self._running() | {"ministack": process},
        )

    def _deploy(self) -> Deployment:
        ours = {"PublicUrl": self.api_url, "DelivererConcurrency": DELIVERER_CONCURRENCY}
        parameters = template.parameters(self.root, template.RELEASE, ours | self.overrides)
        with build.lock(self.root):
            wanted = build.fingerprint(self.root, parameters)
            if self.info.get("deployed") == wanted and Deployment.exists(self.stack_port):
                return Deployment(self.stack_port)
            with step("Building the functions and layers (sam build), deploying data.yaml meanwhile (sam deploy)"):
                self._deploy_data_and_build()
            with step("Deploying template.yaml (sam deploy)"):
                deploy.deploy(self.root, self.stack_port, parameters, self.directory / "deploy.log")
                deployment = Deployment(self.stack_port)
                deployment.adapt()
        self._remember(deployed=wanted)
        return deployment

    def _deploy_data_and_build(self) -> None:
        parameters = template.parameters(self.root, template.DATA, self.overrides)
        log = self.directory / "deploy-data.log"
        with ThreadPoolExecutor(1) as beside:
            data = beside.submit(deploy.deploy_data, self.root, self.stack_port, parameters, log)
            build.build(self.root, build.LOCAL, self.directory / "build.log", template.architecture())
            data.result()

    def _start_gateway(self, deployment: Deployment) -> None:
        target = f"{ministack.endpoint(self.stack_port)}/_aws/execute-api/{deployment.api_id()}/$default"
        wanted = {"port": self.port, "target": target}
        running = self._running()
        if "gateway" in running and self.info.get("gateway") == wanted:
            return
        if old := running.pop("gateway", None):
            processes.stop(old, patience=2)
        if not processes.is_free(self.port):
            raise LocalError(
                f"Port {self.port}, wanted by the API, is taken by {processes.who_listens(self.port)}.",
                f"Stop it, or choose another port: PORT={self.port + 1} make up",
            )
        with step(f"Opening the front door at {self.api_url}"):
            log = self.directory / "gateway.log"
            command = [sys.executable, "-m", "local.gateway", "--port", str(self.port), "--target", target]
            process = processes.start(command, cwd=ROOT, env=dict(os.environ), log=log)
            self._remember(api_url=self.api_url, gateway=wanted, processes=running | {"gateway": process})
            deadline = time.monotonic() + GATEWAY_START_SECONDS
            while processes.is_free(self.port):
                if not processes.alive(process) or time.monotonic() > deadline:
                    raise LocalError(f"The gateway did not start.\n{tail(log)}", f"Read {log}.")
                time.sleep(0.02)

    def _served(self) -> object:
        """An identity of the running MiniStack and its deployment. When it changes, every function starts anew."""
        return self._running().get("ministack"), self.info.get("deployed")

    def _set_aside_unpacked_code(self) -> None:
        """Rename the folder of code that an earlier MiniStack unpacked, to be deleted later.

        ext4 creates files slowly after many were deleted, so the functions would take twice as long to start.
        """
        unpacked = self._ministack_directory / "tmp"
        if unpacked.exists():
            unpacked.rename(self._ministack_directory / f"old-{time.time_ns()}")

    def _remove_old_code(self) -> None:
        if old := list(self._ministack_directory.glob("old-*")):
            subprocess.Popen(["rm", "-rf", *old], start_new_session=True)

    @property
    def _ministack_directory(self) -> Path:
        return self.directory / "ministack"

    def _running(self) -> dict[str, processes.Process]:
        """The processes of this stack that are alive, by name."""
        return {name: one for name, one in self.info.get("processes", {}).items() if processes.alive(one)}

    def _remember(self, **news: Any) -> None:
        """Add entries to ferryman.json. Only this user may read the file, because it has the owner's token."""
        known = self.info | news
        if not self.directory.exists():
            return
        fresh = self.info_file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(known, file, indent=2)
            file.write("\n")
        fresh.replace(self.info_file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.directory / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalError(f"Another `make up` is at work in {self.directory}.", "Wait until it ends.") from None
            yield


def default() -> Stack:
    """The stack of `make up`, on the ports PORT and STACK_PORT, or else its last ports, or else 8080 and 4566."""
    stack = Stack(ROOT / ".local", port=8080, stack_port=4566)
    known = stack.info
    stack.port = _port("PORT", known.get("gateway", {}).get("port", 8080))
    stack.stack_port = _port("STACK_PORT", known.get("stack_port", 4566))
    return stack


def _port(variable: str, otherwise: int) -> int:
    written = os.environ.get(variable, "")
    if not written:
        return otherwise
    if not (written.isdigit() and 1 <= int(written) <= 65535):
        raise LocalError(f"{variable}={written} is not a port.", f"Give a number: {variable}={otherwise} make up")
    return int(written)
