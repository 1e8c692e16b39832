"""The adapter of PyAudio: which sound cards there are, and streams on them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.audio.device import DeviceLost
from assistant.audio.format import SAMPLE_RATE
from assistant.errors import BadInput, EngineMissing, did_you_mean

SETTING = "audio.device"
RATES = (SAMPLE_RATE, 48_000, 44_100, 32_000)
CONTINUE = 0  # paContinue
INPUT_OVERFLOW, OUTPUT_UNDERFLOW = 0x2, 0x4  # PortAudio's callback flags


@dataclass(frozen=True)
class Card:
    """A sound card as PortAudio sees it; ``rate`` is its own rate in Hz."""

    name: str
    inputs: int
    outputs: int
    rate: int


def stable_name(name: str) -> str:
    """Return a card's name without its number, "(hw:1,0)", which is another after a restart."""
    return re.sub(r"\s*\((plug)?hw:\d+(,\d+)?\)$", "", name.strip().lower())


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' pages of probing messages off standard error."""
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def list_cards() -> tuple[Card, ...]:
    """Return every sound card there is now. Raises ``EngineMissing`` without PyAudio."""
    port = Port()
    try:
        return port.cards
    finally:
        port.close()


class Port:
    """PortAudio, opened: it knows the cards that were there when it was made."""

    def __init__(self) -> None:
        try:
            import pyaudio
        except ImportError as error:
            raise EngineMissing(
                f"package PyAudio cannot be loaded ({error}); install portaudio19-dev and run "
                "./install.sh again"
            ) from None
        # Integers cannot be infinite: ALSA's null plug-in records whatever its memory holds.
        self._format = pyaudio.paInt32
        with quiet():
            self._audio = pyaudio.PyAudio()
        count = self._audio.get_device_count()
        infos = [self._audio.get_device_info_by_index(i) for i in range(count)]
        self.cards = tuple(
            Card(i["name"], i["maxInputChannels"], i["maxOutputChannels"], _rate(i)) for i in infos
        )

    def find(self, name: str, inputs: int, outputs: int, playback: str = "") -> tuple[int, int]:
        """Return which cards record and play for ``name``: equal to it, or containing it.

        A card's two directions are sometimes listed apart; ``playback`` names another card to
        play on. Raises ``BadInput`` when there is none, or none with that many channels.
        """
        if playback and playback != name:
            return self.find(name, inputs, 0)[0], self.find(playback, 0, outputs)[1]
        if not self.cards:
            problem = "there is no sound card"
            raise BadInput(SETTING, problem, "plug one in, or install its driver (install.sh)")
        wanted = stable_name(name)
        names = [stable_name(card.name) for card in self.cards]
        matches = [i for i, n in enumerate(names) if n == wanted]
        matches = matches or [i for i, n in enumerate(names) if wanted in n]
        if not matches and wanted == "default":
            matches = list(range(len(names)))
        if not matches:
            known = [card.name for card in self.cards]
            raise BadInput(SETTING, f'no sound card "{name}"', did_you_mean(name, known))
        records = [i for i in matches if self.cards[i].inputs >= inputs]
        plays = [i for i in matches if self.cards[i].outputs >= outputs]
        if records and plays:
            both = [i for i in records if i in plays]
            return (both[0], both[0]) if both else (records[0], plays[0])
        most = (
            max(self.cards[i].inputs for i in matches),
            max(self.cards[i].outputs for i in matches),
        )
        problem = (
            f'sound card "{self.cards[matches[0]].name}" has {most[0]} inputs and {most[1]} '
            f"outputs, not the {inputs} and {outputs} asked for"
        )
        others = [c.name for c in self.cards if c.inputs >= inputs and c.outputs >= outputs]
        remedy = "set it to one of: " + ", ".join(others) if others else "plug in another card"
        raise BadInput(SETTING, problem, remedy)

    def find_rate(
        self, record: int, play: int, inputs: int, outputs: int, only: tuple[int, ...] = ()
    ) -> int:
        """Return 16000, or the rate nearest to the card's heart; one of ``only`` if given.

        Raises ``DeviceLost``.
        """
        reason = ""
        for rate in only or dict.fromkeys((SAMPLE_RATE, self.cards[record].rate, *RATES)):
            try:
                with quiet():
                    self._audio.is_format_supported(
                        rate, record, inputs, self._format, play, outputs, self._format
                    )
                return rate
            except ValueError as error:
                reason = str(error.args[0])
                if "unavailable" in reason.lower():
                    break
        raise self._unusable(record, reason)

    def open(
        self,
        rate: int,
        block: int,
        channels: int,
        record: int | None,
        play: int | None,
        callback: Callable,
    ):
        """Return a stopped stream that calls ``callback(bytes, frames, times, flags)``.

        Sound is 32-bit PCM, interleaved. Raises ``DeviceLost`` when the card is busy.
        """
        try:
            with quiet():
                return self._audio.open(
                    rate, channels, self._format,
                    record is not None, play is not None, record, play,
                    frames_per_buffer=block, start=False, stream_callback=callback,
                )  # fmt: skip
        except (OSError, ValueError) as error:
            raise self._unusable(play if record is None else record, str(error)) from None

    def _unusable(self, card: int, reason: str) -> DeviceLost:
        others = ", ".join(c.name for i, c in enumerate(self.cards) if i != card) or "no other card"
        return DeviceLost(
            f'sound card "{self.cards[card].name}" cannot be used ({reason}); close the program '
            f"that uses it, or set {SETTING} to another one (there is: {others})"
        )

    def close(self) -> None:
        """Release PortAudio."""
        self._audio.terminate()


def _rate(info: dict) -> int:
    return round(info["defaultSampleRate"])
