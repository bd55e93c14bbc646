"""Measures whether receivers that hang delay others, in one batch and in the queue.

In the batch, the real handler delivers over real sockets to nine receivers that answer within a tenth of a second, and
to one that never answers; bench.edge records when the outcome of each delivery was written.

In the queue, the whole pipeline runs in the simulator, in simulated time: real handlers, the real health of webhooks, a
simulated queue. Half of all traffic goes to webhooks that hang for the full eight seconds. The figure is how long the
other half waits, compared with the same traffic to healthy webhooks. The simulated queue is first in, first out: SQS's
fairness, which helps further, is left out.
"""

import json
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ferryman import ids

from bench.calls import BATCH
from bench.deliveries import Surroundings, is_write, surrounded
from bench.report import Row
from simulator.cloud import Consumer
from simulator.receivers import Script
from simulator.simulation import Simulation

LIMIT_SECONDS = 2
SLOW = "tls/slow/100"
TURNS = 5
WEBHOOKS = 10  # of each kind
MESSAGES = 250  # to each kind
MINUTES = 15
CONCURRENT = 5  # batches; what Lambda begins with. Were nothing paused, half of the traffic hanging would fill them.
MANY = 100  # batches, once Lambda has grown
ONSET_SECONDS = 60
PAIRS = 8  # webhooks of one chat that answer, and as many that hang from their first event on
CROWD = 60  # webhooks that hang, all called by one message


def measure() -> list[Row]:
    return [*_batch(), *_queue(), *_onset()]


# -- in a batch -------------------------------------------------------------------------------------------------------


def _batch() -> list[Row]:
    batches = {"well": [SLOW] * BATCH, "hanging": ["tls/hang", *[SLOW] * (BATCH - 1)], "quick": ["tls/in"] * BATCH}
    with surrounded(batches, AttemptTimeoutSeconds=str(LIMIT_SECONDS), PauseSeconds="0") as around:
        around.function.ask("3 quick")
        slowest, others = [], []
        for _ in range(TURNS):
            around.function.ask("1 quick")
            well = _outcomes(around, "well", failing=0)
            around.function.ask("1 quick")
            hanging = _outcomes(around, "hanging", failing=1)
            slowest.append(hanging["took"] / LIMIT_SECONDS)
            others.append(hanging["others"] / well["others"])
    note = f"one of {BATCH} hangs until its limit of {LIMIT_SECONDS} s, median of {TURNS}"
    return [
        Row.at_most("a batch with one that hangs, over its slowest", statistics.median(slowest), "×", 1.3, note),
        Row.at_most(
            "the other nine, over a batch without it",
            statistics.median(others),
            "×",
            1.3,
            "until the ninth outcome is written",
        ),
    ]


def _outcomes(around: Surroundings, name: str, failing: int) -> dict[str, float]:
    """The seconds that a batch took (`took`), and those until the last answered delivery was settled (`others`).

    `failing` is the number of deliveries whose receivers hang.
    """
    around.calls()
    answer = around.function.ask(f"1 {name}")
    assert len(answer["answer"]["batchItemFailures"]) == failing, answer
    calls = around.calls()
    written: dict[str, float] = {}
    for call in calls:
        if is_write(call["target"], call["request"]):
            written[_delivery(call["request"])] = call["at"]
    ends = sorted(written.values())
    return {"took": answer["seconds"], "others": ends[len(ends) - 1 - failing] - calls[0]["at"]}


def _delivery(request: dict[str, Any]) -> str:
    return json.dumps((request.get("Key") or request["Item"])["delivery_id"])


class Prompt(Consumer):
    """An event source mapping that polls, as Lambda does, while the queue has messages and not all batches run.

    `most` is the number of batches that run at the same time at most.
    """

    most: int

    @classmethod
    def instead_of(cls, consumer: Consumer, most: int = CONCURRENT) -> None:
        made = cls.__new__(cls)
        vars(made).update(vars(consumer))
        made.most = most
        made.queue.on_visible = made._visible
        made.cloud.consumers[made.queue.name] = made

    def _visible(self, moment: float) -> None:
        if self._next_poll is None or self._next_poll > moment:
            self._next_poll = moment
            self.cloud.network.engine.at(
                moment + self.cloud.network.dice.uniform(0.01, 0.1), lambda: self._poll(moment)
            )

    def _poll(self, scheduled: float) -> None:
        if self._next_poll != scheduled:
            return
        while self._running < self.most and (received := self.queue.receive(self.batch_size)):
            self._invoke(received)
        if self._running < self.most:
            self._poll_at_next()


# -- in the queue -----------------------------------------------------------------------------------------------------


def _queue() -> list[Row]:
    well, hanging = _waits(hang=False), _waits(hang=True)
    before, after = p95(well), p95(hanging)
    note = (
        f"{before:.2f} → {after:.2f} s from event to answer, {len(hanging)} deliveries; as many more hang; "
        f"simulated, {CONCURRENT} batches at a time"
    )
    change = (after / before - 1) * 100
    return [Row.at_most("the others' p95 when half of all traffic hangs", change, "% more", 10, note)]


