"""The API's view of the logs of all webhooks that a caller may manage: a page of their deliveries, and counts."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.identity.credentials.model import Caller
from ferryman.webhooks.deliveries import statistics as counted
from ferryman.webhooks.deliveries import table
from ferryman.webhooks.deliveries.log_schema import StatisticsOut, StatisticsQuery, WorkspaceDeliveryQuery
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions import service as subscriptions
from ferryman.webhooks.subscriptions import table as webhooks_table
from ferryman.webhooks.subscriptions.model import Webhook

_AT_ONCE = 10  # logs that are read at the same time
_ROUNDS = 5


def page_of_workspace(
    caller: Caller, query: WorkspaceDeliveryQuery, after: store.Key | None
) -> tuple[list[tuple[Delivery, Webhook]], store.Key | None]:
    """A page of the deliveries of all webhooks that the caller may manage, and the key after which the next one begins.

    Each delivery comes with its webhook; those of the newest events come first. The page merges the logs of all
    webhooks, so no delivery costs an additional write for this list.
    """
    webhooks = {webhook.webhook_id: webhook for webhook in _visible(caller, query.webhook_id)}
    filters = query.model_dump(exclude={"limit", "cursor", "webhook_id"})
    before = after["delivery_id"] if after else None
    shown: list[Delivery] = []
    for _ in range(_ROUNDS):
        part, before = _merged(webhooks.values(), query.limit - len(shown), before, filters)
        shown += part
        if before is None or len(shown) >= query.limit:
            break
    fitting = table.fitting(shown)
    if len(fitting) < len(shown):
        before = fitting[-1].delivery_id
    return [(one, webhooks[one.webhook_id]) for one in fitting], {"delivery_id": before} if before else None


def statistics(
    caller: Caller, query: StatisticsQuery, after: store.Key | None
) -> tuple[list[StatisticsOut], store.Key | None]:
    """Counts of the deliveries of the last `query.hours`, for each webhook that the caller may manage.

    The newest webhook comes first. Also returns the key after which the next page of webhooks begins.
    """
    last: store.Key | None = None
    if query.webhook_id:
        webhooks = _visible(caller, query.webhook_id)
    else:
        webhooks, last = webhooks_table.page(
            caller.workspace_id, query.limit, after, lambda one: subscriptions.may_manage(caller, one)
        )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda webhook: counted.of(webhook, query.hours), webhooks)), last


def _visible(caller: Caller, webhook_id: str | None) -> list[Webhook]:
    if webhook_id:
        with suppress(NotFound):  # the filter matches nothing
            return [subscriptions.get_visible(caller, webhook_id)]
        return []
    return list(webhooks_table.every(caller.workspace_id, lambda one: subscriptions.may_manage(caller, one)))


def _merged(
    webhooks: Iterable[Webhook], limit: int, before: str | None, filters: dict[str, Any]
) -> tuple[list[Delivery], str | None]:
    """The newest deliveries with ids below `before`, from all logs; and the next `before`, None at the end.

    The read of a log with few matches may end early. Deliveries below the id where it ended are left for the next call.
    """

    def newest(webhook: Webhook) -> tuple[list[Delivery], store.Key | None]:
        return table.page(webhook.workspace_id, webhook.webhook_id, limit, None, before=before, **filters)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        logs = list(pool.map(newest, webhooks))
    reached = max((str(last["delivery_id"]) for _, last in logs if last), default="")
    merged = [one for log, _ in logs for one in log if one.delivery_id >= reached]
    merged.sort(key=lambda one: one.delivery_id, reverse=True)
    return merged[:limit], merged[limit - 1].delivery_id if len(merged) > limit else reached or None
