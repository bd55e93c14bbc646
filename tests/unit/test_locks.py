"""While one process holds a lock, another waits."""

from pathlib import Path
from threading import Thread

from tools import locks


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    lock = tmp_path / "a folder that is not there" / "lock"
    done: list[str] = []

    def second() -> None:
        with locks.alone(lock):
            done.append("second")

    waiting = Thread(target=second)
    with locks.alone(lock):
        waiting.start()
        waiting.join(timeout=0.3)
        done.append("first")
    waiting.join(timeout=10)
    assert done == ["first", "second"]
