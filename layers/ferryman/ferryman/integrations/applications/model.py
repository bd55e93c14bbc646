"""Application: an external program that posts to one group and talks to people, by a token in its URLs."""

from dataclasses import dataclass

from ferryman.aws import dynamodb as store
from ferryman.formats import OF_APPLICATIONS, Format

MAX_TEXT = 2000  # characters (code points)
MAX_BUTTONS = 30  # of one message


@dataclass(slots=True, kw_only=True)
class Application(store.Record):
    workspace_id: str
    application_id: str
    app_name: str
    livemode: bool
    created_by: str
    created_at: str
    updated_at: str
    secret_hash: str | None = None  # of its token; None: revoked
    last_used_at: str | None = None
    chat_id: str | None = None  # the group that it posts to
    may_message_people: bool = False
    creates_people: bool = True  # those it messages and who are not there yet
    email_domains: list[str] | None = None  # of people it may create; None: every domain
    people_per_hour: int = 100  # it may create at most
    context_seconds: int = 300
    webhook_id: str | None = None  # its callback
    format: Format = OF_APPLICATIONS
