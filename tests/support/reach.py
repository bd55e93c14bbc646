"""Finds by static analysis what each function's code can reach: environment variables, tables, queues and keys.

The search starts at everything in `functions/<folder>/handler.py` and follows references from definition to definition
through the package. A method counts as reached when its class is reached and some reached code calls a method of that
name, or when its class extends a class of a library, which may call it. The tests compare the result with
template.yaml: a function's environment and policies have to be what its code needs, no less and no more.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.support import template

_PACKAGE = template.ROOT / "layers" / "ferryman"
_STORE = "ferryman.aws.dynamodb"
_ACTIONS = {
    "get": "GetItem",
    "get_kept": "GetItem",
    "get_many": "BatchGetItem",
    "query": "Query",
    "page": "Query",
    "query_all": "Query",
    "put": "PutItem",
    "update": "UpdateItem",
    "set_values": "UpdateItem",
    "delete": "DeleteItem",
    "check": "ConditionCheckItem",
}
_CLIENT_ACTIONS = {
    ("sqs", "send_message_batch"): "sqs:SendMessage",
    ("sqs", "change_message_visibility"): "sqs:ChangeMessageVisibility",
    ("sqs", "receive_message"): "sqs:ReceiveMessage",
    ("sqs", "delete_message_batch"): "sqs:DeleteMessage",
    ("s3", "put_object"): "s3:PutObject",
    ("s3", "get_object"): "s3:GetObject",
    ("s3", "delete_object"): "s3:DeleteObject",
    ("s3", "list_objects_v2"): "s3:ListBucket",
}

_AWS = "ferryman.aws.clients"
_CLIENTS = {"sqs", "kms", "s3"}
_CALLED = {("ferryman.aws.kms", "encrypt"): "kms:Encrypt", ("ferryman.aws.kms", "decrypt"): "kms:Decrypt"}

type Node = tuple[str, str]  # module, name of a top-level definition or `Class.method`


@dataclass
class Module:
    name: str
    definitions: dict[str, ast.AST] = field(default_factory=dict)
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # local name → module, name in it


@dataclass
class Needs:
    """The environment variables and permissions that a function's code needs."""

    variables: set[str] = field(default_factory=set)
    # (action, environment variable that names the resource, index)
    actions: set[tuple[str, str, str | None]] = field(default_factory=set)


@cache
def _package() -> dict[str, Module]:
    return {
        module.name: module
        for path in sorted(_PACKAGE.rglob("*.py"))
        for module in [_read(path, ".".join(path.relative_to(_PACKAGE).with_suffix("").parts))]
    }


def _read(path: Path, name: str) -> Module:
    module = Module(name.removesuffix(".__init__"))
    tree = ast.parse(path.read_text())
    for statement in ast.walk(tree):
        if isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                module.imports[alias.asname or alias.name] = (statement.module, alias.name)
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                module.imports[alias.asname or alias.name] = (alias.name, None)
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=defined):
                module.definitions[defined] = statement
            case ast.ClassDef(name=defined):
                module.definitions[defined] = statement
                for member in statement.body:
                    if isinstance(member, ast.FunctionDef):
                        module.definitions[f"{defined}.{member.name}"] = member
            case ast.Assign(targets=[ast.Name(id=defined)]) | ast.AnnAssign(target=ast.Name(id=defined)):
                module.definitions[defined] = statement
            case ast.TypeAlias(name=ast.Name(id=defined)):
                module.definitions[defined] = statement
            case ast.Expr(value=ast.Call()):
                module.definitions[f"line {statement.lineno}"] = statement
    return module


@cache
def _parts(definition: ast.AST) -> list[ast.AST]:
    """The nodes of a definition. The methods of a class are left out, as they are definitions of their own."""
    waiting, found = [definition], []
    while waiting:
        part = waiting.pop()
        found.append(part)
        inner = list(ast.iter_child_nodes(part))
        if part is definition and isinstance(part, ast.ClassDef):
            inner = [child for child in inner if not isinstance(child, ast.FunctionDef)]
        waiting += inner
    return found


@cache
def of(folder: str) -> "_Reach":
    """All definitions that a function can reach."""
    return _Reach(template.handler(folder))


