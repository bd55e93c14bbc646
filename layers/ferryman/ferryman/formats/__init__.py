"""The registry of formats: FORMATS maps a format's name to the functions that write and read the product's bodies.

The core describes in an event what happened. A format renders the event as the body that one product's receivers
expect, or says that it cannot. A format may also read a receiver's answer as a reply. For deliveries, the core reaches
the formats through FORMATS alone (docs/decisions/0020-dialects.md, docs/decisions/0045-formats-render-per-webhook.md).
"""

from collections.abc import Mapping
from typing import Literal, cast

from ferryman.formats import discord, fchat, fluxdesk, google_chat, mattermost, native, slack, teams, triggers
from ferryman.formats.interface import OutgoingFormat, Signing

# `ferryman` is our own
type Format = Literal["ferryman", "fchat", "fluxdesk", "slack", "mattermost", "teams", "discord", "google_chat"]
type Signature = Literal["fm", "standard", "fluxdesk"]  # `fm` and `standard` are our own, in `webhooks.signing`
OF_APPLICATIONS: Format = "fchat"  # the format of applications that choose none
OF_PEOPLE: Format = "fluxdesk"  # the format of personal webhooks that choose none
RESERVED_NAMES = frozenset({"fchat"})  # words of paths in which an application's name stands

FORMATS: Mapping[str, OutgoingFormat] = {
    "ferryman": OutgoingFormat(
        native.can_render,
        native.render,
        native.schema,
        read_response=native.read_response,
        response_bytes=native.RESPONSE_BYTES,
    ),
    "fchat": OutgoingFormat(fchat.can_render, fchat.render, fchat.schema),
    "fluxdesk": OutgoingFormat(
        fluxdesk.can_render, fluxdesk.render, fluxdesk.schema, Signing(fluxdesk.headers, fluxdesk.sign)
    ),
    "slack": OutgoingFormat(
        slack.can_render,
        slack.render,
        slack.schema,
        read_response=slack.read_response,
        response_bytes=triggers.RESPONSE_BYTES,
        render_triggered=slack.render_triggered,
    ),
    "mattermost": OutgoingFormat(
        mattermost.can_render,
        mattermost.render,
        mattermost.schema,
        read_response=mattermost.read_response,
        response_bytes=triggers.RESPONSE_BYTES,
        render_triggered=mattermost.render_triggered,
    ),
    "teams": OutgoingFormat(teams.can_render, teams.render, teams.schema),
    "discord": OutgoingFormat(discord.can_render, discord.render, discord.schema),
    "google_chat": OutgoingFormat(google_chat.can_render, google_chat.render, google_chat.schema),
}
# The previous release cannot render these formats: it reads their bodies from the items of events.
STORED: tuple[Format, ...] = ("fchat", "fluxdesk")
_SIGNATURES = {name: cast(Signature, name) for name, format_ in FORMATS.items() if format_.signing}
OTHERS: tuple[Format, ...] = tuple(cast(Format, name) for name in FORMATS if name != "ferryman")


def signature(format_: Format) -> Signature:
    """The signature of a webhook in this format that chose none: the product's own if it has one, otherwise `fm`."""
    return _SIGNATURES.get(format_, "fm")


def signing(name: str) -> Signing | None:
    """The functions that sign as the product does; None for `fm` and `standard`, which `webhooks.signing` writes."""
    return FORMATS[name].signing if name in FORMATS else None
