"""`assistant models`: shows, fetches and removes models for their owner."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from assistant.audio.onnx_ import file_in_wheel
from assistant.errors import AssistantError, BadInput, EngineMissing
from assistant.models import disk, fetch
from assistant.models.download import Patience
from assistant.models.registry import PURPOSES, Model, find, folder, known, needed
from assistant.models.shelf import FIRST, PUBLISHED, UNKNOWN, Installed, Shelf
from assistant.settings import Settings

_VERIFIED = {
    PUBLISHED: "its published sum was met",
    FIRST: "not verified against a published sum; pinned as it was first fetched",
    UNKNOWN: "not verified against a published sum; only looked into",
}
_NOT_PUBLISHED = "not verified against a published sum"


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do ``assistant models``; return the exit status."""
    models, shelf = known(settings), Shelf(folder(settings))
    names = dict.fromkeys(arguments.names)
    chosen = [find(models, name) for name in names]
    if arguments.action == "fetch":
        return _fetch(arguments, settings, shelf, models, chosen)
    if arguments.action == "remove":
        return _remove(shelf, chosen, arguments.forget)
    return _list(
        shelf, chosen or list(models.values()), arguments, needed(settings, models.values())
    )


def _list(shelf: Shelf, models: list[Model], arguments, wanted: list[Model]) -> int:
    found = {model.name: shelf.installed(model, arguments.check) for model in models}
    if arguments.json:
        rows = [_row(model, found[model.name], model in wanted) for model in models]
        print(json.dumps({"folder": str(shelf.folder), "models": rows}, indent=1))
    else:
        _print_list(shelf, models, found, wanted)
    return 1 if any(state and state.problem for state in found.values()) else 0


