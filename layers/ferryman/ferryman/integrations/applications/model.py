"""Application: an external program that posts to one group and talks to people, by a token in its URLs."""

from dataclasses import dataclass

from ferryman.aws import dynamodb as store
from ferryman.formats import OF_APPLICATIONS, Format
from ferryman.identity.permissions import Scope
from ferryman.integrations.owned import Owned

NEEDS: Scope = "admin:*"  # the scope that the role of an application's owner must have
MAX_TEXT = 2000  # characters (code points)
MAX_BUTTONS = 30  # buttons of one message
MAX_LABEL = 256  # characters of a button's text
MAX_BUTTON_DATA = 4096  # bytes, as ASCII JSON
MAX_TOLD = 10  # applications that get people's messages in one group
MAX_PARAMETERS = 4096  # bytes of a context's parameters, as ASCII JSON


@dataclass(slots=True, kw_only=True)
class Application(store.Record, Owned):
    """An external program and its group, as an item of the table `applications`."""

    workspace_id: str
    application_id: str
    app_name: str
    livemode: bool
    created_by: str
    created_at: str
    updated_at: str
    secret_hash: str | None = None  # the hash of its token; None: the token was revoked
    last_used_at: str | None = None
    chat_id: str | None = None  # the group that it posts to
    group_messages: bool = False  # whether its callback gets people's messages in the group
    may_message_people: bool = False
    creates_people: bool = True  # whether a message to an unknown person creates the person
    email_domains: list[str] | None = None  # the e-mail domains of people that it may create; None: every domain
    people_per_hour: int = 100  # the most people that it may create in one hour of the clock
    context_seconds: int = 300
    webhook_id: str | None = None  # its callback
    format: Format = OF_APPLICATIONS
    owner_id: str | None = None  # the person to whom it was handed over; None: the creator owns it
    disabled_reason: str | None = None  # while it is set, the application's URLs refuse every request
    disabled_at: str | None = None
