"""Ids: they sort by time, derived ids are repeatable, and a delivery's id has those of its event and webhook."""

import hashlib
import re
import zlib

import pytest
from ferryman import clock, ids
from hypothesis import given
from hypothesis import strategies as st

PREFIXES = sorted(
    value for name, value in vars(ids).items() if name.isupper() and isinstance(value, str) and len(value) == 3
)
# Milliseconds since the epoch, up to the end of the year 9999.
milliseconds = st.integers(0, 253_402_300_799_999)
parts = st.lists(st.text(), min_size=1, max_size=4)


def iso(at: int) -> str:
    return clock.iso(at / 1000)


def crockford(text: str) -> int:
    """The number that a text is in Crockford's base 32. A second implementation, from https://github.com/ulid/spec."""
    return sum("0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(c) * 32**n for n, c in enumerate(reversed(text)))


def test_prefixes_are_distinct() -> None:
    assert len(set(PREFIXES)) == len(PREFIXES) >= 9


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_new_id_has_its_documented_form(prefix: str) -> None:
    made = ids.new(prefix)
    assert re.search(ids.pattern(prefix), made)
    assert ids.is_id(prefix, made)
    assert len(made) == 30


def test_new_ids_are_never_made_twice() -> None:
    assert len({ids.new(ids.MESSAGE) for _ in range(1000)}) == 1000


def test_a_derived_id_is_the_same_in_every_release() -> None:
    """A function of the next release that builds an event again must not make a second one."""
    at = "2026-11-21T10:40:00.250Z"
    digest = int(hashlib.sha256(b"a\x1fb").hexdigest()[:20], 16)
    made = ids.derived(ids.EVENT, at, "a", "b").removeprefix("evt_")
    assert crockford(made) == (1_795_257_600_250 << 80) + digest
    chat = ids.derived(ids.CHAT, at, "chat")
    in_chat = ids.derived_in_chat(chat, at, "a", "b").removeprefix("msg_")
    assert crockford(in_chat) % 2**25 == digest % 2**25


def test_a_new_id_is_made_of_the_clock_and_of_ten_random_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_790_000_000.1234)
    monkeypatch.setattr("os.urandom", lambda count: bytes([255] * count))
    assert crockford(ids.new(ids.MESSAGE).removeprefix("msg_")) == (1_790_000_000_123 << 80) + 2**80 - 1


def test_a_new_id_tells_its_time() -> None:
    before = int(clock.now() * 1000)
    made = ids.new(ids.MESSAGE).removeprefix("msg_")
    assert before <= crockford(made) >> 80 <= int(clock.now() * 1000)


@given(milliseconds, parts)
def test_the_time_of_an_id_can_be_read(at: int, some: list[str]) -> None:
    made = ids.derived(ids.MESSAGE, iso(at), *some)
    assert ids.made_at(made) == (crockford(made.removeprefix("msg_")) >> 80) / 1000
    assert abs(ids.made_at(made) - at / 1000) < 0.002


@pytest.mark.parametrize("text", ["", "msg_", "msg_poison", "msg_" + "8" * 26, "msg_01JCXHZ5E0ABCDEFGHJKMNPQRI"])
def test_a_malformed_id_has_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not an id"):
        ids.made_at(text)


@given(milliseconds, parts)
def test_a_delivery_tells_when_its_event_happened(at: int, some: list[str]) -> None:
    event_id = ids.derived(ids.EVENT, iso(at), *some)
    assert ids.event_made_at(ids.delivery(event_id, ids.new(ids.WEBHOOK))) == ids.made_at(event_id)


@pytest.mark.parametrize("text", ["", "dlv_01JCXHZ5E0ABCDEFGHJKMNPQRS", "evt_01JCXHZ5E0ABCDEFGHJKMNPQRS"])
def test_another_id_is_not_that_of_a_delivery(text: str) -> None:
    with pytest.raises(ValueError, match="is not the id of a delivery"):
        ids.event_made_at(text)


