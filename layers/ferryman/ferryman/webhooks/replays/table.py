"""The table `replays`: (webhook, replay_id) → replay, where webhook is `<workspace_id>/<webhook_id>`.

The table's stream drives the job: each finished page updates the row, and each update invokes the replayer again. A
replay is stored for as long as the deliveries that it sent again.
"""

from ferryman import clock, ids, settings
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.webhooks.replays.model import Replay

TABLE = "replays"


class Moved(Conflict):
    """The replay was cancelled or is done, or another function did its page."""


def key(workspace_id: str, webhook_id: str, replay_id: str) -> store.Key:
    return {"webhook": f"{workspace_id}/{webhook_id}", "replay_id": replay_id}


def get(workspace_id: str, webhook_id: str, replay_id: str) -> Replay:
    item = store.get_kept(TABLE, key(workspace_id, webhook_id, replay_id))
    if item is None:
        raise NotFound("The replay does not exist.")
    return Replay.from_item(item)


def page(
    workspace_id: str, webhook_id: str, limit: int, after: store.Key | None
) -> tuple[list[Replay], store.Key | None]:
    """A page of a webhook's replays, newest first, and the key after which the next one begins."""
    page = store.page(
        TABLE,
        "webhook = :webhook",
        {":webhook": f"{workspace_id}/{webhook_id}", ":now": int(clock.now())},
        where=f"{store.KEPT} AND attribute_not_exists(probe)",
        newest_first=True,
        key=("webhook", "replay_id"),
        limit=limit,
        after=after,
    )
    return [Replay.from_item(item) for item in page.items], page.last_key


def creating(replay: Replay) -> store.Write:
    replay.expires_at_epoch = settings.kept_until("DELIVERY_RETENTION_DAYS", clock.seconds(replay.created_at))
    replay.undispatched = ids.shard(replay.replay_id)
    item = {**replay.to_item(), **key(replay.workspace_id, replay.webhook_id, replay.replay_id)}
    return store.put(TABLE, item, condition="attribute_not_exists(replay_id)")


def advancing(replay: Replay, requeued: int, position: store.Key | None) -> store.Write:
    """The write that stores a finished page. Refused with Moved.

    `requeued` is the page's number of deliveries, `position` the key of the next page; None ends the replay.
    """
    changes: dict[str, object] = {
        "requeued": replay.requeued + requeued,
        "position": position,
        "updated_at": clock.now_iso(),
    }
    if position is None:
        changes |= {"state": "done", "undispatched": None}
    return _changing(replay, changes)


def cancelling(replay: Replay) -> store.Write:
    """The write that cancels a replay. Deliveries that it restarted are still sent. Refused with Moved."""
    return _changing(replay, {"state": "cancelled", "undispatched": None, "updated_at": clock.now_iso()})


def _changing(replay: Replay, changes: dict[str, object]) -> store.Write:
    write = store.set_values(
        TABLE,
        key(replay.workspace_id, replay.webhook_id, replay.replay_id),
        changes,
        condition="#state = :running AND requeued = :requeued",
        values={":running": "running", ":requeued": replay.requeued},
        refused=Moved("The replay is over, or moved on at the same moment. Read it again."),
    )
    write.arguments["ExpressionAttributeNames"]["#state"] = "state"
    return write
