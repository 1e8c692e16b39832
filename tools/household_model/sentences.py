"""What the voices say: the skills' sentences, a household's other ones, and random words.

Half of what the model is trained on is random strings of words, so that every word is heard in
every neighbourhood; the other half and the language model are sentences.
"""

from __future__ import annotations

import random
import re

from assistant.language.answers import ANSWERS
from assistant.language.numbers import number_words
from assistant.plugins import load_skills
from assistant.settings import Settings
from assistant.speech.sampling import Sampler
from assistant.understanding import Understanding

ITEMS = str.split(
    "milk;eggs;bread;butter;cheese;apples;bananas;tomatoes;potatoes;onions;rice;pasta;sugar;salt;"
    "flour;coffee;tea;water;juice;beer;wine;chicken;fish;soap;toilet paper;paper towels;"
    "orange juice;olive oil;cereal;yogurt;carrots;batteries;dog food;cat food;chocolate;"
    "toothpaste;light bulbs",
    ";",
)
LISTS = ("shopping list", "grocery list", "to do list", "list")
UNITS = ("second", "minute", "hour", "day")
DAYS = str.split("monday tuesday wednesday thursday friday saturday sunday today tomorrow")
ORDINALS = str.split("first second third fourth fifth last")
ROOMS = ("kitchen", "bedroom", "bathroom", "living room", "garage", "hall", "office")
COLOURS = str.split("red green blue white yellow warm cold")
NAMES = str.split("pizza pasta tea egg laundry oven bread")
ROUND = (1, 2, 3, 5, 10, 15, 20, 25, 30, 45, 60, 90)
LONGER = (
    "half an hour", "an hour and a half", "one hour and thirty minutes",
    "two minutes and thirty seconds",
)  # fmt: skip
CLOCK = (
    "{h} o'clock", "{h}", "{h} thirty", "{h} fifteen", "{h} forty five", "{h} a m", "{h} p m",
    "{h} thirty p m", "half past {h}", "quarter past {h}", "quarter to {h}", "noon", "midnight",
)  # fmt: skip
NAMES_CALLED = ("hey jarvis", "alexa", "hey mycroft", "hey rhasspy")  # openWakeWord's own
ADDRESSED = 0.3  # of the sentences begin with one
ANSWERED = 0.1  # ... are answers or show that somebody listens
# The last ones are not for the speaker: "quite" must not be taken for "quiet".
TEMPLATES = """
add {item} to the {list}
add {item} to my {list}
add {item} and {item} to the {list}
add {item}
add {num} {item} to the shopping list
put {item} on the {list}
put {item} on my {list}
please put {item} on the {list}
remove {item} from the {list}
remove {item} from my {list}
delete {item} from the {list}
take {item} off the {list}
remove the {ord} one
delete the {ord} item
what is on the {list}
what is on my {list}
what's on my {list}
read the {list}
read my {list}
clear the {list}
clear my {list}
is {item} on the {list}
how many items are on the {list}
set a timer for {dur}
set a timer for {dur} please
set a {name} timer for {dur}
start a timer for {dur}
start a {name} timer
timer {dur}
{dur} timer
stop the timer
stop the {name} timer
cancel the timer
cancel the {name} timer
cancel all timers
pause the timer
resume the timer
how much time is left
how much time is left on the {name} timer
how long is left on the timer
add {dur} to the timer
set an alarm for {clock}
set the alarm for {clock}
set an alarm for {day} at {clock}
wake me up at {clock}
wake me at {clock} {day}
turn off the alarm
cancel the alarm
snooze
snooze for {dur}
remind me to call mom at {clock}
remind me to buy {item} {day}
remind me in {dur}
what time is it
what's the time
what is the time
what day is it
what day is it today
what is the date
what's the date today
what is the weather
what's the weather {day}
what is the weather like {day}
will it rain {day}
turn on the light
turn off the light
turn on the {room} light
turn off the {room} lights
turn the {room} lights on
turn the lights off
turn the {room} light {color}
lights on
lights off
dim the lights
make it {color}
set the light to {num} percent
set the temperature to {num} degrees
what is the temperature in the {room}
open the door
close the door
lock the door
volume up
volume down
turn the volume up
turn the volume down
set the volume to {num}
set volume to {num} percent
volume {num}
louder
louder please
quieter
mute
unmute
play music
play some music
play the radio
play the next song
play the news
stop the music
next
next song
previous
previous song
pause
resume
continue
go on
go back
start over
stop
stop it
please stop
stop playing
cancel
cancel that
never mind
yes
yes please
no
no thanks
no thank you
okay
okay thanks
thank you
thanks
sure
right
wrong
correct
that is right
that is wrong
not that one
that one
the {ord} one
the other one
the {ord} one please
this one
repeat
repeat that
repeat that please
say that again
again
what did you say
undo
undo that
redo
help
help me
what can you do
hello
good morning
good night
hey computer
computer
{num}
number {num}
{dig} {dig} {dig}
{dig} {dig} {dig} {dig}
what is {num} plus {num}
what is {num} minus {num}
what is {num} times {num}
{big}
call mom
call dad
tell me a joke
sing a song
be quiet
who are you
how are you
where is my phone
find my phone
i need {item}
i want {item}
we need {item}
we need more {item}
we are out of {item}
do we need {item}
quite
quite good
it is quite cold
the next step
a step
""".strip().split("\n")


