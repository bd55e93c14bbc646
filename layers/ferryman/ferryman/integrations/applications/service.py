"""Applications, as admins manage them: their names, tokens, group, permissions and callback."""

from collections.abc import Callable
from dataclasses import replace

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.errors import Invalid, NotFound
from ferryman.events.model import EventType
from ferryman.identity import idempotency, ownership
from ferryman.identity.audit import service as audit
from ferryman.identity.audit.model import Action
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller, Credential
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.integrations.applications import table
from ferryman.integrations.applications.model import MAX_TOLD, NEEDS, Application
from ferryman.integrations.applications.schema import ApplicationIn, ApplicationPatch
from ferryman.integrations.owned import BY_A_USER
from ferryman.schema import changes
from ferryman.webhooks.subscriptions import service as webhooks
from ferryman.webhooks.subscriptions import table as webhooks_table
from ferryman.webhooks.subscriptions.checks import check_format
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import WebhookIn

_OWNER_ROUTE = "/v1/applications/{application_id}/owner"
_REMOVABLE = {"chat_id", "email_domains", "webhook_url"}
_ANSWERS: list[EventType] = ["interaction.created", "message.created"]


def create(
    caller: Caller, wanted: ApplicationIn, idempotency_key: IdempotencyKey | None = None
) -> tuple[Application, Webhook | None, str, str | None]:
    """A new application, its callback, its token, and the callback's signing secret.

    Callback and secret are None without a `webhook_url`. Raises Invalid for a chat that the application cannot post to,
    and for a URL that may not be called; Conflict for a taken name.
    """
    _check_chat(caller, wanted.chat_id)
    check_format(_ANSWERS, wanted.format, "/format")
    now = clock.now_iso()
    token = secrets.new_application_token()
    application = Application(
        workspace_id=caller.workspace_id,
        application_id=ids.new(ids.APPLICATION),
        secret_hash=secrets.digest(token),
        livemode=caller.livemode,
        created_by=caller.user_id,
        created_at=now,
        updated_at=now,
        **wanted.model_dump(exclude={"webhook_url"}),
    )

    def writes() -> list[store.Write]:
        return [
            *idempotency.writes(idempotency_key, application.application_id),
            *table.creating(application),
            *_telling(application, None, _told_group(application)),
            credentials.creating(_credential(application, secrets.digest(token))),
            *_audited(caller, "application.created", application),
        ]

    acting = users.acting(caller.workspace_id, caller.user_id, caller.role)

    if wanted.webhook_url is None:
        store.commit([*writes(), acting])
        return application, None, token, None

    def extra_writes(webhook: Webhook) -> list[store.Write]:
        application.webhook_id = webhook.webhook_id
        return writes()

    webhook, secret = _new_callback(caller, application, wanted.webhook_url, extra_writes)
    return application, webhook, token, secret


def get_visible(caller: Caller, application_id: str) -> Application:
    """The application. A test token finds test applications only, a live token live ones only. Raises NotFound."""
    application = table.get(caller.workspace_id, application_id)
    if application.livemode != caller.livemode:
        raise NotFound("The application does not exist.")
    return application


def callbacks(applications: list[Application]) -> dict[str, Webhook]:
    """The callbacks of these applications, by webhook id. An application without one has no entry."""
    pairs = [(one.workspace_id, one.webhook_id) for one in applications if one.webhook_id]
    return webhooks_table.get_many(pairs) if pairs else {}


def callback(application: Application) -> Webhook | None:
    return callbacks([application]).get(application.webhook_id or "")


