"""The example of docs/boards.md works as it is printed there, and the docs name what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assistant import board as boards
from assistant.board import Board, board_names, find_board
from assistant.board_checks import checks
from assistant.cli import COMMANDS
from assistant.settings import describe
from tests.hardware import gpio, spi
from tests.hardware.benches import use_pins
from tests.hardware.machines import Card, machine

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = ("hardware.md", "troubleshooting.md", "boards.md")


@pytest.fixture
def example(tmp_path, monkeypatch) -> str:
    code = re.search(r"```python\n(.*?)```", (DOCS / "boards.md").read_text(), re.DOTALL)[1]
    folder = tmp_path / "hardware"
    folder.mkdir()
    (folder / "puck.py").write_text(code)
    monkeypatch.setattr(boards, "OWNER", folder)
    return code


def test_the_example_is_as_short_as_it_says(example):
    lines = [line for line in example.splitlines() if line.strip()]
    assert len(lines) <= 30


def test_the_example_is_a_board(example, tmp_path, monkeypatch):
    import sys

    chain, header = spi.Chain(8), gpio.Header()
    use_pins(monkeypatch, header)
    monkeypatch.setitem(sys.modules, "spidev", spi.module(chain))
    assert "puck" in board_names()
    system = machine(tmp_path / "pi", cards=(Card("Puck", "Conference Puck", "1234:5678", 5),))
    board, found = find_board("auto", system)
    assert isinstance(board, Board) and board.name == "puck" == found[0].board
    assert board.card == "Conference Puck" and board.channels == 5
    for check in checks(board):
        check.run()
    assert chain.frames > 30 and header.used == set()


def test_without_the_puck_it_is_not_found(example, tmp_path):
    assert find_board("auto", machine(tmp_path / "pi"))[0].name == "default"


@pytest.mark.parametrize("name", WRITTEN)
def test_the_docs_name_only_what_there_is(name):
    text = (DOCS / name).read_text()
    for verb in re.findall(r"`assistant ([a-z]+)\b", text):
        assert verb in COMMANDS, verb
    keys = {row.key for row in describe()}
    sections = {key.partition(".")[0] for key in keys}
    for key in re.findall(r"`(\w+\.\w+)(?: = [^`]*)?`", text):
        if key.partition(".")[0] in sections and not key.endswith((".md", ".py")):
            assert key in keys, key
    for path in re.findall(r"`((?:hardware|docs|tests|assistant)/[\w./-]+\.\w+)`", text):
        assert (DOCS.parent / path).exists(), path
    for link in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (DOCS / link).exists(), link


@pytest.mark.parametrize("name", [n for n in board_names() if n not in ("default", "virtual")])
def test_the_buying_guide_has_every_board(name):
    assert f"`{name}`" in (DOCS / "hardware.md").read_text()
