"""`make build`: build the functions and layers into .aws-sam/build, for any `sam deploy`.

ARCHITECTURE=arm64 or x86_64 must match the deployment. The default is this machine's.
"""

import os

from local import deploy, stack
from tools import console, template
from tools.console import step


def main() -> None:
    here = stack.default()
    architecture = os.environ.get("ARCHITECTURE") or template.architecture()
    here.directory.mkdir(parents=True, exist_ok=True)
    with deploy.build_lock(here.root), step("Building the functions and layers (sam build)"):
        deploy.build(here.root, here.directory / "build.log", architecture)


if __name__ == "__main__":
    console.run(main)