def edit(caller: Caller, application_id: str, patch: ApplicationPatch) -> Application:
    """Change an application, and its callback and token with it, in one transaction. Returns the changed application.

    Raises NotFound, Invalid as `create` does, and Conflict for a taken name, for an application that changed in
    between, and when enabling one whose owner may not have applications any more.
    """
    before = get_visible(caller, application_id)
    wanted = changes(patch)
    for name, value in wanted.items():
        if value is None and name not in _REMOVABLE:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if "chat_id" in wanted:
        _check_chat(caller, wanted["chat_id"])
    changed = sorted(wanted)
    url_given = "webhook_url" in wanted
    url = wanted.pop("webhook_url", None)
    state = wanted.pop("state", before.state)
    now = clock.now_iso()
    after = replace(before, **wanted, updated_at=now)
    entitled = []
    if state != before.state:
        after.disabled_reason, after.disabled_at = (None, None) if state == "enabled" else (BY_A_USER, now)
    if state == "enabled" and state != before.state:
        entitled = [ownership.still_entitled(before.workspace_id, before.owner, NEEDS, _OWNER_ROUTE)]

    def writes() -> list[store.Write]:
        of_token = []
        if (after.app_name, after.state) != (before.app_name, before.state) and before.secret_hash:
            active = after.state == "enabled"
            of_token = [credentials.changing(before.secret_hash, name=after.app_name, active=active)]
        audited = audit.writes(caller, "application.edited", application_id, {"changed": changed})
        telling = _telling(after, _told_group(before), _told_group(after))
        return [*table.changing(before, after), *telling, *of_token, *entitled, *audited]

    callback_before = callback(before)
    groups = _groups(after)
    if url_given and url is None:
        after.webhook_id = None
        store.commit([*writes(), *(webhooks_table.deleting(callback_before) if callback_before else [])])
    elif url_given and callback_before is None:

        def extra_writes(webhook: Webhook) -> list[store.Write]:
            after.webhook_id = webhook.webhook_id
            return writes()

        _new_callback(caller, after, str(url), extra_writes)
    elif callback_before is not None and (url_given or groups != callback_before.chat_ids):
        store.commit([*writes(), *_changing_callback(callback_before, url, groups)])
    else:
        store.commit(writes())
    return table.get(caller.workspace_id, application_id)


def disabling(application: Application, reason: str) -> list[store.Write]:
    """The writes that disable the application and its token. Refused with Conflict if the application has changed."""
    token = [credentials.changing(application.secret_hash, active=False)] if application.secret_hash else []
    return [table.disabling(application, reason, clock.now_iso()), *token]


def hand_over(caller: Caller, application_id: str, user_id: str) -> Application:
    """Give the application and its callback another owner. The application's token and state stay.

    Raises NotFound, Invalid for a user who may not own applications, and Conflict if the application, its callback or
    the new owner changed after it was read.
    """
    before = get_visible(caller, application_id)
    after = replace(before, owner_id=user_id, updated_at=clock.now_iso())
    webhook = callback(before)
    store.commit(
        [
            *table.changing(before, after),
            ownership.taking_over(before.workspace_id, user_id, NEEDS),
            *([webhooks_table.handing_over(webhook, user_id, after.updated_at)] if webhook else []),
            *audit.writes(caller, "application.handed_over", application_id, {"from": before.owner, "to": user_id}),
        ]
    )
    return after


def delete(caller: Caller, application_id: str) -> None:
    """Delete an application with its token and callback; the chats and their messages stay.

    Raises NotFound, and Conflict if the application or its callback changed after it was read.
    """
    application = get_visible(caller, application_id)
    webhook = callback(application)
    store.commit(
        [
            *table.deleting(application),
            *_telling(application, _told_group(application), None),
            *_forgetting(application),
            *(webhooks_table.deleting(webhook) if webhook else []),
            *_audited(caller, "application.deleted", application),
        ]
    )


def rotate_token(caller: Caller, application_id: str) -> tuple[Application, str]:
    """Replace the token. Returns the application and the new token; the old one is refused at once.

    Raises NotFound, and Conflict if the application changed after it was read.
    """
    before = get_visible(caller, application_id)
    token = secrets.new_application_token()
    after = replace(before, secret_hash=secrets.digest(token), updated_at=clock.now_iso())
    store.commit(
        [
            *table.changing(before, after),
            *_forgetting(before),
            credentials.creating(_credential(after, secrets.digest(token))),
            *_audited(caller, "application.token_rotated", after),
        ]
    )
    return after, token


