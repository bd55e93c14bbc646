"""Each operation makes exactly these calls to AWS. Calls and units decide the bill, so they must not grow unnoticed.

`make bench` shows the same figures. When a change makes a figure smaller, write the smaller one here.
"""

import json
import math
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from ferryman import clock, ids
from ferryman.aws import clients as aws
from ferryman.aws import dynamodb as store

from bench import calls
from bench.calls import BATCH, Scene
from bench.meter import index_units, read_units, size, write_units
from tests.support.clients import aws_client
from tests.support.logs import captured


@pytest.fixture
def scene() -> Iterator[Scene]:
    with captured(), calls.scene() as made:
        yield made


def test_an_incoming_post_is_authenticated_and_put(scene: Scene) -> None:
    counted = calls.incoming_post(scene)
    assert counted.by_name() == {"dynamodb GetItem CredentialsTable": 1, "dynamodb PutItem MessagesTable": 1}
    assert (counted.reads, counted.writes) == (1, 1)  # the message


def test_the_first_message_of_a_chat_has_an_entry_in_the_index_of_active_chats(scene: Scene) -> None:
    with scene.meter.counting() as counted:
        scene.post()
    assert counted.by_name()["dynamodb PutItem MessagesTable"] == 1
    assert counted.written("MessagesTable") == 2


def test_an_authenticated_get_reads_the_credential_and_the_thing(scene: Scene) -> None:
    counted = calls.authenticated_get(scene)
    assert counted.by_name() == {"dynamodb BatchGetItem ChatsTable": 1, "dynamodb GetItem CredentialsTable": 1}
    assert (counted.reads, counted.writes) == (3, 0)  # the credential, the chat, and who belongs to it


def test_only_a_text_in_a_group_that_is_told_reads_who_is_told(scene: Scene) -> None:
    """Only an application that asks for the group's texts causes the two further reads of a post."""
    target = f"/v1/chats/{scene.chat_id}/messages"
    chat = f"/v1/chats/{scene.chat_id}"
    assert scene.world.call("PATCH", chat, token=scene.token, json_body={"external_id": "beat-42"}).status == 200
    plain = {
        "dynamodb GetItem CredentialsTable": 1,
        "dynamodb BatchGetItem ChatsTable": 1,
        "dynamodb PutItem MessagesTable": 1,
    }
    counts = []
    for told in (None, False, True):
        if told is not None:
            app = {"app_name": f"APP-{told}", "chat_id": scene.chat_id, "group_messages": told}
            scene.make("/v1/applications", app)
        scene.make(target, {"text": "x"})
        with scene.meter.counting() as counted:
            scene.make(target, {"text": "x"})
        counts.append((counted.by_name(), counted.writes))
    assert counts[:2] == [(plain, 1)] * 2
    assert counts[2] == ({**plain, "dynamodb GetItem UsersTable": 1, "dynamodb GetItem ContextsTable": 1}, 1)
    assert calls.incoming_post(scene).by_name() == {
        "dynamodb GetItem CredentialsTable": 1,
        "dynamodb PutItem MessagesTable": 1,
    }


def test_a_post_is_found_by_its_id_alone_at_the_same_price_among_many_chats(scene: Scene) -> None:
    said = scene.make(f"/v1/chats/{scene.chat_id}/messages", {"text": "x"})
    target = f"/api/v4/posts/{ids.ulid(said['id']).lower()}"
    counts = []
    for others in (0, 30):
        for number in range(others):
            scene.make("/v1/chats", {"name": f"Other {number}"})
        with scene.meter.counting() as counted:
            assert scene.world.call("GET", target, token=scene.token).json["message"] == "x"
        counts.append((counted.by_name(), counted.reads))
    assert counts[0] == counts[1]
    assert counts[0][0] == {
        "dynamodb GetItem CredentialsTable": 1,
        "dynamodb Query ChatsTable": 1,
        "dynamodb BatchGetItem MessagesTable": 1,
        "dynamodb BatchGetItem ChatsTable": 1,
        "dynamodb GetItem MessagesTable": 1,
    }


