"""Paints the moods into files: a PNG of all of them side by side, a GIF that moves.

Needs numpy and Pillow; loaded only when a picture is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.board import Colour
from assistant.lights.moods import GAMMA, ROW
from assistant.lights.preview import moment, spots

PAPER = (0.020, 0.020, 0.026)  # linear light of the background
STILLS_S = (0.25, 0.9, 1.6)  # moments of a mood, so that a still tells of its movement
WAKING_STILLS_S = (0.06, 0.16, 0.4)
FILM_S, FILM_HZ = 4.0, 12
LABEL = 22  # pixels
MARGIN = 1.22  # of the picture around the device, for the glow to fade in


def device(colours: Sequence[Colour], size: int) -> np.ndarray:
    """Return a dark disc or bar with glowing LEDs: (h, w, 3) in linear light."""
    row = len(colours) < ROW
    high = size // 2 if row else size
    y, x = np.mgrid[:high, :size].astype(np.float32)
    x, y = MARGIN * (2 * (x + 0.5) / size - 1), MARGIN * (high - 2 * (y + 0.5)) / size
    image = np.ones((high, size, 3), np.float32) * PAPER
    border = np.minimum(MARGIN - np.abs(x), MARGIN * high / size - np.abs(y))
    fade = np.clip(border / 0.2, 0, 1)[..., None]
    inside = (np.hypot(np.maximum(np.abs(x) - 0.62, 0), y) < 0.33) if row else np.hypot(x, y) < 0.98
    image[inside] = (0.008, 0.008, 0.011)
    core, halo = (0.075, 0.26) if row else (0.06, 0.20)
    for (at_x, at_y), colour in zip(spots(len(colours)), colours, strict=True):
        square = (x - at_x) ** 2 + (y - at_y) ** 2
        light = 1.3 * np.exp(-square / core**2) + 0.25 * np.exp(-square / halo**2)
        image += light[..., None] * np.asarray(colour, np.float32) * fade
        lens = np.exp(-((np.sqrt(square) / core) ** 6))[..., None]
        image = np.maximum(image, 0.012 * lens)
    return image


def write_png(path: Path, moods: Sequence[str], count: int) -> None:
    """Write the moods as columns: the ring or row asked for, and three LEDs below a ring."""
    counts = (count, 3) if count >= ROW else (count,)
    columns = [_column(mood, counts) for mood in moods]
    per_line = 5
    lines = []
    for start in range(0, len(columns), per_line):
        line = columns[start : start + per_line]
        line += [np.ones_like(columns[0]) * PAPER] * (
            (per_line if start else len(line)) - len(line)
        )
        lines.append(np.concatenate(line, axis=1))
    image = _image(np.concatenate(lines, axis=0))
    width, height = columns[0].shape[1], columns[0].shape[0]
    for n, mood in enumerate(moods):
        _label(image, mood, (n % per_line) * width + width // 2, (n // per_line) * height + LABEL)
    image.save(path, optimize=True)


def write_gif(path: Path, moods: Sequence[str], count: int) -> None:
    """Write the moods one after another as they move."""
    frames = []
    for mood in moods:
        for n in range(round(FILM_S * FILM_HZ)):
            body = np.pad(
                device(moment(mood, n / FILM_HZ, count), 160), ((2 * LABEL, 8), (8, 8), (0, 0))
            )
            body[body.sum(axis=2) == 0] = PAPER
            image = _image(body)
            _label(image, mood, image.width // 2, LABEL)
            frames.append(image.quantize(colors=64, dither=0))
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=1000 // FILM_HZ, loop=0,
        optimize=True,
    )  # fmt: skip


def _column(mood: str, counts: Sequence[int]) -> np.ndarray:
    """Return one mood: a large moment of the first count, three small ones of each."""
    parts = [np.ones((LABEL + 14, 184, 3), np.float32) * PAPER]
    stills = WAKING_STILLS_S if mood == "waking" else STILLS_S
    for count in counts:
        size = 180 if count >= ROW else 140
        parts.append(_centred(device(moment(mood, stills[1], count), size), 184))
    small = [device(moment(mood, t, counts[0]), 60) for t in stills]
    parts.append(_centred(np.concatenate(small, axis=1), 184))
    return np.concatenate(parts, axis=0)


def _centred(image: np.ndarray, width: int) -> np.ndarray:
    left = (width - image.shape[1]) // 2
    canvas = np.ones((image.shape[0], width, 3), np.float32) * PAPER
    canvas[:, left : left + image.shape[1]] = image
    return canvas


def _image(linear: np.ndarray):
    from PIL import Image

    return Image.fromarray((255 * np.clip(linear, 0, 1) ** (1 / GAMMA)).round().astype(np.uint8))


def _label(image, text: str, x: int, y: int) -> None:
    from PIL import ImageDraw, ImageFont

    font = ImageFont.load_default(size=15)
    ImageDraw.Draw(image).text((x, y), text, font=font, fill=(214, 216, 224), anchor="mm")
