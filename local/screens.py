"""The URL paths of all screens of the console, with ids of objects in the sample workspace."""

from typing import Any

from playwright.sync_api import Page, expect

from local.api import Api

PATIENCE = 30_000  # milliseconds: the first request of a function starts it

SETTINGS = "/settings/integrations"
# Screens that are the same for everybody who may see them.
FIXED = {
    "overview": "/settings/overview",
    "connections": f"{SETTINGS}/connections",
    "tokens": f"{SETTINGS}/api",
    "webhooks": f"{SETTINGS}/webhooks",
    "incoming-webhooks": f"{SETTINGS}/incoming-webhooks",
    "commands": f"{SETTINGS}/commands",
    "bots": f"{SETTINGS}/bots",
    "applications": f"{SETTINGS}/applications",
    "signature": f"{SETTINGS}/signature",
    "workspace-wide": "/admin/integrations",
    "users": "/settings/users",
    "workspace": "/settings/workspace",
    "workspace-security": "/settings/security",
    "chats": "/settings/chats",
    "audit": "/settings/audit",
    "my-webhooks": "/me/agent",
    "notifications": "/me/notifications",
    "profile": "/me/profile",
    "security": "/me/security",
    "subscription": "/settings/subscription",
    "missing": "/settings/nowhere",
}


def of_sample(api: Api, person: Api | None = None) -> dict[str, str]:
    """The URL path of each screen, by the screen's name. `api` calls the API as the sample workspace's owner.

    `my-webhook` shows the first personal webhook of `person`; without `person`, the owner's first.
    """

    def first(path: str, by: Api = api, **wanted: object) -> dict[str, Any]:
        items = by.call("GET", path).json["items"]
        return next(item for item in items if all(item[name] == value for name, value in wanted.items()))

    token = first("/v1/tokens?status=active")
    failing, bot = first("/v1/webhooks", name="Ticket system"), first("/v1/bots", handle="helper")
    callback = first(f"/v1/bots/{bot['id']}/callbacks")
    delivery = first(f"/v1/webhooks/{failing['id']}/deliveries", test=False)
    mine = first("/v1/me/webhooks", person or api)
    events = first("/v1/incoming-webhooks", source="github")
    webhook = f"{SETTINGS}/webhooks/{failing['id']}"
    return FIXED | {
        "token": f"{SETTINGS}/api/{token['id']}",
        "webhook": webhook,
        "webhook-delivery": f"{webhook}?delivery={delivery['id']}",
        "webhook-settings": f"{webhook}?tab=settings",
        "webhook-signing": f"{webhook}?tab=signing",
        "webhook-replays": f"{webhook}?tab=replays",
        "delivery": f"{SETTINGS}/deliveries/{delivery['id']}",
        "translation": f"{SETTINGS}/incoming-webhooks/{events['id']}/translation",
        "command": f"{SETTINGS}/commands/{first('/v1/commands')['id']}",
        "bot": f"{SETTINGS}/bots/{bot['id']}",
        "callback": f"{SETTINGS}/bots/{bot['id']}/callbacks/{callback['id']}",
        "application": f"{SETTINGS}/applications/{first('/v1/applications')['id']}",
        "chat": f"/chats/{first('/v1/chats', name='Builds')['id']}",
        "my-webhook": f"/me/agent/{mine['id']}",
    }


def settle(page: Page) -> None:
    """Wait until a screen has loaded: it has a heading, and neither placeholders nor busy parts."""
    page.locator("h1").first.wait_for(timeout=PATIENCE)
    expect(page.locator("[aria-busy=true], [data-loading=true]")).to_have_count(0, timeout=PATIENCE)
