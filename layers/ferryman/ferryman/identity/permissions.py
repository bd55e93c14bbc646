"""Scopes and roles: who may do what. Pure rules, no AWS.

Scopes are compared as whole strings. The only wildcard is `admin:*`, which covers every scope and lifts the checks of
chat membership. A caller may do only what both allow: the scopes of its credential, and the role that its user has now.
"""

from collections.abc import Iterable
from typing import Literal

type Scope = Literal[
    "messages:read",
    "messages:write",
    "chats:read",
    "chats:write",
    "users:read",
    "users:write",
    "bots:read",
    "bots:write",
    "tokens:read",
    "tokens:write",
    "webhooks:read",
    "webhooks:write",
    "connections:read",
    "connections:write",
    "connections:token",
    "notifications:read",
    "notifications:write",
    "me:webhooks",
    "audit:read",
    "admin:*",
]
type ScopeSet = Literal["api", "admin"]
type Role = Literal["owner", "admin", "manager", "hr_admin", "staff", "bot"]

ADMIN: Scope = "admin:*"

DESCRIPTIONS: dict[Scope, str] = {
    "messages:read": "Read messages in chats the user belongs to.",
    "messages:write": "Send, edit and delete messages in chats the user belongs to.",
    "chats:read": "See the chats the user belongs to, and their members.",
    "chats:write": "Create chats, edit them, add and remove members.",
    "users:read": "See the people and bots of the workspace.",
    "users:write": "Create people and edit them.",
    "bots:read": "See the bots that the user owns, with their callbacks and tokens (never their secrets).",
    "bots:write": "Create bots, edit and delete them, with their callbacks and tokens.",
    "tokens:read": "List API tokens (never their secrets).",
    "tokens:write": "Create, edit and revoke API tokens, none broader than the one used.",
    "webhooks:read": "See incoming and outgoing webhooks, commands and the delivery log.",
    "webhooks:write": "Create, edit and delete incoming and outgoing webhooks for the user's own chats, and commands.",
    "connections:read": "See the connectors, and the connections that the user made.",
    "connections:write": "Connect other products, with webhooks for the user's own chats.",
    "connections:token": "Read the access tokens of connected products, to call their APIs with them.",
    "notifications:read": "Read the user's own notifications and mark them read.",
    "notifications:write": "Send notifications to people, see those the user sent and cancel them.",
    "me:webhooks": "Manage the user's personal webhooks, which get the user's own notifications.",
    "audit:read": "Read who changed what in the workspace; owners and admins only.",
    "admin:*": "Everything in the workspace, without being a member of each chat.",
}
ALL: tuple[Scope, ...] = tuple(DESCRIPTIONS)

_TALK: frozenset[Scope] = frozenset({"messages:read", "messages:write", "chats:read", "users:read"})
_OWN: frozenset[Scope] = frozenset({"notifications:read", "me:webhooks"})
_CONNECT: frozenset[Scope] = frozenset({"webhooks:read", "webhooks:write", "connections:read", "connections:write"})
_OF_ROLE: dict[Role, frozenset[Scope]] = {
    "owner": frozenset(ALL),
    "admin": frozenset(ALL),
    "manager": _TALK | _OWN | _CONNECT | {"chats:write", "notifications:write"},
    "hr_admin": _TALK | _OWN | {"chats:write", "notifications:write"},
    "staff": _TALK | _OWN | {"chats:write"},
    "bot": _TALK,
}
# Names for sets of scopes, which a request for a token may use instead of single scopes.
SETS: dict[ScopeSet, tuple[Scope, ...]] = {
    "api": tuple(scope for scope in ALL if scope in _OF_ROLE["manager"]),
    "admin": (ADMIN,),
}
# The scopes of an application's own token, for its own chats, on routes that accept applications.
OF_APPLICATIONS: frozenset[Scope] = frozenset({"messages:read", "messages:write"})
# The roles that always get global signals, such as an approval by the support team.
OF_GLOBAL_SIGNALS: tuple[Role, ...] = ("owner", "admin", "hr_admin")
ADMINISTRATORS: frozenset[Role] = frozenset({"owner", "admin"})
_RANK: dict[Role, int] = {"bot": 0, "staff": 1, "hr_admin": 2, "manager": 3, "admin": 4, "owner": 5}


def of_role(role: Role) -> frozenset[Scope]:
    """All scopes that a user of this role can have."""
    return _OF_ROLE[role]


def expanded(named: Iterable[Scope | ScopeSet]) -> list[Scope]:
    """The scopes in `named`, with each scope set replaced by its members, in order and without duplicates."""
    scopes: dict[Scope, None] = {}
    for name in named:
        scopes |= dict.fromkeys(SETS[name] if name == "api" or name == "admin" else (name,))
    return list(scopes)


def effective(granted: Iterable[str], role: Role) -> frozenset[Scope]:
    """The scopes that a credential has in effect: those in `granted` that the user's present `role` allows.

    If both include `admin:*`, all scopes of the role.
    """
    given = frozenset(granted)
    allowed = _OF_ROLE[role]
    return allowed if ADMIN in given and ADMIN in allowed else frozenset(allowed & given) - {ADMIN}


def covers(held: Iterable[str], wanted: str) -> bool:
    """Whether the effective scopes `held` include `wanted`, by itself or through `admin:*`."""
    held = frozenset(held)
    return wanted in held or ADMIN in held


def reading(scope: str) -> Scope | None:
    """The scope `x:read` for the scope `x:write`; None for any other scope, and where no such scope exists."""
    return next((one for one in ALL if one == scope.replace(":write", ":read") != scope), None)


def broader_than(wanted: Iterable[str], held: Iterable[str]) -> list[str]:
    """The scopes in `wanted` that the effective scopes `held` do not cover, sorted."""
    held = frozenset(held)
    return sorted(scope for scope in set(wanted) if not covers(held, scope))


def outranks(role: Role, other: Role) -> bool:
    """Whether `role` stands above `other` in owner > admin > manager > hr_admin > staff > bot."""
    return _RANK[role] > _RANK[other]