class Household:
    """Draws sentences and words; the same ``seed`` draws the same ones.

    ``extra`` are words of the owner's own. The skills are those of the tree: a new skill's words
    are in the next model.
    """

    def __init__(self, seed: int, extra: tuple[str, ...] = ()) -> None:
        self._random = random.Random(seed)
        self._understanding = Understanding(load_skills(Settings()).skills)
        grammar = self._understanding.grammar()
        self._sampler = Sampler(grammar, seed)
        self._rules = [r for r in grammar.rules if "_" in r] + ["stop", "answer"]
        self.words = tuple(sorted({*self._understanding.vocabulary(), *_words(), *extra}))

    def sentence(self) -> str:
        """Return something a household says, in one breath with a wake word or without one."""
        if self._random.random() < ANSWERED:
            return self._random.choice(ANSWERS)
        said = self._sentence()
        if self._random.random() < ADDRESSED:
            return f"{self._random.choice(NAMES_CALLED)} {said}"
        return said

    def _sentence(self) -> str:
        """Return one of a skill's sentences half the time."""
        if self._random.random() < 0.5:
            return _fill(self._random, self._random.choice(TEMPLATES))
        if self._random.random() < 0.25:
            return self._sampler.sentence()
        return self._sampler.sentence(self._random.choice(self._rules))

    def material(self) -> str:
        """Return a sentence, or as often two to seven words that make none."""
        if self._random.random() < 0.5:
            return self.sentence()
        return " ".join(self._random.choice(self.words) for _ in range(self._random.randint(2, 7)))


def _words() -> set[str]:
    """Return every word of the templates."""
    rng = random.Random(1)
    said = (_fill(rng, template) for template in TEMPLATES for _ in range(60))
    groups = (ITEMS, LISTS, ROOMS, DAYS, ORDINALS, COLOURS, NAMES, NAMES_CALLED)
    words = {w for text in (*said, *(s for g in groups for s in g)) for w in text.split()}
    counted = {w for n in range(100) for w in number_words(n).split()}
    return words | counted | {"hundred", "oh"} | {u + s for u in UNITS for s in ("", "s")}


def _fill(rng: random.Random, template: str) -> str:
    def value(found: re.Match) -> str:
        kind = found[1]
        if kind in _CHOICES:
            return rng.choice(_CHOICES[kind])
        if kind == "dur":
            return _duration(rng)
        if kind == "clock":
            return rng.choice(CLOCK).format(h=number_words(rng.randint(1, 12)))
        return number_words(rng.randint(100, 999) if kind == "big" else rng.randint(1, 99))

    return re.sub(r"\{(\w+)\}", value, template)


_CHOICES = {
    "item": ITEMS, "list": LISTS, "ord": ORDINALS, "name": NAMES, "day": DAYS, "room": ROOMS,
    "color": COLOURS, "dig": str.split("zero one two three four five six seven eight nine oh"),
}  # fmt: skip


def _duration(rng: random.Random) -> str:
    if rng.random() < 0.12:
        return rng.choice(LONGER)
    count = rng.choice((*ROUND, rng.randint(1, 99)))
    unit = rng.choice(UNITS)
    if count > 1:
        return f"{number_words(count)} {unit}s"
    return f"{rng.choice(('an' if unit == 'hour' else 'a', 'one'))} {unit}"
