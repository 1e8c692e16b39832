"""Benchmarks run seldom: at least the names they use must be there."""

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
MODULES = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


@pytest.mark.parametrize("name", MODULES)
def test_what_is_taken_from_another_module_is_there(name):
    module = importlib.import_module(f"tests.benchmarks.{name}")
    missing = [
        f"line {node.lineno}: {node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse((HERE / f"{name}.py").read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if isinstance(owner := getattr(module, node.value.id, None), ModuleType)
        if not hasattr(owner, node.attr)
    ]
    assert not missing
