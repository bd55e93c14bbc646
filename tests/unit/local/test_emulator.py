"""MiniStack unpacks each archive once, and each worker sees the files as if it had unpacked its own copy."""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.emulator import SharedArchive

FILES = {"python/package/module.py": "one", "python/package/data/model.json": "{}", "handler.py": "two"}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


def packed(path: Path, files: dict[str, str] = FILES) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def unpacked(archive: Path, place: Path) -> dict[str, str]:
    place.mkdir(exist_ok=True)
    with SharedArchive(archive) as content:
        content.extractall(place)
    return {name: (place / name).read_text() for name in FILES if (place / name).exists()}


def test_each_worker_sees_all_files(tmp_path: Path) -> None:
    one, two = packed(tmp_path / "one.zip"), packed(tmp_path / "two.zip")
    assert unpacked(one, tmp_path / "worker-1") == unpacked(two, tmp_path / "worker-2") == FILES


def test_equal_archives_are_unpacked_once(tmp_path: Path, temporary: Path) -> None:
    for worker in range(3):
        unpacked(packed(tmp_path / f"{worker}.zip"), tmp_path / f"worker-{worker}")
    assert len(list((temporary / "unpacked").iterdir())) == 1


def test_workers_that_start_together_get_whole_copies(tmp_path: Path, temporary: Path) -> None:
    archive = packed(tmp_path / "code.zip", FILES | {f"python/many/{i}": "x" for i in range(500)})
    with ThreadPoolExecutor(8) as workers:
        seen = list(workers.map(lambda worker: unpacked(archive, tmp_path / f"worker-{worker}"), range(8)))
    assert seen == [FILES] * 8
    assert len(list((temporary / "unpacked").iterdir())) == 1


def test_another_version_of_the_code_is_another_copy(tmp_path: Path) -> None:
    newer = FILES | {"handler.py": "three"}
    assert unpacked(packed(tmp_path / "old.zip"), tmp_path / "worker-1") == FILES
    assert unpacked(packed(tmp_path / "new.zip", newer), tmp_path / "worker-2") == newer


def test_the_names_are_those_that_are_made(tmp_path: Path) -> None:
    archive = packed(tmp_path / "code.zip")
    unpacked(archive, tmp_path / "worker")
    with SharedArchive(archive) as content:
        assert content.namelist() == sorted(file.name for file in (tmp_path / "worker").iterdir())


def test_files_that_a_worker_makes_beside_are_its_own(tmp_path: Path) -> None:
    archive = packed(tmp_path / "code.zip")
    unpacked(archive, tmp_path / "worker-1")
    (tmp_path / "worker-1" / "__pycache__").mkdir()
    unpacked(archive, tmp_path / "worker-2")
    assert not (tmp_path / "worker-2" / "__pycache__").exists()
