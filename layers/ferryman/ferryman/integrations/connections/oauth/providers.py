"""The products that are connected by OAuth 2.0, as data: their URLs, and how they differ.

The URLs come from the product's own documentation, to which the connector's `documentation` links.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A request that tells whether an access token works, and for which accounts.

    `url` may contain names of facts in braces. `accounts` is a JMESPath expression that turns the answer into a list of
    objects of texts, one for each account; any other result means that the token does not work. With `introspects`, the
    request sends the token for introspection (RFC 7662), instead of using it as a bearer token.
    """

    url: str
    accounts: str
    introspects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One product's OAuth 2.0 with authorization code and PKCE: its URLs, scopes and peculiarities."""

    authorization_url: str
    token_url: str
    client_authentication: Literal["basic", "post"]  # RFC 6749 section 2.3.1: in a header, or in the body
    needed_scopes: tuple[str, ...]  # always requested, because the refresh token or the check needs them
    scopes: tuple[str, ...] = ()  # requested, too, if the configuration names no scopes
    parameters: Mapping[str, str] = field(default_factory=dict)  # further parameters of the authorization request
    issuer: str | None = None  # if the callback has `iss`, it must be this issuer (RFC 9207)
    facts: Mapping[str, str] = field(default_factory=dict)  # parameters of the callback → their names in the metadata
    revocation_url: str | None = None  # None: the product has none; people remove the access in its own settings
    revocation_is_json: bool = False  # True: the request is JSON instead of the form of RFC 7009
    check: Check


JIRA = Provider(
    authorization_url="https://auth.atlassian.com/authorize",
    token_url="https://auth.atlassian.com/oauth/token",  # noqa: S106 - an address
    client_authentication="post",
    needed_scopes=("offline_access",),
    scopes=("read:jira-user", "read:jira-work"),
    parameters={"audience": "api.atlassian.com", "prompt": "consent"},
    check=Check(
        url="https://api.atlassian.com/oauth/token/accessible-resources",
        accounts="[].{id: id, name: name, url: url}",
    ),
)
HUBSPOT = Provider(
    authorization_url="https://app.hubspot.com/oauth/authorize",
    token_url="https://api.hubapi.com/oauth/2026-03/token",  # noqa: S106 - an address
    client_authentication="post",
    needed_scopes=("oauth",),
    revocation_url="https://api.hubapi.com/oauth/2026-03/token/revoke",
    check=Check(
        url="https://api.hubapi.com/oauth/2026-03/token/introspect",
        introspects=True,
        accounts="active && [{id: to_string(hub_id), name: hub_domain, user: user}]",
    ),
)
QUICKBOOKS = Provider(
    authorization_url="https://appcenter.intuit.com/connect/oauth2",
    token_url="https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",  # noqa: S106 - an address
    client_authentication="basic",
    needed_scopes=("com.intuit.quickbooks.accounting",),
    issuer="https://oauth.platform.intuit.com/op/v1",
    facts={"realmId": "realm_id"},
    revocation_url="https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
    revocation_is_json=True,
    check=Check(
        url="https://quickbooks.api.intuit.com/v3/company/{realm_id}/companyinfo/{realm_id}",
        accounts="CompanyInfo && [{name: CompanyInfo.CompanyName, country: CompanyInfo.Country}]",
    ),
)
XERO = Provider(
    authorization_url="https://login.xero.com/identity/connect/authorize",
    token_url="https://identity.xero.com/connect/token",  # noqa: S106 - an address
    client_authentication="basic",
    needed_scopes=("offline_access",),
    scopes=("accounting.settings.read",),
    issuer="https://identity.xero.com",
    revocation_url="https://identity.xero.com/connect/revocation",
    check=Check(
        url="https://api.xero.com/connections",
        accounts="[].{id: tenantId, name: tenantName, type: tenantType}",
    ),
)
