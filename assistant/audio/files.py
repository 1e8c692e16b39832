"""The adapter of soundfile: reads and writes recordings (16-bit WAV also without it)."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from assistant.audio.format import SAMPLE_RATE, from_int16, to_int16
from assistant.errors import BadInput, EngineMissing


def read_audio(
    path: str | Path, *, channels: int | None = 1, rate: int = SAMPLE_RATE
) -> np.ndarray:
    """Return the sound of a WAV or FLAC file as float32 in [-1, 1].

    With ``channels=1`` the result is mono, shape (n,); with another number or None (any) it is
    (channels, n). Raises ``BadInput`` when the file is missing, empty, truncated, not audio, or
    has another rate or number of channels than asked for, with the command that repairs it.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "no such file"
        raise BadInput(str(path), problem, "give the path of a WAV or FLAC file")
    if path.stat().st_size == 0:
        raise BadInput(str(path), "the file is empty", "record it again")
    sound, found = _read(path)
    if not sound.size:
        raise BadInput(str(path), "there is no sound in it", "record it again")
    fixed = f"{path.stem}-fixed{path.suffix}"
    if found != rate:
        problem = f"its rate is {found} Hz, not {rate} Hz"
        raise BadInput(str(path), problem, f"convert it: sox {path.name} -r {rate} {fixed}")
    if channels is not None and sound.shape[0] != channels:
        have = f"{sound.shape[0]} channel" + "s" * (sound.shape[0] != 1)
        repair = f"sox {path.name} -c {channels} {fixed}"
        raise BadInput(str(path), f"it has {have}, not {channels}", f"convert it: {repair}")
    return sound[0] if channels == 1 else sound


def _read(path: Path) -> tuple[np.ndarray, int]:
    with path.open("rb") as file:
        head = file.read(12)
    is_wav = head[:4] == b"RIFF" and head[8:12] == b"WAVE"
    if is_wav:
        _refuse_truncated(path)
    try:
        import soundfile
    except ImportError:
        if not is_wav:
            raise EngineMissing(
                f"{path}: only 16-bit WAV can be read without the package soundfile; "
                "run ./install.sh again"
            ) from None
        return _read_wave(path)
    try:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
        expected = soundfile.info(path).frames
    except (soundfile.SoundFileError, ValueError):
        raise _not_audio(path) from None
    if len(sound) < expected:
        raise _truncated(path, len(sound), expected)
    return np.ascontiguousarray(sound.T), rate


def _read_wave(path: Path) -> tuple[np.ndarray, int]:
    try:
        with wave.open(str(path), "rb") as file:
            width, channels = file.getsampwidth(), file.getnchannels()
            rate, data = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        raise _not_audio(path) from None
    if width != 2:
        raise BadInput(str(path), f"it is {8 * width}-bit, not 16-bit", f"sox {path} -b 16 out.wav")
    sound = from_int16(np.frombuffer(data, "<i2")).reshape(-1, channels)
    return np.ascontiguousarray(sound.T), rate


def _refuse_truncated(path: Path) -> None:
    """Raise when a WAV promises more samples than it holds: libsndfile would not tell.

    A length of 0 or 0xFFFFFFFF is what programs write into a stream they never finished.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[4:], "little")
            if head[:4] != b"data":
                file.seek(length + length % 2, 1)
                continue
            missing = file.tell() + length - size
            if missing > 0 and length < 0xFFFFFF00:
                raise _truncated(path, length - missing, length, "bytes")
            return
    raise _not_audio(path)


def _truncated(path: Path, found: int, expected: int, unit: str = "samples") -> BadInput:
    problem = f"it is truncated: {found} of {expected} {unit} are there"
    return BadInput(str(path), problem, "copy or record it again")


def _not_audio(path: Path) -> BadInput:
    return BadInput(str(path), "not a WAV or FLAC file that can be read", "check the file's kind")


def write_wav(path: str | Path, x: np.ndarray, rate: int = SAMPLE_RATE) -> None:
    """Write ``x``, float32 (n,) or (channels, n) in [-1, 1], as a 16-bit WAV."""
    with WavWriter(path, 1 if x.ndim == 1 else x.shape[0], rate) as writer:
        writer.write(x)


class WavWriter:
    """Writes a 16-bit WAV piece by piece; use it with ``with``, or ``close`` it.

    Raises ``BadInput`` when the file cannot be written. Not for the audio thread (it does I/O).
    """

    def __init__(self, path: str | Path, channels: int = 1, rate: int = SAMPLE_RATE) -> None:
        try:
            self._raw = Path(path).expanduser().open("wb")
        except OSError as error:
            raise BadInput(str(path), f"cannot be written ({error.strerror})") from None
        self._file = wave.open(self._raw, "wb")  # noqa: SIM115
        self._file.setnchannels(channels)
        self._file.setsampwidth(2)
        self._file.setframerate(rate)

    def write(self, x: np.ndarray) -> None:
        """Append ``x``, float32 (n,) or (channels, n) in [-1, 1]; louder is clipped."""
        self._file.writeframes(to_int16(x.T).astype("<i2").tobytes())

    def close(self) -> None:
        """Finish the file; safe to call twice."""
        if not self._raw.closed:
            self._file.close()
            self._raw.close()

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