def _waits(*, hang: bool) -> list[float]:
    """The seconds from the event to the answer, for each delivery to a healthy webhook.

    With `hang`, the receivers of all other webhooks hang; without it, they answer too.
    """
    with Simulation("isolation", frozenset(), small=True) as simulation:
        simulation.heal()
        Prompt.instead_of(simulation.cloud.consumers["DeliveriesQueue"])
        _, quiet, loud, _ = simulation.chats
        good = {
            simulation.subscribe(f"good {number}", Script(fixed=("200",)), chats=[quiet]).webhook_id
            for number in range(WEBHOOKS)
        }
        for number in range(WEBHOOKS):
            script = Script(fixed=("timeout" if hang else "200",))
            simulation.subscribe(f"bad {number}", script, chats=[loud])
        for chat in (quiet, loud):
            for _ in range(MESSAGES):
                simulation.engine.after(simulation.dice.uniform(0, MINUTES * 60), _posting(simulation, chat))
        simulation.engine.run(before=simulation.engine.now + (MINUTES + 30) * 60)
        claims = simulation.recorder.claims
        return [
            (claim.answered_at or 0) - _happened(delivery_id)
            for delivery_id, made in claims.items()
            if (parts := ids.of_delivery(delivery_id)) and parts[1] in good
            for claim in made
        ]


def _posting(simulation: Simulation, chat: str) -> Any:
    return lambda: simulation.post(chat, by_hook=True)


# -- from the first event on ------------------------------------------------------------------------------------------


def _onset() -> list[Row]:
    """The rows for receivers that hang from their first event on, before Ferryman can know that they are slow."""
    rows = []
    for name, waits in (("half of 16 webhooks hang", pairs), (f"one message calls {CROWD} that hang", crowd)):
        for most in (CONCURRENT, MANY):
            undisturbed, disturbed = p95(waits(hang=False, most=most)), p95(waits(hang=True, most=most))
            note = (
                f"p95 from event to answer {undisturbed:.2f} → {disturbed:.2f} s; simulated, {most} batches at a time"
            )
            title = f"from the first event on, {name}, {most} at a time"
            rows.append(Row.at_most(title, disturbed / undisturbed, "×", 2, note))
    return rows


def pairs(*, hang: bool, most: int) -> list[float]:
    """The waits of healthy webhooks in a chat with as many that hang, at five messages a second.

    At most `most` batches run at the same time.
    """
    with _prompt(most) as simulation:
        chat = simulation.chats[1]
        good = _subscribe(simulation, "good", chat, PAIRS, hang=False)
        _subscribe(simulation, "bad", chat, PAIRS, hang=hang)
        for number in range(5 * ONSET_SECONDS):
            simulation.engine.after(number / 5, _posting(simulation, chat))
        return _waits_of(simulation, good)


def crowd(*, hang: bool, most: int) -> list[float]:
    """The waits of a webhook that gets two messages a second, while one message goes to CROWD other webhooks."""
    with _prompt(most) as simulation:
        _, quiet, loud, _ = simulation.chats
        good = _subscribe(simulation, "good", quiet, 1, hang=False)
        _subscribe(simulation, "bad", loud, CROWD, hang=hang)
        simulation.engine.after(5, _posting(simulation, loud))
        for number in range(2 * ONSET_SECONDS // 2):
            simulation.engine.after(number / 2, _posting(simulation, quiet))
        return _waits_of(simulation, good)


@contextmanager
def _prompt(most: int) -> Iterator[Simulation]:
    with Simulation("isolation", frozenset(), small=True) as simulation:
        simulation.heal()
        for queue in ("DeliveriesQueue", "SlowDeliveriesQueue"):
            Prompt.instead_of(simulation.cloud.consumers[queue], most)
        yield simulation


def _subscribe(simulation: Simulation, name: str, chat: str, count: int, *, hang: bool) -> set[str]:
    script = Script(fixed=("timeout" if hang else "200",))
    return {simulation.subscribe(f"{name} {number}", script, chats=[chat]).webhook_id for number in range(count)}


def _waits_of(simulation: Simulation, webhook_ids: set[str]) -> list[float]:
    """Run the simulation, and return the seconds from the event to the answer for each delivery to these webhooks."""
    simulation.engine.run(before=simulation.engine.now + 10 * ONSET_SECONDS)
    return [
        (claim.answered_at or 0) - _happened(delivery_id)
        for delivery_id, made in simulation.recorder.claims.items()
        if (parts := ids.of_delivery(delivery_id)) and parts[1] in webhook_ids
        for claim in made
    ]


def _happened(delivery_id: str) -> float:
    """The time of a delivery's event, in epoch seconds. It is a part of the delivery's id."""
    number = 0
    for character in delivery_id.removeprefix(f"{ids.DELIVERY}_")[:10]:
        number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(character)
    return number / 1000


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
