"""The console's function: the HTML page at all of its addresses, its files, and the API's index."""

import gzip
import re
from collections.abc import Iterator

import pytest

from tests.support.template import ROOT
from tests.support.world import Answer, World
from tools import frontend

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-encoding": "gzip, deflate, br"}


@pytest.fixture(scope="module", autouse=True)
def _built() -> Iterator[None]:
    frontend.build(ROOT)
    yield


def page(world: World, target: str = "/settings/integrations/webhooks?state=disabled") -> Answer:
    return world.call("GET", target, headers={"accept": "text/html"})


@pytest.mark.parametrize(
    "path", ["/settings/integrations/api/tok_1", "/me/agent", "/admin/integrations", "/chats/cht_1"]
)
def test_every_address_of_the_console_gets_the_same_page(world: World, path: str) -> None:
    answer = page(world, path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body == page(world, "/").body


def test_the_page_is_never_kept_and_in_no_frame_and_runs_its_own_scripts_only(world: World) -> None:
    answer = page(world)
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script>" not in answer.body.decode()


def test_the_files_that_the_page_names_are_there_and_kept_for_good(world: World) -> None:
    named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page(world).body.decode())
    assert len(named) >= 3
    # The first script names the styles of the screens; the page has those of its outline.
    styles = [f"/assets/{path.name}" for path in (ROOT / frontend.TARGET / "assets").glob("*.css")]
    assert styles
    for path in [*named, *styles]:
        answer = world.call("GET", path)
        assert (answer.status, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
        packed = world.call("GET", path, headers={"accept-encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == answer.body
        brotli = world.call("GET", path, headers=BROWSER)
        assert brotli.headers["content-encoding"] == "br"
        assert len(brotli.body) < len(answer.body)
    types = {world.call("GET", path).headers["content-type"] for path in [*named, *styles]}
    assert types == {"text/javascript; charset=utf-8", "text/css; charset=utf-8", "image/svg+xml"}


@pytest.mark.parametrize("path", ["missing.js", "..%2Fhandler.py", "%2e%2e/handler.py", "/etc/passwd"])
def test_no_other_file_can_be_read(world: World, path: str) -> None:
    assert world.call("GET", f"/assets/{path}").status == 404


def test_a_program_gets_the_index_where_a_browser_gets_the_console(world: World) -> None:
    for accept in ("application/json", "*/*", ""):
        answer = world.call("GET", "/", headers={"accept": accept})
        assert answer.json["openapi"] == "/openapi.yaml"
        assert world.call("GET", answer.json["health"]).status == 200
    assert page(world, "/").headers["vary"] == "Accept, Accept-Encoding"


def test_an_api_route_below_the_consoles_addresses_stays_the_apis(world: World) -> None:
    assert world.call("GET", "/me/agent/webhooks", headers=BROWSER).status == 401
    assert world.call("POST", "/settings/integrations/api").status == 404
