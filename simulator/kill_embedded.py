"""`python -m simulator.kill_embedded`: checks the simulator's promises on an embedded stack whose workers are killed.

The run starts a stack of its own on free ports. It posts events through the API. Their receivers succeed, fail at
times, always fail, answer slowly, or are switched off half way. The run sends SIGKILL to worker processes at random
moments, and stops and starts the whole stack.

When all deliveries have ended, the delivery log has to agree with what the receivers recorded. Each acknowledged event
was delivered, exhausted or cancelled. Each duplicate is explained by an attempt that never reported, and each such
attempt by a kill. A run takes ten minutes and more, because the messages of a killed worker stay hidden for three
minutes.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/ferryman"))

import requests

from local import ministack
from local.deploy import Deployment
from local.processes import Process, free_port
from local.receiver import Answer, Receiver, Request
from local.stack import Stack
from simulator.oracle import OVER, Verdict, wrong_end
from tools.console import LocalError

RETRY_DELAYS = "1,2,4"
PATIENCE_SECONDS = 1500
_DISPATCHED_AFTER_SECONDS = 240  # at the latest: what the stream lost waits for the sweeper
_LEASE_SECONDS = 30  # an attempt's eight seconds, and the time to write of it, and some


@dataclass
class Script:
    """How a receiver answers deliveries, depending on the number in the text of their event."""

    name: str
    answer: Callable[[int, int], Answer]  # (the event's number, how often it came)
    off_at: float | None = None  # when it was switched off


def _scripts() -> list[Script]:
    def slow(number: int, _made: int) -> Answer:
        return Answer(200, delay=1.5 if number % 3 else 0)

    return [
        Script("steady", lambda _number, _made: Answer(200)),
        Script("failing at times", lambda number, made: Answer(500 if number % 3 == 0 and made == 1 else 200)),
        Script("doomed at times", lambda number, _made: Answer(503 if number % 6 == 0 else 200)),
        Script("slow", slow),
        Script("switched off", lambda number, made: Answer(500 if number % 2 and made < 3 else 200)),
    ]


class Book(Receiver):
    """A receiver that answers by the script of the path, and records each request with its answer."""

    def __init__(self, scripts: list[Script]) -> None:
        self.scripts = {f"/{number}": script for number, script in enumerate(scripts)}
        self.answered: list[tuple[Request, Answer]] = []
        self._made: Counter[tuple[str, str]] = Counter()
        self._writing = threading.Lock()
        super().__init__()

    def _receive(self, request: Request) -> Answer:
        number = int(json.loads(request.body)["data"]["message"]["text"].rpartition(" ")[2])
        with self._writing:
            key = request.path, request.headers["X-FM-Delivery-ID"]
            self._made[key] += 1
            answer = self.scripts[request.path].answer(number, self._made[key])
            self.answered.append((request, answer))
        return answer


@dataclass
class Run:
    stack: Stack
    book: Book
    seed: int
    accepted: dict[str, tuple[int, float]] = field(default_factory=dict)  # message → (its number, when)
    refused: int = 0
    kills: list[tuple[float, str]] = field(default_factory=list)  # when, which function
    restarts: list[tuple[float, float]] = field(default_factory=list)
    webhooks: dict[str, tuple[str, Script]] = field(default_factory=dict)  # path → its id
    up: threading.Lock = field(default_factory=threading.Lock)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        while True:
            try:
                answer = self.stack.api().call(method, path, body)
            except LocalError:
                time.sleep(1)  # it is being started again
                continue
            if answer.status < 500 and answer.status != 429:
                assert answer.status < 300, (method, path, answer.body)
                return answer.json
            time.sleep(1)

    def populate(self) -> None:
        self.chat = self.api("POST", "/v1/chats", {"name": "Kill"})["id"]
        self.hook = self.api("POST", "/v1/incoming-webhooks", {"chat_id": self.chat, "name": "CI"})["url"]
        for path, script in self.book.scripts.items():
            wanted = {"url": self.book.url(path), "events": ["message.created"], "chat_ids": [self.chat]}
            self.webhooks[path] = (self.api("POST", "/v1/webhooks", wanted)["id"], script)

    # -- what happens meanwhile --------------------------------------------------------------------------------------

    def post(self, number: int) -> None:
        """Post event `number` until a post is acknowledged.

        A refused or unanswered post may have been accepted as well.
        """
        while True:
            asked = time.time()
            try:
                answer = requests.post(self.hook, json={"text": f"event {number}"}, timeout=20)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code == 200:
                self.accepted[answer.headers["X-FM-Message-ID"]] = (number, asked)
                return
            self.refused += 1
            time.sleep(1)

    def kill(self, dice: random.Random) -> None:
        """Kill one of the stack's worker processes by SIGKILL.

        If a deliverer or dispatcher runs, half of the kills choose among these, the others among all.
        """
        with self.up:
            emulator: Process | None = self.stack.info.get("processes", {}).get("ministack")
            workers = _workers(emulator["pid"]) if emulator else []
            # Half of the time one of those that matter most, when there is one.
            busy = [worker for worker in workers if worker[1] in ("Deliverer", "Dispatcher")]
            chosen = busy if busy and dice.random() < 0.5 else workers
            if chosen:
                pid, function = dice.choice(chosen)
                os.kill(pid, signal.SIGKILL)
                self.kills.append((time.time(), function))

    def restart(self) -> None:
        with self.up:
            began = time.time()
            self.stack.down()
            self.stack.up()
            self.restarts.append((began, time.time()))

    def notice_disabled(self) -> None:
        """Store in each disabled webhook's script when it was disabled (`off_at`, epoch seconds).

        Ten failures in a row disable a webhook, and retries of several deliveries at the same time can be ten.
        """
        for webhook_id, script in self.webhooks.values():
            webhook = self.api("GET", f"/v1/webhooks/{webhook_id}")
            if webhook["state"] == "disabled":
                script.off_at = datetime.fromisoformat(webhook["disabled_at"]).timestamp()

    def switch_off(self) -> None:
        for webhook_id, script in self.webhooks.values():
            if script.name == "switched off":
                self.api("PATCH", f"/v1/webhooks/{webhook_id}", {"state": "disabled"})

    def sweep(self) -> None:
        """Invoke the sweeper, more often than its schedule.

        MiniStack does not repeat the records that a stream's reply names.
        """
        name = Deployment(self.stack.stack_port).physical_id("SweeperFunction")
        ministack.client("lambda", self.stack.stack_port).invoke(FunctionName=name, Payload=b"{}")

    # -- what came of it ---------------------------------------------------------------------------------------------

    def log(self) -> dict[str, list[dict[str, Any]]]:
        """Each webhook's deliveries as the API lists them, by the path of its receiver."""
        found: dict[str, list[dict[str, Any]]] = {}
        for path, (webhook_id, _) in self.webhooks.items():
            found[path], cursor = [], ""
            while True:
                page = self.api("GET", f"/v1/webhooks/{webhook_id}/deliveries?limit=100{cursor}")
                found[path] += page["items"]
                if page["next_cursor"] is None:
                    break
                cursor = f"&cursor={page['next_cursor']}"
        return found

    def verdict(self) -> Verdict:
        self.notice_disabled()
        return _Judge(self, self.log()).verdict

    def interrupted(self, at: float) -> bool:
        """Whether a kill or a stop of the stack may have ended an attempt. `at` is its beginning, in epoch seconds."""
        return any(at - 2 <= when <= at + _LEASE_SECONDS for when, _ in self.kills) or any(
            begin - _LEASE_SECONDS <= at <= end for begin, end in self.restarts
        )


