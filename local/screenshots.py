"""Takes pictures of every screen of the console of `make up`: `python -m local.screenshots [folder] [screen …]`.

The pictures are 1440 and 390 pixels wide, light and dark, and go to .local/screenshots. An owner created for the
pictures is signed in. `python -m local.screenshots docs` takes the pictures of docs/console.md, into docs/images.
"""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

from local import screens, stack
from local.api import Api
from tools import browser, console
from tools.console import LocalError

WIDTHS = {"wide": 1440, "narrow": 390}
HEIGHT = 900
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
IN_DOCS = (
    "overview",
    "webhooks",
    "webhook-delivery",
    "webhook-signing",
    "incoming-webhooks",
    "bot",
    "connections",
    "chat",
)
DOCS_SIZE = (1200, 720)
SCROLLED = {"webhook-signing": 500}  # pixels, to what the page is about
PASSWORD = "four small grey boats"  # noqa: S105  # of a person who exists on this machine alone
EMAIL = "paula@example.com"


def session(api: Api, receiver: str) -> str:
    """The session token of an owner created for the pictures.

    Creates the owner and content for their screens if missing.
    """
    signed_in = _signed_in(api)
    if signed_in is None:
        person = {"name": "Paula Owner", "email": EMAIL, "role": "owner"}
        made = api.call("POST", "/v1/users", person)
        if made.status != 201:
            raise LocalError(f"POST /v1/users answered {made.status}: {made.body!r}", "Is it up? `make up`.")
        invitation = api.call("POST", f"/v1/users/{made.json['id']}/invitation").json["token"]
        api.call("POST", "/v1/invitations/accept", {"token": invitation, "password": PASSWORD})
        signed_in = _signed_in(api)
        notice = {"type": "review", "title": "Build 43 waits for your review", "user_ids": [made.json["id"]]}
        api.call("POST", "/v1/notifications", notice)
        if signed_in:
            mine = {"name": "My phone", "url": f"{receiver}/phone"}
            Api(api.url, signed_in).call("POST", "/v1/me/webhooks", mine)
    if signed_in is None:
        raise LocalError("The person of the pictures cannot sign in.", "`make clean` starts afresh; then `make up`.")
    return signed_in


def _signed_in(api: Api) -> str | None:
    answer = api.call("POST", "/v1/sessions", {"email": EMAIL, "password": PASSWORD})
    return str(answer.json["token"]) if answer.status == 201 else None


def take(base: str, token: str, addresses: dict[str, str], folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    taken = 0
    with browser.launched() as launched:
        for size, width in WIDTHS.items():
            context = launched.new_context(viewport={"width": width, "height": HEIGHT}, reduced_motion="reduce")
            page = context.new_page()
            page.goto(f"{base}/")
            screens.settle(page)
            for scheme in SCHEMES:
                _picture(page, scheme, folder / f"sign-in-{size}-{scheme}.png", full_page=False)
                taken += 1
            context.add_init_script(f"sessionStorage.setItem('ferryman.session', '{token}')")
            for name, address in addresses.items():
                page.goto(base + address)
                screens.settle(page)
                page.wait_for_load_state("networkidle")
                for scheme in SCHEMES:
                    _picture(page, scheme, folder / f"{name}-{size}-{scheme}.png", full_page=True)
                    taken += 1
            context.close()
    return taken


def _picture(page: Page, scheme: Literal["light", "dark"], path: Path, *, full_page: bool) -> None:
    page.emulate_media(color_scheme=scheme)
    # The colours change by transitions.
    page.evaluate("""Promise.all(document.getAnimations()
        .filter(animation => animation.effect.getComputedTiming().endTime !== Infinity)
        .map(animation => animation.finished))""")
    page.screenshot(path=path, full_page=full_page, animations="disabled")


def take_for_docs(base: str, token: str, addresses: dict[str, str], folder: Path) -> int:
    """Take the pictures of docs/console.md: the first view of each screen, in light colours. Returns their number."""
    width, height = DOCS_SIZE
    with browser.launched() as launched:
        context = launched.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        context.add_init_script(f"sessionStorage.setItem('ferryman.session', '{token}')")
        page = context.new_page()
        for name in IN_DOCS:
            page.goto(base + addresses[name])
            screens.settle(page)
            page.wait_for_load_state("networkidle")
            page.evaluate("pixels => scrollTo(0, pixels)", SCROLLED.get(name, 0))
            page.screenshot(path=folder / f"console-{name}.png", animations="disabled")
    return len(IN_DOCS)


def main() -> None:
    here = stack.default()
    token = session(here.api(), here.receiver_url())
    addresses = screens.of_sample(here.api(), here.api(token))
    if sys.argv[1:] == ["docs"]:
        folder = stack.ROOT / "docs" / "images"
        taken = take_for_docs(here.api_url, token, addresses, folder)
    else:
        folder = Path(sys.argv[1]) if sys.argv[1:] else stack.ROOT / ".local" / "screenshots"
        wanted = {name: addresses[name] for name in sys.argv[2:]} or addresses
        taken = take(here.api_url, token, wanted, folder)
    print(f"{taken} pictures are in {folder}.")


if __name__ == "__main__":
    console.run(main)
