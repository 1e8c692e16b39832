"""Judges the words of a wake word, and makes phrases that nearly sound like it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

import numpy as np

from assistant.errors import BadInput, EngineMissing
from assistant.speech.pocketsphinx_ import how_often
from assistant.teach.dictionary import neighbours

SYLLABLES, SOUNDS, LONGEST = 3, 6, 8  # the fewest syllables and sounds, and the most syllables
ALL = 9  # changes of something that is altogether different, though a part is the same

# What is said all day anyway: a wake word of these alone would be heard in every conversation.
COMMON = frozenset(
    """a about after again all also am an and another any are as at back be because been before
    being best better big but by bye call can come could day dear did do does doing done don't down
    each else even every everybody everything fine first for from get give go going good got great
    had has have he hello her here hey hi him his home hope how i if in into is it its just know
    last later let like little long look made make many may maybe me mean might minute moment more
    morning most much my need never new next nice night no not nothing now of off oh okay old on
    one only or other our out over people please put really right said same say see she should
    sleep so some something soon sorry still stop such sure take tell thank thanks that the their
    them then there these they thing think this those time to today tomorrow tonight too two up us
    very want was way we week welcome well were what when where which who why will with would yeah
    year yes yesterday you your evening afternoon""".split()
)
# A word said once in so many, alone, is said in most homes every day or two. "Computer", one in
# 5,100, was woken by 3 of 297 recordings of other words.
OFTEN = 1 / 40_000

_VOWELS = "aeiouAEIOU@3V0"
# Sounds people and rooms confuse: a change within a row is hardly one.
_ALIKE = (
    {"p", "b"}, {"t", "d", "t#", "D"}, {"k", "g"}, {"f", "v", "T"}, {"s", "z"}, {"S", "Z"},
    {"tS", "dZ"}, {"m", "n", "N"}, {"l", "w", "r"}, {"h"}, {"j"},
    {"I", "i", "i:", "I2", "I#"}, {"E", "e", "aI@"}, {"a", "aa"}, {"V", "A:", "0", "a#"},
    {"@", "@2", "3", "3:"}, {"u:", "U"}, {"oU", "O:", "O@", "o@"}, {"eI"}, {"aI"}, {"aU", "aU@"},
    {"OI"}, {"A@"}, {"e@", "i@"},
)  # fmt: skip
_CONSONANTS = "p b t d k g f v s z S tS dZ m n l r w h".split()
_FULL_VOWELS = "i: I eI E a A: V O: oU u: aI aU OI 3:".split()


@dataclass(frozen=True)
class Phrase:
    """A wake word: its text, and for each word its sounds in espeak-ng's notation, stress kept."""

    text: str
    sounds: tuple[tuple[str, ...], ...]

    @property
    def name(self) -> str:
        """The name of its files: "hey_pumpkin"."""
        return self.text.replace(" ", "_").replace("'", "")

    @property
    def syllables(self) -> int:
        """How many vowels are said."""
        return sum(is_vowel(sound) for word in self.sounds for sound in word)

    @property
    def length(self) -> int:
        """How many sounds are said."""
        return sum(len(word) for word in self.sounds)


@dataclass(frozen=True)
class Near:
    """Something near a phrase: what to say, how many sounds differ, and whether it is text."""

    say: str
    changes: int

    @property
    def spelled(self) -> bool:
        """Whether every engine can say it, not espeak-ng alone."""
        return not self.say.startswith("[[")


def parse(text: str) -> Phrase:
    """Return the phrase, or raise ``BadInput`` that says what a better one would have."""
    words = re.findall(r"[^\W\d_][\w'-]*", text.lower().replace("’", "'"))
    if not words or len(words) > 4 or re.search(r"\d", text):
        raise _refused(text, "a wake word is one to four words in letters")
    phrase = Phrase(" ".join(words), pronounce(" ".join(words)))
    if phrase.syllables < SYLLABLES or phrase.length < SOUNDS:
        said = f"{phrase.syllables} syllable" + "s" * (phrase.syllables != 1)
        raise _refused(text, f"too short ({said}, {phrase.length} sounds) to be told from others")
    if phrase.syllables > LONGEST:
        raise _refused(text, f"too long ({phrase.syllables} syllables) for the 1.3 s it looks at")
    if all(word in COMMON for word in words):
        raise _refused(text, "only words that are said all day")
    if len(words) == 1 and (often := how_often(words[0]) or 0.0) > OFTEN:
        said = f"one in {round(1 / often, -2):,.0f} words of English"
        raise _refused(text, f"a word people say anyway ({said})", f'"hey {words[0]}"')
    return phrase


