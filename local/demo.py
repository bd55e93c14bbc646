"""The tour at the end of `make up`: shows Ferryman's main job once, through the public API, step by step."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import stripe
from slack_sdk.webhook import WebhookClient

from local.api import Api
from local.receiver import Receiver, Request
from local.stack import Stack
from tools.console import LocalError, bold, dim, green, red, yellow

# The first request of each function starts it, which takes a second or two on a small machine.
ARRIVAL_SECONDS = 30
EXHAUSTION_SECONDS = 60
POLL_SECONDS = 0.2
SIGNATURE_TOLERANCE_SECONDS = 300
ATTEMPTS = 4
SHOWN_HEADERS = (
    "X-FM-Webhook-ID",
    "X-FM-Webhook-Event",
    "X-FM-Webhook-Timestamp",
    "X-FM-Webhook-Signature",
    "X-FM-Delivery-ID",
    "X-FM-Delivery-Attempt",
)


def tour(stack: Stack) -> None:
    """Show a message that is delivered signed, and a receiver that fails until its delivery is exhausted.

    Raises LocalError if a step does not happen.
    """
    api = stack.api()
    made: list[str] = []  # webhooks to delete, so that repeated tours do not pile up
    print(f"\n{bold('A tour')} {dim('of the main job, through the front door')}\n")
    with Receiver() as receiver:
        receiver.answer("/healthy", 200)
        receiver.answer("/failing", 500)
        try:
            _tour(api, receiver, made)
        finally:
            for path in made:
                api.call("DELETE", path)
    _goodbye(stack)


def _tour(api: Api, receiver: Receiver, made: list[str]) -> None:
    _headline(1, "A chat, and an incoming webhook that posts to it")
    chat = create(api, "/v1/chats", {"name": "Tour"})
    incoming = create(api, "/v1/incoming-webhooks", {"chat_id": chat["id"], "name": "CI"})
    made.append(f"/v1/incoming-webhooks/{incoming['id']}")
    _show("chat", chat["id"])
    _show("incoming webhook", _hidden(incoming["url"]))

    _headline(2, "An outgoing webhook to a small receiver that this tour has started")
    healthy = _subscribe(api, receiver.url("/healthy"), chat["id"], made)

    _headline(3, "“Build passed”, posted by slack_sdk's WebhookClient as it is")
    _post(incoming["url"], "Build passed")
    request = _await("the signed request", lambda: _first(receiver, "/healthy"), ARRIVAL_SECONDS)
    _show_request(request)

    _headline(4, "An independent verifier: stripe.WebhookSignature")
    _verify(request, healthy["secret"])

    _headline(5, "A receiver that always answers 500: three retries, then the delivery is exhausted")
    failing = _subscribe(api, receiver.url("/failing"), chat["id"], made)
    _post(incoming["url"], "Build failed")
    _watch_attempts(api, failing["id"])

    _headline(6, "The delivery log: GET /v1/webhooks/{id}/deliveries")
    _await("the log of both messages", lambda: _delivered(api, healthy["id"], 2), ARRIVAL_SECONDS)
    _print_log(api, [healthy, failing])


def create(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST `body` to `path`, and return the created object. Raises LocalError if the API refuses."""
    reply = api.call("POST", path, json=body)
    if reply.status not in (200, 201) or not isinstance(reply.json, dict):
        raise LocalError(
            f"POST {path} answered {reply.status}: {reply.body.decode(errors='replace')[:300]}",
            "`make logs` shows what the function logged; then run `make up` again.",
        )
    return reply.json


def _subscribe(api: Api, url: str, chat_id: str, made: list[str]) -> dict[str, Any]:
    webhook = create(api, "/v1/webhooks", {"url": url, "events": ["message.created"], "chat_ids": [chat_id]})
    made.append(f"/v1/webhooks/{webhook['id']}")
    _show("webhook", webhook["id"])
    _show("to", url)
    return webhook


def _post(url: str, text: str) -> None:
    answer = WebhookClient(url).send(text=text)
    paint = green if answer.status_code == 200 else red
    _show("posted", f"{text!r}, answered {paint(str(answer.status_code))} {answer.body!r}")


def _show_request(request: Request) -> None:
    print(f"\n    {bold(request.method)} {request.path}")
    for name in SHOWN_HEADERS:
        print(f"    {dim(name + ':')} {request.headers.get(name, red('missing'))}")
    for line in json.dumps(json.loads(request.body), indent=2, ensure_ascii=False).splitlines():
        print(f"      {line}")
    print()


def _verify(request: Request, secret: str) -> None:
    header = request.headers.get("X-FM-Webhook-Signature", "")
    changed = request.body.replace(b"passed", b"failed", 1)
    for name, body, expected in (
        ("the request as it arrived", request.body, True),
        ("one word changed", changed, False),
    ):
        accepted = _stripe_accepts(body, header, secret)
        if accepted is not expected:
            raise LocalError(
                f"stripe.WebhookSignature {'accepts' if accepted else 'refuses'} {name}.",
                "The signature is wrong: see the signing module of the pipeline.",
            )
        _show(name, green("accepted") if accepted else green("refused"))


