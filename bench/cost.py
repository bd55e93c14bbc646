"""Computes the price of a million messages and deliveries: counted calls, units, bytes and CPU × list prices.

`python -m bench cost --save` writes the tables into docs/cost.md. The prices are for dense traffic, in full batches,
because the price matters most there. One CPU millisecond of this machine counts as one of a vCPU of Lambda, which a
function has at 1,769 MB of memory.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

from ferryman.metrics import Name
from ferryman.pipeline.deliver import APART_SECONDS
from ferryman.webhooks.subscriptions.model import SLOW_AFTER_SECONDS

from bench.calls import BATCH, SWEPT_RUNS, Scene, deliver, dispatch, incoming_post, scene, sweep
from bench.deliveries import Surroundings, edge, invoked, surrounded, tables
from bench.edge import NAME
from bench.logs import access_bytes
from bench.meter import Call, Counted
from bench.report import Row
from tests.support import template
from tests.support.logs import captured
from tests.unit.hostile import Authority

PRICES_OF = "2026-11-21"
MILLION = 1_000_000
GB = 1_000_000_000


@dataclass(frozen=True)
class Price:
    """A list price of us-east-1: `amount` dollars for `per` pieces of `unit`."""

    amount: float
    per: int
    unit: str
    source: str

    @property
    def dollars(self) -> float:
        return self.amount / self.per


_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_KMS = "https://aws.amazon.com/kms/pricing/"
PRICES = {
    "http_api": Price(
        1.00, MILLION, "HTTP API requests of up to 512 KB", "https://aws.amazon.com/api-gateway/pricing/"
    ),
    "invocation": Price(0.20, MILLION, "Lambda invocations", _LAMBDA),
    "arm64": Price(13.3334, MILLION, "GB-seconds of Lambda on arm64", _LAMBDA),
    "x86_64": Price(16.6667, MILLION, "GB-seconds of Lambda on x86_64", _LAMBDA),
    "write": Price(0.625, MILLION, "write request units of DynamoDB", _DYNAMODB),
    "read": Price(0.125, MILLION, "read request units of DynamoDB", _DYNAMODB),
    "stream": Price(0, MILLION, "reads of a stream by Lambda", _DYNAMODB),
    "sqs": Price(
        0.50, MILLION, "SQS requests of up to 64 KB, fair queue included", "https://aws.amazon.com/sqs/pricing/"
    ),
    "logs": Price(0.50, GB, "bytes taken in by CloudWatch Logs", _CLOUDWATCH),
    "kms": Price(3.00, MILLION, "requests to KMS", _KMS),
    "egress": Price(0.09, GB, "bytes to the internet", "https://aws.amazon.com/ec2/pricing/on-demand/"),
    "kms_key": Price(1.00, 1, "key of KMS for a month", _KMS),
    "alarm": Price(0.10, 1, "alarm for a month", _CLOUDWATCH),
    "metric": Price(0.30, 1, "metric of our own for a month, by the hours in which it has a value", _CLOUDWATCH),
}
SERVICES = ("HTTP API", "Lambda", "DynamoDB", "SQS", "CloudWatch Logs", "KMS", "data transfer")

VCPU_MB = 1769
MEMORIES = (128, 256, 512, 1024, 1769)
CALL_SECONDS = 0.005  # a call to DynamoDB, SQS or KMS from Lambda
DISPATCHED_TOGETHER = 10  # messages of one batch of the stream
BUSY = 60  # messages of a chat in the ten minutes for which a process knows that it is active
SWEEPS = 12 * 24 * 30  # a month
# What an attempt sends is counted, but for the heads of its packets: SYN, three ACKs of the handshake and of what the
# receiver says in it, two of the answer and its end, one FIN, and those that carry data.
PACKETS, PACKET_BYTES = 9, 52
TLS_RECORD = 22
DECRYPTS = 1 / 30  # of a delivery: a process remembers a secret for five minutes
ANSWERS = {"100 ms": 0.1, "2 s": 2.0, "8 s": 8.0}
GOALS = {"message": 2.9, "delivery": 2.4}
IDLE_METRICS = ("InitDuration", "MemoryUsed")  # the sweeper's and the notifier's, when a new process takes over
PEERS = {
    "[Svix](https://www.svix.com/pricing/)": "$1,485",
    "[Convoy Cloud](https://www.getconvoy.io/pricing)": "$999",
    "[Hookdeck](https://hookdeck.com/pricing)": "$599",
    "[EventBridge](https://aws.amazon.com/eventbridge/pricing/) API destinations: 5 s, no signature, no log": "$12",
}


def slow_lane(name: str) -> int:
    """A number in the event source mapping of SlowDeliveriesQueue, such as its `BatchSize`."""
    return int(template.functions()["deliverer"]["Events"]["SlowDeliveries"]["Properties"][name])


type Bill = dict[str, float]  # dollars by service


@dataclass(frozen=True)
class Work:
    """The measured work of one invocation."""

    calls: list[Call]
    cpu_seconds: float
    logged: int
    memory_mb: int

    def units(self, chosen: Callable[[Call], bool] = lambda _: True) -> float:
        """The dollars of DynamoDB for those calls for which `chosen` is true."""
        return _units(Counted([call for call in self.calls if chosen(call)]))

    @property
    def rounds(self) -> list[str]:
        """The names of the calls that wait for each other. Calls of one name run at the same time and count once."""
        return sorted({call.name for call in self.calls})

    @property
    def cpu_on_lambda(self) -> float:
        """The seconds that the CPU work takes on the share of a core that comes with the function's memory."""
        return self.cpu_seconds * max(1.0, VCPU_MB / self.memory_mb)

    def lambda_dollars(self, waits: float) -> float:
        """The dollars of one invocation that waits for `waits` seconds in addition to its CPU time."""
        return lasting(waits + self.cpu_on_lambda, self.memory_mb)

    @property
    def log_dollars(self) -> float:
        """The dollars of the log. Only our own lines count: the template's `LoggingConfig` leaves out Lambda's own."""
        return float(self.logged * PRICES["logs"].dollars)


