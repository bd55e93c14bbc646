"""The reference: openapi.yaml, the page to browse it, the health check, and the answer to unknown addresses."""

import gzip
import re

import pytest
import yaml
from ferryman.identity.credentials import secrets

from tests.support.template import ROOT
from tests.support.world import World
from tools import reference_page


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    reference_page.build(ROOT)


def test_openapi_yaml_is_served_as_it_is_kept(world: World) -> None:
    answer = world.call("GET", "/openapi.yaml")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/yaml; charset=utf-8")
    assert answer.body == (ROOT / "functions" / "web" / "reference" / "openapi.yaml").read_bytes()
    assert yaml.safe_load(answer.body)["openapi"].startswith("3.1")


def test_who_takes_gzip_gets_gzip(world: World) -> None:
    plain = world.call("GET", "/openapi.yaml")
    packed = world.call("GET", "/openapi.yaml", headers={"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 5
    assert "content-encoding" not in plain.headers


def test_the_page_loads_from_its_own_host_only(world: World) -> None:
    page = world.call("GET", "/docs")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    text = page.body.decode()
    assert "<script>" not in text
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        if address == "data:,":  # no icon, so that a browser asks for none
            continue
        assert address.startswith("/"), address
        loaded = world.call("GET", address)
        assert loaded.status == 200
        assert loaded.headers["x-content-type-options"] == "nosniff"


def test_the_page_is_small_enough_to_be_drawn_at_once(world: World) -> None:
    sizes = [
        len(world.call("GET", f"/docs/{asset}", headers={"accept-encoding": "gzip"}).body)
        for asset in ("openapi-explorer.js", "page.css", "start.js")
    ]
    assert sum(sizes) < 250_000


@pytest.mark.parametrize("address", ["/docs", "/docs/", "/openapi.yaml", "/healthz", "/docs/start.js"])
def test_head_has_the_headers_of_get(world: World, address: str) -> None:
    got, head = world.call("GET", address), world.call("HEAD", address)
    assert (head.status, head.body) == (200, b"")
    differs = {"x-request-id", "content-length", "date"}
    assert {name: value for name, value in head.headers.items() if name not in differs} == {
        name: value for name, value in got.headers.items() if name not in differs
    }


def test_docs_with_a_slash_is_the_same_page(world: World) -> None:
    assert world.call("GET", "/docs/").body == world.call("GET", "/docs").body


def test_the_page_shows_the_reference_of_this_host(world: World) -> None:
    start = world.call("GET", "/docs/start.js").body.decode()
    assert '"/openapi.yaml"' in start


@pytest.mark.parametrize("asset", ["x", "start.js.map", "..", "%2e%2e%2fhandler.py", "handler.py", "openapi.yaml"])
def test_no_other_file_is_served(world: World, asset: str) -> None:
    assert world.call("GET", f"/docs/{asset}").status == 404


def test_the_health_check_needs_no_token_and_is_never_remembered(world: World) -> None:
    answer = world.call("GET", "/healthz")
    assert (answer.status, answer.json, answer.headers["cache-control"]) == (200, {"status": "ok"}, "no-store")


@pytest.mark.parametrize("target", ["/v1", "/v2/chats", "/v1/chats/", "/V1/chats", "/.env", "/v1/%2e%2e/healthz"])
def test_an_unknown_address_is_answered_with_the_way_to_the_known_ones(world: World, target: str) -> None:
    answer = world.call("GET", target)
    assert answer.status == 404
    assert "/openapi.yaml" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("DELETE", "/v1/chats", {"GET", "POST"}),
        ("POST", "/v1/me", {"GET"}),
        ("GET", "/hooks/x", {"POST"}),
        ("HEAD", "/v1/me", {"GET"}),
        ("OPTIONS", "/v1/tokens", {"GET", "POST"}),
        ("POST", "/openapi.yaml", {"GET"}),
    ],
)
def test_a_wrong_method_is_refused_with_the_allowed_ones(
    world: World, method: str, target: str, allowed: set[str]
) -> None:
    answer = world.call(method, target)
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_a_dot_in_an_address_is_a_dot(world: World) -> None:
    assert world.call("POST", "/openapiXyaml").status == 404


def test_a_secret_sent_to_the_wrong_place_is_not_repeated(world: World) -> None:
    secret, token = secrets.new_hook_secret(), secrets.new_token(livemode=True)
    for method, target in (("GET", f"/hooks/{secret}"), ("POST", f"/hook/{secret}"), ("GET", f"/{token}")):
        answer = world.call(method, target)
        assert answer.status in (404, 405)
        assert secret not in answer.body.decode()
        assert token not in answer.body.decode()


def test_no_origin_is_let_in_by_cors(world: World) -> None:
    for method in ("GET", "OPTIONS"):
        answer = world.call(method, "/v1/me", headers={"origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
