"""The table `deliveries`: (webhook, delivery_id) → delivery, where webhook is `<workspace_id>/<webhook_id>`.

A delivery's id begins with its event's, so a webhook's deliveries are sorted by the time of their events.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ferryman import clock, ids, settings
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.events.model import Event
from ferryman.webhooks.deliveries.model import Attempt, Delivery, DeliveryState, Settlement

TABLE = "deliveries"
_DAY_SECONDS = 86_400
# A settlement that collides with another transaction is written again, because every attempt must be recorded.
_SETTLE_TRIES = 5
_ATTEMPT_BYTES = 1_200  # bytes of one attempt in an answer: field names, and the headers of its request
_NEWEST = 50  # the newest deliveries, which are searched for a success
_COUNTED = 1_000  # the most deliveries of one webhook to count, in one query, which also ends after a megabyte


class LostClaim(Conflict):
    """Another function claimed or settled the delivery after it was read, or stored it first."""


def key(workspace_id: str, webhook_id: str, delivery_id: str) -> store.Key:
    return {"webhook": f"{workspace_id}/{webhook_id}", "delivery_id": delivery_id}


def new(event: Event, webhook_id: str) -> Delivery:
    """A new delivery of the event to the webhook, in memory only (`stored` is false)."""
    now = clock.now_iso()
    kept = settings.integer("DELIVERY_RETENTION_DAYS") * _DAY_SECONDS
    return Delivery(
        workspace_id=event.workspace_id,
        webhook_id=webhook_id,
        delivery_id=ids.delivery(event.event_id, webhook_id),
        event_id=event.event_id,
        event_type=event.type,
        livemode=event.livemode,
        test=event.test,
        chat_id=event.chat_id,
        message_id=event.message_id,
        chain=event.chain,
        state="queued",
        created_at=now,
        updated_at=now,
        expires_at_epoch=int(clock.seconds(event.created_at)) + kept,
        stored=False,
    )


def creating(delivery: Delivery) -> store.Write:
    """The write that stores a new delivery. Refused with LostClaim if the webhook has a delivery of this event."""
    return store.put(
        TABLE,
        {**delivery.to_item(), **key(delivery.workspace_id, delivery.webhook_id, delivery.delivery_id)},
        condition="attribute_not_exists(delivery_id)",
        refused=_lost(),
    )


def show(delivery: Delivery) -> None:
    """Store a delivery that waits for its first attempt, so that the log shows it. A stored delivery stays as it is."""
    if not delivery.stored:
        with suppress(LostClaim):
            store.commit([creating(delivery)])


def get(workspace_id: str, delivery_id: str) -> Delivery:
    parts = ids.of_delivery(delivery_id)
    item = store.get(TABLE, key(workspace_id, parts[1], delivery_id)) if parts else None
    if item is None or item["expires_at_epoch"] <= clock.now():
        raise NotFound("The delivery does not exist.")
    return Delivery.from_item(item)


def get_many(keys: Iterable[tuple[str, str, str]], unreadable: set[str] | None = None) -> dict[str, Delivery]:
    """The deliveries that exist of these (workspace id, webhook id, delivery id), by delivery id.

    Leaves out rows that this version cannot read, and adds their delivery ids to `unreadable`.
    """
    items = store.get_many(TABLE, [key(*parts) for parts in keys])
    return store.read(Delivery, items, "delivery_id", unreadable)


def any_delivered_since(workspace_id: str, webhook_id: str, at: str) -> bool:
    """Whether one of the webhook's newest fifty deliveries succeeded at `at` (ISO) or later."""
    newest = store.query(
        TABLE,
        "webhook = :webhook",
        {":webhook": f"{workspace_id}/{webhook_id}", ":delivered": "delivered", ":at": at},
        where="#state = :delivered AND updated_at >= :at",
        names={"#state": "state"},
        newest_first=True,
        limit=_NEWEST,
    )
    return bool(newest.items)


