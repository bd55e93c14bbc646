"""The garbage collector passes over all that was loaded before the first test."""

import gc


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(50_000)
