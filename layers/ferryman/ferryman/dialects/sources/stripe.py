"""Stripe's events: the type in words, and the amount, customer and state of the object that the event is about."""

from collections.abc import Mapping

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked
from ferryman.dialects.sources.reading import Node

_BAD = ("failed", "dispute.created", "uncollectible", "action_required", "fraud", "past_due", "canceled", "deleted")
_GOOD = ("succeeded", "paid", "completed", "payment_received", "dispute.closed")
# Zero-decimal currencies (docs.stripe.com/currencies).
_WHOLE = {
    *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
    *("pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"),
}
_THOUSANDTHS = {"bhd", "jod", "kwd", "omr", "tnd"}
_AMOUNTS = ("amount_paid", "amount_due", "amount_total", "amount_received", "amount", "total")


def read(payload: Node, _headers: Mapping[str, str]) -> Notice:
    kind, thing = payload["type"].text, payload.at("data.object")
    is_test = payload["livemode"].value is False
    link = _link(payload, is_test)
    words = kind.replace("_", " ").replace(".", " ") or "event"
    amount = _amount(thing)
    return Notice(
        text=joined("Stripe:", linked(words, link), f"of {escaped(amount)}" if amount else "", "(test)" * is_test),
        status=_status(kind),
        title=thing.any("description", "number", "name", "id") or words,
        link=link,
        facts=[
            ("Amount", amount),
            ("Customer", thing.any("customer_email", "receipt_email", "email", "customer_name", "customer")),
            ("State", thing.any("failure_message", "last_payment_error.message", "cancellation_reason", "status")),
        ],
    )


def _status(kind: str) -> Status:
    if any(mark in kind for mark in _BAD):
        return "bad"
    return "good" if any(mark in kind for mark in _GOOD) else "neutral"


def _link(payload: Node, is_test: bool) -> str:
    event = payload["id"].text
    if not event.startswith("evt_"):
        return ""
    return f"https://dashboard.stripe.com/{'test/' if is_test else ''}events/{event}"


def _amount(thing: Node) -> str:
    currency = thing["currency"].text.lower()
    amount = next((number for name in _AMOUNTS if (number := thing[name].number) is not None), None)
    if amount is None or not currency:
        return ""
    digits = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2
    return f"{amount / 10**digits:,.{digits}f} {currency.upper()}"
