"""The report of a scene (DESIGN.md section 8), made from its record; times in scene seconds."""

from __future__ import annotations

import json
from pathlib import Path

from assistant import messages as m
from assistant.audio.format import HOP, samples, seconds
from assistant.memory import Peak
from assistant.room.expectations import verify
from assistant.room.measure import (
    DUCKED_DB,
    SILENT_DB,
    Loudness,
    echo_figures,
    hop_figures,
)
from assistant.room.record import Record, Sounding
from assistant.room.story import Cut, Spoken, Story, Turn

_WAKE_MEMORY = samples(2.0)  # a wake may follow the end of the line that caused it by this
_CUT_MEMORY = samples(3.0)  # words are understood only after the line has ended
_SETTLE = samples(1.5)  # a stop that is not silent by then is not one
_DUCK_SLACK = samples(0.3)  # reverberation, and looking back over a hop or two


def make_report(record: Record, context: dict) -> dict:
    """Return the report; ``context`` has title, duration_s, engines, memory (a ``memory.Peak`` or
    None), wake_word, lists, expects.
    """
    story = Story(record)
    loudness = Loudness(record)
    cuts = [_interruption(cut, record, story, loudness, context["wake_word"]) for cut in story.cuts]
    wakes = [_wake(w, record, context["wake_word"]) for _, w in record.of(m.WakeHeard)]
    report = {
        "title": context["title"],
        "duration_s": context["duration_s"],
        "engines": context["engines"],
        "utterances": _utterances(record, story),
        "replies": [_reply(r, record) for r in story.replies],
        "interruptions": [row for row, _ in cuts],
        "wakes": wakes,
        "false_wakes": sum(not w["true"] for w in wakes),
        "false_ducks": sum(_is_false_duck(s, record) for _, s in record.of(m.SpeechSuspected)),
        "false_stops": sum(row["stop_s"] is not None and not true for row, true in cuts),
        "echo": {**echo_figures(record), **record.alignment},
        "outages": _outages(record),
        "hops": hop_figures(record),
        "memory": _memory(context["memory"]),
        "lists": context["lists"],
    }
    report["expectations"] = verify(context["expects"], report)
    return report


