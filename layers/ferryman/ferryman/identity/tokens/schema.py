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
        description="Each must be among your own. `api` stands for every scope of the role manager, `admin` for "
        "`admin:*`."
    )
    environment: Environment = Field(
        description="`production` makes a live token, which starts with fm_live_. The others make a test token, "
        "which starts with fm_test_: it sees only test messages, webhooks and tokens, and its messages reach only "
        "test webhooks."
    )
    expires_at: Time | None = Field(None, description="When the token stops working. Left out: never.")
    description: Description | None = None


class TokenPatch(Input):
    """The fields to change; those left out stay as they are."""

    name: Name | None = None
    scopes: Scopes | None = None
    environment: Environment | None = Field(
        None, description="Changes between staging and development. For production, create a new token."
    )
    description: Description | None = None


class TokenQuery(ListQuery):
    """Filters of the list of tokens."""

    name: str | None = Field(
        None, min_length=1, max_length=100, description="Only tokens whose name contains this text, ignoring case."
    )
    prefix: str | None = Field(
        None,
        pattern=r"^fm_(live|test)_[0-9A-Za-z]{1,4}$",
        description="Only tokens that begin with this: a token's `prefix`, or a part of it. Never send a whole token.",
    )
    status: Status | None = None
    environment: Environment | None = None


class RevocationIn(Input):
    """The tokens to revoke."""

    ids: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(min_length=1, max_length=100),
        AfterValidator(distinct),
    ] = Field(description="The ids of the tokens, each once.")


class ShownIn(Input):
    """A token that somebody found."""

    token: str = Field(min_length=1, max_length=512, examples=["fm_live_…"])


class RevocationOut(Output):
    """The result for one token."""

    id: str
    status: Revocation = Field(
        description="`not_found`: you see no token with this id. `not_allowed`: the token has scopes that you lack, "
        "or its user has more rights than you. `conflict`: another request was changing the token, and it is not "
        "revoked; send its id again."
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
    last_used_at: Time | None = Field(description="Accurate to ten minutes; null: never.")
    disabled_at: Time | None = Field(description="When somebody disabled it; null: it is not disabled.")
    revoked_at: Time | None
    revoked_reason: str | None = Field(
        description="`shown`: somebody found the token and sent it in. `owner_deactivated`, `owner_may_not`: the "
        "person who made it for a bot may not have bots any more. Otherwise null."
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
    """A new API token with its secret, which is shown only once."""

    token: str | None = Field(
        None,
        description="The secret. Store it now: it cannot be shown again. Null in the answer to a repeated "
        "Idempotency-Key.",
    )
    object: Literal["token"] = "token"
