"""`python -m simulator --seed 17 --events 1000`: makes one run and prints its verdict."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/ferryman"))

from simulator.faults import KINDS
from simulator.simulation import Simulation


def main() -> int:
    arguments = _arguments()
    if arguments.list:
        for kind in KINDS.values():
            print(f"{kind.name:<32}{kind.meaning}")
        return 0
    only = _chosen(arguments.faults, arguments.without)
    good = True
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        good &= _run(seed, arguments.events, only, arguments.scale, arguments.follow)
    return 0 if good else 1


def _run(seed: int, events: int, only: set[str], scale: float, follow: str | None) -> bool:
    with Simulation(seed, only, scale=scale) as simulation:
        simulation.recorder.follow = follow
        simulation.run(events)
        verdict = simulation.verdict()
        seconds = simulation.seconds()
    struck = {name: count for name in KINDS if (count := simulation.faults.counts[name])}
    print(f"seed {seed}: {events} events, {len(struck)} kinds of faults, {sum(struck.values())} faults")
    for name, count in struck.items():
        print(f"  {count:>8} × {name:<30} {KINDS[name].meaning}")
    print(f"  {verdict.accepted:>8} changes acknowledged, {verdict.refused} requests refused or without an answer")
    for name, count in sorted(verdict.sorted.items()):
        print(f"  {count:>8} {name}")
    print(f"  {verdict.requests:>8} requests to receivers, {verdict.duplicates} of them explained duplicates")
    print(f"  {verdict.unknowns:>8} attempts that never reported, each explained")
    print(f"  {verdict.requeued:>8} messages that the dead letters sent back")
    print(f"  {len(verdict.lost):>8} lost\n  {len(verdict.unexpected):>8} unexpected")
    hours = simulation.hours()
    print(f"  {hours:.1f} hours of the pipeline in {seconds:.1f} s; {simulation.network.calls} calls to AWS")
    for at, text in simulation.recorder.timeline:
        print(f"  {at:12.3f}  {text}")
    if not verdict.good:
        print(verdict.explain(100))
    return verdict.good


def _chosen(faults: str | None, without: str | None) -> set[str]:
    chosen = set(KINDS) if faults is None else _matching(faults)
    return chosen - (_matching(without) if without else set())


def _matching(text: str) -> set[str]:
    """The kinds of faults that `text` names. `stream,queue.delay` gives all kinds of `stream.` and one of `queue.`.

    `none` gives an empty set. Exits with a message for an unknown name.
    """
    found: set[str] = set()
    for part in text.split(","):
        kinds = {name for name in KINDS if name == part or name.startswith(f"{part}.")}
        if not kinds and part != "none":
            sys.exit(f"{part} is not a fault. --list shows all.")
        found |= kinds
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, from --seed on")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--faults", help="only these, with commas between: `stream`, `queue.delay`, `none`")
    parser.add_argument("--without", help="all but these")
    parser.add_argument("--scale", type=float, default=1, help="makes every fault so much more frequent")
    parser.add_argument("--follow", help="show the way of one delivery, by (a part of) its id")
    parser.add_argument("--list", action="store_true", help="list the kinds of faults")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