def write_report(report: dict, folder: Path) -> None:
    """Write report.json."""
    text = json.dumps(report, indent=1, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")


def _outages(record: Record) -> list[dict]:
    """Return when the sound card was lost, and how long after it was usable again it was used."""
    ends = [s.end for s in record.soundings if s.kind == "unplug"]
    rows = []
    for _, back in record.of(m.DeviceBack):
        usable = max((end for end in ends if end <= back.at), default=back.at - back.away)
        rows.append({
            "t_s": round(seconds(back.at - back.away), 3),
            "away_s": round(seconds(back.away), 3),
            "back_s": round(seconds(back.at - usable), 3),
            "cause": back.cause.value,
        })  # fmt: skip
    return rows


def _memory(peak: Peak | None) -> dict[str, object] | None:
    if peak is None:
        return None
    engines = [round(mb, 1) for mb in peak.engines]
    return {"own_mb": round(peak.own, 1), "engines_mb": engines, "total_mb": round(peak.total, 1)}


def _reply(reply: Spoken, record: Record) -> dict:
    ended, spoken, item = "finished", " ".join(reply.texts), None
    if reply.cut is not None or reply.end is None:
        ended = "interrupted"
        spoken = _said(reply) if reply.cut is not None else spoken
        if reply.cut is not None and len(reply.texts) > 1:
            item = reply.texts[min(reply.cut.segment, len(reply.texts) - 1)]
    elif reply.resumed:
        ended = "resumed"
    end = seconds(reply.end) if reply.end is not None else seconds(len(record.hops) * HOP)
    return {
        "text": " ".join(reply.texts),
        "start_s": round(record.air(reply.start), 3),
        "end_s": round(end, 3),
        "ended": ended,
        "spoken": spoken,
        "item": item,
    }


def _said(reply: Spoken) -> str:
    """Return the words of a cut reply that had begun to sound."""
    cut = reply.cut
    parts = list(reply.texts[: cut.segment])
    clip = reply.clips.get(cut.segment)
    if clip is not None and cut.word is not None:
        parts.append(" ".join(w.text for w in clip.words[: cut.word + 1]))
    return " ".join(parts)


def _utterances(record: Record, story: Story) -> list[dict]:
    says = [s for s in record.soundings if s.kind == "say"]
    best: dict[int, Turn] = {}
    numbers: dict[int, int] = {}
    ordered = sorted(story.turns.items())
    for index, (number, turn) in enumerate(ordered):
        following = ordered[index + 1][1].start if index + 1 < len(ordered) else None
        end = turn.end or following or len(record.hops) * HOP
        overlaps = [min(end, s.end) - max(turn.start, s.onset) for s in says]
        if not overlaps or max(overlaps) <= 0:
            continue
        line = overlaps.index(max(overlaps))
        if line not in best or turn.heard or not best[line].heard:
            best[line], numbers[line] = turn, number
    starts = {r.turn: r.start for r in story.replies}
    return [
        _utterance(s, best.get(i), starts.get(numbers.get(i)), record) for i, s in enumerate(says)
    ]


def _utterance(s: Sounding, turn: Turn | None, reply: int | None, record: Record) -> dict:
    endpoint = turn.endpoint if turn is not None else None
    return {
        "person": s.who,
        "text": s.text,
        "onset_s": round(seconds(s.onset), 3),
        "end_s": round(seconds(s.end), 3),
        "heard": turn.heard if turn is not None else "",
        "intent": turn.intent if turn is not None else "",
        "endpoint_s": None if endpoint is None else round(seconds(endpoint), 3),
        "reply_start_s": None if reply is None else round(record.air(reply), 3),
    }


def _interruption(
    cut: Cut, record: Record, story: Story, loudness: Loudness, wake_word: str
) -> tuple[dict, bool]:
    """Return the row, and whether somebody (or a button) really caused it."""
    cause = _cause(cut, record, wake_word)
    suspected = cut.suspected
    onset = cause.onset if cause else (suspected.onset if suspected else cut.at)
    acted = suspected.at if suspected is not None else cut.at
    first = acted - HOP + record.latency  # the gain moves in the hop after, so this is undisturbed
    limit = _quiet_until(cut, record)
    duck = loudness.fallen(first, DUCKED_DB, limit)
    stop = None
    if cut.resumed_at is None:
        stop = loudness.fallen(first, SILENT_DB, limit)
    row = {
        "kind": cut.kind,
        "onset_s": round(seconds(onset), 3),
        "duck_s": None if duck is None else max(duck, round(seconds(onset), 3)),
        "stop_s": stop,
        "resumed_s": None if cut.resumed_at is None else round(record.air(cut.resumed_at), 3),
    }
    return row, cause is not None


def _cause(cut: Cut, record: Record, wake_word: str) -> Sounding | None:
    """Return what made the speaker do it, as far as it is something that should."""
    kinds, latest = ("press",) if cut.kind == "button" else ("say",), cut.at + HOP
    if cut.resumed_at is not None:
        kinds, latest = ("say", "sound"), cut.suspected.at
    earliest = cut.at - _CUT_MEMORY
    if cut.suspected is not None and cut.kind in ("stop", "speech"):
        earliest = cut.suspected.onset - _DUCK_SLACK
    near = [
        s for s in record.soundings if s.kind in kinds and s.onset <= latest and s.end >= earliest
    ]
    if cut.kind == "wake":
        near = [s for s in near if _may_wake(s, wake_word)]
    return near[-1] if near else None


def _quiet_until(cut: Cut, record: Record) -> int:
    """Return the sample from which the loudspeaker may sound again after ``cut``."""
    limit = cut.resumed_at if cut.resumed_at is not None else cut.at + _SETTLE
    for at, message in record.of(m.SegmentStarted, m.PlaySound):
        later = message.at if isinstance(message, m.SegmentStarted) else at
        if later > cut.at:
            return min(limit, later - HOP) + record.latency
    return limit + record.latency


def _may_wake(s: Sounding, wake_word: str) -> bool:
    if s.recorded:
        return not s.text or wake_word in _words(s.text)
    return wake_word in _words(s.text)


def _words(text: str) -> str:
    kept = "".join(c if c.isalnum() or c == "'" else " " for c in text.lower())
    return " ".join(kept.split())


def _wake(wake: m.WakeHeard, record: Record, wake_word: str) -> dict:
    says = (s for s in record.soundings if s.kind == "say")
    near = (s for s in says if s.onset <= wake.at and s.end >= wake.at - _WAKE_MEMORY)
    return {
        "t_s": round(seconds(wake.at), 3),
        "word": wake.word,
        "score": round(float(wake.score), 3),
        "true": any(_may_wake(s, wake_word) for s in near),
    }


def _is_false_duck(suspected: m.SpeechSuspected, record: Record) -> bool:
    return not any(
        s.kind in ("say", "sound") and s.onset <= suspected.at + HOP
        and s.end >= suspected.onset - _DUCK_SLACK
        for s in record.soundings
    )  # fmt: skip
