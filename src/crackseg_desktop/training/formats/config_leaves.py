"""The plain values of a configuration by their dotted paths, from JSON, YAML or Python. Nothing is ever executed.

YAML is read line by line in block style, with flow mappings of one level: enough for what frameworks write, and no
library is needed. Python (mmengine's ``config.py``) is parsed into its syntax tree.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Leaves = dict[str, object]

_LONGEST_LINE = 400
_LONGEST_PYTHON = 1 << 20
_KEY = re.compile(r"^(?P<indent> *)(?P<key>[\w.\-]+|\"[^\"]*\"|'[^']*') *:(?: +(?P<value>.*?))? *$")
_INLINE = re.compile(r"[{,]\s*[\"']?(?P<key>[\w.\-]+)[\"']?\s*:\s*(?P<value>[^,{}\[\]]+)")


def leaves_of_json(document: Mapping[str, object], prefix: str = "") -> Leaves:
    """Return the values of a JSON object that are neither objects nor lists."""
    leaves: Leaves = {}
    for key, value in document.items():
        if isinstance(value, dict):
            leaves |= leaves_of_json(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            leaves[prefix + key] = value
    return leaves


def leaves_of_yaml(text: str, names: frozenset[str]) -> Leaves:
    """Return the values, as texts, whose last key is one of ``names``."""
    found: Leaves = {}
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _KEY.match(line[:_LONGEST_LINE].split(" #")[0])
        if match is None:
            continue
        indent, name, value = len(match["indent"]), match["key"].strip("\"'"), match["value"]
        while parents and parents[-1][0] >= indent:
            parents.pop()
        if not value:
            parents.append((indent, name))
            continue
        inner = _inline(value) if value.startswith("{") else [("", value)]
        for key, item in inner:
            if (key or name) in names:
                path = ".".join((*(parent for _, parent in parents), name, *([key] if key else ())))
                found.setdefault(path, item.strip("\"' "))
    return found


def leaves_of_python(text: str) -> Leaves:
    """Return the constants that a Python configuration assigns, through ``dict(...)`` and ``{...}``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the file's own escapes
            tree = ast.parse(text[:_LONGEST_PYTHON])
        return {
            path: value
            for item in tree.body
            if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name)
            for path, value in _constants(item.value, item.targets[0].id)
        }
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _inline(value: str) -> list[tuple[str, str]]:
    return [(match["key"], match["value"]) for match in _INLINE.finditer(value)]


def _constants(node: ast.expr, path: str) -> Iterator[tuple[str, object]]:
    match node:
        case ast.Constant():
            yield path, cast("object", node.value)
        case ast.Call(func=ast.Name(id="dict")):
            for keyword in node.keywords:
                if keyword.arg is not None:
                    yield from _constants(keyword.value, f"{path}.{keyword.arg}")
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from _constants(value, f"{path}.{key.value}")