def _print_list(shelf: Shelf, models: list[Model], found: Mapping, wanted: list[Model]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for kind, purpose in PURPOSES.items():
        mine = [model for model in models if model.kind == kind]
        if mine:
            console.print(f"[bold]{purpose}[/bold]")
        for model in mine:
            state, colour = _state(model, found[model.name])
            line = Text(f"  {model.name:<28}{model.about:<19}{_size(model):>8}  ")
            line.append(state, style=colour)
            line.append(
                ", the settings ask for it" if model in wanted and colour != "green" else ""
            )
            console.print(line)
            console.print(Text(f"    licence: {model.licence}", style="dim"))
            for text in _digests(model, found[model.name]):
                console.print(Text(f"    {text}", style="dim"))
    console.print(f"In {shelf.folder}. Get one with: assistant models fetch NAME")


def _digests(model: Model, there: Installed | None) -> Iterator[str]:
    """Yield a line on each file: its SHA-256, published or met here, and how it was verified."""
    for file in model.files:
        ending = file.name.removeprefix(model.name) or file.name
        ours = there.digests.get(file.name) if there else None
        if file.algorithm == "sha256":
            yield f"{file.digest} {ending}"
        elif file.algorithm:
            yield f"{file.algorithm} {file.digest} {ending}"
        else:
            yield f"{_NOT_PUBLISHED} {ending}"
        if ours and file.algorithm != "sha256":
            yield f"{ours} {ending}"
    if there and not there.problem and there.verified != PUBLISHED:
        yield _VERIFIED[there.verified]


def _state(model: Model, there: Installed | None) -> tuple[str, str]:
    if there is None:
        return (
            ("in the openwakeword package", "green") if _bundled(model) else ("missing", "yellow")
        )
    if there.problem:
        return f"DAMAGED: {there.problem}", "red"
    return "installed", "green"


def _bundled(model: Model) -> bool:
    """Return whether an installed package carries this very model."""
    if model.kind != "openwakeword":
        return False
    for file in model.files:
        try:
            path = file_in_wheel("openwakeword", f"resources/models/{file.name}")
        except EngineMissing:
            return False
        if file.digest and disk.digest_of(path, file.algorithm) != file.digest:
            return False
    return True


def _row(model: Model, there: Installed | None, wanted: bool) -> dict:
    files = [
        {
            "name": file.name,
            "url": file.url,
            "size": file.size,
            "published": f"{file.algorithm}:{file.digest}" if file.digest else None,
            "sha256": there.digests.get(file.name) if there else None,
        }
        for file in model.files
    ]
    return {
        "name": model.name,
        "purpose": PURPOSES[model.kind],
        "language": model.language,
        "about": model.about,
        "size": model.size,
        "licence": model.licence,
        "state": _state(model, there)[0],
        "verified": there.verified if there else None,
        "path": str(there.path) if there else None,
        "asked_for": wanted,
        "files": files,
    }


def _fetch(arguments, settings: Settings, shelf: Shelf, models: Mapping, chosen) -> int:
    def waiting() -> None:
        print("Another fetch is running; waiting for it.", file=sys.stderr)

    with disk.only_one(shelf.folder, waiting):
        if arguments.source:
            jobs = _from_place(arguments.source, shelf, models, chosen)
        else:
            jobs = _from_network(shelf, chosen or needed(settings, models.values()))
        if not jobs:
            print("The settings ask for no model that can be fetched.")
        return _do(shelf, jobs)


def _from_network(shelf: Shelf, chosen: list[Model]) -> list[tuple[Model, Callable]]:
    return [(m, lambda show, m=m: fetch.from_network(shelf, m, Patience(), show)) for m in chosen]


def _from_place(place: Path, shelf: Shelf, models: Mapping, chosen) -> list[tuple[Model, Callable]]:
    inbox = shelf.work / "inbox"
    found = fetch.search(place.expanduser(), chosen or list(models.values()), inbox)
    missing = [m for m in chosen if m not in [f.model for f in found]]
    if missing or not found:
        wanted = missing or list(models.values())
        names = ", ".join(file.name for model in wanted for file in model.files)
        raise BadInput(str(place), "the model is not there", f"put there: {names}")
    return [(f.model, lambda show, f=f: fetch.from_folder(shelf, f, show)) for f in found]


def _do(shelf: Shelf, jobs: list[tuple[Model, Callable]]) -> int:
    failed = None
    for model, job in jobs:
        there = shelf.installed(model, thorough=True)
        if there and not there.problem:
            print(f"{model.name}: already there")
            continue
        try:
            with _bar(model) as show:
                path = job(show)
        except AssistantError as error:
            if len(jobs) == 1:
                raise
            print(f"assistant models: {error}", file=sys.stderr)
            failed = error
            continue
        verified = _VERIFIED[shelf.installed(model).verified]
        print(f"{model.name}: installed in {path} ({verified}); licence: {model.licence}")
    with disk.disk_errors(shelf.folder):
        disk.remove_tree(shelf.work / "inbox")
    return 1 if failed else 0


@contextmanager
def _bar(model: Model):
    """Show a bar for each file of ``model``; yields what to call with file, done and total."""
    from rich import progress as p
    from rich.console import Console

    columns = (
        p.TextColumn("{task.description}"), p.BarColumn(), p.DownloadColumn(),
        p.TransferSpeedColumn(), p.TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    with p.Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        tasks: dict[str, p.TaskID] = {}

        def show(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield show


def _remove(shelf: Shelf, chosen: list[Model], forget: bool) -> int:
    if not chosen:
        raise BadInput("assistant models remove", "names no model", "say which")
    if not shelf.folder.is_dir():
        print(f"There is no model in {shelf.folder}.")
        return 0
    with disk.only_one(shelf.folder):
        for model in chosen:
            there = shelf.remove(model, forget)
            print(f"{model.name}: {'removed' if there else 'was not there'}")
    return 0


def _size(model: Model) -> str:
    return (
        f"{model.size / 1e6:.0f} MB"
        if model.size and model.size > 1e6
        else (f"{model.size / 1e3:.0f} kB" if model.size else "?")
    )
