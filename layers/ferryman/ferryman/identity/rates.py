"""The table `rates`: (subject, minute) → number of requests, for limits that protect the bill.

A process counts in memory, and writes to the table only after every `_STEP` requests of a subject in a minute. So a
quiet subject costs no write, a busy one a fiftieth of a write for each request, and no partition gets hot. The limits
are approximate: a process may let `_STEP` requests through before it reads the counts of other processes.
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
    """The requests of one subject in one minute that this process counted."""

    minute: int
    requests: int = 0
    is_over: bool = False


_counts: dict[str, _Count] = {}


def spend_of_workspace(workspace_id: str) -> None:
    """Count one request of a workspace, made with a token or to a secret URL.

    Raises TooManyRequests beyond the setting `REQUESTS_PER_MINUTE`.
    """
    spend(workspace_id, settings.integer("REQUESTS_PER_MINUTE"))


def spend_of_url(workspace_id: str, subject_id: str) -> None:
    """Count one request to the secret URL of an incoming webhook or an application, for the URL and for its workspace.

    Raises TooManyRequests when the URL is beyond the setting `POSTS_PER_MINUTE`, or the workspace beyond
    `REQUESTS_PER_MINUTE`.
    """
    spend(f"{workspace_id}/{subject_id}", settings.integer("POSTS_PER_MINUTE"))
    spend_of_workspace(workspace_id)


def spend(subject: str, limit: int) -> None:
    """Count one request of `subject`. Raises TooManyRequests beyond `limit` requests a minute; 0 means no limit."""
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
    """Count one request of `subject` in the table at once. Raises TooManyRequests beyond `limit` requests a minute.

    All processes share this count, so the limit is exact. Use it for requests that wait for an external server: one
    process handles so few of them that `spend` would seldom write its count.
    """
    now = clock.now()
    minute = int(now) // _MINUTE_SECONDS
    if _together(subject, minute, 1) > limit:
        raise TooManyRequests(int((minute + 1) * _MINUTE_SECONDS - now) + 1)


def count(subject: str) -> int:
    """Count one more occurrence for `subject` in the current minute, with a write.

    Returns the count of all processes in this minute, or 0 if the write failed.
    """
    return _together(subject, int(clock.now()) // _MINUTE_SECONDS, 1)


def _together(subject: str, minute: int, requests: int) -> int:
    """Add `requests` to the count that all processes share. Returns the new count.

    Returns 0 if the write fails, so that a failing table does not refuse requests.
    """
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