def _refused(text: str, problem: str, better: str = '"okay kitchen"') -> BadInput:
    remedy = (
        "choose three to six syllables with a word that is seldom said at home, "
        f'like "hey pumpkin" or {better}'
    )
    return BadInput(f'wake word "{text}"', problem, remedy)


def pronounce(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the sounds of every word, as espeak-ng reads them in American English."""
    command = ["espeak-ng", "-q", "-x", "--sep=_", "-v", "en-us", "--", text]
    try:
        ran = subprocess.run(command, capture_output=True, timeout=30, check=False)
    except FileNotFoundError as error:
        raise EngineMissing("espeak-ng is not installed; sudo apt-get install espeak-ng") from error
    words = ran.stdout.decode(errors="replace").replace("_:", "").split()
    return tuple(tuple(s for s in word.split("_") if s.strip("',%=")) for word in words)


def is_vowel(sound: str) -> bool:
    """Whether a sound carries a syllable."""
    plain = sound.lstrip("',%=")
    return plain[:1] in _VOWELS or plain.endswith("-")


def alike(one: str, other: str) -> bool:
    """Whether two sounds differ by what people and rooms hardly keep apart."""
    one, other = one.lstrip("',%="), other.lstrip("',%=")
    return one == other or any(one in row and other in row for row in _ALIKE)


def near_misses(phrase: Phrase, count: int, rng: np.random.Generator) -> list[Near]:
    """Return ``count`` things that are not the phrase but share much of its sound.

    Its parts, real words that sound like its words, and the phrase with other sounds.
    """
    misses = [*_parts(phrase), *_words_like(phrase)]
    misses = [misses[i] for i in rng.permutation(len(misses))[: 2 * count // 3]]
    while len(misses) < count:
        changes = int(rng.integers(1, 4))
        misses.append(Near(written(changed(phrase.sounds, changes, rng)), changes))
    return [misses[i] for i in rng.permutation(len(misses))]


def _parts(phrase: Phrase) -> list[Near]:
    """Return the phrase with a word or half its sounds missing, or with other words instead."""
    words = phrase.text.split()
    misses = []
    if len(words) > 1:
        misses += [Near(word, ALL) for word in words]
        misses += [Near(" ".join(words[::-1]), ALL), Near(" ".join(words[:-1]), ALL)]
        misses += [Near(" ".join([*words[:-1], other]), ALL) for other in _OTHERS]
        misses += [Near(" ".join([other, *words[1:]]), ALL) for other in _STARTS]
    for word in phrase.sounds:
        half = len(word) // 2
        if half > 1:
            misses += [Near(written((part,)), ALL) for part in (word[:half], word[half:])]
    return misses


def _words_like(phrase: Phrase) -> list[Near]:
    """Return the phrase with its longest word replaced by real ones like it, and those alone."""
    words = phrase.text.split()
    longest = max(words, key=len)
    place = words.index(longest)
    misses = []
    for other, changes in neighbours(longest, 60):
        misses.append(Near(" ".join([*words[:place], other, *words[place + 1 :]]), changes))
        if len(words) > 1:
            misses.append(Near(other, ALL))
    return misses


_OTHERS = "there martin everybody kitchen can you hear me".split()
_STARTS = "the a my that some".split()


def changed(
    sounds: tuple[tuple[str, ...], ...], changes: int, rng: np.random.Generator
) -> tuple[tuple[str, ...], ...]:
    """Return ``sounds`` with that many of them replaced by clearly different ones."""
    words = [list(word) for word in sounds]
    places = [(w, s) for w, word in enumerate(words) for s in range(len(word))]
    chosen = rng.choice(len(places), min(changes, len(places)), replace=False)
    for w, s in (places[i] for i in chosen):
        old = words[w][s]
        stress = old[: len(old) - len(old.lstrip("',%="))]
        pool = _FULL_VOWELS if is_vowel(old) else _CONSONANTS
        words[w][s] = stress + str(rng.choice([new for new in pool if not alike(new, old)]))
    return tuple(tuple(word) for word in words)


def written(sounds: tuple[tuple[str, ...], ...]) -> str:
    """Return sounds as espeak-ng takes them in a text."""
    return "[[" + " ".join("".join(word) for word in sounds) + "]]"


def babble(rng: np.random.Generator, words: int) -> str:
    """Return ``words`` words of no language, which together use every sound there is."""
    made = []
    for _ in range(words):
        syllables = [
            [str(rng.choice(_CONSONANTS)), ("'" if i == 0 else "") + str(rng.choice(_FULL_VOWELS))]
            for i in range(int(rng.integers(1, 4)))
        ]
        made.append("".join(sound for syllable in syllables for sound in syllable))
    return "[[" + " ".join(made) + "]]"
