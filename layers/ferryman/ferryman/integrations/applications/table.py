"""The table `applications`: (workspace_id, entry) → application, where entry is the application's id.

Names are unique in a workspace: the item `name/<app_name>` reserves a name. The item `people/<application_id>/<hour>`
counts the people that an application created in an hour of the clock.
"""

from collections.abc import Iterator

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.integrations.applications.model import Application

TABLE = "applications"
_HOUR_SECONDS = 3600


class TooMany(Conflict):
    """The application has created its maximum number of people in this hour of the clock."""


def key(workspace_id: str, application_id: str) -> store.Key:
    return {"workspace_id": workspace_id, "entry": application_id}


def get(workspace_id: str, application_id: str) -> Application:
    item = store.get(TABLE, key(workspace_id, application_id)) if application_id.startswith("app_") else None
    if item is None:
        raise NotFound("The application does not exist.")
    return Application.from_item(item)


def page(
    workspace_id: str, limit: int, after: store.Key | None, *, livemode: bool
) -> tuple[list[Application], store.Key | None]:
    """A page of live or test applications, oldest first, and the key after which the next one begins."""
    page = store.page(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": "app_", ":livemode": livemode},
        where="livemode = :livemode",
        key=("workspace_id", "entry"),
        limit=limit,
        after=after,
    )
    return [Application.from_item(item) for item in page.items], page.last_key


def enabled_of_owner(workspace_id: str, user_id: str) -> Iterator[Application]:
    """Every enabled application that the user owns, live and test."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": "app_", ":user": user_id, ":none": None},
        where="(attribute_not_exists(disabled_reason) OR disabled_reason = :none) AND "
        "(owner_id = :user OR (attribute_not_exists(owner_id) AND created_by = :user))",
    )
    return (Application.from_item(item) for item in items)


def creating(application: Application) -> list[store.Write]:
    item = {**application.to_item(), "entry": application.application_id}
    return [
        store.put(TABLE, item, condition="attribute_not_exists(entry)"),
        _claiming(application.workspace_id, application.app_name),
    ]


def changing(before: Application, after: Application) -> list[store.Write]:
    """The writes that change the application from `before` to `after`, except the time of its last use.

    Refused with Conflict if the row changed after `before` was read, or the new name is taken.
    """
    changes = {name: value for name, value in _values(after).items() if value != _values(before)[name]}
    writes = [
        store.set_values(
            TABLE,
            key(before.workspace_id, before.application_id),
            changes,
            condition="updated_at = :before",
            values={":before": before.updated_at},
        )
    ]
    if after.app_name != before.app_name:
        writes += [_claiming(after.workspace_id, after.app_name), _giving_up(before.workspace_id, before.app_name)]
    return writes


def disabling(application: Application, reason: str, at: str) -> store.Write:
    """The write that disables the application for `reason` at `at` (ISO).

    Refused with Conflict if the row changed after it was read.
    """
    return store.set_values(
        TABLE,
        key(application.workspace_id, application.application_id),
        {"disabled_reason": reason, "disabled_at": at, "updated_at": at},
        condition="updated_at = :before",
        values={":before": application.updated_at},
    )


def deleting(application: Application) -> list[store.Write]:
    deleted = store.delete(
        TABLE,
        key(application.workspace_id, application.application_id),
        condition="updated_at = :before",
        values={":before": application.updated_at},
    )
    return [deleted, _giving_up(application.workspace_id, application.app_name)]


def counting_person(application: Application) -> store.Write:
    """The write that counts a person whom the application creates now. Refused with TooMany at the hourly maximum."""
    hour = int(clock.now()) // _HOUR_SECONDS
    refused = TooMany("The application has created as many people in this hour as it may.")
    return store.update(
        TABLE,
        key(application.workspace_id, f"people/{application.application_id}/{hour}"),
        "SET expires_at_epoch = :end ADD created :one",
        {":one": 1, ":most": application.people_per_hour, ":none": 0, ":end": (hour + 2) * _HOUR_SECONDS},
        condition="created < :most OR (attribute_not_exists(created) AND :most > :none)",
        refused=refused,
    )


def _values(application: Application) -> store.Item:
    """The fields that can be changed: all but the ids and the time of the last use."""
    return {
        name: getattr(application, name)
        for name in application.__dataclass_fields__
        if name not in ("workspace_id", "application_id", "last_used_at")
    }


def _claiming(workspace_id: str, app_name: str) -> store.Write:
    return store.put(
        TABLE,
        key(workspace_id, f"name/{app_name}"),
        condition="attribute_not_exists(entry)",
        refused=Conflict("Another application of this workspace has this name."),
    )


def _giving_up(workspace_id: str, app_name: str) -> store.Write:
    return store.delete(TABLE, key(workspace_id, f"name/{app_name}"))
