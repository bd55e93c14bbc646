"""A tab of the console: opening addresses, finding elements, collecting the browser's errors, and axe."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from playwright.sync_api import ConsoleMessage, Dialog, Error, Locator, Page, expect

from local import screens
from local.stack import ROOT
from tests.e2e.harness import E2E

PASSWORD = "four small grey boats"
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
_TABS = 80  # more than any screen has stops
# A colour that is still changing has the contrast of no colour that stays.
_AT_REST = """() => Promise.allSettled(
    document.getAnimations().filter(one => one.effect.getComputedTiming().endTime !== Infinity).map(one => one.finished)
)"""


@dataclass(frozen=True)
class Person:
    user_id: str
    name: str
    email: str
    role: str

    def session(self, stack: E2E) -> str:
        signed_in = stack.api("POST", "/v1/sessions", {"email": self.email, "password": PASSWORD}, token="")
        assert signed_in.status == 201, signed_in.body
        return str(signed_in.json["token"])


class Visit:
    """A tab. `expected` lists parts of the error messages that a test causes on purpose."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.expected: list[str] = []
        self._complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(f"uncaught: {error}"))
        page.on("dialog", self._dialog)

    @property
    def complaints(self) -> list[str]:
        return [one for one in self._complaints if not any(part in one for part in self.expected)]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _dialog(self, dialog: Dialog) -> None:
        self._complaints.append(f"a dialog of the browser: {dialog.message}")
        dialog.dismiss()

    def sign_in_beforehand(self, token: str) -> None:
        """Store this session in the tab before its first page. Signing out ends it as usual."""
        seed = "if (!sessionStorage.seeded) { sessionStorage.seeded = 1; sessionStorage['ferryman.session'] = '%s'; }"
        self.page.add_init_script(seed % token)

    def goto(self, address: str) -> None:
        self.page.goto(address)
        screens.settle(self.page)

    def move(self, address: str) -> None:
        """Go to another address as a link of the console does, without loading the page again.

        Waits for the address in the page: the previous screen stays until the files of the next one have loaded, so its
        heading proves nothing.
        """
        self.page.evaluate(
            "to => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')) }", address
        )
        expect(self.page.locator("#main")).to_have_attribute("data-address", address)
        screens.settle(self.page)

    # -- parts of a screen -----------------------------------------------------------------------------------------

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name, exact=True, level=1)

    def button(self, name: str, exact: bool = True) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def field(self, name: str) -> Locator:
        return self.page.get_by_role("textbox", name=name)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def row(self, text: str) -> Locator:
        return self.page.get_by_role("row").filter(has_text=text)

    def choose(self, label: str, option: str) -> None:
        """Choose an option of the list with this label."""
        self.page.get_by_role("combobox", name=label).last.click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def take_secret(self, label: str = "Secret", stored: str = "I have stored it") -> str:
        """Read a secret that is shown once, confirm that it is stored, and close the dialog. Returns the secret."""
        # The form before it may have a field of the same name, and is still there for a moment.
        shown = self.dialog.filter(has=self.page.get_by_label(stored))
        block = shown.get_by_label(label, exact=True)
        secret = block.inner_text().strip()
        close = self.dialog.get_by_role("button", name="Close")
        expect(close).to_be_disabled()
        self.page.keyboard.press("Escape")
        expect(block).to_be_visible()
        self.dialog.get_by_label(stored).check()
        close.click()
        expect(self.dialog).to_have_count(0)
        assert secret not in self.page.content()
        return secret

    def confirm(self, action: str, name: str | None = None) -> None:
        """Confirm in the dialog. `name` is typed into its field first, if given."""
        confirm = self.dialog.get_by_role("button", name=action, exact=True)
        if name is not None:
            expect(confirm).to_be_disabled()
            self.dialog.get_by_role("textbox").fill(name)
        confirm.click()
        expect(self.dialog).to_have_count(0)

    def said(self, message: str) -> None:
        """Wait until the console shows a notification with this text."""
        expect(self.page.get_by_role("alert").filter(has_text=message).first).to_be_visible()

    # -- the keyboard ----------------------------------------------------------------------------------------------

    def tab_to(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab until the target has the focus. Fails after too many times."""
        for _ in range(_TABS):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"Tab never reaches {target}")

    # -- axe -------------------------------------------------------------------------------------------------------

    def violations(self, *rules: str) -> list[str]:
        """Axe's findings on the current screen, by all its rules or by the given ones."""
        try:
            self.page.evaluate("axe.version")
        except Error:
            self.page.evaluate(_axe())
        self.page.evaluate(_AT_REST)
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if rules:
            options["runOnly"] = list(rules)
        found = self.page.evaluate("options => axe.run(document, options)", options)["violations"]
        return [
            f"{violation['id']}: {node['html'][:200]} ({node['failureSummary']})"
            for violation in found
            for node in violation["nodes"][:3]
        ]


@cache
def _axe() -> str:
    return AXE.read_text()
