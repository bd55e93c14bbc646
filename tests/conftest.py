"""Excludes all objects loaded before the first test from garbage collection."""

import gc


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(50_000)
