import os
import time
from collections.abc import Iterator

import pytest

from tests.unit.hostile import Authority
from tests.unit.outbound.calling import watchdogs


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted often


@pytest.fixture
def nothing_is_left_behind() -> Iterator[None]:
    """Fail a test after which a watchdog thread still runs or a file is still open."""
    before = _open_files()
    yield
    until = time.monotonic() + 2
    while (watchdogs() or _open_files() > before) and time.monotonic() < until:
        time.sleep(0.01)
    assert not watchdogs()
    assert _open_files() <= before


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))
