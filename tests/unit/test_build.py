"""Checks of a build before its deployment: the processor of every binary, and the size of every function."""

import struct
from pathlib import Path

import pydantic_core
import pytest

from tools import build, template
from tools.console import LocalError

OTHER = {"arm64": "x86_64", "x86_64": "arm64"}


def elf(machine: int, order: str = "<") -> bytes:
    """The beginning of an ELF file, including the field for its processor."""
    identity = b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + b"\x01".ljust(10, b"\0")
    return identity + struct.pack(f"{order}HH", 3, machine)


def put(directory: Path, name: str, content: bytes) -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_real_wheels_binary_is_for_this_machine_and_for_no_other(tmp_path: Path) -> None:
    (compiled,) = Path(pydantic_core.__file__).parent.glob("_pydantic_core*.so")
    put(tmp_path, f"DependenciesLayer/python/pydantic_core/{compiled.name}", compiled.read_bytes())
    here = template.architecture()
    build.verify(tmp_path, here)
    with pytest.raises(LocalError) as refused:
        build.verify(tmp_path, OTHER[here])
    assert compiled.name in str(refused.value)
    assert here in str(refused.value)


@pytest.mark.parametrize(("machine", "architecture"), build.MACHINES.items())
def test_one_wrong_binary_among_right_ones_is_found(tmp_path: Path, machine: int, architecture: str) -> None:
    put(tmp_path, "layer/right.so", elf(machine))
    build.verify(tmp_path, architecture)
    put(tmp_path, "layer/deep/down/no_suffix", elf(next(other for other in build.MACHINES if other != machine)))
    with pytest.raises(LocalError, match="no_suffix"):
        build.verify(tmp_path, architecture)


def test_a_processor_that_lambda_does_not_have_is_named_by_its_number(tmp_path: Path) -> None:
    path = put(tmp_path, "for_a_mainframe.so", elf(22, order=">"))
    assert list(build.binaries(tmp_path)) == [(path, "machine 22")]


def test_files_that_are_not_binaries_do_not_matter(tmp_path: Path) -> None:
    put(tmp_path, "empty.py", b"")
    put(tmp_path, "short.so", b"\x7fEL")
    put(tmp_path, "module.py", b"print('\x7fELF')")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    build.verify(tmp_path, "arm64")


def test_a_header_that_is_cut_off_is_not_taken_for_the_right_processor(tmp_path: Path) -> None:
    put(tmp_path, "cut.so", elf(62)[:7])
    with pytest.raises(LocalError):
        build.verify(tmp_path, "x86_64")


def test_a_function_that_lambda_would_not_unpack_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "DependenciesLayer/python/large.dat", b"")
    with (tmp_path / "DependenciesLayer/python/large.dat").open("ab") as file:
        file.truncate(build.LARGEST_BYTES)
    build.verify(tmp_path, "arm64")
    put(tmp_path, "TokensFunction/handler.py", b"")
    build.verify(tmp_path, "arm64")
    put(tmp_path, "TokensFunction/handler.py", b"#")
    with pytest.raises(LocalError, match=r"TokensFunction has 262,144,001 bytes"):
        build.verify(tmp_path, "arm64")