class _Judge:
    """Applies the rules of the simulator's oracle to the delivery log and to what the receivers recorded."""

    def __init__(self, run: Run, log: dict[str, list[dict[str, Any]]]) -> None:
        self.run = run
        self.verdict = Verdict(accepted=len(run.accepted), refused=run.refused)
        self.books: dict[str, list[tuple[Request, Answer]]] = defaultdict(list)
        events: dict[str, str] = {}
        for request, answer in run.book.answered:
            body = json.loads(request.body)
            events[body["data"]["message"]["id"]] = body["id"]
            self.books[request.headers["X-FM-Delivery-ID"]].append((request, answer))
        for path, (_, script) in run.webhooks.items():
            by_event = {delivery["event_id"]: delivery for delivery in log[path]}
            for message_id, (number, asked) in run.accepted.items():
                self._accepted(script, by_event.get(events.get(message_id, "")), f"event {number}", asked)
            for delivery in log[path]:
                self._delivery(path, delivery)
        known = {delivery["id"] for deliveries in log.values() for delivery in deliveries}
        for unknown in self.books.keys() - known:
            self._wrong(f"{unknown} was received, but no record of it exists")

    def _wrong(self, text: str) -> None:
        self.verdict.unexpected.append(text)

    def _accepted(self, script: Script, delivery: dict[str, Any] | None, shown: str, asked: float) -> None:
        if delivery is None:
            if script.off_at is not None and asked > script.off_at - _DISPATCHED_AFTER_SECONDS:
                self.verdict.sorted["not wanted any more"] += 1
            else:
                self.verdict.lost.append(f"{shown} for {script.name}: no delivery was ever created")
        elif delivery["state"] not in OVER:
            self.verdict.lost.append(f"{shown} for {script.name}: {delivery['id']} is still {delivery['state']}")
        else:
            self.verdict.sorted[delivery["state"]] += 1

    def _delivery(self, path: str, delivery: dict[str, Any]) -> None:
        delivery_id, attempts = delivery["id"], delivery["attempts"]
        requests_ = sorted(self.books[delivery_id], key=lambda pair: int(pair[0].headers["X-FM-Delivery-Attempt"]))
        self.verdict.requests += len(requests_)
        numbers = [int(request.headers["X-FM-Delivery-Attempt"]) for request, _ in requests_]
        if len(set(numbers)) != len(numbers) or not set(numbers) <= {attempt["number"] for attempt in attempts}:
            self._wrong(f"{delivery_id} has {len(attempts)} attempts, but the receiver got the numbers {numbers}")
        if len({request.body for request, _ in requests_}) > 1:
            self._wrong(f"{delivery_id} was sent with different bodies")
        if {request.path for request, _ in requests_} - {path}:
            self._wrong(f"{delivery_id} went to another receiver")
        answered = dict(zip(numbers, (answer.status for _, answer in requests_), strict=True))
        for attempt in attempts:
            self._attempt(delivery_id, attempt, answered.get(attempt["number"]))
        taken = [number for number in numbers if 200 <= answered[number] < 300]
        for number in [number for number in numbers if taken and number > taken[0]]:
            self.verdict.duplicates += 1
            earlier = [
                attempt["outcome"] for attempt in attempts if attempt["number"] in taken and attempt["number"] < number
            ]
            if any(outcome != "unknown" for outcome in earlier):
                self._wrong(f"attempt {number} of {delivery_id} is a duplicate that nothing explains")
        if wrong := wrong_end(delivery["state"], delivery["reason"] or "", attempts):
            self._wrong(f"{delivery_id} {wrong}")
        if delivery["state"] == "cancelled" and "disabled" not in (delivery["reason"] or ""):
            self._wrong(f"{delivery_id} is cancelled because {delivery['reason']!r}, which is not a valid reason")

    def _attempt(self, delivery_id: str, attempt: dict[str, Any], status: int | None) -> None:
        shown = f"attempt {attempt['number']} of {delivery_id}"
        match attempt["outcome"]:
            case "unknown":
                self.verdict.unknowns += 1
                if not self.run.interrupted(datetime.fromisoformat(attempt["at"]).timestamp()):
                    self._wrong(f"{shown} never reported, but nothing happened to it")
            case "open":
                self._wrong(f"{shown} is open")
            case "delivered" | "failed" as outcome:
                if status is None:
                    self._wrong(f"{shown} is {outcome}, but never arrived")
                elif (200 <= status < 300) != (outcome == "delivered"):
                    self._wrong(f"{shown} is {outcome}, but was answered {status}")