def test_the_chats_that_two_people_share_are_found_at_the_same_price_however_many_there_are(scene: Scene) -> None:
    bot = scene.make("/v1/bots", {"name": "Bot", "handle": "bot"})
    owner = scene.world.call("GET", "/v1/me", token=scene.token).json["user"]["id"]
    counts, shared = [], 0
    for more in (1, 20):
        for number in range(more):
            scene.make("/v1/chats", {"name": f"Chat {number}", "member_ids": [bot["id"]]})
        shared += more
        with scene.meter.counting() as counted:
            answer = scene.world.call("GET", f"/v1/chats?user_id={owner}", token=bot["token"])
        assert len(answer.json["items"]) == shared
        counts.append({name: count for name, count in counted.by_name().items() if name.endswith("ChatsTable")})
    # The chats of the one, whether the other is in them, and the chats themselves.
    assert counts == [{"dynamodb Query ChatsTable": 1, "dynamodb BatchGetItem ChatsTable": 2}] * 2


def test_a_page_of_messages_reads_its_authors_at_once(scene: Scene) -> None:
    """One batch read is enough for all authors; a deleted bot among them needs a second one."""
    target = f"/v1/chats/{scene.chat_id}/messages"
    bots = [scene.make("/v1/bots", {"name": f"Bot {number}", "handle": f"bot-{number}"}) for number in range(3)]
    for bot in bots:
        member = f"/v1/chats/{scene.chat_id}/members/{bot['id']}"
        assert scene.world.call("PUT", member, token=scene.token).status == 200
        for _ in range(5):
            said = scene.world.call("POST", target, json_body={"text": "Deployed"}, token=bot["token"])
            assert said.status == 201
    counts = []
    for deleted in (None, *bots[:2]):
        if deleted:
            assert scene.world.call("DELETE", f"/v1/bots/{deleted['id']}", token=scene.token).status == 204
        with scene.meter.counting() as counted:
            answer = scene.world.call("GET", target, token=scene.token)
        assert len({message["author"]["name"] for message in answer.json["items"]}) == 3
        counts.append(counted.by_name()["dynamodb BatchGetItem UsersTable"])
    assert counts == [1, 2, 2]


def test_a_dispatch_reads_who_listens_and_sends_in_tens(scene: Scene) -> None:
    scene.webhooks(3)
    counted = calls.dispatch(scene, BATCH)
    assert counted.by_name() == {
        "dynamodb BatchGetItem ChatsTable": 1,
        "dynamodb BatchGetItem WebhooksTable": 1,
        "dynamodb Query SubscriptionsTable": 2,  # who listens to the chat, and who to every chat
        "dynamodb PutItem ReceiptsTable": 1,
        "sqs SendMessageBatch": math.ceil(3 * BATCH / 10),
    }
    assert counted.writes == 1  # one receipt for all; nothing for a delivery