def _stripe_accepts(body: bytes, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body.decode(), header, secret, SIGNATURE_TOLERANCE_SECONDS)
    except stripe.SignatureVerificationError:
        return False
    return True


def _watch_attempts(api: Api, webhook_id: str) -> None:
    """Print the attempts of the webhook's only delivery as they end, until the delivery is exhausted.

    Raises LocalError if that does not happen in time, or after another number of attempts.
    """
    deadline = time.monotonic() + EXHAUSTION_SECONDS
    shown: list[float] = []
    while time.monotonic() < deadline:
        delivery = next(iter(_deliveries(api, webhook_id)), None)
        # An attempt is in the log from its start; its duration comes with its end.
        attempts = [one for one in delivery["attempts"] if one["duration_ms"] is not None] if delivery else []
        for attempt in attempts[len(shown) :]:
            at = _timestamp(attempt["at"])
            gap = f"{at - shown[-1]:.1f} s later" if shown else ""
            _show(f"attempt {attempt['number']}", f"{yellow(_outcome(attempt)):<6} {dim(gap)}")
            shown.append(at)
        if delivery and delivery["state"] == "exhausted":
            if len(shown) != ATTEMPTS:
                raise LocalError(f"Exhausted after {len(shown)} attempts, not {ATTEMPTS}.", "Look at `make logs`.")
            _show(
                "delivery",
                f"{red('exhausted')} after exactly {ATTEMPTS} attempts; the other webhook went on working",
            )
            return
        time.sleep(POLL_SECONDS)
    raise LocalError(
        f"After {EXHAUSTION_SECONDS} s and {len(shown)} attempts the delivery is not exhausted.",
        "`make logs` shows what the deliverer and the dead-letter function do.",
    )


def _delivered(api: Api, webhook_id: str, count: int) -> bool:
    return [item["state"] for item in _deliveries(api, webhook_id)] == ["delivered"] * count


def _deliveries(api: Api, webhook_id: str) -> list[dict[str, Any]]:
    reply = api.call("GET", f"/v1/webhooks/{webhook_id}/deliveries")
    if reply.status != 200:
        raise LocalError(f"The delivery log answered {reply.status}: {reply.body[:300]!r}", "Look at `make logs`.")
    items: list[dict[str, Any]] = reply.json["items"]
    return items


def _print_log(api: Api, webhooks: list[dict[str, Any]]) -> None:
    paint = {"delivered": green, "exhausted": red}
    print(dim(f"    {'delivery':<56} {'to':<9} {'event':<15} {'state':<9} attempts"))
    for webhook in webhooks:
        for item in reversed(_deliveries(api, webhook["id"])):
            outcomes = " ".join(_outcome(attempt) for attempt in item["attempts"])
            state = paint.get(item["state"], yellow)(f"{item['state']:<9}")
            path = urlsplit(webhook["url"]).path
            print(f"    {item['id']:<56} {path:<9} {item['event_type']:<15} {state} {outcomes}")


def _outcome(attempt: dict[str, Any]) -> str:
    return str(attempt.get("status") or attempt.get("error") or "?")


def _timestamp(at: str | float) -> float:
    return datetime.fromisoformat(at).timestamp() if isinstance(at, str) else float(at)


def _goodbye(stack: Stack) -> None:
    print(f"\n{bold('Ferryman is up')} at {bold(stack.api_url)}\n")
    rows = [
        (stack.api_url, "the console"),
        (f"{stack.api_url}/docs", "the API reference"),
        (
            str(stack.info_file.relative_to(stack.root)),
            "the owner's token, readable only by you",
        ),
        ("make logs", "follows what the functions log"),
        ("make down", "stops everything; what is stored stays"),
    ]
    for what, meaning in rows:
        print(f"    {what:<28} {dim(meaning)}")
    if invitation := stack.info.get("owner_invitation"):
        print("\n    Sign in as owner@example.com. The first time, choose your password here; the link works once:")
        print(f"    {stack.api_url}/me/invitation#{invitation}")
    print('\n    TOKEN=$(sed -n \'s/.*"owner_token": "\\(.*\\)".*/\\1/p\' .local/ferryman.json)')
    print(f'    curl -s -H "Authorization: Bearer $TOKEN" {stack.api_url}/v1/me\n')


def _first(receiver: Receiver, path: str) -> Request | None:
    return next(iter(receiver.requests(path)), None)


def _await[T](what: str, look: Callable[[], T | None], seconds: float) -> T:
    """Call `look` again and again until it returns a true value, and return that value. `what` names the value.

    Raises LocalError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise LocalError(f"{what.capitalize()} did not come within {seconds:g} s.", "`make logs` shows why.")
        time.sleep(POLL_SECONDS)
    return found


def _hidden(url: str) -> str:
    """The URL with all but four characters of its secret replaced, because the URL is a credential."""
    start, _, secret = url.rpartition("/")
    return f"{start}/{secret[:4]}…"


def _headline(number: int, text: str) -> None:
    print(f"{bold(f'{number}.')} {text}")


def _show(name: str, value: str) -> None:
    print(f"    {dim(f'{name:<26}')} {value}")
