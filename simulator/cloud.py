"""Lambda's event source mappings and schedules of template.yaml, in front of the fakes.

They behave as AWS documents them (partial replies, bisection, retries, trimming, receive counts, redrive), and have the
faults that AWS does not rule out.
"""

import itertools
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from simulator.aws import Network
from simulator.dynamodb import DynamoDB, Table
from simulator.engine import Invocation, Task
from simulator.expressions import Item
from simulator.queues import SQS, Queue
from simulator.record import Recorder
from simulator.services import KMS, S3
from tests.support import template
from tests.support.world import Context, World

_NAME_IN_THE_LOG = "POWERTOOLS_SERVICE_NAME"  # the only variable that differs between functions
_TRIMMED_AFTER = 24 * 3600
_LANES = 4
_CONCURRENT_BATCHES = 6
_SERIAL_PAUSE = 0.01


class Cloud(World):
    """A deployment of template.yaml on the fakes. Tests send requests to its API as the integration tests do."""

    def __init__(self, network: Network, recorder: Recorder, **parameters: str) -> None:
        self.network = network
        self.recorder = recorder
        self.streams: list[Stream] = []
        self.consumers: dict[str, Consumer] = {}
        self.schedules: list[Schedule] = []
        self.cold_start: Callable[[], None] = lambda: None
        self._busy: set[str] = set()
        self._sequence = itertools.count(1)
        super().__init__(**parameters)
        self._map_events()

    # -- what the template declares --------------------------------------------------------------------------------

    def _create(self) -> None:
        self.tables = {
            name: Table.declared(name, item["Properties"])
            for name, item in template.resources("AWS::DynamoDB::Table").items()
        }
        declared = {name: item["Properties"] for name, item in template.resources("AWS::SQS::Queue").items()}
        self.queues = {name: Queue(name, properties, self.network) for name, properties in declared.items()}
        for name, properties in declared.items():
            if redrive := properties.get("RedrivePolicy"):
                self.queues[name].dead_letters = self.queues[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]
                self.queues[name].max_receives = int(redrive["maxReceiveCount"])
        self._physical |= {name: name for name in template.deployed()["Resources"]}
        self._physical |= {name: queue.url for name, queue in self.queues.items()}
        self._arns |= {name: f"arn:simulated:{name}" for name in self._physical}
        self.dynamodb = DynamoDB(self.network, self.tables, self._changed)
        self.sqs = SQS(self.network, self.queues)
        self.kms = KMS(self.network)
        self.s3 = S3(self.network)

    def _watch(self) -> None:
        """Checks no permissions: here every function may do everything. The integration tests check IAM."""

    def environments(self) -> dict[str, str]:
        """The variables of all functions in one mapping, because here all functions run in one process."""
        merged: dict[str, str] = {}
        for folder in self.functions:
            for name, value in self.environment(folder).items():
                if name == _NAME_IN_THE_LOG:
                    continue
                assert merged.setdefault(name, value) == value, f"{name} differs between functions"
        return merged

    @contextmanager
    def inside(self, folder: str) -> Iterator[None]:
        yield

    def bootstrap(self, name: str = "Acme", **fields: Any) -> dict[str, Any]:
        event = {"workspace_name": name, "owner_name": "Ada", "owner_email": "ada@example.com", **fields}
        made: dict[str, Any] = self.invoke("bootstrap", event)
        return made

    def invoke(self, folder: str, event: Any, context: Context | None = None) -> Any:
        """Run a function of the API in the current task, and return its answer.

        A task waits while the function handles another request, as an instance on Lambda handles one at a time. `hooks`
        handles several, because it has no state that a second request could disturb.
        """
        while folder in self._busy:
            self.network.engine.sleep(_SERIAL_PAUSE)
        if folder != "hooks":  # which holds no state between two of its lines
            self._busy.add(folder)
        try:
            return self.module(folder).handler(event, context or Context())
        finally:
            self._busy.discard(folder)

    def _map_events(self) -> None:
        for folder, function in self.functions.items():
            timeout = float(function.get("Timeout", template.load()["Globals"]["Function"]["Timeout"]))
            for event in function.get("Events", {}).values():
                properties = self.resolve(event.get("Properties", {}))
                match event["Type"]:
                    case "DynamoDB":
                        table = event["Properties"]["Stream"]["Fn::GetAtt"][0]
                        self.streams.append(Stream(self, folder, timeout, table, properties))
                    case "SQS":
                        queue = self.queues[event["Properties"]["Queue"]["Fn::GetAtt"][0]]
                        self.consumers[queue.name] = Consumer(self, folder, timeout, queue, properties)
                    case "ScheduleV2" | "Schedule":
                        self.schedules.append(Schedule(self, folder, timeout, properties["ScheduleExpression"]))

    # -- moving things ---------------------------------------------------------------------------------------------

    def _changed(self, table: str, old: Item | None, new: Item | None) -> None:
        self.recorder.changed(table, old, new)
        for stream in self.streams:
            if stream.table == table:
                stream.take(old, new)

    def record(self, table: str, old: Item | None, new: Item | None) -> dict[str, Any]:
        """The stream record of an item's change from `old` to `new`, in the form in which a function gets it.

        None for `old` is a new item, None for `new` a deleted one.
        """
        number = f"{next(self._sequence):024d}"
        image = new if new is not None else old or {}
        keys = {name: image[name] for name in self.tables[table].keys if name in image}
        change: dict[str, Any] = {"Keys": keys, "SequenceNumber": number, "StreamViewType": "NEW_IMAGE"}
        if new is not None:
            change["NewImage"] = new
        name = "REMOVE" if new is None else "INSERT" if old is None else "MODIFY"
        return {"eventID": number, "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change}

    def run(self, folder: str, timeout: float, event: Any, then: Callable[[Task], None] | None = None) -> Task:
        """Start an invocation that is killed after `timeout` seconds, and return its task at once.

        `then` is called with the task when the invocation has ended, by success, an error or a kill.
        """
        engine, faults = self.network.engine, self.network.faults
        skew = faults.random("clock.skew").uniform(-2, 2) if faults.strikes("clock.skew") else 0.0
        invocation = Invocation(engine, folder, timeout, skew)
        task = engine.start(invocation, lambda: self.module(folder).handler(event, invocation))
        self.recorder.started(task, event)

        def over() -> None:
            self.recorder.over(task, event)
            if invocation.killed:
                self.cold_start()
            if then is not None:
                then(task)

        task.waiters.append(over)
        engine.at(invocation.deadline, lambda: invocation.kill("function.timeout"))
        return task


@dataclass
class _Waiting:
    record: dict[str, Any]
    key: str
    since: float


class Stream:
    """A table's stream and its event source mapping. Each lane invokes the function with records in their order."""

    def __init__(self, cloud: Cloud, folder: str, timeout: float, table: str, properties: Mapping[str, Any]) -> None:
        self.cloud, self.folder, self.timeout, self.table = cloud, folder, timeout, table
        self.batch_size = int(properties.get("BatchSize", 100))
        self.max_retries = int(properties.get("MaximumRetryAttempts", -1))
        self.max_age = float(properties.get("MaximumRecordAgeInSeconds", -1))
        self.bisect = bool(properties.get("BisectBatchOnFunctionError"))
        self.partial = "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", [])
        filters = properties.get("FilterCriteria", {}).get("Filters", [])
        self.patterns = [json.loads(one["Pattern"]) for one in filters]
        self.on_failure = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        self.enabled = True
        self.lanes = [_Lane(self) for _ in range(_LANES)]
        self.acknowledged: set[str] = set()  # sequence numbers that the function was done with
        self.poisoned: set[str] = set()

    def take(self, old: Item | None, new: Item | None) -> None:
        self.add(self.cloud.record(self.table, old, new))

    def add(self, record: dict[str, Any]) -> None:
        if self.patterns and not any(template.passes(pattern, record) for pattern in self.patterns):
            return
        if self.cloud.network.faults.strikes("stream.lost_record"):
            return
        if "poison" in record["dynamodb"].get("NewImage", {}):
            self.poisoned.add(record["dynamodb"]["SequenceNumber"])
        key = json.dumps(record["dynamodb"].get("Keys", {}), sort_keys=True)
        partition = str(next(iter(record["dynamodb"].get("Keys", {}).values()), ""))
        self.lanes[zlib.crc32(partition.encode()) % _LANES].add(_Waiting(record, key, self.cloud.network.engine.now))

    def enable(self, enabled: bool) -> None:
        self.enabled = enabled
        for lane in self.lanes:
            lane.poll_soon()

    def failed_for_good(self, given_up: list[_Waiting]) -> None:
        """Store whole records, on which the mapping gave up, in its failure destination, a bucket."""
        if given_up and self.on_failure is not None:
            bucket = self.on_failure.removeprefix("arn:simulated:")
            first = given_up[0].record["dynamodb"]["SequenceNumber"]
            payload = json.dumps({"Records": [one.record for one in given_up]})
            content = json.dumps({"requestContext": {"condition": "RetryAttemptsExhausted"}, "payload": payload})
            self.cloud.s3.objects[bucket, f"aws/lambda/{self.table}/{first}"] = content.encode()


