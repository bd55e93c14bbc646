"""A workspace's own translation: a JMESPath expression that turns a payload into a message. Pure.

The expression returns a text, an object with `text` and `attachments`, or null, which posts nothing. JMESPath has no
loops, but a few lines can double a value thirty times. So the interpreter counts the values that it touches, and stops
at a limit.
"""

from functools import lru_cache
from typing import Any

import jmespath
from jmespath import functions, visitor
from jmespath.exceptions import IncompleteExpressionError, JMESPathError, LexerError, ParseError
from jmespath.parser import ParsedResult

from ferryman.conversations.messages import attachments
from ferryman.conversations.messages.attachments import Attachment
from ferryman.conversations.messages.model import MAX_TEXT
from ferryman.integrations.incoming_webhooks.posts import Post

MAX_EXPRESSION = 2_000
MAX_WORK = 200_000  # values that one translation may touch: a tenth of a second
MAX_ATTACHMENTS, MAX_FACTS, MAX_FIELD = 10, 20, 2_000
_LETTERS_OF_A_VALUE = 64


class TranslationFailed(Exception):
    """The expression is not valid, or cannot turn this payload into a message. The text says why."""


class _Work:
    """Counts down the values that an expression may still touch."""

    def __init__(self) -> None:
        self.left = MAX_WORK

    def spend(self, *values: Any) -> None:
        """Count the values and everything inside them. Raises TranslationFailed above the limit."""
        waiting = list(values)
        while waiting:
            value = waiting.pop()
            self.left -= 1 + (len(value) // _LETTERS_OF_A_VALUE if isinstance(value, str) else 0)
            if self.left < 0:
                raise TranslationFailed("The translation does too much work for this payload.")
            if isinstance(value, dict):
                waiting.extend(value.values())
            elif isinstance(value, list):
                waiting.extend(value)


class _Functions(functions.Functions):  # type: ignore[misc]  # jmespath has no types
    def __init__(self, work: _Work) -> None:
        self._work = work

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        self._work.spend(*resolved_args)
        value = super().call_function(function_name, resolved_args)
        self._work.spend(value)
        return value


class _Interpreter(visitor.TreeInterpreter):  # type: ignore[misc]  # jmespath has no types
    """Counts each step, and the size of each value that a step builds or compares."""

    def __init__(self, work: _Work) -> None:
        super().__init__(visitor.Options(custom_functions=_Functions(work)))
        self._work = work

    def visit(self, node: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        self._work.spend(None)
        value = super().visit(node, *args, **kwargs)
        if node["type"] in ("multi_select_list", "multi_select_dict", "flatten", "comparator"):
            self._work.spend(value)
        return value

    def visit_comparator(self, node: dict[str, Any], value: Any) -> Any:
        for child in node["children"]:
            self._work.spend(self.visit(child, value))
        return super().visit_comparator(node, value)


@lru_cache(maxsize=256)
def parse(expression: str) -> ParsedResult:
    """The parsed expression. Raises TranslationFailed for an empty, too long or invalid one."""
    if not expression.strip():
        raise TranslationFailed("The expression is empty.")
    if len(expression) > MAX_EXPRESSION:
        raise TranslationFailed(f"The expression has {len(expression)} characters; at most {MAX_EXPRESSION} are taken.")
    try:
        return jmespath.compile(expression)
    except RecursionError:
        raise TranslationFailed("The expression is nested too deeply.") from None
    except ParseError as error:
        raise TranslationFailed(f"The expression is not JMESPath: {_reason(expression, error)}") from None
    except (JMESPathError, ValueError) as error:
        raise TranslationFailed(f"The expression is not JMESPath: {_first_line(error)}") from None


def _reason(expression: str, error: ParseError) -> str:
    """The reason why the expression is not valid, with the line and the column, both counted from 1."""
    if isinstance(error, IncompleteExpressionError):
        return f"it ends too early{_place(expression, len(expression))}"
    reason = error.message if isinstance(error, LexerError) else error.msg
    return f"{str(reason)[:200].rstrip(':')}{_place(expression, error.lex_position)}"


def _place(expression: str, offset: int) -> str:
    before = expression[:offset]
    return f", at line {before.count('\n') + 1}, column {offset - before.rfind('\n')}."


def translate(expression: str, payload: Any) -> Post | None:
    """The post that the expression makes from a payload; None if its result is null. Raises TranslationFailed.

    Longer texts and lists than a message may have are cut.
    """
    parsed, work = parse(expression), _Work()
    try:
        value = _Interpreter(work).visit(parsed.parsed, payload)
    except TranslationFailed:
        raise
    except RecursionError:
        raise TranslationFailed("The payload is nested too deeply for this expression.") from None
    except (JMESPathError, ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise TranslationFailed(f"The expression failed with this payload: {_first_line(error)}") from None
    work.spend(value)
    return _post(value)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _post(value: Any) -> Post | None:
    if value is None:
        return None
    fields = value if isinstance(value, dict) else {"text": value}
    text, boxes = fields.get("text"), fields.get("attachments")
    if isinstance(text, int | float) and not isinstance(text, bool):
        text = str(text)
    if text is not None and not isinstance(text, str):
        raise TranslationFailed("The text must be a text.")
    if boxes is not None and not isinstance(boxes, list):
        raise TranslationFailed("The attachments must be a list.")
    kept = [_box(box) for box in boxes or ()][:MAX_ATTACHMENTS]
    kept = [box for box in kept if box]
    if attachments.size(kept) > attachments.MAX_BYTES:
        raise TranslationFailed(f"The attachments are larger than {attachments.MAX_BYTES} bytes.")
    message_text = (text or "").replace("\0", "")[:MAX_TEXT]
    if not message_text.strip():
        message_text = next((shown for box in kept if (shown := box.get("fallback") or box.get("title"))), "")
    if not message_text.strip():
        raise TranslationFailed("The expression makes no text; it gives a text, or an object with text, or null.")
    return Post(parts=[(message_text, kept)])


def _box(sent: Any) -> Attachment:
    if not isinstance(sent, dict):
        raise TranslationFailed("Each attachment must be an object.")
    box: Attachment = {
        name: value[:MAX_FIELD] for name in attachments.TEXTS if isinstance(value := sent.get(name), str) and value
    }
    facts = sent.get("fields")
    if facts is not None and not isinstance(facts, list):
        raise TranslationFailed("The fields of an attachment must be a list.")
    shown = [_fact(fact) for fact in facts or () if isinstance(fact, dict) and fact.get("value") is not None]
    if shown:
        box["fields"] = shown[:MAX_FACTS]
    return box


def _fact(fact: dict[str, Any]) -> dict[str, Any]:
    title, value = fact.get("title"), fact.get("value")
    return {
        "title": title[:MAX_FIELD] if isinstance(title, str) else "",
        "value": _shown(value)[:MAX_FIELD],
        "short": fact.get("short") is True,
    }


def _shown(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    raise TranslationFailed("The value of a fact must be a text or a number.")