def _workers(emulator: int) -> list[tuple[int, str]]:
    """The worker processes of MiniStack, as pairs of process id and function, such as `Deliverer`."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
            variables = (directory / "environ").read_bytes().split(b"\0") if parent == emulator else []
        except (OSError, ValueError):
            continue  # it ended while we looked
        for variable in variables:
            if variable.startswith(b"AWS_LAMBDA_FUNCTION_NAME="):
                # ferryman-local-DelivererFunction-1A2B3C
                name = variable.partition(b"=")[2].decode().removeprefix("ferryman-local-").partition("Function")[0]
                found.append((int(directory.name), name))
    return found


def main() -> int:
    arguments = _arguments()
    dice = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="ferryman-kill-") as directory, Book(_scripts()) as book:
        overrides = {"RetryDelays": RETRY_DELAYS, "PauseSeconds": "5"}
        stack = Stack(Path(directory), port=free_port(), stack_port=free_port(), overrides=overrides)
        run = Run(stack, book, arguments.seed)
        try:
            stack.up()
            run.populate()
            began = time.time()
            _trouble(run, dice, arguments.events, arguments.seconds)
            _settle(run)
            verdict = run.verdict()
        finally:
            stack.down()
    _tell(run, verdict, arguments.events, time.time() - began)
    return 0 if verdict.good else 1


def _trouble(run: Run, dice: random.Random, events: int, seconds: float) -> None:
    began = time.time()
    over = threading.Event()

    def killing() -> None:
        while not over.wait(dice.uniform(0.5, 2.5)):
            run.kill(dice)

    def restarting() -> None:
        for share in (0.35, 0.8):
            if over.wait(max(0.0, began + share * seconds - time.time())):
                return
            run.restart()

    threads = [threading.Thread(target=target) for target in (killing, restarting)]
    for thread in threads:
        thread.start()
    try:
        for number in range(1, events + 1):
            time.sleep(max(0.0, began + number * seconds / events - time.time()))
            run.post(number)
            if number == events * 6 // 10:
                run.switch_off()
        threads[1].join()
        time.sleep(20)  # the retries of the last are hit too
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _settle(run: Run) -> None:
    """Run the sweeper every twenty seconds until every delivery has ended, or PATIENCE_SECONDS are over."""
    deadline = time.time() + PATIENCE_SECONDS
    while time.time() < deadline:
        time.sleep(20)
        run.sweep()
        verdict = run.verdict()
        print(f"  {time.strftime('%H:%M:%S')} {len(verdict.lost)} not over yet", flush=True)
        if not verdict.lost:
            return


def _tell(run: Run, verdict: Verdict, events: int, seconds: float) -> None:
    killed = Counter(name for _, name in run.kills)
    print(f"\n{events} events in {seconds:.0f} s, seed {run.seed}")
    print(f"  {len(run.kills):>6} workers killed: {', '.join(f'{n} × {name}' for name, n in killed.most_common())}")
    print(f"  {len(run.restarts):>6} times the whole stack was stopped and started")
    print(f"  {verdict.accepted:>6} events acknowledged, {verdict.refused} refused or without an answer")
    for name, count in sorted(verdict.sorted.items()):
        print(f"  {count:>6} {name}")
    print(f"  {verdict.requests:>6} requests to receivers, {verdict.duplicates} of them explained duplicates")
    print(f"  {verdict.unknowns:>6} attempts that never reported, each explained by a kill or a stop")
    print(f"  {len(verdict.lost):>6} lost\n  {len(verdict.unexpected):>6} unexpected")
    if not verdict.good:
        print(verdict.explain(60))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator.kill_embedded", description=__doc__)
    parser.add_argument("--events", type=int, default=360)
    parser.add_argument("--seconds", type=float, default=150, help="how long events are posted")
    parser.add_argument("--seed", type=int, default=1, help="of who is killed when; the machine adds its own chance")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
