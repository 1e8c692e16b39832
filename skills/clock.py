"""The time and the date, as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta

from assistant import Skill, Speaker
from assistant.language.numbers import number_words, ordinal_words

skill = Skill("clock", "what time is it")

_DAYS = str.split("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_MONTHS = str.split(
    "January February March April May June July August September October November December"
)


@skill.on(
    "what time is it [now]",
    "what is the time [now]",
    "[do you] (know|have) the time",
    "tell me the time",
    "how late is it",
)
def time(speaker: Speaker) -> str:
    """Say the time."""
    return f"It's {say_time(speaker.now())}."


@skill.on("what day is it [today]", "what is today", "(what|which) day of the week is it")
def day(speaker: Speaker) -> str:
    """Say the day of the week."""
    return f"It's {_DAYS[speaker.now().weekday()]}."


@skill.on("what day is it tomorrow", "what day is tomorrow")
def day_tomorrow(speaker: Speaker) -> str:
    """Say tomorrow's day of the week."""
    return f"Tomorrow is {_DAYS[(speaker.now() + timedelta(days=1)).weekday()]}."


@skill.on(
    "what is the date [today]",
    "what is [the] date [today]",
    "what is today's date",
    "(what|which) date is it [today]",
    "tell me the date",
)
def date(speaker: Speaker) -> str:
    """Say the date."""
    return f"It's {say_date(speaker.now())}."


@skill.on("(what|which) year is it")
def year(speaker: Speaker) -> str:
    """Say the year."""
    century, rest = divmod(speaker.now().year, 100)
    if rest < 10:
        return f"It's {number_words(speaker.now().year)}."
    return f"It's {number_words(century)} {number_words(rest)}."


@skill.on("(what|which) month is it")
def month(speaker: Speaker) -> str:
    """Say the month."""
    return f"It's {_MONTHS[speaker.now().month - 1]}."


def say_time(now: datetime) -> str:
    """Return "half past four", "twenty to five" or "four thirty seven"."""
    minute = now.minute
    hour, following = _hour(now.hour), _hour(now.hour + 1)
    if minute == 0:
        return hour if hour in ("noon", "midnight") else f"{hour} o'clock"
    if now.hour == 12 and minute <= 30:
        hour = "twelve"  # noon is a moment: nobody says "half past noon"
    if minute == 30:
        return "twelve thirty" if now.hour == 12 else f"half past {hour}"
    if minute in (15, 45):
        return f"quarter past {hour}" if minute == 15 else f"quarter to {following}"
    if minute % 5 == 0 and minute != 35 and minute != 25:
        past = minute < 30
        count = number_words(minute if past else 60 - minute)
        return f"{count} past {hour}" if past else f"{count} to {following}"
    plain = number_words((now.hour - 1) % 12 + 1)
    return f"{plain} {'oh ' * (minute < 10)}{number_words(minute)}"


def say_date(now: datetime) -> str:
    """Return "Saturday, the twenty third of November"."""
    return f"{_DAYS[now.weekday()]}, the {ordinal_words(now.day)} of {_MONTHS[now.month - 1]}"


def _hour(hour: int) -> str:
    hour %= 24
    return {0: "midnight", 12: "noon"}.get(hour) or number_words((hour - 1) % 12 + 1)