class _Reach:
    """The definitions that can be reached from one handler."""

    def __init__(self, handler: Path) -> None:
        self.modules = {**_package(), "handler": _read(handler, "handler")}
        self.nodes: set[Node] = set()
        self._known_locals: dict[Node, frozenset[str]] = {}
        self._is_idempotent = bool(
            re.search(r"\bIdempotent\(|\bIdempotencyKey\(|webhook_routes\.manage\(", handler.read_text())
        )
        called: set[str] = set()
        waiting = [("handler", name) for name in self.modules["handler"].definitions]
        while waiting:
            while waiting:
                node = waiting.pop()
                if node in self.nodes:
                    continue
                self.nodes.add(node)
                for part in self._own(node):
                    if isinstance(part, ast.Attribute):
                        called.add(part.attr)
                    if (found := self.resolve(node, part)) is not None and self._is_used(found):
                        waiting.append(found)
            for module, name in list(self.nodes):
                foreign = self._extends_a_library(module, name)
                for method in self._methods(module, name):
                    simple = method.partition(".")[2]
                    reached = foreign or simple in called or simple.startswith("__")
                    if reached and (module, method) not in self.nodes:
                        waiting.append((module, method))

    def _extends_a_library(self, module: str, name: str) -> bool:
        definition = self.definition((module, name))
        if not isinstance(definition, ast.ClassDef):
            return False
        bases = [part for base in definition.bases for part in ast.walk(base) if isinstance(part, ast.Name)]
        origins = [self.modules[module].imports.get(base.id, ("", None))[0] for base in bases]
        return any(origin.startswith("aws_lambda_powertools.event_handler") for origin in origins)

    def _methods(self, module: str, name: str) -> list[str]:
        prefix = f"{name}."
        return [method for method in self.modules[module].definitions if method.startswith(prefix)]

    def _own(self, node: Node) -> list[ast.AST]:
        return _parts(self.definition(node))

    def definition(self, node: Node) -> ast.AST:
        return self.modules[node[0]].definitions[node[1]]

    def _is_used(self, node: Node) -> bool:
        """Whether a reached definition counts.

        IdempotencyKey counts only for handlers that create one or declare `Idempotent`.
        """
        return node[0] != "ferryman.identity.idempotency" or node[1] != "IdempotencyKey" or self._is_idempotent

    def resolve(self, node: Node, part: ast.AST) -> Node | None:
        """The definition to which a name or `module.name` in `node` refers; None if it is not in our code."""
        module = node[0]
        match part:
            case ast.Name(id=name, ctx=context) if name in self._locals(node) or isinstance(context, ast.Store):
                return None
            case ast.Name(id=name):
                if name in self.modules[module].definitions:
                    return module, name
                return self._defined(*self.modules[module].imports.get(name, ("", None)))
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                owner = self._module(module, name)
                if owner and attribute in self.modules[owner].definitions:
                    return owner, attribute
        return None

    def _defined(self, module: str, name: str | None) -> Node | None:
        """The place where a name that a module exports is defined, also through imports; None for foreign code."""
        seen: set[tuple[str, str]] = set()
        while name and module in self.modules and (module, name) not in seen:
            if name in self.modules[module].definitions:
                return module, name
            seen.add((module, name))
            module, name = self.modules[module].imports.get(name, ("", None))
        return None

    def _locals(self, node: Node) -> frozenset[str]:
        """The parameters and variables of a function, which shadow the module's names."""
        if node not in self._known_locals:
            definition = self.definition(node)
            names = set()
            if isinstance(definition, ast.FunctionDef):
                for part in ast.walk(definition):
                    if isinstance(part, ast.arg):
                        names.add(part.arg)
                    elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                        names.add(part.id)
            self._known_locals[node] = frozenset(names)
        return self._known_locals[node]

    def _module(self, module: str, name: str) -> str | None:
        origin, inner = self.modules[module].imports.get(name, ("", None))
        full = f"{origin}.{inner}" if inner else origin
        return full if full in self.modules else None

    def text(self, node: Node, part: ast.AST | None) -> str | None:
        """The text of a literal, or of the constant to which a name refers; None for anything else."""
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            return part.value
        found = self.resolve(node, part) if part is not None else None
        if found:
            definition = self.definition(found)
            if isinstance(definition, ast.Assign | ast.AnnAssign) and definition.value is not None:
                return self.text(found, definition.value)
        return None

    def calls(self) -> Iterator[tuple[Node, ast.Call, Node | None]]:
        for node in sorted(self.nodes):
            for part in self._own(node):
                if isinstance(part, ast.Call):
                    yield node, part, self.resolve(node, part.func)


