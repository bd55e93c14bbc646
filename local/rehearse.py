"""`make rehearse-operations`: rehearses an operator's work on AWS by the commands of docs/deployment.md.

It uses an embedded stack of its own and changes nothing else. It deploys two environments side by side, lets a first
deployment fail, upgrades from the last release and goes back while deliveries are open, restores tables into a fresh
environment, and deletes everything. It takes a quarter of an hour.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import bootstrap, deploy, ministack, processes
from local.api import Api
from local.deploy import Deployment
from local.receiver import Receiver
from tools import build, console, template
from tools.console import LocalError, bold, green, step, tail

ROOT = Path(__file__).resolve().parents[1]
DIRECTORY = ROOT / ".local" / "rehearsal"
ARRIVES_WITHIN_SECONDS = 150
# Long enough for a deployment to happen between two attempts.
RETRY_DELAYS = "60,60,60"
# Restored first: with its deliveries, no event that the streams bring again is sent again. Messages come last.
FIRST, LAST = "DeliveriesTable", "MessagesTable"


@dataclass
class Site:
    """One environment of the rehearsal, behind a gateway of its own."""

    name: str
    port: int = field(default_factory=processes.free_port)
    token: str | None = None

    @property
    def stack(self) -> str:
        return f"ferryman-{self.name}"

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def parameters(self) -> dict[str, str]:
        return {
            "EnvironmentName": "local",  # the embedded stack has no TLS and no metrics
            "Architecture": template.architecture(),
            "AllowLocalTargets": "true",
            "PublicUrl": self.url,
            "RetryDelays": RETRY_DELAYS,
            "PauseSeconds": "5",
            "DelivererConcurrency": "2",
            "SlowDelivererConcurrency": "2",
        }

    def api(self) -> Api:
        return Api(self.url, self.token)


class Rehearsal:
    def __init__(self, port: int) -> None:
        self._port = port
        self._gateways: dict[str, processes.Process] = {}

    def make(self, target: str, site: Site, succeeds: bool = True, **variables: str) -> str:
        """Run `make <target> ENV=<site>` with the embedded stack as AWS, and return its output.

        Raises LocalError if it fails, or, with `succeeds=False`, if it does not fail.
        """
        parameters = " ".join(f"{name}={value}" for name, value in site.parameters.items())
        environment = deploy.environment(self._port) | {
            "ENV": site.name,
            "YES": "1",
            "SMOKE": "no",  # MiniStack needs its routes first
            "VALIDATE": "no",  # `make validate` does
            "BUILD_DIR": str(build.LOCAL),
            "PARAMETERS": f"{parameters} {variables.pop('PARAMETERS', '')}",
            **variables,
        }
        command = [sys.executable, "-m", f"tools.deployment.{target}"]
        finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        output = finished.stdout + finished.stderr
        (DIRECTORY / f"{target}-{site.name}-{time.time_ns()}.log").write_text(output)
        if (finished.returncode == 0) != succeeds:
            word = "failed" if succeeds else "succeeded, but should fail"
            raise LocalError(f"`make {target} ENV={site.name}` {word}:\n{output[-3000:]}", f"Logs: {DIRECTORY}")
        return output

    def deploy(self, site: Site, **variables: str) -> None:
        """Run `make deploy`, add the parts that MiniStack leaves out, and start the gateway again."""
        self.make("deploy", site, True, **variables)
        deployment = Deployment(self._port, site.stack)
        deployment.adapt()
        target = f"{ministack.endpoint(self._port)}/_aws/execute-api/{deployment.api_id()}/$default"
        if old := self._gateways.pop(site.name, None):
            processes.stop(old, patience=2)
        command = [sys.executable, "-m", "local.gateway", "--port", str(site.port), "--target", target]
        log = DIRECTORY / f"gateway-{site.name}.log"
        self._gateways[site.name] = processes.start(command, cwd=ROOT, env=dict(os.environ), log=log)
        deadline = time.monotonic() + 10
        while processes.is_free(site.port):
            if time.monotonic() > deadline:
                raise LocalError(f"The gateway did not start.\n{tail(log)}", f"Read {log}.")
            time.sleep(0.02)

    def first_workspace(self, site: Site) -> None:
        """Create the first workspace of a site through the bootstrap function. Sets the owner's token in `site`."""
        site.token = bootstrap.ensure(self._port, Deployment(self._port, site.stack), site.api())["owner_token"]

    def smoke(self, site: Site, receiver: Receiver) -> None:
        self.make("smoke", site, TOKEN=site.token or "", SMOKE_RECEIVER=receiver.url("/smoke"))

    def tables(self, site: Site) -> dict[str, str]:
        """The physical names of a site's tables by logical id."""
        client = ministack.client("cloudformation", self._port)
        pages = client.get_paginator("list_stack_resources").paginate(StackName=f"{site.stack}-data")
        items = [item for page in pages for item in page["StackResourceSummaries"]]
        return {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for item in items
            if item["ResourceType"] == "AWS::DynamoDB::Table"
        }

    def key_arn(self, site: Site, logical_id: str) -> str:
        key = Deployment(self._port, site.stack).physical_id(logical_id)
        return str(ministack.client("kms", self._port).describe_key(KeyId=key)["KeyMetadata"]["Arn"])

    def status(self, stack: str) -> str:
        client = ministack.client("cloudformation", self._port)
        try:
            return str(client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        except client.exceptions.ClientError:
            return ""

    def copy(self, source: str, target: str) -> None:
        """Copy the items that the table `target` lacks from the table `source`, with the runbook's script."""
        command = [sys.executable, str(ROOT / "docs/snippets/copy_missing.py"), source, target]
        finished = subprocess.run(
            command, env=deploy.environment(self._port), capture_output=True, text=True, check=False
        )
        if finished.returncode:
            raise LocalError(f"{' '.join(command[1:])}: {finished.stderr}", f"Logs: {DIRECTORY}")

    def close(self) -> None:
        for gateway in self._gateways.values():
            processes.stop(gateway, patience=2)


@dataclass
class Traffic:
    """A customer's chat with a webhook. A rehearsal posts there, to see whether its steps lose deliveries."""

    chat: str
    webhook: str
    path: str

    @classmethod
    def made(cls, site: Site, receiver: Receiver, path: str) -> "Traffic":
        chat = created(site, "/v1/chats", {"name": f"Builds {path}"})["id"]
        hook = {"url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat]}
        return cls(chat, created(site, "/v1/webhooks", hook)["id"], path)

    def say(self, site: Site, text: str) -> None:
        created(site, f"/v1/chats/{self.chat}/messages", {"text": text})

    def texts(self, site: Site) -> list[str]:
        answer = site.api().call("GET", f"/v1/chats/{self.chat}/messages")
        return [item["text"] for item in answer.json["items"]][::-1]


def created(site: Site, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = site.api().call("POST", path, body)
    if answer.status != 201:
        raise LocalError(f"POST {path} answered {answer.status}: {answer.body!r:.500}", f"Logs: {DIRECTORY}")
    made: dict[str, Any] = answer.json
    return made


def arrived(receiver: Receiver, path: str) -> list[str]:
    """The texts of the messages that the receiver got at `path`, one for each event."""
    events = {event["id"]: event for event in (json.loads(request.body) for request in receiver.requests(path))}
    return [event["data"]["message"]["text"] for event in events.values()]


def wait_for(receiver: Receiver, path: str, count: int) -> None:
    deadline = time.monotonic() + ARRIVES_WITHIN_SECONDS
    while (number := len(receiver.requests(path))) < count:
        if time.monotonic() > deadline:
            raise LocalError(f"{path} got {number} requests instead of {count}.", f"Logs: {DIRECTORY}")
        time.sleep(0.2)


def expect(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise LocalError(f"{what}: {found!r} instead of {wanted!r}.", f"Logs: {DIRECTORY}")


# -- the rehearsals ----------------------------------------------------------------------------------------------------


def side_by_side(rehearsal: Rehearsal, sites: list[Site], receiver: Receiver) -> None:
    for site in sites:
        with step(f"make deploy ENV={site.name}"):
            rehearsal.deploy(site)
            rehearsal.first_workspace(site)
        with step(f"make smoke ENV={site.name}"):
            rehearsal.smoke(site, receiver)
    if len(sites) > 1:
        with step("A token of one is refused by the other"):
            expect(Api(sites[1].url, sites[0].token).call("GET", "/v1/me").status, 401, "GET /v1/me")
        with step("Deploying again changes nothing"):
            output = rehearsal.make("deploy", sites[0])
            expect(output.count("nothing changes"), 2, "stacks that do not change")


def failed_first_deployment(rehearsal: Rehearsal, prod: Site) -> None:
    broken = DIRECTORY / "broken"
    with step("A first deployment that fails is rolled back, and leaves nothing"):
        checkout(as_it_is(), broken)
        text = (broken / template.DATA).read_text()
        # Nobody signals it, so it fails after a second, when the tables have been made.
        bad = (
            "  Handle:\n    Type: AWS::CloudFormation::WaitConditionHandle\n\n"
            "  Broken:\n    Type: AWS::CloudFormation::WaitCondition\n    DependsOn: [AuditTable, MessagesTable]\n"
            "    Properties: {Handle: !Ref Handle, Timeout: '1'}\n\n"
        )
        (broken / template.DATA).write_text(text.replace("\nOutputs:", f"\n{bad}Outputs:", 1))
        before = table_count(rehearsal)
        output = rehearsal.make("deploy", prod, succeeds=False, SOURCES=str(broken), PARAMETERS="AlarmEmail=nobody")
        if "ROLLBACK_COMPLETE" not in output:
            raise LocalError(f"The stack was not rolled back:\n{output[-2000:]}", f"Logs: {DIRECTORY}")
        expect(rehearsal.status(prod.stack), "", "the release's stack")
        expect(table_count(rehearsal), before, "tables after the roll-back")


def table_count(rehearsal: Rehearsal) -> int:
    client = ministack.client("dynamodb", rehearsal._port)
    return sum(len(page["TableNames"]) for page in client.get_paginator("list_tables").paginate())


def upgrade_and_back(rehearsal: Rehearsal, site: Site, receiver: Receiver) -> None:
    previous = DIRECTORY / "previous"
    ref = os.environ.get("PREVIOUS") or last_release()
    checkout(ref, previous)
    with step(f"The release before ({ref}) takes the place of this one"):
        rehearsal.deploy(site, SOURCES=str(previous))
    traffic = Traffic.made(site, receiver, "/upgrade")
    for number, (what, sources) in enumerate((("this release", ROOT), ("back to the one before", previous))):
        path = traffic.path
        with step(f"A delivery is under way while {what} is deployed, and arrives"):
            receiver.answer(path, 503)
            count = len(receiver.requests(path))
            traffic.say(site, f"message {number}")
            wait_for(receiver, path, count + 1)
            rehearsal.deploy(site, SOURCES=str(sources))
            before = len(receiver.requests(path))
            receiver.answer(path, 200)
            wait_for(receiver, path, before + 1)
        with step("The data is kept"):
            expect(traffic.texts(site), [f"message {one}" for one in range(number + 1)], "messages")
    with step("This release again"):
        rehearsal.deploy(site)
        rehearsal.smoke(site, receiver)


def restore(rehearsal: Rehearsal, source: Site, fresh: Site, receiver: Receiver) -> None:
    traffic = Traffic.made(source, receiver, "/restore")
    with step("Before: three messages are delivered"):
        for number in range(3):
            traffic.say(source, f"message {number}")
        wait_for(receiver, traffic.path, 3)
    with step(f"make deploy ENV={fresh.name} with the keys of {source.name}"):
        keys = {f"{name}Arn": rehearsal.key_arn(source, name) for name in ("SecretsKey", "TotpKey")}
        parameters = " ".join(f"{name}={arn}" for name, arn in keys.items())
        rehearsal.deploy(fresh, PARAMETERS=f"AlarmEmail=nobody {parameters}")
    with step("Every table is copied, deliveries first and messages last"):
        old, new = rehearsal.tables(source), rehearsal.tables(fresh)
        for name in sorted(old, key=lambda name: (name == LAST, name != FIRST, name)):
            rehearsal.copy(old[name], new[name])
    fresh.token = source.token
    with step("Everybody's token works, and everything is there"):
        expect(traffic.texts(fresh), [f"message {number}" for number in range(3)], "messages")
    with step("Webhooks deliver, signed by the restored secrets; nothing is sent again"):
        traffic.say(fresh, "message 3")
        wait_for(receiver, traffic.path, 4)
        texts = [f"message {number}" for number in range(4)]
        expect(sorted(arrived(receiver, traffic.path)), texts, "deliveries")
        expect(len(receiver.requests(traffic.path)), 4, "requests")


def tear_down(rehearsal: Rehearsal, site: Site, fresh: Site) -> None:
    with step(f"make destroy ENV={site.name} keeps the data"):
        tables = rehearsal.tables(site)
        rehearsal.make("destroy", site)
        expect(rehearsal.status(site.stack) in ("", "DELETE_COMPLETE"), True, f"{site.stack} is gone")
        expect(rehearsal.tables(site), tables, "tables")
    with step(f"make deploy ENV={site.name} takes it up again"):
        rehearsal.deploy(site)
        expect(site.api().call("GET", "/v1/me").status, 200, "GET /v1/me")
    with step("make destroy DELETE_DATA=… deletes everything, and nothing of another environment"):
        count, mine = table_count(rehearsal), len(tables)
        rehearsal.make("destroy", site, DELETE_DATA=f"{site.stack}-data")
        expect(table_count(rehearsal), count - mine, "tables")
        expect(fresh.api().call("GET", "/v1/me").status, 200, "GET /v1/me")


# -- the surroundings --------------------------------------------------------------------------------------------------


def last_release() -> str:
    """The newest tag before this commit; without a tag, the parent commit."""
    command = ["git", "describe", "--tags", "--abbrev=0", "HEAD^"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "HEAD^"


def as_it_is() -> str:
    """A new commit of the tracked files as they are on the disk, on no branch; HEAD if no file differs from it."""
    made = subprocess.run(["git", "stash", "create"], cwd=ROOT, capture_output=True, text=True, check=True)
    return made.stdout.strip() or "HEAD"


def checkout(ref: str, place: Path) -> None:
    """Write the files of a commit into the new folder `place`."""
    place.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", ref], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(place)], input=archive.stdout, check=True)


@contextmanager
def embedded() -> Iterator[Rehearsal]:
    """A rehearsal on MiniStack, on a free port. MiniStack is stopped at the end of the block."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    port = processes.free_port()
    with step("Starting MiniStack, a local AWS"):
        process = ministack.start(DIRECTORY / "ministack", port, persistent=False)
    rehearsal = Rehearsal(port)
    try:
        yield rehearsal
    finally:
        rehearsal.close()
        ministack.stop(process)


def main() -> None:
    dev, staging, prod = Site("dev"), Site("staging"), Site("prod")
    receiver = Receiver()
    chosen = sys.argv[1:]
    with embedded() as rehearsal:
        runs: dict[str, tuple[str, Callable[[], None]]] = {
            "fail": ("A first deployment that fails", lambda: failed_first_deployment(rehearsal, prod)),
            "upgrade": ("Upgrade, and back", lambda: upgrade_and_back(rehearsal, dev, receiver)),
            "restore": ("Restore into a fresh environment", lambda: restore(rehearsal, dev, prod, receiver)),
            "tear-down": ("Tear down", lambda: tear_down(rehearsal, dev, prod)),
        }
        if unknown := set(chosen) - runs.keys():
            raise LocalError(f"{unknown.pop()} is not a rehearsal.", f"Choose from: {', '.join(runs)}; or all of them.")
        print(f"\n{bold('Environments side by side')}")
        side_by_side(rehearsal, [dev] if chosen else [dev, staging], receiver)
        for name, (title, run) in runs.items():
            if not chosen or name in chosen:
                print(f"\n{bold(title)}")
                run()
    receiver.close()
    print(f"\n{green('✓')} Rehearsed: {', '.join(chosen or runs)}.")


if __name__ == "__main__":
    console.run(main)
