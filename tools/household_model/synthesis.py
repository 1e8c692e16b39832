"""Synthetic speech by three synthesisers, to train on and, in held out voices, to measure with."""

from __future__ import annotations

import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from assistant.audio.format import SAMPLE_RATE
from tools.household_model.sentences import Household

SEED = 20240511
_ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-029", "en-gb-scotland")
_VARIANTS = str.split(
    "+m1 +m3 +m7 +f1 +f2 +f4 +Annie +Andy +klatt2 +steph +linda +Michael +Mario +belinda +Alex "
    "+Alicia +aunty +boris +david +edward +Gene +grandma +iven2 +john +Lee +max +robert +victor"
)
# Voices marked held are never trained on: with them the word error rate is measured, and they
# are the people of the benchmarks and of the demo.
ESPEAK = [accent + variant for accent in _ACCENTS for variant in ("", *_VARIANTS)]
ESPEAK_HELD = [
    "en-us+f3", "en-us+m4", "en-us+m6", "en-gb+m2", "en-gb-scotland+m8", "en-029+f5",
    "en-gb-x-gbclan+f5", "en-us+shelby",
]  # fmt: skip
FLITE = ["slt", "awb", "kal16"]

FLITE_HELD = ["rms"]

FESTIVAL = ["cmu_us_slt_arctic_hts", "kal_diphone"]

FESTIVAL_HELD = ["ked_diphone"]
SHORTEST = 3000  # samples; a shorter file is a synthesiser that failed


def read_wav(path):
    """Any PCM wav -> int16 mono at 16 kHz."""
    import soundfile
    from scipy.signal import resample_poly

    x, sr = soundfile.read(path, dtype="float64")
    if x.ndim > 1:
        x = x[:, 0]
    if sr != SAMPLE_RATE:
        g = np.gcd(sr, SAMPLE_RATE)
        x = resample_poly(x, SAMPLE_RATE // g, sr // g)
    x = x / max(1e-3, np.abs(x).max()) * 0.5
    return np.round(x * 32767).astype(np.int16)


def spoken(text):
    return re.sub(r"\ba m\b", "A M", re.sub(r"\bp m\b", "P M", text))


def tts_espeak(text, voice, speed, pitch, path):
    subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", path, spoken(text)],
        check=True,
        stderr=subprocess.DEVNULL,
    )


def tts_flite(text, voice, stretch, shift, path):
    r = subprocess.run(
        [
            "flite",
            "-voice",
            voice,
            "-psdur",
            "--setf",
            f"duration_stretch={stretch:.2f}",
            "--setf",
            f"f0_shift={shift:.2f}",
            "-t",
            spoken(text),
            "-o",
            path,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return [(p.split(":")[0], float(p.split(":")[1])) for p in r.stdout.split() if ":" in p]


def tts_festival(jobs, voice, work):
    """One festival process for many sentences: jobs = [(text, stretch, path)]."""
    scm = [f"(voice_{voice})"]
    for text, stretch, path in jobs:
        scm.append(f"(Parameter.set 'Duration_Stretch {stretch:.2f})")
        scm.append(f'(utt.save.wave (utt.synth (Utterance Text "{text}")) "{path}" \'riff)')
    p = work / f"jobs_{voice}.scm"
    p.write_text("\n".join(scm) + "\n")
    subprocess.run(
        ["festival", "-b", p], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )


Job = tuple  # (synthesiser, held, text, voice, speed, pitch)


def make_jobs(household: Household, size: float = 1.0) -> list[Job]:
    """Return what to speak: at ``size`` 1, 6600 utterances and 40 in each held out voice."""
    rng = random.Random(SEED)
    jobs: list[Job] = []
    for _ in range(round(4000 * size)):
        speed, pitch = rng.randint(110, 210), rng.randint(15, 85)
        jobs.append(("espeak", 0, household.material(), rng.choice(ESPEAK), speed, pitch))
    for _ in range(round(1800 * size)):
        stretch, shift = rng.uniform(0.85, 1.35), rng.uniform(0.8, 1.25)
        jobs.append(("flite", 0, household.material(), rng.choice(FLITE), stretch, shift))
    for _ in range(round(800 * size)):
        stretch = rng.uniform(0.8, 1.25)
        jobs.append(("festival", 0, household.material(), rng.choice(FESTIVAL), stretch, 0))
    held = {"espeak": ESPEAK_HELD, "flite": FLITE_HELD, "festival": FESTIVAL_HELD}
    for kind, voice in ((k, v) for k, voices in held.items() for v in voices):
        for _ in range(max(2, round(40 * size))):
            speed, pitch = rng.randint(130, 180), rng.randint(35, 65)
            if kind != "espeak":
                speed, pitch = rng.uniform(0.95, 1.2), 1.0
            jobs.append((kind, 1, household.sentence(), voice, speed, pitch))
    return jobs


def synthesise(household: Household, work: Path, size: float = 1.0) -> int:
    """Speak everything into ``work``/utts.npz; return how many utterances there are."""
    jobs = make_jobs(household, size)
    (work / "wav").mkdir(parents=True, exist_ok=True)
    paths = [work / "wav" / f"{i:05d}.wav" for i in range(len(jobs))]
    segments: list = [None] * len(jobs)

    def speak(i: int) -> None:
        kind, _, text, voice, speed, pitch = jobs[i]
        if kind == "espeak":
            tts_espeak(text, voice, speed, pitch, paths[i])
        elif kind == "flite":
            segments[i] = tts_flite(text, voice, speed, pitch, paths[i])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(speak, range(len(jobs))))
    for voice in FESTIVAL + FESTIVAL_HELD:
        lines = [(j[2], j[4], paths[i]) for i, j in enumerate(jobs) if j[3] == voice]
        tts_festival(lines, voice, work)
    waves, meta = [], []
    for i, job in enumerate(jobs):
        x = read_wav(paths[i]) if paths[i].exists() else np.zeros(0, np.int16)
        if len(x) >= SHORTEST:
            waves.append(x)
            meta.append((*job[:4], segments[i]))
    np.savez(
        work / "utts.npz",
        wave=np.concatenate(waves),
        length=np.array([len(w) for w in waves]),
        meta=np.array(meta, dtype=object),
    )
    return len(waves)


def load_utts(work: Path) -> tuple[list[np.ndarray], list]:
    """Return the waves and, for each, (synthesiser, held, text, voice, flite's phones)."""
    z = np.load(work / "utts.npz", allow_pickle=True)
    ends, wave = np.cumsum(z["length"]), z["wave"]
    return [wave[e - n : e] for e, n in zip(ends, z["length"], strict=True)], list(z["meta"])
