"""Tells a scene on the console while it is played: who says what, and what the speaker makes of it.

On a terminal with colours and a progress bar, elsewhere as plain lines.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from assistant import messages as m
from assistant.audio.format import seconds
from assistant.room.record import Record
from assistant.room.scene import Scene

_PEOPLE = ("bright_cyan", "bright_magenta", "bright_green", "bright_yellow")
_SPEAKER = "bold bright_white"
_QUIET = "grey58"


class Narrator:
    """Prints the story of one scene; a context manager around the simulation. Main thread."""

    def __init__(self, console: Console, scene: Scene) -> None:
        self._console, self._scene = console, scene
        names = [p.name for p in scene.people]
        self._colours = {n: _PEOPLE[i % len(_PEOPLE)] for i, n in enumerate(names)}
        self._width = max([len("speaker"), *map(len, names)])
        self._soundings = 0
        self._texts: dict[int, tuple[str, ...]] = {}
        self._spoken = self._last_cut = 0
        self._bar: Progress | None = None
        console.print(Text(scene.title, style="bold"))

    def __enter__(self) -> Narrator:
        if self._console.is_terminal:
            columns = (
                TextColumn("[grey58]scene"),
                BarColumn(),
                TextColumn("{task.completed:.0f} of {task.total:.0f} s"),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.add_task("scene", total=self._scene.duration_s)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def progress(self, now_s: float, record: Record) -> None:
        """Move the bar to ``now_s`` and tell who began to make a sound."""
        for s in record.soundings[self._soundings :]:
            words = f'"{s.text}"' if s.text else "(a recording)"
            if s.kind == "say":
                self._line(seconds(s.onset), s.who, words, self._colours[s.who])
            elif s.kind == "press":
                self._line(seconds(s.onset), "", f"({s.who} button)", _QUIET)
            else:
                self._line(seconds(s.onset), "", f"({s.who})", _QUIET)
        self._soundings = len(record.soundings)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=now_s)

    def observe(self, message: object, at: int) -> None:
        """Tell one event or command; an observer of the speaker."""
        t = seconds(at)
        match message:
            case m.WakeHeard():
                cut = ", and stops talking" if message.interrupted else ""
                self._note(t, f"hears its name ({message.score:.2f}){cut}")
                self._cut(message.interrupted)
            case m.DeviceGone():
                self._note(t, "has lost its sound card")
            case m.DeviceBack():
                self._note(t, f"has it back after {seconds(message.away):.1f} s")
            case m.SpeechSuspected():
                self._note(t, "lowers its voice: is that for me?")
            case m.Resume() | m.HoldExpired():
                self._note(t, "no: goes on")
            case m.SpeechStopped() if self._cut(message.position):
                self._note(t, "stops talking")
            case m.Heard(final=True):
                self._note(t, f'heard "{message.text}"' if message.text else "heard no words")
            case m.ReplyPlanned():
                self._texts[message.turn] = message.texts
            case m.SegmentStarted() if message.turn > self._spoken:
                self._spoken = message.turn
                text = " ".join(self._texts.get(message.turn, ()))
                self._line(t, "speaker", f'"{text}"', _SPEAKER)

    def _cut(self, where: m.Position | None) -> bool:
        """Return whether it is news that the reply was cut there."""
        news = where is not None and where.turn > self._last_cut
        self._last_cut = where.turn if news else self._last_cut
        return news

    def _note(self, t: float, what: str) -> None:
        self._line(t, "", what, _QUIET)

    def _line(self, t: float, who: str, what: str, style: str) -> None:
        line = Text(f"{t:6.1f} s  ", style=_QUIET)
        line.append(f"{who:<{self._width}}  ", style=style)
        line.append(what, style=style)
        self._console.print(line)

    def end(self, report: dict, folder: Path | None) -> None:
        """Print the summary, and where the files are."""
        console = self._console
        console.print()
        if report["interruptions"]:
            console.print(interruptions_table(report))
        console.print(figures_table(report))
        for row in report["expectations"]:
            mark, style = ("ok  ", "green") if row["ok"] else ("FAIL", "bold red")
            got = "" if row["ok"] else f"   got: {row['got']}"
            console.print(Text.assemble((mark, style), f"  {row['what']}{got}"))
        if folder is not None:
            names = "report.json events.jsonl timeline.png mic.wav speaker.wav clean.wav"
            console.print(Text(f"\n{folder}/: {names}", style=_QUIET))


def interruptions_table(report: dict) -> Table:
    """Return the interruptions with their latencies at the microphones."""
    table = Table(title="Interruptions", title_justify="left", title_style="bold")
    for name in ("at", "by", "ducked after", "silent after", "went on after"):
        table.add_column(name, justify="left" if name == "by" else "right")
    for row in report["interruptions"]:
        since = row["onset_s"]
        by = row["kind"] if row["resumed_s"] is None else "not meant for it"
        cells = (_ms(row[key], since) for key in ("duck_s", "stop_s", "resumed_s"))
        table.add_row(f"{since:.1f} s", by, *cells)
    return table


def figures_table(report: dict) -> Table:
    """Return the scene's figures."""
    echo, hops = report["echo"], report["hops"]
    ends = [r["ended"] for r in report["replies"]]
    waits = sorted(
        u["reply_start_s"] - u["end_s"] for u in report["utterances"] if _waited(u, report)
    )
    table = Table(title="Figures", title_justify="left", title_style="bold", show_header=False)
    table.add_row("replies", ", ".join(f"{ends.count(e)} {e}" for e in dict.fromkeys(ends)) or "0")
    if waits:
        middle = waits[len(waits) // 2]
        table.add_row("end of a request to first word", f"{1000 * middle:.0f} ms (median)")
    wakes = f"{len(report['wakes'])}, {report['false_wakes']} false"
    table.add_row("wakes", wakes)
    table.add_row("false ducks, false stops", f"{report['false_ducks']}, {report['false_stops']}")
    if echo["erle_db"] is not None:
        table.add_row("echo return loss enhancement", f"{echo['erle_db']:.1f} dB")
    if "delay_ms" in echo:
        found = f"{echo['delay_ms']:.1f} ms, {echo['drift_ppm']:+.1f} ppm, {echo['jumps']}"
        table.add_row("echo's delay, clock drift, jumps", found)
    cost = f"{hops['p50_ms']:.2f} ms, 99 % within {hops['p99_ms']:.2f} ms, {hops['late']} late"
    table.add_row("audio thread per 16 ms hop", cost)
    if memory := report["memory"]:
        parts = " + ".join(f"{mb:.0f}" for mb in (memory["own_mb"], *memory["engines_mb"]))
        what = "the simulation, its recording included, and each engine's own process"
        table.add_row("peak memory", f"{memory['total_mb']:.0f} MB = {parts}: {what}")
    engines = report["engines"]
    table.add_row("engines", f"{engines['wake']}, {engines['recogniser']}, {engines['voice']}")
    return table


def _waited(utterance: dict, report: dict) -> bool:
    start = utterance["reply_start_s"]
    return start is not None and start > utterance["end_s"]


def _ms(value: float | None, since: float) -> str:
    return "" if value is None else f"{1000 * (value - since):.0f} ms"
