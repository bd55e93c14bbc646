"""`make down`: stop all that `make up` started. What is stored stays."""

from local import stack
from tools import console


def main() -> None:
    if stack.default().down():
        print("Stopped. `make up` continues where this was; `make clean` forgets it.")
    else:
        print("Nothing was running.")


if __name__ == "__main__":
    console.run(main)
