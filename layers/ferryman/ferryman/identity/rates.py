"""The table `rates`: subject → how many requests it sent in one minute. For limits that protect the bill.

A process counts by itself and writes every `_STEP` requests of a subject and minute, so a quiet subject costs nothing,
a busy one a fiftieth of a write for each request, and no key is hot. So a limit holds approximately: each process may
let `_STEP` requests through before it learns of the others'.
"""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from ferryman import clock, log, settings
from ferryman.aws import dynamodb as store
from ferryman.errors import TooManyRequests

TABLE = "rates"
_MINUTE_SECONDS = 60
_STEP = 50
_MOST_SUBJECTS = 10_000  # that a process remembers


@dataclass(slots=True)
class _Count:
    minute: int
    requests: int = 0
    is_over: bool = False


_counts: dict[str, _Count] = {}


def spend_of_workspace(workspace_id: str) -> None:
    """Count one request of a workspace, which came with a token or to a secret URL.

    Raises TooManyRequests beyond `REQUESTS_PER_MINUTE`.
    """
    spend(workspace_id, settings.integer("REQUESTS_PER_MINUTE"))


def spend_of_url(workspace_id: str, subject_id: str) -> None:
    """Count one request to the secret URL of an incoming webhook or an application, and so one of its workspace.

    Raises TooManyRequests beyond `POSTS_PER_MINUTE`, and as `spend_of_workspace`.
    """
    spend(f"{workspace_id}/{subject_id}", settings.integer("POSTS_PER_MINUTE"))
    spend_of_workspace(workspace_id)


def spend(subject: str, limit: int) -> None:
    """Count one request of `subject`. Raises TooManyRequests beyond `limit` a minute; with 0 it never does."""
    if not limit:
        return
    now = clock.now()
    minute = int(now) // _MINUTE_SECONDS
    count = _counts.get(subject)
    if count is None or count.minute != minute:
        if len(_counts) >= _MOST_SUBJECTS:
            _counts.clear()
        count = _counts[subject] = _Count(minute)
    count.requests += 1
    if not count.is_over and count.requests % min(_STEP, limit) == 0:
        count.is_over = _together(subject, minute, min(_STEP, limit)) > limit
    if count.is_over or count.requests > limit:
        raise TooManyRequests(int((minute + 1) * _MINUTE_SECONDS - now) + 1)


def spend_exactly(subject: str, limit: int) -> None:
    """Count one request of `subject`, of all processes together, with a write. Raises TooManyRequests beyond `limit`.

    This is for requests that wait for a stranger: a process has so few of them that its own count never reaches a
    limit.
    """
    now = clock.now()
    minute = int(now) // _MINUTE_SECONDS
    if _together(subject, minute, 1) > limit:
        raise TooManyRequests(int((minute + 1) * _MINUTE_SECONDS - now) + 1)


def count(subject: str) -> int:
    """Count one more thing of `subject` in this minute, exactly. Returns how many there are now."""
    return _together(subject, int(clock.now()) // _MINUTE_SECONDS, 1)


def _together(subject: str, minute: int, requests: int) -> int:
    """Add `requests` to the count of all processes and return it. A counter that fails refuses nobody."""
    write = store.update(
        TABLE,
        {"subject": f"{subject}/{minute}"},
        "SET expires_at_epoch = :end ADD requests :more",
        {":end": (minute + 2) * _MINUTE_SECONDS, ":more": requests},
    )
    try:
        item = store.commit([write], return_new=True)
    except (BotoCoreError, ClientError) as error:
        log.warning("rate.not_counted", error=type(error).__name__)
        return 0
    return int(item["requests"]) if item else 0
