"""The kinds of faults. The seed decides when each kind strikes; each is counted and can be switched off separately.

The other modules carry the faults out: `aws` ends a function at one of its calls, `receivers` during its request,
`cloud` and the fakes of the services do the rest.
"""

import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    `chance` is its probability at one opportunity; 0 means that the plan of the run sets its times.
    """

    name: str
    chance: float
    meaning: str


def _kinds(*rows: tuple[str, float, str]) -> dict[str, Kind]:
    return {name: Kind(name, chance, meaning) for name, chance, meaning in rows}


KINDS = _kinds(
    # DynamoDB Streams and their mapping.
    ("stream.duplicate_record", 0.01, "a record comes a second time, later"),
    ("stream.duplicate_batch", 0.03, "a whole batch comes again after it succeeded"),
    ("stream.reorder", 0.2, "records of different items change places; those of one item do not"),
    ("stream.lost_record", 0.01, "a record never comes"),
    ("stream.delay", 0.02, "a shard stands still for up to two minutes"),
    ("stream.poison", 0, "a record or an item that Ferryman did not write"),
    ("stream.lost_reply", 0.03, "the function's answer is lost, and the whole batch comes again"),
    ("stream.throttled", 0.03, "the invocation is refused; the batch comes again"),
    ("stream.gives_up", 0.01, "the mapping uses up its retries; the records go to the failure destination"),
    ("stream.outage", 0, "the mappings are off for longer than the stream keeps its records, which are trimmed"),
    # Crashes, before and after each call to AWS.
    ("api.crash", 0.002, "the function that accepts a message dies at a call, and its caches with it"),
    ("dispatcher.crash_before", 0.001, "the dispatcher dies before a call to AWS"),
    ("dispatcher.crash_after", 0.001, "the dispatcher dies after a call was carried out, before the answer reaches it"),
    ("deliverer.crash_before_claim", 0.0008, "the deliverer dies before it claims an attempt"),
    ("deliverer.crash_after_claim", 0.003, "the deliverer dies between the claim and the request"),
    ("deliverer.crash_during_post", 0.004, "the deliverer dies while the request is on its way"),
    (
        "deliverer.crash_after_answer",
        0.002,
        "the deliverer dies after the receiver answered, before it writes the outcome",
    ),
    ("deliverer.crash_after_settle", 0.001, "the deliverer dies after it wrote the outcome, before it replies"),
    ("deliverer.stall", 0.003, "the deliverer freezes for half a minute after its claim"),
    ("dead_letters.crash", 0.02, "dead_letters dies at a call"),
    ("sweeper.crash", 0.003, "the sweeper dies at a call"),
    # SQS and its mapping.
    ("queue.duplicate", 0.01, "two functions get the same message at the same time"),
    ("queue.reorder", 0.3, "messages come out of order"),
    ("queue.delay", 0.02, "a message becomes visible up to a minute late"),
    ("queue.lost_receive", 0.01, "a batch is received but no function is invoked; a receive is used up"),
    ("queue.throttled", 0.02, "the invocation is refused until the messages' visibility is over"),
    ("queue.lost_reply", 0.01, "the function's answer is lost: nothing is deleted"),
    ("queue.early_visible", 0.005, "a message becomes visible while a function works on it"),
    ("queue.late_delete", 0.01, "a delete comes too late; the message was visible again"),
    ("queue.send_partial", 0.03, "SendMessageBatch answers 200 with Failed entries"),
    ("queue.send_throttled", 0.01, "SendMessageBatch is refused"),
    ("queue.send_timeout", 0.01, "SendMessageBatch times out, but the messages are stored"),
    ("queue.hide_fails", 0.03, "ChangeMessageVisibility fails"),
    ("queue.poison", 0, "a message that is not a ticket"),
    ("queue.outage", 0, "the deliverer's mapping is off for half an hour"),
    ("dead_letters.lost_receive", 0.05, "dead letters are received but no function is invoked"),
    # DynamoDB.
    ("dynamodb.throttle", 0.002, "a call is refused, also after the SDK's retries"),
    ("dynamodb.unavailable", 0.001, "a call fails with a 500, also after the SDK's retries"),
    ("dynamodb.conflict", 0.005, "a transaction, or a write during one, is refused as conflicting"),
    ("dynamodb.unprocessed", 0.02, "BatchGetItem leaves keys unprocessed"),
    ("dynamodb.timeout", 0.001, "a call times out, but the write is carried out"),
    ("dynamodb.applied_twice", 0.002, "an answer is lost and the SDK's retry meets its own write"),
    ("dynamodb.slow", 0.003, "a call takes up to six seconds"),
    ("dynamodb.short_page", 0.05, "a query ends its page early"),
    ("dynamodb.stale_index", 0.1, "an index is up to a minute behind"),
    ("dynamodb.stale_read", 0.1, "an eventually consistent read is up to a minute behind"),
    ("dynamodb.index_far_behind", 0.003, "an index is up to fifty minutes behind"),
    ("dynamodb.outage", 0, "every call fails for two minutes"),
    # The rest.
    ("network.outage", 0, "for three minutes our own network reaches no receiver"),
    ("kms.throttle", 0.02, "Decrypt is refused"),
    ("kms.denied", 0, "Decrypt is denied for eight minutes"),
    ("s3.unavailable", 0.05, "a call to S3 is refused"),
    ("clock.skew", 0.1, "a function's clock is up to two seconds off"),
    ("sweeper.lost", 0.1, "a scheduled run does not happen"),
    ("sweeper.twice", 0.1, "a scheduled run happens twice at the same time"),
)


class Faults:
    """Decides at each opportunity whether a fault strikes.

    Each kind has its own sequence of random numbers, so switching one kind off does not change when the others strike.
    """

    def __init__(self, seed: object, only: Collection[str] | None = None, *, scale: float = 1) -> None:
        self.on = set(KINDS if only is None else only)
        if unknown := self.on - set(KINDS):
            raise ValueError(f"{min(unknown)} is not a fault; see --list")
        self.active = True
        self.counts: Counter[str] = Counter()
        self.armed: Counter[str] = Counter()  # these strike at the next opportunities, whatever the chance
        self._random = {name: random.Random(f"{seed} {name}") for name in KINDS}
        self._chances = {name: KINDS[name].chance * scale for name in self.on if KINDS[name].chance}

    def strikes(self, name: str) -> bool:
        """Whether this kind of fault strikes at this opportunity. Counts it if so."""
        if self.armed and self.armed[name] > 0:
            self.armed[name] -= 1
        elif not self.active or (chance := self._chances.get(name)) is None or self._random[name].random() >= chance:
            return False
        self.counts[name] += 1
        return True

    def planned(self, name: str) -> bool:
        """Whether this kind of fault is on, at a time at which the plan of the run lets it happen. Counts it if so."""
        if not self.active or name not in self.on:
            return False
        self.counts[name] += 1
        return True

    def random(self, name: str) -> random.Random:
        """The random numbers of this kind of fault, from which its duration and its victim are drawn."""
        return self._random[name]