def failed_attempts(workspace_id: str, webhook_id: str, since: str, most: int) -> list[dict[str, Any]]:
    """The last `most` failed attempts in the webhook's newest fifty deliveries that changed since `since` (ISO).

    The oldest attempt comes first. Only the last one has an `excerpt` of its answer; `excerpt` is None in the others.
    """
    newest = store.query(
        TABLE,
        "webhook = :webhook",
        {":webhook": f"{workspace_id}/{webhook_id}", ":at": since},
        where="updated_at >= :at AND attribute_not_exists(test)",
        newest_first=True,
        limit=_NEWEST,
    )
    failed = [
        {"delivery_id": delivery.delivery_id, "number": attempt.number, "at": attempt.at}
        | {"status": attempt.status, "error": attempt.error, "excerpt": attempt.excerpt}
        for delivery in map(Delivery.from_item, newest.items)
        for attempt in delivery.attempts
        if attempt.outcome == "failed"
    ]
    last = sorted(failed, key=lambda attempt: str(attempt["at"]))[-most:]
    return [attempt | {"excerpt": None} for attempt in last[:-1]] + last[-1:]


def recent_states(workspace_id: str, webhook_id: str, since: str) -> tuple[list[tuple[float, DeliveryState]], bool]:
    """(epoch seconds of the event, state of its delivery) since `since` (ISO), newest first; and whether that is all.

    Makes one query, so of a busy webhook only the newest thousand at most are returned. Tests are left out.
    """
    newest = store.query(
        TABLE,
        "webhook = :webhook AND delivery_id >= :since",
        {
            ":webhook": f"{workspace_id}/{webhook_id}",
            ":since": ids.floor(ids.DELIVERY, since),
            ":now": int(clock.now()),
        },
        where="expires_at_epoch > :now AND attribute_not_exists(test)",
        names={"#state": "state"},
        only=("delivery_id", "#state"),
        newest_first=True,
        limit=_COUNTED,
    )
    return [(ids.event_made_at(item["delivery_id"]), item["state"]) for item in newest.items], newest.last_key is None


def page(
    workspace_id: str,
    webhook_id: str,
    limit: int,
    after: store.Key | None,
    *,
    state: str | None = None,
    event_type: str | None = None,
    result: str | None = None,
    since: str | None = None,
    until: str | None = None,
    before: str | None = None,
) -> tuple[list[Delivery], store.Key | None]:
    """A page of a webhook's deliveries, newest event first, and the key after which the next one begins.

    `since` and `until` bound the time of the event (ISO). Only deliveries with ids below `before` are returned; that id
    may be another webhook's delivery's.
    """
    values: dict[str, Any] = {":webhook": f"{workspace_id}/{webhook_id}", ":now": int(clock.now())}
    filters = ["expires_at_epoch > :now"]
    names = {}
    if state:
        values[":state"] = state
        names["#state"] = "state"
        filters.append("#state = :state")
    if event_type:
        values[":type"] = event_type
        filters.append("event_type = :type")
    if result:
        values[":result"] = result
        names["#result"] = "result"
        filters.append("#result = :result")
    values[":since"] = ids.floor(ids.DELIVERY, since) if since else f"{ids.DELIVERY}_"
    values[":until"] = ids.floor(ids.DELIVERY, until) if until else f"{ids.DELIVERY}_~"
    if before:
        values[":until"] = min(values[":until"], f"{before[:-1]}{chr(ord(before[-1]) - 1)}~")
        if values[":until"] < values[":since"]:
            return [], None
    page = store.page(
        TABLE,
        "webhook = :webhook AND delivery_id BETWEEN :since AND :until",
        values,
        where=" AND ".join(filters),
        names=names,
        newest_first=True,
        key=("webhook", "delivery_id"),
        limit=limit,
        after=after,
    )
    page = _fitting(page)
    return [Delivery.from_item(item) for item in page.items], page.last_key


