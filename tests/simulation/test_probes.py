"""A webhook that was disabled for failures is enabled by a probe, once its receiver answers again."""

import pytest

from simulator.faults import KINDS
from simulator.simulation import HOUR, Simulation

EVENTS = 150
# Faults that strike calls and functions; outages would only make the receiver's failures rarer.
STRIKING = [name for name in KINDS if name.startswith(("deliverer.", "dynamodb.", "sweeper.")) and "outage" not in name]


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("faults", [[], STRIKING], ids=["without faults", "with faults"])
def test_a_webhook_whose_receiver_answers_again_comes_back(seed: int, faults: list[str]) -> None:
    with Simulation(seed, faults, scale=3) as simulation:
        simulation.enable_again = lambda: None  # type: ignore[method-assign]
        dead = next(one for one in simulation.recorder.subscriptions.values() if "//dead." in one.url)
        simulation.run(EVENTS)
        absences = simulation.recorder.absences[dead.webhook_id]
        assert len(absences) == 1 and absences[0][1] is None, "ten failures disable it, and it stays so"
        simulation.engine.run(before=simulation.engine.now + 12 * HOUR)
        assert absences[0][1] is None
        simulation.receivers.scripts[dead.url].doomed = 0
        simulation.engine.run(before=simulation.engine.now + 7 * HOUR)
        assert absences[0][1] is not None, "no probe brought it back"
        verdict = simulation.verdict()
    assert verdict.good, verdict.explain()
    assert verdict.probes >= 4
