"""DynamoDB's condition, key-condition and update expressions, over items in wire form.

Written from the grammar in AWS's developer guide; test_dynamodb.py compares it with moto's evaluator. An expression is
compiled once and cached, so evaluating it costs a few function calls, and a run can make millions of them.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

type Value = dict[str, Any]  # {"S": "text"}
type Item = dict[str, Value]
type Values = Mapping[str, Value]
type Operand = Callable[[Item, Values], Value | None]
type Condition = Callable[[Item, Values], bool]
type Step = str | int

_TOKEN = re.compile(r"\s*(?:(<>|<=|>=|[=<>(),+\-.\[\]])|([:#]?[A-Za-z_0-9]+))")
RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())
_FUNCTIONS = {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"}


class Malformed(Exception):
    """An expression for which DynamoDB answers ValidationException."""


class _Parser:
    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self.names = names
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()
        self._tokens: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if not match:
                raise Malformed(f"cannot read {text[position:]!r}")
            self._tokens.append(match[1] or match[2])
            position = match.end()
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def word(self) -> str:
        return self.peek().upper()

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token.upper() != expected):
            raise Malformed(f"expected {expected or 'more'}, found {token!r}")
        self._at += 1
        return token

    def done(self) -> None:
        if self.peek():
            raise Malformed(f"did not expect {self.peek()!r}")

    # -- conditions ------------------------------------------------------------------------------------------------

    def condition(self) -> Condition:
        left = self._and()
        while self.word() == "OR":
            self.take()
            left = _either(left, self._and())
        return left

    def _and(self) -> Condition:
        left = self._not()
        while self.word() == "AND":
            self.take()
            left = _both(left, self._not())
        return left

    def _not(self) -> Condition:
        if self.word() == "NOT":
            self.take()
            inner = self._not()
            return lambda item, values: not inner(item, values)
        if self.peek() == "(":
            self.take()
            inner = self.condition()
            self.take(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        if self.peek() in _FUNCTIONS and self.peek() != "size":
            return self._function()
        left = self.operand()
        operator = self.take().upper()
        if operator == "BETWEEN":
            low = self.operand()
            self.take("AND")
            high = self.operand()
            return lambda i, v: _compare(">=", left(i, v), low(i, v)) and _compare("<=", left(i, v), high(i, v))
        if operator == "IN":
            self.take("(")
            among = [self.operand()]
            while self.peek() == ",":
                self.take()
                among.append(self.operand())
            self.take(")")
            return lambda i, v: any(_compare("=", left(i, v), one(i, v)) for one in among)
        if operator not in ("=", "<>", "<", "<=", ">", ">="):
            raise Malformed(f"{operator!r} is not a comparison")
        right = self.operand()
        return lambda item, values: _compare(operator, left(item, values), right(item, values))

    def _function(self) -> Condition:
        name = self.take()
        self.take("(")
        first = self.operand()
        second: Operand | None = None
        if name not in ("attribute_exists", "attribute_not_exists"):
            self.take(",")
            second = self.operand()
        self.take(")")
        if name == "attribute_exists":
            return lambda item, values: first(item, values) is not None
        if name == "attribute_not_exists":
            return lambda item, values: first(item, values) is None
        assert second is not None
        test = {"begins_with": _begins_with, "contains": _contains, "attribute_type": _has_type}[name]
        return lambda item, values: test(first(item, values), second(item, values))

    def operand(self) -> Operand:
        token = self.peek()
        if token.startswith(":"):
            self.take()
            self.used_values.add(token)
            return lambda _item, values: values[token]
        if token == "size":
            self.take()
            self.take("(")
            inner = self.operand()
            self.take(")")
            return lambda item, values: _size(inner(item, values))
        steps = self.path()
        if len(steps) == 1:
            (name,) = steps
            return lambda item, _values: item.get(name)  # type: ignore[arg-type]
        return lambda item, _values: _dig(item, steps)

    def path(self) -> tuple[Step, ...]:
        steps: list[Step] = [self._name()]
        while self.peek() in (".", "["):
            if self.take() == ".":
                steps.append(self._name())
            else:
                steps.append(int(self.take()))
                self.take("]")
        return tuple(steps)

    def _name(self) -> str:
        token = self.take()
        if token.startswith("#"):
            self.used_names.add(token)
            if token not in self.names:
                raise Malformed(f"{token} is not in ExpressionAttributeNames")
            return self.names[token]
        if not re.fullmatch("[A-Za-z_][A-Za-z_0-9]*", token):
            raise Malformed(f"{token!r} is not a name")
        if token.upper() in RESERVED:
            raise Malformed(f"{token} is a reserved word")
        return token

    # -- updates ---------------------------------------------------------------------------------------------------

    def update(self) -> Callable[[Item, Values], Item]:
        actions: list[tuple[str, tuple[Step, ...], Operand | None]] = []
        while section := self.word():
            if section not in ("SET", "REMOVE", "ADD", "DELETE"):
                raise Malformed(f"{section!r} is not a section of an update")
            self.take()
            actions.append(self._action(section))
            while self.peek() == ",":
                self.take()
                actions.append(self._action(section))
        paths = [path for _, path, _ in actions]
        if not paths or len(set(paths)) != len(paths):
            raise Malformed("an update names no path, or one path twice")
        return lambda before, values: _updated(actions, before, values)

    def _action(self, section: str) -> tuple[str, tuple[Step, ...], Operand | None]:
        path = self.path()
        if section == "REMOVE":
            return section, path, None
        if section == "SET":
            self.take("=")
            return section, path, self._set_value()
        return section, path, self.operand()

    def _set_value(self) -> Operand:
        left = self._set_operand()
        if self.peek() not in ("+", "-"):
            return left
        sign = 1 if self.take() == "+" else -1
        right = self._set_operand()
        return lambda item, values: _sum(left(item, values), right(item, values), sign)

    def _set_operand(self) -> Operand:
        name = self.peek()
        if name not in ("if_not_exists", "list_append"):
            return self.operand()
        self.take()
        self.take("(")
        first = self.operand()
        self.take(",")
        second = self._set_operand()
        self.take(")")
        if name == "if_not_exists":
            return lambda i, v: found if (found := first(i, v)) is not None else second(i, v)
        return lambda item, values: {"L": _list(first(item, values)) + _list(second(item, values))}


class Compiled:
    """The compiled expressions of one request. Raises Malformed for missing values, and for unused names and values."""

    def __init__(self, texts: Mapping[str, str], names: Mapping[str, str], values: frozenset[str]) -> None:
        used_names: set[str] = set()
        used_values: set[str] = set()
        self.conditions: dict[str, Condition] = {}
        self.update: Callable[[Item, Values], Item] | None = None
        for part, text in texts.items():
            parser = _Parser(text, names)
            if part == "UpdateExpression":
                self.update = parser.update()
            else:
                self.conditions[part] = parser.condition()
            parser.done()
            used_names |= parser.used_names
            used_values |= parser.used_values
        if unused := set(names) - used_names:
            raise Malformed(f"ExpressionAttributeNames are unused: {sorted(unused)}")
        if used_values - values:
            raise Malformed(f"ExpressionAttributeValues lack {sorted(used_values - values)}")
        if values - used_values:
            raise Malformed(f"ExpressionAttributeValues are unused: {sorted(values - used_values)}")


@lru_cache(maxsize=4096)
def _compiled(
    texts: tuple[tuple[str, str], ...], names: tuple[tuple[str, str], ...], values: tuple[str, ...]
) -> Compiled:
    return Compiled(dict(texts), dict(names), frozenset(values))


_PARTS = ("ConditionExpression", "UpdateExpression", "KeyConditionExpression", "FilterExpression")


def compile_request(request: Mapping[str, Any]) -> Compiled:
    """The expressions of a request. Raises Malformed where DynamoDB answers ValidationException."""
    return _compiled(
        tuple((part, request[part]) for part in _PARTS if part in request),
        tuple(request.get("ExpressionAttributeNames", {}).items()),
        tuple(request.get("ExpressionAttributeValues", {})),
    )


# -- values ------------------------------------------------------------------------------------------------------------


def _either(left: Condition, right: Condition) -> Condition:
    return lambda item, values: left(item, values) or right(item, values)


def _both(left: Condition, right: Condition) -> Condition:
    return lambda item, values: left(item, values) and right(item, values)


def _needed(value: Value | None) -> Value:
    if value is None:
        raise Malformed("the expression refers to an attribute that does not exist in the item")
    return value


def _dig(item: Item, steps: tuple[Step, ...]) -> Value | None:
    value: Value | None = {"M": item}
    for step in steps:
        if value is None:
            return None
        if isinstance(step, int):
            members = value.get("L", [])
            value = members[step] if step < len(members) else None
        else:
            value = value.get("M", {}).get(step)
    return value


def _kind(value: Value) -> tuple[str, Any]:
    ((kind, content),) = value.items()
    if kind == "N":
        return kind, Decimal(content)
    return kind, set(content) if kind in ("SS", "NS", "BS") else content


def _compare(operator: str, left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        # An attribute that is not there equals nothing, so it differs from everything.
        return operator == "<>" and (left is None) != (right is None)
    left_kind, a = _kind(left)
    right_kind, b = _kind(right)
    if operator == "=":
        return bool(left_kind == right_kind and _same(a, b))
    if operator == "<>":
        return not (left_kind == right_kind and _same(a, b))
    if left_kind != right_kind or left_kind not in ("S", "N", "B"):
        return False
    if left_kind == "S":
        a, b = a.encode(), b.encode()
    return bool(a < b if operator == "<" else a <= b if operator == "<=" else a > b if operator == ">" else a >= b)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_compare("=", x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_compare("=", a[name], b[name]) for name in a)
    return bool(a == b)


def _begins_with(value: Value | None, prefix: Value | None) -> bool:
    if value is None or prefix is None:
        return False
    return any(kind in value and kind in prefix and value[kind].startswith(prefix[kind]) for kind in ("S", "B"))


def _contains(value: Value | None, wanted: Value | None) -> bool:
    if value is None or wanted is None:
        return False
    if "S" in value:
        return "S" in wanted and wanted["S"] in value["S"]
    if "L" in value:
        return any(_compare("=", member, wanted) for member in value["L"])
    ((kind, content),) = wanted.items()
    return bool(kind + "S" in value and content in value[kind + "S"])


def _has_type(value: Value | None, kind: Value | None) -> bool:
    return value is not None and kind is not None and kind["S"] in value


def _size(value: Value | None) -> Value | None:
    if value is None:
        return None
    ((kind, content),) = value.items()
    return {"N": str(len(content))} if kind in ("S", "B", "L", "M", "SS", "NS", "BS") else None


def _number(value: Value | None) -> Decimal:
    if "N" not in _needed(value):
        raise Malformed("an operand of + or - is not a number")
    return Decimal(value["N"])  # type: ignore[index]


def _list(value: Value | None) -> list[Value]:
    if "L" not in _needed(value):
        raise Malformed("an operand of list_append is not a list")
    members: list[Value] = value["L"]  # type: ignore[index]
    return members


def _sum(left: Value | None, right: Value | None, sign: int) -> Value:
    return _as_number(_number(left) + sign * _number(right))


def _as_number(number: Decimal) -> Value:
    shown = format(number, "f")
    return {"N": (shown.rstrip("0").rstrip(".") or "0") if "." in shown else shown}


def _updated(actions: list[tuple[str, tuple[Step, ...], Operand | None]], before: Item, values: Values) -> Item:
    """The item after an update. Every operand reads the item as it was before."""
    after = dict(before)
    for section, path, operand in actions:
        new = operand(before, values) if operand else None
        if section == "SET":
            _write(after, path, _needed(new))
        elif section == "REMOVE":
            _write(after, path, None)
        elif section == "ADD":
            _write(after, path, _added(_dig(before, path), _needed(new)))
        else:
            _write(after, path, _taken(_dig(before, path), _needed(new)))
    return after


def _added(old: Value | None, new: Value) -> Value:
    ((kind, content),) = new.items()
    if kind not in ("N", "SS", "NS", "BS") or (old is not None and kind not in old):
        raise Malformed("ADD takes numbers and sets only, and both of the same type")
    if kind == "N":
        return _as_number((Decimal(old["N"]) if old else Decimal(0)) + Decimal(content))
    return {kind: sorted({*(old[kind] if old else []), *content})}


def _taken(old: Value | None, new: Value) -> Value | None:
    ((kind, content),) = new.items()
    left = [one for one in (old or {}).get(kind, []) if one not in content]
    return {kind: left} if left else None


def _write(item: Item, path: tuple[Step, ...], value: Value | None) -> None:
    """Set the value at `path` in the item, or remove it if `value` is None.

    Copies the maps and lists on the path, because stored images share them.
    """
    container: Any = item
    for here in path[:-1]:
        found = container.get(here) if isinstance(container, dict) else _at(container, here)
        if found is None or not ("M" in found or "L" in found):
            raise Malformed("the document path in the update expression is invalid")
        copied = {kind: content.copy() for kind, content in found.items()}
        container[here] = copied
        container = copied.get("M", copied.get("L"))
    last = path[-1]
    if isinstance(last, int):
        if value is None:
            if last < len(container):
                del container[last]
        elif last < len(container):
            container[last] = value
        else:
            container.append(value)
    elif value is None:
        container.pop(last, None)
    else:
        container[last] = value


def _at(members: list[Value], step: Step) -> Value | None:
    return members[step] if isinstance(step, int) and step < len(members) else None
