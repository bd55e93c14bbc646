"""`make smoke`: checks that a deployment works: health, one authenticated call, and one message until it is delivered.

TOKEN is an API token that may manage chats, messages and webhooks. Without it, the test checks only the health and that
a call without a token is refused. SMOKE_RECEIVER is a URL that answers 2xx. Without it, the message goes to the STS of
the Region, which never answers 2xx; an attempt that got an answer then passes the test.
"""

import os
import time
from typing import Any

import requests

from tools import console
from tools.console import LocalError, step, yellow
from tools.deployment import environments, stacks
from tools.deployment.stacks import Stack

TIMEOUT_SECONDS = 30
DELIVERED_WITHIN_SECONDS = 60
CHAT = "Smoke tests"
REFUSED = "Is TOKEN of this environment? docs/github-actions.md#set-it-up lists the scopes that it needs."
FAILED = "docs/runbook.md#reading-the-logs shows what the function says."


class Api:
    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, *wanted: int, json: Any = None) -> Any:
        """The JSON of an answer, or None if the body is empty or not JSON.

        Raises `LocalError` without an answer, and for a status that is not in `wanted`.
        """
        try:
            answer = self._session.request(method, self._url + path, json=json, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise LocalError(f"{method} {path} got no answer: {error}", "Does the name lead to the API?") from error
        if answer.status_code not in wanted:
            raise LocalError(
                f"{method} {path} answered {answer.status_code}: {answer.text[:300]}",
                REFUSED if answer.status_code in (401, 403) else FAILED,
            )
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.json() if is_json and answer.content else None


def run(url: str, token: str | None, receiver: str | None) -> None:
    """Run the smoke test. Raises `LocalError` at the first failure."""
    with step(f"Health: {url} answers, and refuses a caller without a token"):
        anybody = Api(url, None)
        anybody.call("GET", "/openapi.yaml", 200)
        anybody.call("GET", "/v1/me", 401)
    if not token:
        print(f"  {yellow('TOKEN is not set, so no call was authenticated and nothing was delivered.')}")
        return
    api = Api(url, token)
    with step("One authenticated call"):
        me = api.call("GET", "/v1/me", 200)
    target = receiver or f"https://sts.{stacks.region()}.amazonaws.com/"
    with step(f"One message through to {target}"):
        _deliver(api, target, must_succeed=receiver is not None, livemode=me["livemode"])


def _deliver(api: Api, target: str, *, must_succeed: bool, livemode: bool) -> None:
    chat = _chat(api)
    webhook = api.call(
        "POST", "/v1/webhooks", 201, json={"url": target, "events": ["message.created"], "chat_ids": [chat]}
    )
    try:
        text = f"Smoke test at {time.strftime('%Y-%m-%d %H:%M:%SZ', time.gmtime())}"
        api.call("POST", f"/v1/chats/{chat}/messages", 201, json={"text": text})
        attempt = _first_attempt(api, webhook["id"])
    finally:
        api.call("DELETE", f"/v1/webhooks/{webhook['id']}", 204)
    if attempt.get("status") is None:
        raise LocalError(f"The receiver was not reached: {attempt.get('error')}", "Look at the deliverer's log.")
    if must_succeed and attempt["outcome"] != "delivered":
        raise LocalError(f"{target} answered {attempt['status']}.", "SMOKE_RECEIVER must answer 2xx.")


def _chat(api: Api) -> str:
    """The id of the chat for smoke tests. The first smoke test creates the chat, and the later ones use it again."""
    for chat in api.call("GET", "/v1/chats?limit=100", 200)["items"]:
        if chat["name"] == CHAT:
            return str(chat["id"])
    return str(api.call("POST", "/v1/chats", 201, json={"name": CHAT})["id"])


def _first_attempt(api: Api, webhook: str) -> dict[str, Any]:
    deadline = time.monotonic() + DELIVERED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        for delivery in api.call("GET", f"/v1/webhooks/{webhook}/deliveries", 200)["items"]:
            for attempt in delivery["attempts"]:
                if attempt["outcome"] != "open":  # it is under way
                    return dict(attempt)
        time.sleep(0.5)
    raise LocalError(
        f"Nothing was attempted within {DELIVERED_WITHIN_SECONDS} s.", "docs/runbook.md#stream-delay is where to look."
    )


def main() -> None:
    environment = environments.chosen()
    run(Stack(environment.stack).api_url(), os.environ.get("TOKEN"), os.environ.get("SMOKE_RECEIVER") or None)


if __name__ == "__main__":
    console.run(main)
