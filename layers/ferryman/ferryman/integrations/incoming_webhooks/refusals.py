"""The newest refused posts of an incoming webhook, by which its admins find out why nothing arrives.

A sender that fails fails often, so a process notes one refusal of a webhook every ten seconds. Those are kept on the
webhook: one read and one write unit each. A post that is accepted costs nothing for it.
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
_noted: dict[str, float] = {}  # when this process noted a refusal of a webhook last


def note(credential: Credential, status: int, reason: str) -> None:
    """Store a refusal. The sender gets the same answer whether this succeeds or not.

    `reason` is what the sender was told, which holds nothing of what it sent.
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
        return  # it was revoked, or another process notes one at this moment
    except (RetryLater, BotoCoreError, ClientError) as error:
        log.event("refusal.not_noted", incoming_webhook_id=credential.subject_id, error=type(error).__name__)