def fitting(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """The first of these deliveries, as many as fit into one response of the API."""
    kept = len(_fitting(store.Page([delivery.to_item() for delivery in deliveries], None)).items)
    return list(deliveries[:kept])


def _fitting(page: store.Page) -> store.Page:
    return store.fitting(
        page,
        lambda item: key(item["workspace_id"], item["webhook_id"], item["delivery_id"]),
        lambda item: _ATTEMPT_BYTES * (1 + len(item["attempts"])),
    )


def page_to_replay(
    workspace_id: str,
    webhook_id: str,
    limit: int,
    after: store.Key | None,
    *,
    states: Sequence[str],
    replayed_at: str,
    since: str | None,
    until: str,
    max_attempts: int,
) -> tuple[list[Delivery], store.Key | None]:
    """A page of deliveries to send again, oldest first, and the key after which the next one begins.

    The deliveries ended in one of `states`, or this replay restarted them at `replayed_at` and they still wait. Times
    are ISO; `since` and `until` bound the event's time. The page takes one query that reads `limit` rows, so it may be
    empty before the end.
    """
    chosen = {f":state{number}": state for number, state in enumerate(states)}
    values: dict[str, Any] = {
        ":webhook": f"{workspace_id}/{webhook_id}",
        ":now": int(clock.now()),
        ":since": ids.floor(ids.DELIVERY, since) if since else f"{ids.DELIVERY}_",
        ":until": ids.floor(ids.DELIVERY, until),
        ":queued": "queued",
        ":at": replayed_at,
        ":most": max_attempts,
        **chosen,
    }
    page = store.query(
        TABLE,
        "webhook = :webhook AND delivery_id BETWEEN :since AND :until",
        values,
        where="expires_at_epoch > :now AND attribute_not_exists(test) AND size(attempts) < :most AND "
        f"(#state IN ({', '.join(chosen)}) OR (#state = :queued AND replayed_at = :at))",
        names={"#state": "state"},
        limit=limit,
        after=after,
    )
    return [Delivery.from_item(item) for item in page.items], page.last_key


def claim(delivery: Delivery, lease_seconds: float) -> Delivery:
    """Take the right to make the next attempt. Returns the claimed delivery, whose last attempt is the new one.

    The caller claims right before connecting. The first claim of a delivery stores it. The write is refused if the
    stored state, attempts or lease differ from those of `delivery`; so of two tickets for one delivery, one gets the
    claim, and the other raises LostClaim. An earlier attempt that never reported becomes `unknown`.

    `delivery` is not changed: two tickets in one batch may share the object, and a change would let both claim.
    """
    now = clock.now()
    attempts, unknowns = delivery.closed()
    after: dict[str, Any] = {
        "state": "sending",
        "attempts": [*attempts, Attempt(number=len(attempts) + 1, at=clock.iso(now))],
        "unknowns": unknowns,
        "lease_until": int((now + lease_seconds) * 1000),
        "updated_at": clock.iso(now),
        "next_attempt_at": None,
    }
    store.commit([_changing(delivery, after)])
    return replace(delivery, **after, stored=True)


def release(delivery: Delivery) -> None:
    """Undo a claim after which nothing was sent, and remove its attempt. Does nothing if the claim was lost."""
    attempts = delivery.attempts[:-1]
    state: DeliveryState = "retrying" if attempts else "queued"
    with suppress(LostClaim):
        settle(
            delivery,
            Settlement(
                state=state,
                attempts=attempts,
                failures=delivery.failures,
                unknowns=delivery.unknowns,
                result=delivery.result,
            ),
        )


def settle(delivery: Delivery, settlement: Settlement, *extra_writes: store.Write) -> None:
    """Write how a claimed attempt, or the whole delivery, ended. `extra_writes` join the transaction.

    Raises LostClaim if another function claimed or settled the delivery after `delivery` was read.
    """
    after = {name: getattr(settlement, name) for name in settlement.__dataclass_fields__}
    changing = _changing(delivery, {**after, "updated_at": clock.now_iso(), "lease_until": 0})
    store.commit([changing, *extra_writes], tries=_SETTLE_TRIES)


def replaying(delivery: Delivery, at: str) -> store.Write:
    """The write that restarts a delivery that is over: a new budget, and the earlier attempts stay in its log.

    `at` is an ISO time. Refused with LostClaim if the delivery changed after it was read.
    """
    after = {
        "state": "queued",
        "failures": 0,
        "unknowns": 0,
        "lease_until": 0,
        "next_attempt_at": None,
        "reason": None,
        "replayed_at": at,
        "updated_at": at,
    }
    return _updating(delivery, after)


def _changing(delivery: Delivery, after: dict[str, Any]) -> store.Write:
    """The write that sets the values `after` in a delivery, or stores a new delivery with them."""
    return _updating(delivery, after) if delivery.stored else creating(replace(delivery, **after))


def _updating(delivery: Delivery, after: dict[str, Any]) -> store.Write:
    if "attempts" in after:
        after = {**after, "attempts": [attempt.to_item() for attempt in after["attempts"]]}
    write = store.set_values(
        TABLE,
        key(delivery.workspace_id, delivery.webhook_id, delivery.delivery_id),
        after,
        condition="#state = :was AND size(attempts) = :made AND lease_until = :lease",
        values={":was": delivery.state, ":made": len(delivery.attempts), ":lease": delivery.lease_until},
        refused=_lost(),
    )
    write.arguments["ExpressionAttributeNames"]["#state"] = "state"
    return write


def _lost() -> LostClaim:
    return LostClaim("The delivery was claimed by somebody else.")
