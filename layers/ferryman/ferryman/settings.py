"""Settings: typed access to the environment variables that template.yaml sets, each read when it is needed."""

import os

from ferryman.errors import Misconfigured

_DAY_SECONDS = 86_400


def text(name: str) -> str:
    """The variable `name`. If it is missing or empty, raises Misconfigured, which says how to set it."""
    value = os.environ.get(name, "")
    if not value:
        function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "this process")
        raise Misconfigured(
            f"The environment variable {name} is not set for {function}. "
            f"Set it in template.yaml under the function's Environment.Variables."
        )
    return value


def optional(name: str) -> str:
    return os.environ.get(name, "")


def integer(name: str) -> int:
    value = text(name)
    try:
        return int(value)
    except ValueError:
        raise Misconfigured(
            f"The environment variable {name} must be a whole number, not {value!r} (template.yaml)."
        ) from None


def kept_until(name: str, since: float) -> int | None:
    """The epoch second at which an item expires that was created at `since` (epoch seconds); None: never.

    `name` is the variable with the number of days; 0 means never.
    """
    days = integer(name)
    return int(since) + days * _DAY_SECONDS if days else None


def integers(name: str) -> tuple[int, ...]:
    value = text(name)
    try:
        return tuple(int(part) for part in value.split(","))
    except ValueError:
        raise Misconfigured(
            f"The environment variable {name} must be whole numbers with commas between, not {value!r} (template.yaml)."
        ) from None


def flag(name: str) -> bool:
    value = text(name)
    if value not in ("true", "false"):
        raise Misconfigured(f"The environment variable {name} must be true or false, not {value!r}.")
    return value == "true"
