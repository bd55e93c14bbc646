"""Fixtures with a product of OAuth 2.0 that listens on the loopback interface."""

import dataclasses
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from ferryman.integrations.connections import catalogue
from ferryman.integrations.connections.oauth.providers import Provider

from tests.integration.connections.oauth import PRODUCTS
from tests.support import oauth_provider
from tests.support.oauth_provider import ISSUER, Product


def pointed_at(product: Product, provider: Provider) -> Provider:
    """The connector's own data, with the addresses of the local product."""
    check = provider.check
    path = "/introspect" if check.introspects else f"/accounts?{urlsplit(check.url).path}"
    return dataclasses.replace(
        provider,
        authorization_url=f"{product.url}/authorize",
        token_url=f"{product.url}/token",
        revocation_url=provider.revocation_url and f"{product.url}/revoke",
        revocation_is_json=False,  # which oauthlib's server does not read
        issuer=ISSUER,
        check=dataclasses.replace(check, url=product.url + path),
    )


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with oauth_provider.product() as made:
        for key in PRODUCTS:
            connector = catalogue.CATALOGUE[key]
            assert connector.provider
            local = dataclasses.replace(connector, provider=pointed_at(made, connector.provider))
            monkeypatch.setitem(catalogue.CATALOGUE, key, local)
        yield made