def revoke_token(caller: Caller, application_id: str) -> Application:
    """Revoke the token. From then on, the application's URLs accept no requests.

    Raises NotFound, and Conflict if the application changed after it was read.
    """
    before = get_visible(caller, application_id)
    if before.secret_hash is None:
        return before
    after = replace(before, secret_hash=None, updated_at=clock.now_iso())
    audited = _audited(caller, "application.token_revoked", after)
    store.commit([*table.changing(before, after), *_forgetting(before), *audited])
    return after


def _new_callback(
    caller: Caller, application: Application, url: str, extra_writes: Callable[[Webhook], list[store.Write]]
) -> tuple[Webhook, str]:
    try:
        return webhooks.create(
            caller,
            WebhookIn(url=url, events=_ANSWERS, format=application.format, chat_ids=_groups(application)),
            application_id=application.application_id,
            extra_writes=extra_writes,
        )
    except Invalid as refused:
        raise Invalid(str(refused), "/webhook_url") from None


def _changing_callback(webhook: Webhook, url: str | None, groups: list[str] | None) -> list[store.Write]:
    try:
        return webhooks.changing_callback(webhook, url or webhook.url, groups)
    except Invalid as refused:
        raise Invalid(str(refused), "/webhook_url") from None


def _told_group(application: Application) -> str | None:
    """The id of the group whose messages the application's callback gets; None if it gets none."""
    return application.chat_id if application.group_messages else None


def _groups(application: Application) -> list[str] | None:
    """The group of `_told_group` in the form of the callback's `chat_ids`: a list of one, or None."""
    group = _told_group(application)
    return [group] if group else None


def _telling(application: Application, before: str | None, after: str | None) -> list[store.Write]:
    """The writes that stop sending the messages of the group `before` to the application, and start with `after`.

    Both are ids of chats, or None. Raises Invalid for a live group of a test application, and for a group whose
    messages go to ten applications already.
    """
    writes = []
    for chat_id in {before, after} - {None} if before != after else ():
        try:
            chat = chats.get(application.workspace_id, str(chat_id))
        except NotFound:
            continue  # the group is gone, so nobody posts there
        application_ids = [one for one in chat.told_applications or () if one != application.application_id]
        if chat_id == after:
            if chat.livemode and not application.livemode:  # a live chat cannot list a test application
                fix = "Choose a chat that a test token created, or set group_messages to false."
                raise Invalid(f"A test application cannot get the messages of a live chat. {fix}", "/group_messages")
            application_ids.append(application.application_id)
        if len(application_ids) > MAX_TOLD:
            raise Invalid(
                f"At most {MAX_TOLD} applications can get a group's messages. Turn off another one's group_messages.",
                "/chat_id",
            )
        writes.append(chats.telling(chat, application_ids, clock.now_iso()))
    return writes


def _credential(application: Application, secret_hash: str) -> Credential:
    return Credential(
        secret_hash=secret_hash,
        kind="application",
        workspace_id=application.workspace_id,
        subject_id=application.application_id,
        user_id=application.owner,
        active=application.state == "enabled",
        livemode=application.livemode,
        name=application.app_name,
    )


def _forgetting(application: Application) -> list[store.Write]:
    return [credentials.revoking(application.secret_hash)] if application.secret_hash else []


def _audited(caller: Caller, action: Action, application: Application) -> list[store.Write]:
    return audit.writes(caller, action, application.application_id, {"app_name": application.app_name})


def _check_chat(caller: Caller, chat_id: str | None) -> None:
    if chat_id is None:
        return
    try:
        chat = chats.get(caller.workspace_id, chat_id)
    except NotFound:
        raise Invalid("The chat does not exist.", "/chat_id") from None
    if chat.type != "group":
        raise Invalid("This is a private chat, and an application can only be assigned to a group.", "/chat_id")
    fix = f"PATCH /v1/chats/{chat_id}"
    if not chat.external_id:
        raise Invalid(f"The chat has no external_id. Set it first: {fix}.", "/chat_id")
    if not chat.active:
        raise Invalid(f"The chat is not active. Activate it first: {fix} with active: true.", "/chat_id")
