"""Records the newest refused posts of an incoming webhook, so that its admins see why nothing arrives.

The webhook's row stores the five newest refusals. A failing sender often posts many times, so each process records at
most one refusal of a webhook in ten seconds. Accepted posts cause no additional write.
"""

from botocore.exceptions import BotoCoreError, ClientError

from ferryman import clock, log
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound, RetryLater
from ferryman.identity.credentials.model import Credential
from ferryman.integrations.incoming_webhooks import table
from ferryman.integrations.incoming_webhooks.model import Refusal

MOST = 5
_EVERY_SECONDS = 10
_MOST_WEBHOOKS = 10_000  # that a process remembers
_MAX_REASON = 300
_noted: dict[str, float] = {}  # webhook id → when this process last noted a refusal


def note(credential: Credential, status: int, reason: str) -> None:
    """Store a refused post in the webhook's row. A failure to store it raises nothing.

    `status` and `reason` are those of the answer to the sender; `reason` quotes nothing from the post.
    """
    now = clock.now()
    if now - _noted.get(credential.subject_id, 0) < _EVERY_SECONDS:
        return
    if len(_noted) >= _MOST_WEBHOOKS:
        _noted.clear()
    _noted[credential.subject_id] = now
    refusal: Refusal = {"at": clock.iso(now), "status": status, "reason": reason[:_MAX_REASON]}
    try:
        webhook = table.get(credential.workspace_id, credential.subject_id)
        store.commit([table.noting_refusals(webhook, [refusal, *webhook.refusals][:MOST])])
    except (NotFound, Conflict):
        return  # the webhook was revoked, or another process is noting a refusal
    except (RetryLater, BotoCoreError, ClientError) as error:
        log.event("refusal.not_noted", incoming_webhook_id=credential.subject_id, error=type(error).__name__)
