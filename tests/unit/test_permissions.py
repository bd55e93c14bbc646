"""Scopes and roles: a closed set, compared exactly, and no user grants more than the user has."""

from typing import get_args

import pydantic
import pytest
from ferryman.identity import permissions
from ferryman.identity.permissions import ADMIN, ALL, Role, Scope
from ferryman.identity.tokens.schema import TokenIn
from hypothesis import given
from hypothesis import strategies as st

ROLES: tuple[Role, ...] = get_args(Role.__value__)
some_scopes = st.frozensets(st.sampled_from(ALL))
some_role = st.sampled_from(ROLES)

# Written down a second time: what each role may do at most, in the scopes that every deployment has.
OF_ROLE: dict[Role, set[str]] = {
    "bot": {"messages:read", "messages:write", "chats:read", "users:read"},
    "staff": {"messages:read", "messages:write", "chats:read", "chats:write", "users:read"},
    "hr_admin": {"messages:read", "messages:write", "chats:read", "chats:write", "users:read"},
    "manager": {
        "messages:read",
        "messages:write",
        "chats:read",
        "chats:write",
        "users:read",
        "webhooks:read",
        "webhooks:write",
    },
}
CORE = {
    *OF_ROLE["manager"],
    "users:write",
    "tokens:read",
    "tokens:write",
    ADMIN,
}


def token_in(wanted: list[object]) -> TokenIn:
    return TokenIn.model_validate({"name": "n", "scopes": wanted, "environment": "production"})


def test_api_is_all_that_a_manager_may_do_and_admin_is_everything() -> None:
    assert set(token_in(["api"]).scopes) == permissions.of_role("manager")
    assert token_in(["admin"]).scopes == [ADMIN]
    assert token_in(["admin", "api"]).scopes == [ADMIN, *token_in(["api"]).scopes]


def test_keys_are_for_administrators_webhooks_for_managers_too_and_staff_have_neither() -> None:
    keys, webhooks = {"tokens:read", "tokens:write"}, {"webhooks:read", "webhooks:write"}
    assert [role for role in ROLES if keys <= permissions.of_role(role)] == ["owner", "admin"]
    assert [role for role in ROLES if webhooks <= permissions.of_role(role)] == ["owner", "admin", "manager"]
    assert [role for role in ROLES if (keys | webhooks) & permissions.of_role(role)] == ["owner", "admin", "manager"]


# --- the closed set ---------------------------------------------------------------------------------------


def test_every_scope_is_described_and_nothing_else_is() -> None:
    assert set(get_args(Scope.__value__)) == set(permissions.DESCRIPTIONS)
    assert all(text.endswith(".") for text in permissions.DESCRIPTIONS.values())


def test_admin_is_the_only_wildcard() -> None:
    assert [scope for scope in ALL if "*" in scope] == [ADMIN]


@pytest.mark.parametrize(
    "trick",
    [
        "ADMIN:*",
        "Admin:*",
        "admin:*\n",
        "\nadmin:*",
        "admin:* ",
        " admin:*",
        "admin:*\0",
        "admin:",
        "admin:**",
        "admin:read",
        "*",
        "*:*",
        "messages:*",
        "*:read",
        "messages:",
        "messages:Write",
        "messages:wri",
        "messages:write,admin:*",
        "messages:write admin:*",
        "ａdmin:*",
        "аdmin:*",
        "admin:\u2217",
        "admin\uff1a*",
        "a\u200bdmin:*",
        "messages.write",
        "",
        None,
        True,
        1,
        ["admin:*"],
        {"admin:*": True},
    ],
)
def test_a_scope_is_its_exact_letters(trick: object) -> None:
    with pytest.raises(pydantic.ValidationError):
        token_in([trick])
    if isinstance(trick, str):
        assert not permissions.covers({trick}, "messages:write")
        assert permissions.effective([trick], "owner") == frozenset()


@given(st.text())
def test_no_other_text_is_a_scope(text: str) -> None:
    if text in ALL:
        return
    with pytest.raises(pydantic.ValidationError):
        token_in([text])


@pytest.mark.parametrize("wanted", [[], ["chats:read", "chats:read"], "admin:*", {"admin:*"}])
def test_scopes_are_a_list_without_repetition(wanted: object) -> None:
    with pytest.raises(pydantic.ValidationError):
        TokenIn.model_validate({"name": "n", "scopes": wanted, "environment": "production"})


# --- roles ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", OF_ROLE)
def test_a_role_has_no_core_scope_but_its_own(role: Role) -> None:
    assert permissions.of_role(role) & CORE == OF_ROLE[role]


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_owners_and_admins_may_do_everything(role: Role) -> None:
    assert permissions.of_role(role) == set(ALL)


def test_only_owners_and_admins_manage_tokens_and_the_workspace() -> None:
    for role in ("manager", "staff", "bot"):
        assert not permissions.of_role(role) & {ADMIN, "tokens:write", "tokens:read", "users:write"}


