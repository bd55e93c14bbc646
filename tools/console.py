"""Prints the steps of a command with their durations, and its errors with advice. Colours only on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class LocalError(Exception):
    """Something is wrong on this machine. The text says what, and `advice` names the next step."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(problem)
        self.advice = advice


def _painter(code: str) -> Callable[[str], str]:
    def paint(text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() else text

    return paint


bold, dim, green, yellow, red = map(_painter, ("1", "2", "32", "33", "31"))


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print `title`, run the block, and print how long it took."""
    started = time.monotonic()
    print(f"  {title} {dim('…')} ", end="", flush=True)
    try:
        yield
    except BaseException:
        print(red("failed"), flush=True)
        raise
    print(green(seconds(time.monotonic() - started)), flush=True)


def seconds(duration: float) -> str:
    return f"{duration:.1f} s"


def tail(path: Path, lines: int = 30) -> str:
    """The last lines of a log file, indented, to be shown below an error."""
    if not path.exists():
        return ""
    text = path.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in text)


def run(main: Callable[[], None]) -> None:
    """Run a command's `main`; a LocalError or Ctrl-C ends it with a clear message instead of a traceback."""
    try:
        main()
    except LocalError as error:
        print(f"\n{red('✗')} {error}\n  {bold('→')} {error.advice}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print()
        sys.exit(130)