@cache
def needs(folder: str) -> Needs:
    """The environment variables and permissions that a function's code needs.

    Fails if the code reads a setting by a name that is not a literal.
    """
    reach = of(folder)
    found = Needs()
    for node, call, target in reach.calls():
        if node[0] == "ferryman.settings" or node[0].startswith("ferryman.aws."):
            continue  # passes on what it was called with; or what Lambda sets
        if target and target[0] == "ferryman.settings":
            variable = reach.text(node, call.args[0])
            if variable is None:
                raise AssertionError(f"{node}: settings are read by a literal name, so that tests can find them")
            found.variables.add(variable)
        if target and target[0] == _STORE and target[1] in _ACTIONS:
            index = next((reach.text(node, word.value) for word in call.keywords if word.arg == "index"), None)
            indexes = [index] if index or not _indexed(call) else _indexes(reach, node)
            for table in _tables(reach, node, call):
                for one in indexes:
                    found.actions.add((f"dynamodb:{_ACTIONS[target[1]]}", _variable(table), one))
                found.variables.add(_variable(table))
        for action in _actions_of(reach, node, call, target):
            found.actions |= {(action, variable, None) for variable in _settings_of(reach, node)}
    return found


def _actions_of(reach: _Reach, node: Node, call: ast.Call, target: Node | None) -> list[str]:
    """The actions of a call to another service than DynamoDB, such as `clients.sqs().send_message_batch()`."""
    if target in _CALLED:
        return [_CALLED[target]]
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        client = reach.resolve(node, call.func.value.func)
        if client and client[0] == _AWS and client[1] in _CLIENTS:
            return [_CLIENT_ACTIONS[client[1], call.func.attr]]
    return []


def _variable(table: str) -> str:
    return f"{table.upper()}_TABLE"


def _indexed(call: ast.Call) -> bool:
    return any(word.arg == "index" for word in call.keywords)


def _indexes(reach: _Reach, node: Node) -> list[str | None]:
    """The values of all index constants that the definition names, for a call whose index is a variable."""
    constants = [part for part in reach._own(node) if isinstance(part, ast.Attribute) and part.attr.endswith("_INDEX")]
    return list({reach.text(node, part) for part in constants})


def _tables(reach: _Reach, node: Node, call: ast.Call) -> set[str]:
    """The tables of a call of `store`. For a parameter, the callers of the function are searched.

    Fails if no table is found.
    """
    argument = call.args[0]
    table = reach.text(node, argument)
    if table is not None:
        return {table}
    definition = reach.definition(node)
    found: set[str] = set()
    if isinstance(definition, ast.FunctionDef) and isinstance(argument, ast.Name):
        names = [parameter.arg for parameter in definition.args.args]
        if argument.id in names:
            position = names.index(argument.id)
            for caller, outer, target in reach.calls():
                if target == node:
                    passed = outer.args[position] if position < len(outer.args) else None
                    text = reach.text(caller, passed)
                    found |= {text} if text else _constants(reach, caller)
    found = found or _constants(reach, node)
    if not found:
        raise AssertionError(f"{node}: which table does this call of store mean? Pass a TABLE constant.")
    return found


def _constants(reach: _Reach, node: Node) -> set[str]:
    """The values of all table constants that a definition names, directly or through a constant that lists several."""
    found: set[str] = set()
    for part in reach._own(node):
        target = reach.resolve(node, part)
        if target and isinstance(reach.definition(target), ast.Assign | ast.AnnAssign):
            text = reach.text(node, part)
            found |= {text} if text and "TABLE" in target[1] else _constants(reach, target)
    return found


def _settings_of(reach: _Reach, node: Node) -> set[str]:
    """The variables of queues, keys and buckets that a definition reads, directly or through functions beside it."""
    found = set()
    for part in reach._own(node):
        if isinstance(part, ast.Call):
            target = reach.resolve(node, part.func)
            if target and target[0] == node[0] and isinstance(reach.definition(target), ast.FunctionDef):
                found |= _settings_of(reach, target)
            if target and target[0] == "ferryman.settings":
                text = reach.text(node, part.args[0])
                if text and text.endswith(("_QUEUE_URL", "_KEY_ID", "_BUCKET")):
                    found.add(text)
    return found