def lasting(seconds: float, memory_mb: int) -> float:
    """The dollars of one invocation that takes `seconds`."""
    return PRICES["invocation"].dollars + seconds * memory_mb / 1024 * PRICES[architecture()].dollars


def architecture() -> str:
    return str(template.load()["Parameters"]["Architecture"]["Default"])


def _memory(function: str) -> int:
    own = template.functions()[function].get("MemorySize")
    return int(own or template.load()["Globals"]["Function"]["MemorySize"])


def _work(counted: Counted, around: Surroundings, function: str, name: str, times: int = 20) -> Work:
    around.function.ask(f"5 {name}")
    answer = around.function.ask(f"{times} {name}")
    return Work(counted.calls, answer["cpu_ms"] / 1000 / times, answer["logged"] // times, _memory(function))


@dataclass(frozen=True)
class Measured:
    """The measured work of the three busiest functions: one message, a batch of the stream, a batch of the queue."""

    hooks: Work
    dispatcher: Work  # DISPATCHED_TOGETHER messages to one webhook
    deliverer: Work  # BATCH deliveries to receivers that answer at once
    body_bytes: int
    attempt_bytes: int  # what one attempt sends besides its body
    sweep: float  # dollars of DynamoDB for one run of the sweeper when nobody posts
    posted: float  # and on top of that for ten minutes in which anybody posts: their chats and receipts are listed
    swept: dict[int, float]  # and for each message, by how many its chat got in ten minutes


@cache
def _measured() -> Measured:
    with edge() as around, captured(), scene() as one:
        one.webhooks(1)
        posted = incoming_post(one)
        dispatched = dispatch(one, DISPATCHED_TOGETHER)
        one.tickets()
        post, _ = one.world.event("POST", one.hook, {"content-type": "application/json"}, '{"text": "Build passed"}')
        one.post(DISPATCHED_TOGETHER)
        batch = {"Records": one.world.stream_records("MessagesTable")}
        hooks = _alone(posted, around, one, "hooks", post)
        dispatcher = _alone(dispatched, around, one, "dispatcher", batch)
    with captured(), scene() as one:
        one.webhooks(1)
        _, delivered = deliver(one, BATCH)
    with surrounded({"tls": ["tls/in"] * BATCH}) as busy:
        deliverer = _work(delivered, busy, "deliverer", "tls")
        busy.edge.ask("seen")
        busy.function.ask("1 tls")
        seen = busy.edge.ask("seen")
        body, head = max(map(len, seen["bodies"])), max(seen["heads"])
        attempt = head + _handshake_bytes(busy.folder) + TLS_RECORD + PACKETS * PACKET_BYTES
    nothing = _swept(0, 1, 0)
    quiet = _swept(1, 1, 1), _swept(1, 1, 5)
    loud = _swept(BUSY, DISPATCHED_TOGETHER, 1), _swept(BUSY, DISPATCHED_TOGETHER, 5)
    swept = {1: (quiet[1] - quiet[0]) / 4, BUSY: (loud[1] - loud[0]) / 4 / BUSY}
    return Measured(hooks, dispatcher, deliverer, body, attempt, nothing / SWEPT_RUNS, loud[0] - nothing, swept)


def _handshake_bytes(folder: Path) -> int:
    """The bytes that the client sends in a TLS handshake. `folder` gets the certificate authority of the server."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_alpn_protocols(["http/1.1"])
    from_client, from_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()  # what has arrived
    mine = client.wrap_bio(ours, from_client, server_hostname=NAME)
    other = Authority(folder).server(NAME).wrap_bio(theirs, from_server, server_side=True)
    sent = 0
    for _ in range(4):  # more turns than a handshake has
        for end in (mine, other):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
        content = from_client.read()
        sent += len(content)
        theirs.write(content)
        ours.write(from_server.read())
    assert mine.version() == "TLSv1.3"
    return sent


def _swept(messages: int, together: int, chats: int) -> float:
    with captured(), scene() as one:
        return _units(sweep(one, messages, together, chats))


def _units(counted: Counted) -> float:
    return counted.writes * PRICES["write"].dollars + counted.reads * PRICES["read"].dollars


def _alone(counted: Counted, around: Any, one: Scene, function: str, event: dict[str, Any]) -> Work:
    with invoked(around, one.world, function, {"one": event}, tables(one.world)) as running:
        return _work(counted, running, function, "one")


# -- bills ------------------------------------------------------------------------------------------------------------


def message(measured: Measured) -> Bill:
    """The dollars of one incoming message by service: accepted, dispatched, and checked by the sweeper.

    Its deliveries are not included. It is one of BUSY messages in its chat, which share one entry in the index of
    active chats.
    """
    hooks, dispatcher = measured.hooks, measured.dispatcher
    waits = len(dispatcher.calls) * CALL_SECONDS
    entry = PRICES["write"].dollars / BUSY
    return {
        "HTTP API": PRICES["http_api"].dollars,
        "Lambda": hooks.lambda_dollars(len(hooks.calls) * CALL_SECONDS)
        + dispatcher.lambda_dollars(waits) / DISPATCHED_TOGETHER,
        "DynamoDB": hooks.units()
        + dispatcher.units(lambda call: not _of_deliveries(call)) / DISPATCHED_TOGETHER
        + entry
        + measured.swept[BUSY],
        "CloudWatch Logs": hooks.log_dollars
        + access_bytes("POST /hooks/{secret}") * PRICES["logs"].dollars
        + dispatcher.log_dollars / DISPATCHED_TOGETHER,
    }


def alone(measured: Measured) -> float:
    """The dollars of DynamoDB for a message that is alone in its batch, and the only one of its chat in ten minutes."""
    dispatched = measured.dispatcher.units(lambda call: not _of_deliveries(call))  # as much for one as for ten
    return measured.hooks.units() + PRICES["write"].dollars + dispatched + measured.swept[1]


def even(measured: Measured) -> float:
    """The dollars of a message and its delivery when each batch has one record, because traffic comes evenly."""
    sent, made = message(measured), delivery(measured, ANSWERS["100 ms"])
    dispatcher, deliverer = measured.dispatcher, measured.deliverer
    dispatched = dispatcher.lambda_dollars(len(dispatcher.calls) * CALL_SECONDS)  # at most: it is that of ten messages
    rest = total(sent) - sent["DynamoDB"] + alone(measured) + dispatched * (1 - 1 / DISPATCHED_TOGETHER)
    seconds = batch_seconds(deliverer, ANSWERS["100 ms"], 1, slow=False)
    own = total(made) - made["Lambda"] + lasting(seconds, deliverer.memory_mb)
    return rest + own + 3 * (1 - 1 / BATCH) * PRICES["sqs"].dollars


def delivery(measured: Measured, seconds: float, *, lane: bool = True) -> Bill:
    """The dollars by service of one delivery in a full batch whose slowest receiver answers after `seconds`.

    With `lane`, a slow delivery goes through the slow lane.
    """
    slow = lane and seconds >= SLOW_AFTER_SECONDS
    together = slow_lane("BatchSize") if slow else BATCH
    work, dispatched = measured.deliverer, measured.dispatcher
    return {
        "Lambda": lasting(batch_seconds(work, seconds, together, slow=slow), work.memory_mb) / together,
        "DynamoDB": work.units() / BATCH + dispatched.units(_of_deliveries) / DISPATCHED_TOGETHER,
        "SQS": 3 / BATCH * PRICES["sqs"].dollars,  # sent, received and deleted in tens
        "CloudWatch Logs": work.logged / BATCH * PRICES["logs"].dollars,
        "KMS": DECRYPTS * PRICES["kms"].dollars,
        "data transfer": (measured.body_bytes + measured.attempt_bytes) * PRICES["egress"].dollars,
    }


def batch_seconds(work: Work, answer: float, together: int, *, slow: bool) -> float:
    """The seconds that a batch of `together` deliveries takes. `work` is the measured work of a batch of BATCH.

    On the slow lane attempts begin APART_SECONDS after each other, or later if the CPU work of one attempt takes
    longer.
    """
    each = work.cpu_on_lambda / BATCH
    return answer + len(work.rounds) * CALL_SECONDS + together * (max(each, APART_SECONDS) if slow else each)


def _of_deliveries(call: Call) -> bool:
    return call.tables == ("DeliveriesTable",)


def mixed(measured: Measured, slow: float, *, lane: bool) -> float:
    """The dollars of a delivery when the share `slow` of receivers takes 8 s and succeeds, so no webhook is paused.

    Without `lane`, a batch takes as long as its slowest delivery. With `lane`, slow deliveries wait in batches of their
    own.
    """
    healthy = total(delivery(measured, ANSWERS["100 ms"]))
    if lane:
        return (1 - slow) * healthy + slow * total(delivery(measured, ANSWERS["8 s"]))
    spoiled = 1 - (1 - slow) ** BATCH
    return (1 - spoiled) * healthy + spoiled * total(delivery(measured, ANSWERS["8 s"], lane=False))


def total(bill: Bill) -> float:
    return sum(bill.values())


def idle(measured: Measured) -> Bill:
    """The dollars by service of a month without any traffic."""
    operations = template.load("operations.yaml")["Resources"].values()
    alarms = sum(item["Type"] == "AWS::CloudWatch::Alarm" for item in operations)
    queues = len(template.resources("AWS::SQS::Queue"))
    polls = queues * 5 * 3 * 60 * 24 * 30  # five pollers that ask for 20 s each, month by month
    return {
        "KMS": len(template.resources("AWS::KMS::Key")) * PRICES["kms_key"].dollars,
        "CloudWatch": alarms * PRICES["alarm"].dollars + len(IDLE_METRICS) * PRICES["metric"].dollars,
        "SQS": polls * (PRICES["sqs"].dollars - 0.10 / MILLION),  # nothing is in them, so nothing has to be fair
        "Lambda": SWEEPS * (PRICES["invocation"].dollars + 0.4 * 0.25 * PRICES[architecture()].dollars),
        "DynamoDB": SWEEPS * measured.sweep,
    }


def metric_names() -> set[str]:
    """The names of our own metrics: those that the code counts, and those of filters on log lines."""
    filters = template.load("operations.yaml")["Resources"].values()
    made = [
        item["Properties"]["MetricTransformations"] for item in filters if item["Type"] == "AWS::Logs::MetricFilter"
    ]
    return {*get_args(Name.__value__), *(one["MetricName"] for several in made for one in several)}


# -- figures ----------------------------------------------------------------------------------------------------------


def measure() -> list[Row]:
    measured = _measured()
    one = message(measured)
    found = [Row.at_most("a million incoming messages", total(one) * MILLION, "$", GOALS["message"], _told(one))]
    for name, seconds in ANSWERS.items():
        bill = delivery(measured, seconds)
        what = f"a million deliveries, receivers answer in {name}"
        found.append(Row.at_most(what, total(bill) * MILLION, "$", GOALS["delivery"], _told(bill)))
    healthy = total(delivery(measured, ANSWERS["100 ms"]))
    for slow in (0.05, 0.2):
        one_lane = mixed(measured, slow, lane=False) / healthy
        laned = mixed(measured, slow, lane=True) / healthy
        note = f"{one_lane:.2f} × without the slow lane and its batches of {slow_lane('BatchSize')}"
        found.append(Row.at_most(f"{slow:.0%} of receivers take 8 s, over none", laned, "×", 1.3, note))
    found += _by_memory(measured)
    month = idle(measured)
    return [*found, Row("a month without traffic", total(month), "$", "", True, _told(month, 1))]


def _by_memory(measured: Measured) -> list[Row]:
    """Lambda's dollars for a million messages or deliveries, and the seconds of an invocation, by memory size."""
    hooks, dispatcher, deliverer = measured.hooks, measured.dispatcher, measured.deliverer
    rows = []
    for what, work, waits, together in (
        ("messages, hooks", hooks, len(hooks.calls) * CALL_SECONDS, 1),
        ("messages, dispatcher", dispatcher, len(dispatcher.calls) * CALL_SECONDS, DISPATCHED_TOGETHER),
        ("deliveries of 100 ms", deliverer, ANSWERS["100 ms"] + len(deliverer.rounds) * CALL_SECONDS, BATCH),
    ):
        told = []
        for mb in MEMORIES:
            other = replace(work, memory_mb=mb)
            seconds = waits + other.cpu_on_lambda
            told.append(f"{mb} MB: {lasting(seconds, mb) / together * MILLION:.2f} in {seconds * 1000:.0f} ms")
        value = work.lambda_dollars(waits) / together * MILLION
        rows.append(Row(f"Lambda, a million {what}, {work.memory_mb} MB", value, "$", "", True, ", ".join(told)))
    return rows


def _told(bill: Bill, times: int = MILLION) -> str:
    return ", ".join(f"{service} {dollars * times:.2f}" for service, dollars in bill.items())


def document(measured: Measured) -> str:
    """The tables of docs/cost.md as Markdown."""
    columns = {"a million incoming messages": message(measured)}
    columns |= {f"a million deliveries, {name}": delivery(measured, seconds) for name, seconds in ANSWERS.items()}
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for service in SERVICES:
        cells = [f"{bill[service] * MILLION:.2f}" if service in bill else "" for bill in columns.values()]
        lines.append(f"| {service} | {' | '.join(cells)} |")
    lines.append(f"| **together** | {' | '.join(f'**${total(bill) * MILLION:.2f}**' for bill in columns.values())} |")
    healthy = total(delivery(measured, ANSWERS["100 ms"]))
    dense = columns["a million incoming messages"]["DynamoDB"] * MILLION
    lines += ["", "| DynamoDB for a million messages | $ |", "|---|---|"]
    lines += [f"| {BUSY} of a chat in ten minutes, ten in a batch, as above | {dense:.2f} |"]
    lines += [f"| one of a chat in ten minutes, alone in its batch | {alone(measured) * MILLION:.2f} |"]
    lines += ["", "| receivers that take 8 s and succeed | one lane | a slow lane of their own |", "|---|---|---|"]
    for slow in (0.0, 0.05, 0.2):
        pair = [mixed(measured, slow, lane=lane) for lane in (False, True)]
        lines.append(f"| {slow:.0%} | {' | '.join(f'${one * MILLION:.2f} ({one / healthy:.2f} ×)' for one in pair)} |")
    month = idle(measured)
    lines += ["", "| a month without traffic | $ |", "|---|---|"]
    lines += [f"| {service} | {dollars:.2f} |" for service, dollars in month.items()]
    lines += [f"| **together** | **{total(month):.2f}** |"]
    posted = measured.posted * SWEEPS / 2  # all of its ten minutes
    lines += [f"| and more for the sweeper, while people post day and night | {posted:.2f} |"]
    metrics = (len(metric_names()) - len(IDLE_METRICS)) * PRICES["metric"].dollars
    lines += [f"| and more for our metrics, at most: each of them has a value in every hour | {metrics:.2f} |", ""]
    posted += metrics
    ours = 10 * (total(columns["a million incoming messages"]) + healthy) * MILLION + total(month) + posted
    lines += ["| ten million messages a month, each to one webhook | a month |", "|---|---|"]
    lines += [f"| {name} | {price} |" for name, price in PEERS.items()]
    spread = 10 * even(measured) * MILLION + total(month) + posted
    lines += [f"| **Ferryman**, in your own account, in batches as above | **${ours:.0f}** |"]
    lines += [f"| **Ferryman**, so evenly spread that nothing meets in a batch | **${spread:.0f}** |", ""]
    lines += [f"| prices of {PRICES_OF} | $ | source |", "|---|---|---|"]
    for price in PRICES.values():
        lines.append(f"| {price.per:,} {price.unit} | {price.amount:g} | <{price.source}> |")
    return "\n".join(lines)


def page() -> str:
    """The measured part of docs/cost.md as Markdown."""
    return document(_measured())


if __name__ == "__main__":
    print(page())