class _Lane:
    """A shard, or the part of a shard that Lambda processes separately (`ParallelizationFactor`)."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.waiting: deque[_Waiting] = deque()
        self.busy = False
        self.tries = 0
        self.size = stream.batch_size
        self._polls = 0

    @property
    def _faults(self) -> Any:
        return self.stream.cloud.network.faults

    def add(self, waiting: _Waiting) -> None:
        self.waiting.append(waiting)
        if len(self.waiting) > 1 and not self.busy and self._faults.strikes("stream.reorder"):
            before = self.waiting[-2]
            if before.key != waiting.key:
                self.waiting[-1], self.waiting[-2] = before, waiting
        if self._faults.strikes("stream.duplicate_record"):
            again = self._faults.random("stream.duplicate_record").uniform(1, 300)
            self.stream.cloud.network.engine.after(again, lambda: self._again(waiting))
        self.poll_soon()

    def _again(self, waiting: _Waiting) -> None:
        self.waiting.append(_Waiting(waiting.record, waiting.key, self.stream.cloud.network.engine.now))
        self.poll_soon()

    def poll_soon(self, seconds: float | None = None) -> None:
        network = self.stream.cloud.network
        if seconds is None:
            seconds = network.dice.uniform(0.05, 0.25)
        self._polls += 1
        mine = self._polls
        network.engine.after(seconds, lambda: self._poll() if mine == self._polls else None)

    def _poll(self) -> None:
        stream, network = self.stream, self.stream.cloud.network
        now = network.engine.now
        if self.busy or not stream.enabled:
            return
        old = []
        while self.waiting and (age := now - self.waiting[0].since) > 0:
            if age > _TRIMMED_AFTER:
                self.waiting.popleft()
            elif 0 < stream.max_age < age:
                old.append(self.waiting.popleft())
            else:
                break
        stream.failed_for_good(old)
        if not self.waiting:
            return
        if self._faults.strikes("stream.delay"):
            self.poll_soon(self._faults.random("stream.delay").uniform(1, 120))
        elif self._faults.strikes("stream.throttled"):
            self.poll_soon(self._faults.random("stream.throttled").uniform(0.5, 10))
        else:
            self._invoke([self.waiting[at] for at in range(min(len(self.waiting), self.size))])

    def _invoke(self, batch: list[_Waiting]) -> None:
        self.busy = True
        event = {"Records": [one.record for one in batch]}
        stream = self.stream
        stream.cloud.run(stream.folder, stream.timeout, event, lambda task: self._answered(batch, task))

    def _answered(self, batch: list[_Waiting], task: Task) -> None:
        self.busy = False
        done = self._done(batch, task)
        for one in batch[:done]:
            self.stream.acknowledged.add(one.record["dynamodb"]["SequenceNumber"])
        if done == len(batch):
            if self._faults.strikes("stream.duplicate_batch"):
                self.poll_soon()
                return  # the checkpoint was lost
            self._forward(done)
        elif done:
            self._forward(done)
            self._again_later()
        else:
            if self.stream.bisect and len(batch) > 1:
                self.size = max(1, len(batch) // 2)
            self._again_later()

    def _done(self, batch: list[_Waiting], task: Task) -> int:
        """How many records at the start of the batch are done and are not sent to the function again."""
        if task.error is not None or task.invocation.killed or self._faults.strikes("stream.lost_reply"):
            return 0
        failures = (task.result or {}).get("batchItemFailures") or [] if self.stream.partial else []
        numbers = [one.record["dynamodb"]["SequenceNumber"] for one in batch]
        try:
            return min([numbers.index(failure["itemIdentifier"]) for failure in failures], default=len(batch))
        except (ValueError, KeyError):
            return 0  # a failure that names no record is a failure of the whole batch

    def _forward(self, count: int) -> None:
        for _ in range(count):
            self.waiting.popleft()
        self.tries = 0
        self.size = self.stream.batch_size
        self.poll_soon()

    def _again_later(self) -> None:
        self.tries += 1
        gives_up = self._faults.strikes("stream.gives_up")
        if gives_up or 0 <= self.stream.max_retries < self.tries:
            lost = [self.waiting.popleft() for _ in range(min(len(self.waiting), self.size))]
            self.stream.failed_for_good(lost)
            self.tries = 0
        self.poll_soon(min(60.0, 0.5 * 2**self.tries))


class Consumer:
    """A queue and its event source mapping to a function."""

    def __init__(self, cloud: Cloud, folder: str, timeout: float, queue: Queue, properties: Mapping[str, Any]) -> None:
        self.cloud, self.folder, self.timeout, self.queue = cloud, folder, timeout, queue
        self.batch_size = int(properties.get("BatchSize", 10))
        self.partial = "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", [])
        self.enabled = True
        self._running = 0
        self._next_poll: float | None = None
        queue.on_visible = self._visible

    def enable(self, enabled: bool) -> None:
        self.enabled = enabled
        self._poll_at_next()

    def _visible(self, moment: float) -> None:
        """Schedule a poll for a message that can be received at `moment`.

        The poll comes up to 1.5 seconds later, so that a batch can have several messages.
        """
        if self._next_poll is not None and self._next_poll <= moment:
            return
        self._next_poll = moment
        at = moment + self.cloud.network.dice.uniform(0.05, 1.5)
        self.cloud.network.engine.at(at, lambda: self._poll(moment))

    def _poll_at_next(self) -> None:
        self._next_poll = None
        if (moment := self.queue.next_visible()) is not None:
            self._visible(max(moment, self.cloud.network.engine.now))

    def _poll(self, scheduled: float) -> None:
        if self._next_poll != scheduled or not self.enabled or self._running >= _CONCURRENT_BATCHES:
            return
        faults = self.cloud.network.faults
        received = self.queue.receive(self.batch_size)
        if received:
            prefix = "dead_letters" if self.folder == "dead_letters" else "queue"
            if not faults.strikes(f"{prefix}.lost_receive") and not faults.strikes("queue.throttled"):
                self._invoke(received)
        self._poll_at_next()

    def _invoke(self, messages: list[Any]) -> None:
        engine, faults = self.cloud.network.engine, self.cloud.network.faults
        self._start(messages)
        if faults.strikes("queue.duplicate"):
            self._start([faults.random("queue.duplicate").choice(messages)])
        if faults.strikes("queue.early_visible"):
            dice = faults.random("queue.early_visible")
            message = dice.choice(messages)
            engine.after(dice.uniform(0.5, 8), lambda: self.queue.show(message))

    def _start(self, messages: list[Any]) -> None:
        self._running += 1
        handles = {message.id: message.handle for message in messages}
        records = [
            {
                "messageId": message.id,
                "receiptHandle": message.handle,
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(message.receives)},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:simulated:{self.queue.name}",
            }
            for message in messages
        ]
        self.cloud.run(self.folder, self.timeout, {"Records": records}, lambda task: self._answered(handles, task))

    def _answered(self, handles: dict[str, str], task: Task) -> None:
        self._running -= 1
        engine, faults = self.cloud.network.engine, self.cloud.network.faults
        for message_id in self._done(handles, task):
            message = self.queue.messages.get(message_id)
            if message is None:
                continue
            if faults.strikes("queue.late_delete"):
                self.queue.show(message)
                late = partial(self.queue.delete, handles[message_id])
                engine.after(faults.random("queue.late_delete").uniform(0.1, 5), late)
            else:
                self.queue.delete(handles[message_id])
        self._poll_at_next()

    def _done(self, handles: dict[str, str], task: Task) -> list[str]:
        """The handles of the messages to delete after an invocation: those that it did not report as failed."""
        faults = self.cloud.network.faults
        if task.error is not None or task.invocation.killed or faults.strikes("queue.lost_reply"):
            return []
        failures = (task.result or {}).get("batchItemFailures") or [] if self.partial else []
        failed = {failure.get("itemIdentifier") for failure in failures}
        return [] if failed - handles.keys() else [one for one in handles if one not in failed]


class Schedule:
    """A schedule of the template, such as `rate(5 minutes)`, and the function that it invokes."""

    def __init__(self, cloud: Cloud, folder: str, timeout: float, expression: str) -> None:
        self.cloud, self.folder, self.timeout = cloud, folder, timeout
        match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
        assert match, f"the simulator cannot read {expression}"
        self.seconds = int(match[1]) * {"minute": 60, "hour": 3600, "day": 86_400}[match[2]]

    def start(self) -> None:
        self.cloud.network.engine.after(self.seconds, self._tick)

    def _tick(self) -> None:
        faults = self.cloud.network.faults
        self.start()
        if faults.strikes("sweeper.lost"):
            return
        for _ in range(2 if faults.strikes("sweeper.twice") else 1):
            self.cloud.run(self.folder, self.timeout, {})
