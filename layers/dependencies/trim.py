"""Removes the parts of an installed botocore that Ferryman's clients never read: a hundred megabytes.

`python trim.py <site-packages> <service>…` keeps the descriptions of the services named, without their documentation
texts. Every operation and shape stays, so the script works with any version of botocore.
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    data, services = Path(sys.argv[1]) / "botocore" / "data", set(sys.argv[2:])
    if missing := [name for name in services if not (data / name).is_dir()]:
        raise SystemExit(f"botocore does not know the service {missing[0]}.")
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in services:
            shutil.rmtree(folder)
    for packed in data.rglob("*.json.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    for examples in data.rglob("examples-1.json"):
        examples.unlink()  # for botocore's own documentation
    for file in data.rglob("*.json"):
        content = json.loads(file.read_bytes())
        if file.name == "service-2.json":
            content = _without_prose(content)
        elif file.name == "endpoints.json":
            for partition in content["partitions"]:
                all_services = partition["services"]
                partition["services"] = {name: all_services[name] for name in all_services if name in services}
        file.write_text(json.dumps(content, separators=(",", ":")))


def _without_prose(value: Any, *, names: bool = False) -> Any:
    """`value` with every `documentation` made empty. The key stays, because botocore reads some of them.

    `names` says that the keys of `value` are names of operations, shapes or members, where `documentation` may be one.
    """
    match value:
        case dict():
            return {
                key: ""
                if key == "documentation" and not names
                else _without_prose(member, names=not names and key in ("operations", "shapes", "members"))
                for key, member in value.items()
            }
        case list():
            return [_without_prose(member) for member in value]
    return value


if __name__ == "__main__":
    main()
