"""Pictures of every screen of the console that `make up` serves: `python -m local.screenshots [folder] [screen …]`.

Each at 1440 and at 390 pixels, light and dark, into .local/screenshots. The owner is signed in by a session of its own.
"""

import sys
from pathlib import Path

from local import screens, stack
from local.api import Api
from tools import browser, console
from tools.console import LocalError

WIDTHS = {"wide": 1440, "narrow": 390}
HEIGHT = 900
SCHEMES = ("light", "dark")
PASSWORD = "four small grey boats"  # noqa: S105  # of a person who exists on this machine alone
EMAIL = "pictures@example.com"


def session(api: Api) -> str:
    """The token of a session of an owner who was made for the pictures."""
    signed_in = _signed_in(api)
    if signed_in is None:
        person = {"name": "Olivia Owner", "email": EMAIL, "role": "owner"}
        made = api.call("POST", "/v1/users", person)
        if made.status != 201:
            raise LocalError(f"POST /v1/users answered {made.status}: {made.body!r}", "Is it up? `make up`.")
        invitation = api.call("POST", f"/v1/users/{made.json['id']}/invitation").json["token"]
        api.call("POST", "/v1/invitations/accept", {"token": invitation, "password": PASSWORD})
        signed_in = _signed_in(api)
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
            page.screenshot(path=folder / f"sign-in-{size}-light.png")
            page.emulate_media(color_scheme="dark")
            page.screenshot(path=folder / f"sign-in-{size}-dark.png")
            context.add_init_script(f"sessionStorage.setItem('ferryman.session', '{token}')")
            for name, address in addresses.items():
                page.emulate_media(color_scheme="light")
                page.goto(base + address)
                screens.settle(page)
                page.wait_for_load_state("networkidle")
                for scheme in SCHEMES:
                    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                    page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=True)
                    taken += 1
            context.close()
    return taken


def main() -> None:
    here = stack.default()
    folder = Path(sys.argv[1]) if sys.argv[1:] else stack.ROOT / ".local" / "screenshots"
    addresses = screens.of_sample(here.api())
    if wanted := sys.argv[2:]:
        addresses = {name: addresses[name] for name in wanted}
    taken = take(here.api_url, session(here.api()), addresses, folder)
    print(f"{taken} pictures are in {folder}.")


if __name__ == "__main__":
    console.run(main)
