"""`make down`: stop everything that `make up` started, and keep the data."""

from local import stack
from tools import console


def main() -> None:
    if stack.default().down():
        print("Stopped. `make up` continues where this was; `make clean` forgets it.")
    else:
        print("Nothing was running.")


if __name__ == "__main__":
    console.run(main)