@pytest.mark.parametrize(("webhooks", "messages"), [(1, BATCH), (BATCH, 1)])
def test_a_batch_of_deliveries_is_read_at_once_and_written_twice_each(
    scene: Scene, webhooks: int, messages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stands still here, because on a slow machine the deliverer would read a webhook again."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    scene.webhooks(webhooks)
    dispatched, delivered = calls.deliver(scene, messages)
    assert delivered.by_name() == {
        "dynamodb BatchGetItem ChatsTable": 1,
        "dynamodb BatchGetItem MessagesTable": 1,
        "dynamodb BatchGetItem WebhooksTable": 1,
        "dynamodb PutItem DeliveriesTable": BATCH,
        "dynamodb UpdateItem DeliveriesTable": BATCH,
        "kms Decrypt": webhooks,
    }
    assert delivered.writes == 2 * BATCH
    # Each message, each webhook, and once that their owner belongs to the chat; no delivery, as each is new.
    assert delivered.reads == messages / 2 + webhooks + 1
    assert dispatched.written("DeliveriesTable") == 0


def test_an_attempt_is_one_line_of_300_bytes_that_names_its_webhook() -> None:
    with calls.scene() as scene:
        (webhook_id,) = scene.webhooks(1)
        calls.deliver(scene, 1)  # only the lines of a process's first invocation say cold_start
        with captured() as logged:
            calls.deliver(scene, BATCH)
    lines = [line for line in logged.written.getvalue().splitlines() if "delivery.attempted" in line]
    assert len(lines) == BATCH
    assert max(len(line) + 1 for line in lines) <= 300
    named = [ids.of_delivery(json.loads(line)["delivery_id"]) for line in lines]
    assert {parts and parts[1] for parts in named} == {webhook_id}


# -- the meter itself -------------------------------------------------------------------------------------------------


def test_units_are_rounded_as_dynamodb_does() -> None:
    kilobyte = {"a": {"S": "x" * 1023}}
    assert size(kilobyte) == 1024
    assert write_units(None, kilobyte) == 1
    assert write_units(None, {"a": {"S": "x" * 1024}}) == 2
    assert write_units({"a": {"S": "x" * 5000}}, kilobyte) == 5, "the larger of before and after"
    assert (read_units(0, consistent=True), read_units(4097, consistent=True)) == (1, 2)
    assert read_units(4097, consistent=False) == 1


def test_sizes_of_all_kinds_of_values() -> None:
    item = {
        "s": {"S": "é"},
        "n": {"N": "-12345"},
        "b": {"B": b"1234"},
        "t": {"BOOL": True},
        "l": {"L": [{"S": "ab"}]},
        "m": {"M": {"k": {"NULL": True}}},
    }
    assert size(item) == (1 + 2) + (1 + 5) + (1 + 4) + (1 + 1) + (1 + 3 + 1 + 2) + (1 + 3 + 1 + 1 + 1)


def test_an_index_costs_only_the_writes_that_reach_it() -> None:
    plain = {"chat": {"S": "c"}, "message_id": {"S": "m"}, "created_at": {"S": "t"}, "text": {"S": "x" * 2000}}
    marked = {**plain, "undispatched": {"S": "1"}}
    assert index_units("MessagesTable", None, plain) == 0, "an item without the key has no entry"
    assert index_units("MessagesTable", None, marked) == 1, "an entry holds keys only"
    assert index_units("MessagesTable", marked, {**marked, "text": {"S": "y"}}) == 0, "nothing projected changed"
    assert index_units("MessagesTable", marked, {**marked, "undispatched": {"S": "2"}}) == 2, "one goes, one comes"
    assert index_units("MessagesTable", marked, plain) == 1


def test_a_transaction_counts_twice_and_a_refused_condition_what_it_looked_at(scene: Scene) -> None:
    item = {"workspace_id": {"S": "w"}, "entry": {"S": "e"}, "text": {"S": "x" * 1500}}
    condition = {"ConditionExpression": "attribute_not_exists(entry)"}
    put = {"TableName": "ChatsTable", "Item": item, **condition}
    with scene.meter.counting() as first:
        aws.dynamodb().transact_write_items(TransactItems=[{"Put": put}])
    with scene.meter.counting() as second, pytest.raises(ClientError):
        aws.dynamodb().put_item(**put)
    assert (first.writes, second.writes) == (4, 2)


def test_a_query_counts_what_it_read_and_not_what_its_filter_left(scene: Scene) -> None:
    with scene.world.inside("dispatcher"):
        topic = f"{scene.workspace_id}/live/x"
        for number in range(100):
            row = {"topic": {"S": topic}, "webhook_id": {"S": f"{number}"}, "events": {"L": [{"S": "x" * 100}]}}
            aws_client("dynamodb").put_item(TableName="SubscriptionsTable", Item=row)
        with scene.meter.counting() as counted:
            found = store.query(
                "subscriptions", "topic = :topic", {":topic": topic, ":type": "none"}, where="contains(events, :type)"
            )
    assert found.items == []
    assert counted.reads == math.ceil(100 * size(row) / 4096)
