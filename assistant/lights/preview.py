"""Shows the moods without a board: in the terminal, or as a picture or film in a file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import cos, pi, sin
from pathlib import Path

from assistant.board import Board, Colour, Ring
from assistant.errors import BadInput, did_you_mean
from assistant.lights.moods import GAMMA, MOODS, ROW, frame, toward

SECONDS = 4.0  # of each mood in a preview
STILL_S = 0.9  # the moment a picture shows
HZ = 30.0
DIRECTION_DEG = 60.0  # of the talker in a preview
MOST = 64
EMPTY = (34, 34, 40)  # an LED that is off, as a terminal shows it


def run(
    *, mood: str | None, count: int, once: bool, out: Path | None, board: Board | None = None
) -> None:
    """Show one mood or all of them. Raises BadInput."""
    if mood is not None and mood not in MOODS:
        raise BadInput("--mood", f'there is no mood "{mood}"', did_you_mean(mood, MOODS))
    if not 1 <= count <= MOST:
        raise BadInput("--count", f"{count} LEDs cannot be drawn", f"give 1 to {MOST}")
    moods = (mood,) if mood else MOODS
    if out is not None:
        _write(moods, count, out)
    elif once:
        _print_once(moods, count)
    else:
        _play(moods, count, board)


def moment(mood: str, t_s: float, count: int) -> tuple[Colour, ...]:
    """Return a mood as the previews show it: somebody speaks from the right, volume at 70 %."""
    ring = Ring(count)
    return frame(mood, t_s, count, toward=toward(ring, DIRECTION_DEG), level=0.7)


def seen(colour: Colour) -> tuple[int, int, int]:
    """Return linear light as a screen's red, green and blue, 0 to 255, over a switched-off LED."""
    shown = (round(255 * c ** (1 / GAMMA)) for c in colour)
    return tuple(max(c, dark) for c, dark in zip(shown, EMPTY, strict=True))


def spots(count: int) -> list[tuple[float, float]]:
    """Return where the LEDs are in a unit circle: x to the right, y up, the first at the top."""
    if count < ROW:
        return [(0.0 if count == 1 else 1.4 * n / (count - 1) - 0.7, 0.0) for n in range(count)]
    angles = (2 * pi * n / count for n in range(count))
    return [(0.85 * sin(angle), 0.85 * cos(angle)) for angle in angles]


def drawing(colours: Sequence[Colour]):
    """Return the LEDs as text for a rich console."""
    from rich.text import Text

    count = len(colours)
    wide, high = (13, 1) if count < ROW else (2 * max(count, 11) + 1, max(count, 11))
    places = {}
    for (x, y), colour in zip(spots(count), colours, strict=True):
        column, row = round((x + 1) / 2 * (wide - 1)), round((1 - y) / 2 * (high - 1))
        places[row, column] = "rgb({},{},{})".format(*seen(colour))
    text = Text()
    for row in range(high):
        for column in range(wide):
            style = places.get((row, column))
            text.append("\u25cf" if style else " ", style or "")
        text.append("\n" if row < high - 1 else "")
    return text


def _print_once(moods: Sequence[str], count: int) -> None:
    from rich.console import Console

    console = Console()
    for mood in moods:
        console.print(mood)
        console.print(drawing(moment(mood, STILL_S, count)))


def _play(moods: Sequence[str], count: int, board: Board | None) -> None:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console = Console()
    if not console.is_terminal and board is None:
        _print_once(moods, count)
        return
    lights = board.open_lights() if board is not None and board.open_lights else None
    try:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            for mood in moods:
                began = time.monotonic()
                while (t_s := time.monotonic() - began) < SECONDS:
                    colours = moment(mood, t_s, count)
                    live.update(Group(Text(mood, style="bold"), drawing(colours)), refresh=True)
                    if lights is not None:
                        lights.show(moment(mood, t_s, lights.count))
                    time.sleep(1 / HZ)
    finally:
        if lights is not None:
            lights.close()


def _write(moods: Sequence[str], count: int, out: Path) -> None:
    from assistant.lights import picture

    kinds = {".png": picture.write_png, ".gif": picture.write_gif}
    if out.suffix.lower() not in kinds:
        raise BadInput("--out", f"{out.name} is neither .png nor .gif", "end it in .png or .gif")
    try:
        kinds[out.suffix.lower()](out, moods, count)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput("--out", f"{out} cannot be written: {reason}", "give another name") from None
    print(f"Wrote {out}")
