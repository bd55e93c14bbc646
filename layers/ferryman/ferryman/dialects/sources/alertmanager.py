"""Alertmanager's webhook receiver."""

from collections.abc import Mapping

from ferryman.dialects.sources import alerts
from ferryman.dialects.sources.notice import Notice
from ferryman.dialects.sources.reading import Node


def read(payload: Node, _headers: Mapping[str, str]) -> Notice:
    return alerts.read(payload, "Alertmanager")
