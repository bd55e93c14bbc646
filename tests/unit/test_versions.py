"""Neighbouring versions can read each other's items and messages.

Lambda updates and rolls back functions one by one, so two versions run at the same time. Each item and message that
this version writes must be readable by the version before and the version after: new members are optional, and unknown
ones are ignored.
"""

import dataclasses
import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

import ferryman
import pytest
from ferryman import ids
from ferryman.aws.dynamodb import Record
from ferryman.webhooks.tickets import Ticket

REQUIRED = Path(__file__).with_name("required_fields.json")


def records() -> list[type[Record]]:
    """Every class that is stored as an item, ordered by name."""
    for module in pkgutil.walk_packages(ferryman.__path__, "ferryman."):
        importlib.import_module(module.name)
    # A dataclass with slots is a second class; the first one lives until the collector comes by.
    found = [one for one in Record.__subclasses__() if getattr(sys.modules[one.__module__], one.__name__, None) is one]
    return sorted(found, key=lambda one: one.__name__)


RECORDS = records()


def fields(of: Any) -> dict[str, bool]:
    """The fields of a dataclass; the value says whether the field is required."""
    missing = dataclasses.MISSING
    return {one.name: one.default is missing and one.default_factory is missing for one in dataclasses.fields(of)}


# The fields that stand in the item by another name, and the attributes that a reader takes apart.
STORED_AS = {"data": "body", "stored_body": "body", "stored_bodies": "bodies"}
SHAPED: dict[str, Any] = {"body": '{"data":{"text":"x"}}', "bodies": {"fluxdesk": "{}"}, "attempts": []}


def whole(record: type[Record]) -> dict[str, Any]:
    """An item that has every attribute of a record."""
    names = [STORED_AS.get(name, name) for name in fields(record)]
    return {name: SHAPED.get(name, f"a {name}") for name in names}


OPTIONAL = [
    (one, name) for one in RECORDS for name, required in fields(one).items() if not required and name not in STORED_AS
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda one: one.__name__)
def test_an_attribute_that_a_later_version_added_is_ignored(record: type[Record]) -> None:
    item = whole(record)
    assert record.from_item(item | {"added_later": {"deep": [1]}}) == record.from_item(item)


@pytest.mark.parametrize(("record", "name"), OPTIONAL, ids=lambda one: getattr(one, "__name__", one))
def test_an_attribute_that_an_earlier_version_does_not_write_has_its_default(record: type[Record], name: str) -> None:
    item = whole(record)
    del item[name]
    required = {field: f"a {field}" for field, needed in fields(record).items() if needed}
    assert getattr(record.from_item(item), name) == getattr(record(**required), name)


def test_no_attribute_becomes_required_or_goes() -> None:
    """The version before does not write a new required attribute, and cannot read an item without an old one.

    A new field needs a default. To remove a required field, give it a default, release, then remove it from the class
    and from the file of required attributes.
    """
    recorded = json.loads(REQUIRED.read_text())
    now = {
        one.__name__: sorted(STORED_AS.get(name, name) for name, required in fields(one).items() if required)
        for one in (*RECORDS, Ticket)
    }
    assert now == recorded


# --- the queue's messages -----------------------------------------------------------------------------------

TICKET = Ticket(
    ids.new(ids.WORKSPACE),
    ids.delivery(ids.new(ids.EVENT), ids.new(ids.WEBHOOK)),
    ids.new(ids.CHAT),
    ids.new(ids.MESSAGE),
    requeues=2,
)


def test_a_message_with_a_field_of_a_later_version_is_read() -> None:
    content = json.loads(TICKET.dump()) | {"added_later": {"deep": [1]}}
    assert Ticket.load(json.dumps(content)) == TICKET


@pytest.mark.parametrize("name", [name for name, required in fields(Ticket).items() if not required])
def test_a_message_without_a_field_of_this_version_is_read(name: str) -> None:
    content = json.loads(TICKET.dump())
    content.pop({"first_receive": "fresh"}.get(name, name), None)
    read, default = Ticket.load(json.dumps(content)), Ticket(TICKET.workspace_id, TICKET.delivery_id)
    for field in fields(Ticket):
        assert getattr(read, field) == getattr(default if field == name else TICKET, field)


@pytest.mark.parametrize("name", [name for name, required in fields(Ticket).items() if required])
def test_a_message_that_names_no_delivery_is_not_ours(name: str) -> None:
    content = json.loads(TICKET.dump())
    del content[name]
    with pytest.raises(ValueError, match="not a ticket"):
        Ticket.load(json.dumps(content))
