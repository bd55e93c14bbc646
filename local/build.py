"""`make build`: build the functions and layers into .aws-sam/build, for any `sam deploy`."""

from local import console, deploy, stack
from local.console import step


def main() -> None:
    here = stack.default()
    here.directory.mkdir(parents=True, exist_ok=True)
    with deploy.build_lock(here.root), step("Building the functions and layers (sam build)"):
        deploy.build(here.root, here.directory / "build.log")


if __name__ == "__main__":
    console.run(main)
