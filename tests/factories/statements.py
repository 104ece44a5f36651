"""The SQL of the product, gathered from its source: what every repository says to the database.

A statement is a string in a repository that begins like one. f-strings are filled in with the names of their
module; one that needs a function's own names can't be, and its function is called instead (see `CALLS` in
tests/slices/test_schema.py).
"""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "src" / "reelm"
_STATEMENT = re.compile(r"\s*\(?\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s+\S+\s*\S", re.IGNORECASE)
_TABLE = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|USING)\s+(?:ONLY\s+)?\"?([a-z_][a-z0-9_.]*)", re.IGNORECASE
)


@dataclass(frozen=True)
class Statement:
    """One statement. `text` is None when it depends on names of its function."""

    room: str
    file: str
    line: int
    function: str
    source: str
    text: str | None

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function}"


def python_files(top: Path = SOURCE) -> list[Path]:
    return sorted(path for path in top.rglob("*.py") if "web_client" not in path.parts)


def repositories() -> list[Path]:
    return [path for path in python_files() if path.name.startswith("repository")]


def tables_named(text: str, known: set[str]) -> set[str]:
    return {name for name in _TABLE.findall(text) if name in known}


def looks_like_sql(text: str) -> bool:
    return bool(_STATEMENT.match(text))


def _literal_parts(node: ast.expr) -> str:
    """What of a string expression is written down, with ● for what is filled in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            _literal_parts(part) if isinstance(part, ast.Constant) else "●" for part in node.values
        )
    if isinstance(node, ast.BinOp):
        return _literal_parts(node.left) + _literal_parts(node.right)
    return "●"


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, ast.JoinedStr)


class _Collector(ast.NodeVisitor):
    def __init__(self, path: Path, *, filled_in: bool) -> None:
        self._path = path
        self._scope: list[str] = []
        inside = path.relative_to(SOURCE)
        self._room = inside.parts[0] if len(inside.parts) > 1 else ""
        name = ".".join(("reelm", *inside.with_suffix("").parts))
        self._names = vars(importlib.import_module(name)) if filled_in else {}
        self.found: list[Statement] = []

    def _named(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self._scope.append(node.name)
        first = node.body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        for statement in node.body[1:] if documented else node.body:
            self.visit(statement)
        self._scope.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _named  # noqa: N815

    def visit_Module(self, node: ast.Module) -> None:
        for statement in node.body[1:]:
            self.visit(statement)

    def visit(self, node: ast.AST) -> None:
        if not _is_text(node):
            super().visit(node)
            return
        assert isinstance(node, ast.expr)
        source = _literal_parts(node)
        if not looks_like_sql(source):
            return
        try:
            text = eval(compile(ast.Expression(node), str(self._path), "eval"), self._names)
        except NameError:
            text = None
        file = str(self._path.relative_to(REPOSITORY))
        self.found.append(Statement(self._room, file, node.lineno, ".".join(self._scope), source, text))


def statements(path: Path, *, filled_in: bool = True) -> list[Statement]:
    """The statements of one file, in its order; with `filled_in` the file is imported for its names."""
    collector = _Collector(path, filled_in=filled_in)
    collector.visit(ast.parse(path.read_text()))
    return collector.found


def all_statements() -> Iterator[Statement]:
    for path in repositories():
        yield from statements(path)
