"""Responses of the API about audit records."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from ferryman import ids
from ferryman.identity.audit.model import Action, AuditRecord
from ferryman.schema import ListQuery, Output, Time, Until

type Id = Annotated[str, Field(min_length=1, max_length=128)]


class AuditQuery(ListQuery):
    """Filters of the audit log."""

    action: Action | None = None
    user_id: Id | None = Field(None, description="Only changes by this user. `actor` is an alias.")
    token_id: Id | None = Field(None, description="Only changes made with this token or session. `token` is an alias.")
    target_id: Id | None = Field(None, description="Only changes of the object with this id. `target` is an alias.")
    since: Time | None = Field(None, description="Only records from this time on.")
    until: Until = Field(None, description="Only records before this time.")
    # The earlier names of the filters.
    actor: SkipJsonSchema[Id | None] = None
    token: SkipJsonSchema[Id | None] = None
    target: SkipJsonSchema[Id | None] = None

    @model_validator(mode="after")
    def _by_one_name(self) -> Self:
        for name, first in (("user_id", "actor"), ("token_id", "token"), ("target_id", "target")):
            if getattr(self, first) is None:
                continue
            if getattr(self, name) is not None:
                raise ValueError(f"{first} means the same as {name}; send one of them")
            setattr(self, name, getattr(self, first))
            setattr(self, first, None)  # a cursor is valid with either name
        return self


class ActorOut(Output):
    """Who made the change."""

    user_id: str = Field(description="The user's id, or `operator` for the operator of the deployment.")
    credential_id: str = Field(description="The id of the token or session.")
    livemode: bool = Field(description="true: a live credential; false: a test credential.")


class AuditRecordOut(Output):
    """One change of the workspace."""

    id: str = Field(pattern=ids.pattern(ids.AUDIT))
    at: Time
    action: Action
    actor: ActorOut
    target_id: str = Field(description="The id of the changed object.")
    details: dict[str, Any] = Field(
        description="Details of the change, such as the names of the changed fields. Never a secret.",
        examples=[{"changed": ["name", "scopes"]}],
    )
    ip: str | None = Field(description="The IP address of the sender of the request.")
    request_id: str | None = Field(description="The X-Request-Id of the answer.")

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        return cls(
            id=record.audit_id,
            at=record.at,
            action=record.action,
            actor=ActorOut(user_id=record.user_id, credential_id=record.credential_id, livemode=record.livemode),
            target_id=record.target_id,
            details=record.details,
            ip=record.ip,
            request_id=record.request_id,
        )