@given(milliseconds, milliseconds, parts, parts)
def test_ids_are_sorted_by_time(one: int, two: int, some: list[str], others: list[str]) -> None:
    first, second = ids.derived(ids.EVENT, iso(one), *some), ids.derived(ids.EVENT, iso(two), *others)
    if iso(one) != iso(two):
        assert (first < second) == (iso(one) < iso(two))


@given(milliseconds, parts)
def test_the_same_parts_make_the_same_id(at: int, some: list[str]) -> None:
    assert ids.derived(ids.EVENT, iso(at), *some) == ids.derived(ids.EVENT, iso(at), *some)


@given(milliseconds, parts, parts)
def test_other_parts_make_another_id(at: int, some: list[str], others: list[str]) -> None:
    if "\x1f".join(some) != "\x1f".join(others):
        assert ids.derived(ids.EVENT, iso(at), *some) != ids.derived(ids.EVENT, iso(at), *others)


def test_a_part_cannot_flow_into_the_next() -> None:
    at = iso(0)
    assert ids.derived(ids.EVENT, at, "ab", "c") != ids.derived(ids.EVENT, at, "a", "bc")


@given(milliseconds, parts)
def test_the_floor_is_below_all_ids_of_its_time_and_above_all_before(at: int, some: list[str]) -> None:
    floor = ids.floor(ids.EVENT, iso(at))
    assert floor <= ids.derived(ids.EVENT, iso(at), *some)
    if at > 1000:
        assert ids.derived(ids.EVENT, iso(at - 1000), *some) < floor


@pytest.mark.parametrize("before_the_epoch", ["0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z"])
def test_before_the_epoch_the_floor_is_the_lowest(before_the_epoch: str) -> None:
    """A negative number of milliseconds would give the highest id."""
    assert ids.floor(ids.EVENT, before_the_epoch) == "evt_" + "0" * 26


def test_a_deliverys_id_is_made_of_the_two_others() -> None:
    event, webhook = "evt_01ARYZ6S41TSV4RRFFQ69G5FAV", "whk_01JCXHZ5E0TVWXYZ0123456789"
    delivery = "dlv_01ARYZ6S41TSV4RRFFQ69G5FAV01JCXHZ5E0TVWXYZ0123456789"
    assert ids.delivery(event, webhook) == delivery
    assert ids.of_delivery(delivery) == (event, webhook)
    assert ids.event_made_at(delivery) == ids.made_at(event) == 1_469_918_176.385  # as ulid/javascript encodes it


@given(milliseconds, milliseconds, parts)
def test_a_delivery_can_be_taken_apart(one: int, two: int, some: list[str]) -> None:
    event, webhook = ids.derived(ids.EVENT, iso(one), *some), ids.derived(ids.WEBHOOK, iso(two), *some)
    delivery = ids.delivery(event, webhook)
    assert re.search(ids.DELIVERY_PATTERN, delivery)
    assert ids.of_delivery(delivery) == (event, webhook)


@given(milliseconds, milliseconds)
def test_deliveries_are_sorted_by_the_time_of_their_events(one: int, two: int) -> None:
    webhook = ids.new(ids.WEBHOOK)
    first = ids.delivery(ids.derived(ids.EVENT, iso(one), "a"), webhook)
    second = ids.delivery(ids.derived(ids.EVENT, iso(two), "a"), webhook)
    if iso(one) != iso(two):
        assert (first < second) == (iso(one) < iso(two))


@given(st.text())
def test_any_text_can_be_asked_for_its_parts(text: str) -> None:
    assert ids.of_delivery(text) is None
    assert not ids.is_id(ids.CHAT, text)


