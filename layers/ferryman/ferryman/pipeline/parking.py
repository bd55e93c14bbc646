"""Parking: stores records and tickets that we cannot process, complete, for two weeks in one bucket.

- `records/`: stream records that we did not write, from the dispatcher and the replayer
- `dead_letters/`: messages of the delivery queue that we did not send, from `dead_letters`
- `aws/lambda/`: batches that Lambda gave up on, put there by Lambda itself (the mappings' on-failure destination)

`unpark` dispatches the records again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from ferryman import log, metrics, settings
from ferryman.aws import clients

_PAGE = 1000


def park(kind: Literal["record", "dead_letter"], whole: Mapping[str, Any], reason: str) -> None:
    """Store a record or dead letter, complete, with the reason. Parking the same content overwrites the same file."""
    text = json.dumps(whole, default=str, sort_keys=True)
    key = f"{kind}s/{hashlib.sha256(text.encode()).hexdigest()}.json"
    content = json.dumps({"reason": reason, kind: whole}, default=str)
    clients.s3().put_object(
        Bucket=settings.text("PARKED_BUCKET"), Key=key, Body=content.encode(), ContentType="application/json"
    )
    metrics.count("Parked")
    log.warning(f"{kind}.parked", key=key, reason=reason)


def waiting() -> int:
    """The number of parked files; 1000 stands for a thousand or more."""
    answer = clients.s3().list_objects_v2(Bucket=settings.text("PARKED_BUCKET"), MaxKeys=_PAGE)
    return int(answer["KeyCount"])


def keys(after: str) -> Iterator[str]:
    """The keys of the parked files that come after the key `after`, in order."""
    while True:
        answer = clients.s3().list_objects_v2(Bucket=settings.text("PARKED_BUCKET"), MaxKeys=_PAGE, StartAfter=after)
        keys = [item["Key"] for item in answer.get("Contents", [])]
        yield from keys
        if not answer["IsTruncated"]:
            return
        after = keys[-1]


def read(key: str) -> Any:
    """The parsed JSON of a parked file. Raises ValueError for content that is not JSON."""
    answer = clients.s3().get_object(Bucket=settings.text("PARKED_BUCKET"), Key=key)
    return json.loads(answer["Body"].read())


def remove(key: str) -> None:
    clients.s3().delete_object(Bucket=settings.text("PARKED_BUCKET"), Key=key)
