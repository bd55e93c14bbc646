"""SQS in memory: visibility, receive counts, redrive to dead letters, retention."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator import aws
from simulator.aws import Network
from simulator.engine import Task
from tests.support.refusals import refused, unanswered


@dataclass(slots=True, eq=False)
class Message:
    id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0
    receipt: int = 0  # the newest receipt handle's number
    gone: bool = False

    @property
    def handle(self) -> str:
        return f"{self.id}/{self.receipt}"


class Queue:
    """One queue as data.yaml declares it."""

    def __init__(self, name: str, properties: Mapping[str, Any], network: Network) -> None:
        self.name = name
        self.url = f"https://sqs.simulated/{name}"
        self.visibility = float(properties.get("VisibilityTimeout", 30))
        self.retention = float(properties.get("MessageRetentionPeriod", 345_600))
        self.max_size = int(properties.get("MaximumMessageSize", 1_048_576))
        self.dead_letters: Queue | None = None
        self.max_receives = 0
        self.messages: dict[str, Message] = {}
        self.on_visible: Callable[[float], None] = lambda _moment: None
        self._network = network
        self._waiting: list[tuple[float, int, Message]] = []
        self._numbers = itertools.count(1)

    def put(self, body: str, delay: float = 0, sent_at: float | None = None) -> Message:
        now = self._network.engine.now
        message = Message(f"{self.name}-{next(self._numbers)}", body, now if sent_at is None else sent_at, now + delay)
        self.messages[message.id] = message
        self._visible_at(message, now + delay)
        return message

    def receive(self, most: int) -> list[Message]:
        """Up to `most` visible messages, which are hidden from now on.

        Messages received too often go to the dead letters.
        """
        now = self._network.engine.now
        visible = list(itertools.islice(self._visible(now), 40))
        if len(visible) > 1 and self._network.faults.strikes("queue.reorder"):
            self._network.faults.random("queue.reorder").shuffle(visible)
        received: list[Message] = []
        for message in visible:
            if now - message.sent_at > self.retention:
                self._remove(message)
            elif len(received) == most:
                self._visible_at(message, now)
            elif self.dead_letters is not None and message.receives >= self.max_receives:
                self._remove(message)
                self.dead_letters.put(message.body, sent_at=message.sent_at)
            else:
                message.receives += 1
                message.receipt += 1
                self._visible_at(message, now + self.visibility)
                received.append(message)
        return received

    def delete(self, handle: str) -> None:
        """Delete a message by its receipt handle. A handle of an earlier receive deletes nothing."""
        message = self._of(handle)
        if message is not None and message.handle == handle:
            self._remove(message)

    def hide(self, handle: str, seconds: float) -> bool:
        """Hide a message for `seconds` from now. Returns False when the message is not in flight any more."""
        message = self._of(handle)
        now = self._network.engine.now
        if message is None or message.visible_at <= now:
            return False
        self._visible_at(message, now + seconds)
        return True

    def show(self, message: Message) -> None:
        """Make a message visible at once, unless it was deleted."""
        if not message.gone:
            self._visible_at(message, self._network.engine.now)

    def next_visible(self) -> float | None:
        """The simulated time at which the next message can be received; None if the queue is empty."""
        while self._waiting:
            moment, _, message = self._waiting[0]
            if not message.gone and message.visible_at == moment:
                return moment
            heapq.heappop(self._waiting)
        return None

    def _visible(self, now: float) -> Iterator[Message]:
        while (moment := self.next_visible()) is not None and moment <= now:
            yield heapq.heappop(self._waiting)[2]

    def _visible_at(self, message: Message, moment: float) -> None:
        message.visible_at = moment
        heapq.heappush(self._waiting, (moment, next(self._numbers), message))
        self.on_visible(moment)

    def _remove(self, message: Message) -> None:
        message.gone = True
        self.messages.pop(message.id, None)

    def _of(self, handle: str) -> Message | None:
        return self.messages.get(handle.rpartition("/")[0])


class SQS:
    """Stands in for boto3's client of SQS."""

    def __init__(self, network: Network, queues: Mapping[str, Queue]) -> None:
        self.network = network
        self.sent: Counter[tuple[str, str]] = Counter()  # messages by (function, queue)
        self._queues = {queue.url: queue for queue in queues.values()}

    def send_message(self, **request: Any) -> dict[str, Any]:
        aws.require_known("send_message", request, "QueueUrl MessageBody DelaySeconds MessageGroupId")
        queue = self._queues[request["QueueUrl"]]

        def apply() -> dict[str, Any]:
            return {"MessageId": self._put(queue, request).id}

        answer: dict[str, Any] = self.network.call("SendMessage", apply, self._before, self._after)
        return answer

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        aws.require_known("send_message_batch", request, "QueueUrl Entries")
        queue = self._queues[request["QueueUrl"]]
        entries = request["Entries"]
        if not 1 <= len(entries) <= 10 or len({entry["Id"] for entry in entries}) != len(entries):
            raise refused("SendMessageBatch", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
        for entry in entries:
            known = "Id MessageBody DelaySeconds MessageGroupId"
            aws.require_known("send_message_batch entry", entry, known)
        failed: list[dict[str, Any]] = []

        def before(task: Task) -> None:
            self._before(task)
            if self.network.strikes(task, "queue.send_partial"):
                dice = self.network.faults.random("queue.send_partial")
                some = dice.sample(entries, dice.randint(1, len(entries)))
                failed.extend({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in some)

        def apply() -> dict[str, Any]:
            bad = {entry["Id"] for entry in failed}
            sent = [entry for entry in entries if entry["Id"] not in bad]
            done = [{"Id": entry["Id"], "MessageId": self._put(queue, entry).id} for entry in sent]
            return {"Successful": done, **({"Failed": failed} if failed else {})}

        answer: dict[str, Any] = self.network.call("SendMessageBatch", apply, before, self._after)
        return answer

    def receive_message(self, **request: Any) -> dict[str, Any]:
        known = "QueueUrl MaxNumberOfMessages WaitTimeSeconds MessageSystemAttributeNames"
        aws.require_known("receive_message", request, known)
        queue, engine = self._queues[request["QueueUrl"]], self.network.engine

        def waits() -> bool:
            moment = queue.next_visible()
            return moment is not None and moment <= engine.now

        engine.wait_until(waits, request["WaitTimeSeconds"])

        def apply() -> dict[str, Any]:
            received = queue.receive(request["MaxNumberOfMessages"])
            return {"Messages": [_as_received(message) for message in received]} if received else {}

        answer: dict[str, Any] = self.network.call("ReceiveMessage", apply, self._before, self._after)
        return answer

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        aws.require_known("delete_message_batch", request, "QueueUrl Entries")
        queue = self._queues[request["QueueUrl"]]

        def apply() -> dict[str, Any]:
            for entry in request["Entries"]:
                queue.delete(entry["ReceiptHandle"])
            return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

        answer: dict[str, Any] = self.network.call("DeleteMessageBatch", apply, self._before, self._after)
        return answer

    def change_message_visibility(self, **request: Any) -> dict[str, Any]:
        aws.require_known("change_message_visibility", request, "QueueUrl ReceiptHandle VisibilityTimeout")
        queue = self._queues[request["QueueUrl"]]
        seconds = request["VisibilityTimeout"]
        if not (isinstance(seconds, int) and 0 <= seconds <= 43_200):
            raise refused("ChangeMessageVisibility", "InvalidParameterValue")

        def before(task: Task) -> None:
            if self.network.strikes(task, "queue.hide_fails"):
                raise refused("ChangeMessageVisibility", "InternalError", 500)

        def apply() -> dict[str, Any]:
            if not queue.hide(request["ReceiptHandle"], seconds):
                raise refused("ChangeMessageVisibility", "AWS.SimpleQueueService.MessageNotInflight")
            return {}

        answer: dict[str, Any] = self.network.call("ChangeMessageVisibility", apply, before)
        return answer

    def _before(self, task: Task) -> None:
        if self.network.strikes(task, "queue.send_throttled"):
            raise refused("SendMessageBatch", "RequestThrottled", 403)

    def _after(self, task: Task) -> None:
        if self.network.strikes(task, "queue.send_timeout"):
            raise unanswered()

    def _put(self, queue: Queue, entry: Mapping[str, Any]) -> Message:
        delay = entry.get("DelaySeconds", 0)
        if not (isinstance(delay, int) and 0 <= delay <= 900):
            raise refused("SendMessage", "InvalidParameterValue")
        if len(entry["MessageBody"].encode()) > queue.max_size:
            raise refused("SendMessage", "InvalidParameterValue")
        if (task := self.network.engine.current) is not None:
            self.sent[task.invocation.function, queue.name] += 1
        late = 0.0
        if self.network.faults.strikes("queue.delay"):
            late = self.network.faults.random("queue.delay").uniform(1, 60)
        return queue.put(entry["MessageBody"], delay + late)


def _as_received(message: Message) -> dict[str, Any]:
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.handle,
        "Body": message.body,
        "Attributes": {"ApproximateReceiveCount": str(message.receives)},
    }
