"""moto's answers at a lower price: half of the time of an integration test went into finding out what cannot change.

For each attribute of an item moto asks for all ten members of `AttributeValue`, each under several names. An attribute
has one member, under its own name, so here only that one is written. And the methods of a class stay the same, so they
are listed once instead of at each call.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

from moto.core import responses, utils
from moto.core.serialize import BaseJSONSerializer


@contextmanager
def answering_quickly() -> Iterator[None]:
    """Inside the block, moto answers the same with less work."""
    any_structure = BaseJSONSerializer._serialize_type_structure

    def serialize(self: BaseJSONSerializer, serialized: dict[str, Any], value: Any, shape: Any, key: str) -> None:
        if shape.name != "AttributeValue" or not isinstance(value, dict):
            any_structure(self, serialized, value, shape, key)
            return
        written: dict[str, Any] = {}
        for name, content in value.items():
            self._serialize(written, content, shape.members[name], name)
        self._default_serialize(serialized, written, shape, key)

    with (
        patch.object(BaseJSONSerializer, "_serialize_type_structure", serialize),
        patch.object(responses, "method_names_from_class", cache(utils.method_names_from_class)),
    ):
        yield
