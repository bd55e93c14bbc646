"""`make env`: shell exports that point sam, aws and boto3 to the embedded stack. Use: eval "$(make env)"."""

import shlex

from local import deploy, stack
from tools import console


def main() -> None:
    for name, value in deploy.environment(stack.default().stack_port).items():
        if name.startswith("AWS_"):
            print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    console.run(main)
