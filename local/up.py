"""`make up`: start the embedded stack, then show its main job once."""

import os
import time

from local import demo, sample, stack
from tools import console
from tools.console import bold, dim, seconds


def main() -> None:
    began = time.time()
    since = float(os.environ.get("STARTED") or began)  # when make started, so that the installation counts
    here = stack.default()
    print(bold("Ferryman on this machine"))
    here.up()
    sample.ensure(here)
    ready = time.time()
    demo.tour(here)
    now = time.time()
    times = f"Up in {seconds(ready - since)}, tour {seconds(now - ready)}, together {seconds(now - since)}"
    print(dim(times))


if __name__ == "__main__":
    console.run(main)
