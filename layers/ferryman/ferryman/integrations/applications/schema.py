"""Requests and responses of the API about applications."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema

from ferryman import ids
from ferryman.formats import OF_APPLICATIONS, RESERVED_NAMES, Format
from ferryman.integrations.applications.model import Application
from ferryman.integrations.owned import State
from ferryman.schema import Input, Output, Time, Url, distinct, is_domain
from ferryman.webhooks.subscriptions.model import Webhook

_NAME = "[A-Za-z0-9][A-Za-z0-9._~-]{0,63}"


def _app_name(text: str) -> str:
    if not re.fullmatch(_NAME, text):
        raise ValueError(
            "must be 1 to 64 letters, digits, dots, hyphens, underscores or tildes, a letter or digit first: "
            "it stands in a URL"
        )
    if text.casefold() in RESERVED_NAMES:
        raise ValueError(f"must not be {text.casefold()!r}: that word has a meaning of its own in the URL")
    return text


def _domain(text: str) -> str:
    if not is_domain(text):
        raise ValueError("must be a domain such as example.com")
    return text.lower()


type AppName = Annotated[
    str, AfterValidator(_app_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$", "examples": ["MY_APP"]})
]
type Domain = Annotated[str, AfterValidator(_domain), WithJsonSchema({"type": "string", "examples": ["example.com"]})]
type Domains = Annotated[list[Domain], Field(min_length=1, max_length=100), AfterValidator(distinct)]
type ChatId = Annotated[str, Field(pattern=ids.pattern(ids.CHAT))]
type PeoplePerHour = Annotated[int, Field(ge=0, le=10_000)]
type ContextSeconds = Annotated[int, Field(ge=1, le=604_800)]
_NAMED = "A part of the application's URLs. Unique in the workspace."
_CHAT = "The group to which the application posts. The group must be active and have an `external_id`."
_TOLD = (
    "Whether the callback also gets the messages that people post in the group, but not those of bots and programs. "
    "A test application then needs a test group."
)
_CREATES = "Whether a message to an unknown e-mail address creates the person."
_DOMAINS = "Only people with these e-mail domains are created; null: with any domain."
_PER_HOUR = "The most people that the application may create in one hour of the clock."
_LIFETIME = "How long its contexts last, in seconds."
_URL = "The https URL that gets people's answers: the callback."


class ApplicationIn(Input):
    """A new application."""

    app_name: AppName = Field(description=_NAMED)
    chat_id: ChatId | None = Field(None, description=_CHAT)
    group_messages: bool = Field(False, description=_TOLD)
    may_message_people: bool = False
    creates_people: bool = Field(True, description=_CREATES)
    email_domains: Domains | None = Field(None, description=_DOMAINS)
    people_per_hour: PeoplePerHour = Field(100, description=_PER_HOUR)
    context_seconds: ContextSeconds = Field(300, description=_LIFETIME)
    webhook_url: Url | None = Field(None, description=_URL)
    format: Format = Field(
        OF_APPLICATIONS, description="The product whose format the callback's bodies have. It cannot be changed."
    )


class ApplicationPatch(Input):
    """The fields to change; those left out stay as they are."""

    app_name: AppName | None = Field(None, description=f"{_NAMED} The old name stops working at once.")
    chat_id: ChatId | None = Field(None, description=f"{_CHAT} null removes it.")
    group_messages: bool | None = Field(None, description=_TOLD)
    may_message_people: bool | None = None
    creates_people: bool | None = Field(None, description=_CREATES)
    email_domains: Domains | None = Field(None, description=_DOMAINS)
    people_per_hour: PeoplePerHour | None = Field(None, description=_PER_HOUR)
    context_seconds: ContextSeconds | None = Field(None, description=_LIFETIME)
    state: State | None = Field(None, description="`disabled`: its URLs refuse every request.")
    webhook_url: Url | None = Field(
        None,
        description=f"{_URL} null removes it. POST /v1/webhooks/{{webhook_id}}/rotate-secret gives the signing "
        "secret of a new callback.",
    )


class ApplicationOut(Output):
    """An application, without its token."""

    id: str = Field(pattern=ids.pattern(ids.APPLICATION))
    app_name: str
    chat_id: str | None = Field(description=_CHAT)
    group_messages: bool = Field(description=_TOLD)
    may_message_people: bool
    creates_people: bool
    email_domains: list[str] | None
    people_per_hour: int
    context_seconds: int
    webhook_id: str | None = Field(description="The callback: an outgoing webhook with a delivery log.")
    webhook_url: str | None
    format: Format
    has_token: bool = Field(description="false: its token was revoked.")
    livemode: bool
    state: State
    disabled_reason: str | None = Field(description="Why it is disabled, such as `owner_deactivated`.")
    disabled_at: Time | None
    owner_id: str = Field(description="The person who created it, or to whom it was handed over.")
    last_used_at: Time | None = Field(description="Accurate to ten minutes; null: never.")
    created_by: str
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, application: Application, webhook: Webhook | None) -> Self:
        names = set(ApplicationOut.model_fields) - {"id", "webhook_id", "webhook_url", "has_token", "owner_id"}
        return cls.model_validate(
            {
                "id": application.application_id,
                "webhook_id": webhook.webhook_id if webhook else None,
                "webhook_url": webhook.url if webhook else None,
                "owner_id": application.owner,
                "has_token": application.secret_hash is not None,
                **{name: getattr(application, name) for name in names},
            }
        )


class ApplicationCreated(ApplicationOut):
    """An application with its new token, which is shown only once."""

    token: str | None = Field(
        None,
        description="Store it now: it cannot be shown again. Null in the answer to a repeated Idempotency-Key.",
    )
    webhook_secret: str | None = Field(None, description="The signing secret of the callback, shown only once.")