def test_bots_cannot_create_chats() -> None:
    assert "chats:write" not in permissions.of_role("bot")


@given(some_role, some_role, some_role)
def test_ranks_are_an_order(one: Role, two: Role, three: Role) -> None:
    assert not permissions.outranks(one, one)
    assert permissions.outranks(one, two) + permissions.outranks(two, one) + (one == two) == 1
    if permissions.outranks(one, two) and permissions.outranks(two, three):
        assert permissions.outranks(one, three)
    if permissions.outranks(one, two):
        assert permissions.of_role(one) >= permissions.of_role(two)


# --- effective, covers, broader_than ----------------------------------------------------------------------


def test_a_credential_may_do_what_both_its_scopes_and_its_role_allow() -> None:
    assert permissions.effective(["chats:read", "tokens:read"], "staff") == {"chats:read"}
    assert permissions.effective([ADMIN], "staff") == frozenset()
    assert permissions.effective([ADMIN], "owner") == set(ALL)


def test_a_scope_covers_itself_and_admin_covers_all() -> None:
    held = ["chats:read"]
    assert [permissions.covers(held, scope) for scope in ("chats:read", "chats:write", ADMIN)] == [True, False, False]
    assert permissions.covers([ADMIN], "chats:write")
    assert permissions.broader_than(["tokens:read", "chats:read", "chats:write"], held) == [
        "chats:write",
        "tokens:read",
    ]


@given(some_scopes, some_role)
def test_nobody_may_more_than_their_role(granted: frozenset[Scope], role: Role) -> None:
    assert permissions.effective(granted, role) <= permissions.of_role(role)


@given(some_scopes, some_role)
def test_a_narrow_credential_may_no_more_than_it_was_given(granted: frozenset[Scope], role: Role) -> None:
    narrow = granted - {ADMIN}
    assert permissions.effective(narrow, role) == narrow & permissions.of_role(role)


@given(some_scopes, some_role)
def test_admin_is_only_worth_something_to_those_whose_role_allows_it(granted: frozenset[Scope], role: Role) -> None:
    held = permissions.effective(granted | {ADMIN}, role)
    if role in ("owner", "admin"):
        assert held == set(ALL)
    else:
        assert ADMIN not in held
        assert held == permissions.effective(granted, role)


@given(some_scopes, some_scopes, some_role)
def test_more_scopes_never_mean_less(granted: frozenset[Scope], more: frozenset[Scope], role: Role) -> None:
    assert permissions.effective(granted, role) <= permissions.effective(granted | more, role)


@given(some_scopes, some_role)
def test_effective_scopes_of_effective_scopes_are_the_same(granted: frozenset[Scope], role: Role) -> None:
    held = permissions.effective(granted, role)
    assert permissions.effective(held, role) == held


@given(some_scopes, st.sampled_from(ALL))
def test_covering_is_holding_or_admin(held: frozenset[Scope], wanted: Scope) -> None:
    assert permissions.covers(held, wanted) == (wanted in held or ADMIN in held)


@given(some_scopes, some_scopes)
def test_broader_scopes_are_exactly_those_that_are_not_covered(
    wanted: frozenset[Scope], held: frozenset[Scope]
) -> None:
    broader = permissions.broader_than(wanted, held)
    assert broader == sorted(broader)
    assert all(permissions.covers(held, scope) == (scope not in broader) for scope in wanted)
    assert set(broader) <= wanted


@given(some_scopes)
def test_no_set_is_broader_than_itself(held: frozenset[Scope]) -> None:
    assert permissions.broader_than(held, held) == []


@given(some_scopes, some_scopes, some_role)
def test_a_token_made_by_a_token_can_do_no_more_than_its_maker(
    granted: frozenset[Scope], wanted: frozenset[Scope], role: Role
) -> None:
    """Scopes that `broader_than` lets through allow the new token no more than the token that creates it."""
    held = permissions.effective(granted, role)
    if not permissions.broader_than(wanted, held):
        assert permissions.effective(wanted, role) <= held


def test_admin_cannot_be_had_through_the_sum_of_all_others() -> None:
    held = set(ALL) - {ADMIN}
    assert permissions.broader_than([ADMIN], held) == [ADMIN]
    assert not permissions.covers(held, ADMIN)


def test_each_scope_that_writes_names_the_one_that_reads() -> None:
    assert permissions.reading("chats:write") == "chats:read"
    assert permissions.reading("messages:write") == "messages:read"
    assert permissions.reading("chats:read") is None, "it writes nothing"
    assert permissions.reading(ADMIN) is None
    assert permissions.reading("nothing:write") is None
    assert permissions.reading("") is None


def test_a_scope_beside_a_set_stays_itself() -> None:
    assert permissions.expanded(["chats:read"]) == ["chats:read"]
