"""The rules of the house: layers, one home a framework, small files and functions."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "codesuggest"
LAYERS = [
    {"errors"},
    {"domain"},
    {"checked"},
    {"settings", "protocol"},
    {"taxonomy", "metrics", "similarity"},
    {"agreement", "store"},
    {"read", "redact", "embed", "rank", "registry", "snapshot", "review", "confirm", "erase", "signin"},
    {"suggest", "redaction"},
    {"bulk", "evaluate", "audit", "trends", "drift", "gate", "tracking"},
    {"report", "promotion"},
    {"following"},
    {"intake", "dashboard", "crosswalk"},
    {"train"},
    {"retrain"},
    {"web"},
    {"cli"},
]
ALLOWED_WITHIN = {("registry", "rank")}
"""registry stores what rank defines, and has to name its types."""

HOMES = {
    "presidio_analyzer": {"redact"},
    "spacy": {"redact", "redaction"},
    "sentence_transformers": {"embed"},
    "sklearn": {"embed", "rank", "metrics", "audit"},
    "skops": {"registry"},
    "mlflow": {"tracking"},
    "pyspark": {"bulk"},
    "fastapi": {"web"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "argon2": {"signin"},
    "prometheus_client": {"web"},
    "typer": {"cli"},
    "jinja2": {"report", "web"},
}


def modules() -> Iterator[tuple[str, Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if part != "__init__":
            yield part, path, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def level(part: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


def test_every_module_has_a_layer() -> None:
    assert {part for part, _, _ in modules()} <= set().union(*LAYERS)


def test_modules_import_only_from_layers_above() -> None:
    wrong = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for part, path, tree in modules()
        for name in imported(tree)
        if name.startswith("codesuggest.")
        and (other := name.split(".")[1]) != part
        and level(other) >= level(part)
        and (part, other) not in ALLOWED_WITHIN
    ]
    assert wrong == []


def test_each_framework_has_one_home() -> None:
    wrong = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for part, path, tree in modules()
        for name in imported(tree)
        if part not in HOMES.get(name.split(".")[0], {part})
    ]
    assert wrong == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not {path.stem for _, path, _ in modules()} & {"utils", "helpers", "common", "models", "base"}


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "training"])
def test_files_and_functions_stay_small(folder: str) -> None:
    long = []
    for path in (SOURCE.parents[1] / folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 400:
            long.append(path.name)
        functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
        long += [f"{path.name}: {f.name}" for f in functions if (f.end_lineno or 0) - f.lineno >= 50]
    assert long == []
