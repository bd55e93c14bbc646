"""Turns other products' payloads into messages.

Each product is a module with a pure function `read`, which is imported for its first event. For a payload of any shape,
`receive` returns a post that can be stored, or None for an event that is not worth a message.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from ferryman import log
from ferryman.dialects.sources import notice, verification
from ferryman.dialects.sources.notice import Notice
from ferryman.dialects.sources.reading import Node
from ferryman.errors import Invalid, NotAllowed
from ferryman.identity.credentials.model import Credential
from ferryman.integrations.incoming_webhooks import sealing
from ferryman.integrations.incoming_webhooks.model import ALWAYS_SIGNED
from ferryman.integrations.incoming_webhooks.posts import Post

MAX_BYTES = 1_000_000  # events of these products are larger than people's messages

type Headers = Mapping[str, str]
type _Read = Callable[[Node, Headers], Notice | None]


def receive(credential: Credential, content: bytes, headers: Headers, parse: Callable[[bytes], Any]) -> Post | None:
    """Verify the sender of an event. Returns the post about the event, or None if it is not worth a message.

    `parse` parses the body's JSON. Raises NotAllowed if the sender is not the expected one, and RetryLater if Amazon
    SNS cannot be asked now.
    """
    source = str(credential.source)
    if credential.sealed_sender_secret is not None:
        secret = sealing.unseal(credential.workspace_id, credential.subject_id, credential.sealed_sender_secret)
        if not verification.is_from(source, secret, content, headers):
            raise NotAllowed(
                "The event is not signed with this webhook's sender_secret. Compare it with the secret that the "
                "sender has."
            )
    payload = parse(content)
    if source == ALWAYS_SIGNED:
        _judge(Node(payload))
    return translated(source, credential.translation, payload, headers)


def _judge(payload: Node) -> None:
    from ferryman.dialects.sources import sns_sender  # imports cryptography and HTTP, which no other source needs

    sns_sender.verify(payload)
    if sns_sender.is_confirmation(payload):
        sns_sender.confirm(payload)


def translated(source: str, expression: str | None, payload: Any, headers: Headers) -> Post | None:
    """The post that the workspace's own translation (`expression`) makes; without one, the product's module makes it.

    If the expression fails, the product's module makes the post, and a footer names the reason.
    """
    if expression is None:
        return _by_product(source, payload, headers)
    from ferryman.integrations.incoming_webhooks import translation

    try:
        return translation.translate(expression, payload)
    except translation.TranslationFailed as failed:
        log.logger.info("translation.failed", extra={"source": source})
        return _by_product(source, payload, headers, footer=notice.plain(f"The own translation failed. {failed}"))


def preview(source: str, expression: str | None, payload: Any, headers: Headers) -> Post | None:
    """As `translated`, but raises Invalid when the expression fails."""
    if expression is None:
        return _by_product(source, payload, headers)
    from ferryman.integrations.incoming_webhooks import translation

    try:
        return translation.translate(expression, payload)
    except translation.TranslationFailed as failed:
        raise Invalid(str(failed), "/translation") from None


def _by_product(source: str, payload: Any, headers: Headers, footer: str = "") -> Post | None:
    module = import_module(f"{__name__}.{source}")
    event_notice = cast(_Read, module.read)(Node(payload), headers)
    if event_notice is None:
        return notice.post(Notice(text="An event arrived."), footer) if footer else None
    return notice.post(event_notice, footer)
