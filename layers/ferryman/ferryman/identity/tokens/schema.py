"""Requests and responses of the API about tokens."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from ferryman import ids
from ferryman.identity import permissions
from ferryman.identity.permissions import Scope, ScopeSet
from ferryman.identity.tokens.model import Environment, Revocation, Status, Token
from ferryman.schema import MAX_WORDS, Description, Input, ListQuery, Name, Output, Time, distinct

type Scopes = Annotated[
    list[Scope | ScopeSet],
    Field(min_length=1, max_length=MAX_WORDS),
    AfterValidator(distinct),
    AfterValidator(permissions.expanded),
]


class TokenIn(Input):
    """A new API token."""

    name: Name = Field(examples=["Deploy bot"])
    scopes: Scopes = Field(
        description="The scopes of the token; none broader than your own. `api` stands for all that a manager may do, "
        "`admin` for `admin:*`."
    )
    environment: Environment = Field(
        description="`production` tokens start with fm_live_. The others start with fm_test_: what they post is marked "
        "`livemode: false` and reaches only webhooks made with a test token; they see only test messages, webhooks "
        "and tokens."
    )
    expires_at: Time | None = Field(None, description="When the token stops working; never, when left out.")
    description: Description | None = None


class TokenPatch(Input):
    """The fields to change; those left out stay as they are."""

    name: Name | None = None
    scopes: Scopes | None = None
    environment: Environment | None = Field(
        None, description="From staging to development or back; to and from production only with a new token."
    )
    description: Description | None = None


class TokenQuery(ListQuery):
    """Filters of the list of tokens."""

    name: str | None = Field(
        None, min_length=1, max_length=100, description="Only tokens with this in their name, in whatever case."
    )
    prefix: str | None = Field(
        None,
        pattern=r"^fm_(live|test)_[0-9A-Za-z]{1,4}$",
        description="Only tokens that begin so: what lists show of a token, or less. Never send the whole token here.",
    )
    status: Status | None = Field(None, description="Only tokens in this status.")
    environment: Environment | None = Field(None, description="Only tokens of this environment.")


class RevocationIn(Input):
    """The tokens to revoke."""

    ids: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(min_length=1, max_length=100),
        AfterValidator(distinct),
    ] = Field(description="At most a hundred, each once.")


class ShownIn(Input):
    """A token that somebody found."""

    token: str = Field(min_length=1, max_length=512, description="The token itself.", examples=["fm_live_…"])


class RevocationOut(Output):
    """The result for one token."""

    id: str
    status: Revocation = Field(
        description="`not_found`: you see no token with this id; `not_allowed`: it may do what the "
        "credential you use may not, or its user stands above yours; `conflict`: it was being changed at the same "
        "moment and is not revoked, so send its id again."
    )


class RevocationsOut(Output):
    """The result for each token, in the order of the request."""

    results: list[RevocationOut]


class TokenOut(Output):
    """An API token, without its secret."""

    id: str = Field(pattern=ids.pattern(ids.TOKEN))
    name: str
    description: str | None
    scopes: list[Scope]
    environment: Environment
    prefix: str = Field(description="The first characters of the token, to recognise it by.", examples=["fm_live_a1B2"])
    status: Status
    user_id: str = Field(description="The user the token acts as.")
    created_at: Time
    updated_at: Time
    expires_at: Time | None
    last_used_at: Time | None = Field(description="Exact to ten minutes.")
    disabled_at: Time | None = Field(description="Since when the token is refused, if somebody disabled it.")
    revoked_at: Time | None
    revoked_reason: str | None = Field(
        description="Why, if nobody in charge chose it: `owner_deactivated`, `owner_may_not`, or `shown` by a finder."
    )

    @classmethod
    def of(cls, token: Token) -> Self:
        return cls.model_validate(
            {
                "id": token.token_id,
                "status": token.status,
                **{name: getattr(token, name) for name in cls.model_fields if name in _COPIED},
            }
        )


_COPIED = frozenset(TokenOut.model_fields) - {"id", "status"}


class TokenCreated(TokenOut):
    """A new API token with its secret, which is shown this once."""

    token: str | None = Field(
        None,
        description="The secret. Keep it now: it is not stored and cannot be shown again. "
        "Null when a repeated Idempotency-Key found the token already created.",
    )
    object: Literal["token"] = "token"