GOOD = "cht_01JZZZZZZZ0123456789ABCDEF"


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "\n",
        "\n" + GOOD,
        GOOD.lower(),
        GOOD[:-1],
        GOOD + "0",
        "cht_8" + GOOD[5:],  # more than 128 bits
        GOOD[:-1] + "I",
        GOOD[:-1] + "L",
        GOOD[:-1] + "O",
        GOOD[:-1] + "U",
        GOOD[:-1] + "０",
        "chat_" + GOOD[4:],
        "msg_" + GOOD[4:],
        GOOD[4:],
        "",
    ],
)
def test_a_text_that_only_looks_like_an_id_is_refused(text: str) -> None:
    assert ids.is_id(ids.CHAT, GOOD)
    assert not ids.is_id(ids.CHAT, text)


@pytest.mark.parametrize(("random", "first"), [(b"\x00" * 9 + b"\x05", 2), (b"\xff" * 10, 2**79 - 1)])
def test_ids_made_together_are_in_order_and_of_one_moment(
    monkeypatch: pytest.MonkeyPatch, random: bytes, first: int
) -> None:
    """The highest bit of the random part is 0, so that counting up cannot overflow it."""
    monkeypatch.setattr(clock, "now", lambda: 1_790_000_000.1234)
    monkeypatch.setattr("os.urandom", lambda count: random[:count].ljust(count, b"\xff"))
    made = ids.new_many("msg", 3)
    assert made == sorted(set(made))
    assert [one[:4] for one in made] == ["msg_"] * 3
    assert [crockford(one[4:14]) for one in made] == [1_790_000_000_123] * 3
    assert [crockford(one[14:]) for one in made] == [first, first + 1, first + 2]


@given(milliseconds, milliseconds, parts)
def test_a_messages_id_says_how_the_id_of_its_chat_begins(at: int, later: int, some: list[str]) -> None:
    chat = ids.derived(ids.CHAT, iso(at % 2**45), *some)
    made = ids.derived_in_chat(chat, iso(later), *some)
    assert made == ids.derived_in_chat(chat, iso(later), *some)
    assert re.search(ids.pattern(ids.MESSAGE), made)
    assert ids.made_at(made) == ids.made_at(ids.derived(ids.EVENT, iso(later)))
    beginning = ids.beginning_of_chat(made)
    assert len(beginning) == len("cht_") + 12  # the time and 10 bits of the rest
    assert chat.startswith(beginning)


@pytest.mark.parametrize(
    ("random", "first"),
    [(b"\x00\x00\x02\x80", 640), ((2**25 - 3).to_bytes(4), 2**25 - 3), ((2**25 - 2).to_bytes(4), 0)],
)
def test_ids_made_together_in_a_chat_are_in_order(monkeypatch: pytest.MonkeyPatch, random: bytes, first: int) -> None:
    """The first of three leaves room for the others below 2**25, so that counting up never reaches the chat's part."""
    monkeypatch.setattr(clock, "now", lambda: 1_790_000_000.1234)
    monkeypatch.setattr("os.urandom", lambda count: random[:count].ljust(count, b"\xff"))
    chat = ids.derived(ids.CHAT, iso(1_780_000_000_000), "some chat")
    made = ids.new_in_chat(chat, 3)
    assert made == sorted(set(made))
    assert {ids.beginning_of_chat(one) for one in made} == {chat[:16]}
    assert [crockford(one[4:14]) for one in made] == [1_790_000_000_123] * 3
    assert [crockford(one[14:]) % 2**25 for one in made] == [first, first + 1, first + 2]


def test_one_id_is_made_in_a_chat_unless_more_are_asked_for() -> None:
    assert len(ids.new_in_chat(ids.new(ids.CHAT))) == 1


def test_other_products_have_an_id_without_its_prefix() -> None:
    made = ids.new("msg")
    assert f"msg_{ids.ulid(made)}" == made
    assert ids.ulid("a_b_c") == "c"


def test_a_shard_is_the_same_number_for_the_same_key() -> None:
    assert [ids.shard(key) for key in ("a", "b", "wsp_1/cht_1")] == [
        str(zlib.crc32(key.encode()) % ids.SHARDS) for key in ("a", "b", "wsp_1/cht_1")
    ]
    assert {ids.shard(str(number)) for number in range(1000)} == {str(number) for number in range(ids.SHARDS)}
