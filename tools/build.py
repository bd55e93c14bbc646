"""`make build`: build the functions and layers into .aws-sam/build, where `sam deploy` looks for them.

ARCHITECTURE (arm64 or x86_64) must be the deployment's; without it, the build is for the template's default. `make up`
builds the embedded stack for this machine into .local/build, which `sam deploy` never reads.
"""

import hashlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from tools import console, frontend, locks, reference_page, template
from tools.console import LocalError, step, tail

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (template.RELEASE, template.DATA, "operations.yaml", "samconfig.toml", "functions", "layers")
DEPLOYED = Path(".aws-sam") / "build"  # where `sam deploy` looks
LOCAL = Path(".local") / "build"

LARGEST_BYTES = 250 * 1024 * 1024  # of a function and its layers, unpacked

# The name of each processor in the header of an ELF file: e_machine, the two bytes at 18.
MACHINES = {183: "arm64", 62: "x86_64"}


def fingerprint(root: Path, parameters: dict[str, str]) -> str:
    """A hash of all source files of a deployment and of `parameters`."""
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
    for path in _source_files(root):
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _source_files(root: Path) -> Iterator[Path]:
    yield from frontend.sources(root)
    for source in SOURCES:
        path = root / source
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in files if file.is_file() and not _is_made(root, file))


def _is_made(root: Path, file: Path) -> bool:
    """Whether a file is generated: bytecode, or a part of the two web pages, whose sources the fingerprint includes."""
    made = (root / frontend.TARGET, root / reference_page.TARGET)
    return "__pycache__" in file.parts or any(file.is_relative_to(target) for target in made)


def lock(root: Path) -> AbstractContextManager[None]:
    """A lock for builds. `make up` and the e2e tests share one build, and all builds share the cache of SAM."""
    return locks.alone(root / ".aws-sam" / "lock")


def build(root: Path, place: Path, log: Path, architecture: str) -> bool:
    """Build both web pages and run `sam build` to `place`, unless the sources are those of the last build there.

    Returns whether it built anything. The caller has to hold `lock`. Raises `LocalError` if the build fails or contains
    a binary for another processor.
    """
    directory = root / place
    mark, built = directory.with_suffix(".from"), directory / "template.yaml"
    processor = {"Architecture": architecture}
    sources = fingerprint(root, processor)
    # The time of what was built tells whether somebody ran `sam build` since, perhaps for another processor.
    if mark.exists() and built.exists() and mark.read_text() == f"{sources} {built.stat().st_mtime_ns}":
        return False
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    frontend.build(root)
    reference_page.build(root)
    command = ["sam", "build", "--cached", "--parallel", "--build-dir", str(directory)]
    sam([*command, *overrides(processor)], root, dict(os.environ), log)
    verify(directory, architecture)
    mark.write_text(f"{sources} {built.stat().st_mtime_ns}")
    return True


def verify(directory: Path, architecture: str) -> None:
    """Raise `LocalError` if a binary below `directory` is not for `architecture`, or a function exceeds Lambda's limit.

    CloudFormation deploys a wrong binary without an error, and then every function that imports it fails.
    """
    wrong = [
        f"{path.relative_to(directory)} ({machine})" for path, machine in binaries(directory) if machine != architecture
    ]
    if wrong:
        raise LocalError(
            f"{len(wrong)} files of {directory} are not for {architecture}, such as {wrong[0]}.",
            f"Build again: make build ARCHITECTURE={architecture}",
        )
    layers, functions = ({one: _bytes(one) for one in directory.glob(f"*{kind}")} for kind in ("Layer", "Function"))
    for function, size in functions.items():
        if (together := size + sum(layers.values())) > LARGEST_BYTES:
            raise LocalError(
                f"{function.name} has {together:,} bytes with its layers; Lambda takes {LARGEST_BYTES:,}.",
                f"The layers have {sum(layers.values()):,}: layers/dependencies/trim.py says what they leave out.",
            )


def _bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file() and not path.is_symlink())


def binaries(directory: Path) -> Iterator[tuple[Path, str]]:
    """Every ELF file below `directory` with its processor: `arm64`, `x86_64`, or `machine <number>` for all others."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and (header := _header(path)).startswith(b"\x7fELF"):
            # Byte 5 is the order of the bytes. Nothing else is needed of the format, so no library reads it.
            (number,) = struct.unpack_from(">H" if header[5] == 2 else "<H", header.ljust(20, b"\0"), 18)
            yield path, MACHINES.get(number, f"machine {number}")


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(20)


def overrides(parameters: dict[str, str]) -> list[str]:
    """The parameters as arguments of the SAM CLI."""
    return ["--parameter-overrides", *(f"{name}={value}" for name, value in sorted(parameters.items()))]


def sam(command: list[str], root: Path, env: dict[str, str], log: Path) -> None:
    """Run the SAM CLI. Raises `LocalError` with the last lines of its output if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    # The python3.13 and pip that sam looks for are in our environment, whether or not it is active.
    env = env | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"}
    with log.open("wb") as output:
        quick = [sys.executable, "-P", str(Path(__file__).with_name("sam.py")), *command[1:]]
        finished = subprocess.run(quick, cwd=root, env=env, stdout=output, stderr=output, check=False)
    if finished.returncode:
        raise LocalError(
            f"`sam {command[1]}` failed. Its last words:\n{tail(log)}",
            f"All of its output is in {log}. `make validate` checks the templates.",
        )


def main() -> None:
    architecture = os.environ.get("ARCHITECTURE") or template.default(ROOT, "Architecture")
    with lock(ROOT), step(f"Building the functions and layers for {architecture} (sam build)"):
        build(ROOT, DEPLOYED, ROOT / ".local" / "build.log", architecture)


if __name__ == "__main__":
    console.run(main)
