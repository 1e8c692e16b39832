"""The skills without sound: one sentence in, the reply as text out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from assistant.dialogue import QUESTION_S, Dialogue, Question
from assistant.errors import BadInput
from assistant.language import text
from assistant.messages import Policy
from assistant.plugins import Skills, load_skills
from assistant.settings import Settings
from assistant.skill import Ask
from assistant.store import Store
from assistant.understanding import Understanding

PATIENCE_S = 120.0  # typing an answer takes longer than saying it


def ask(said: str, settings: Settings, now: Callable[[], datetime] = datetime.now) -> str:
    """Do what ``said`` asks for and return the reply, "" when there is nothing to say.

    A question stays open for two minutes, so the next call may answer it ("yes"). Raises
    ``BadInput`` for an empty sentence.
    """
    if not text.words(said):
        raise BadInput(
            "ask", "there is no word in the sentence", 'try: assistant ask "what time is it"'
        )
    store = Store(settings.store.path)
    try:
        if store.report:
            print(store.report, file=sys.stderr)
        understanding = Understanding(load_skills(settings, store).skills)
        dialogue = Dialogue(
            understanding, store, lambda event: None, now, volume=settings.volume.level
        )
        dialogue.question = _load(store.get("ask", "question"), understanding, now())
        reply = dialogue.respond(said)
        store.set("ask", "question", _save(dialogue.question))
        return reply.text if reply is not None else ""
    finally:
        store.close()


def run_ask(said: str, settings: Settings) -> tuple[str, int]:
    """Return the reply to print and the exit status."""
    return ask(said, settings), 0


def describe_skills(skills: Skills) -> list[dict[str, object]]:
    """Return one row per skill for ``assistant skills``.

    Keys: name, state ("on", "off" or "failed"), path, about, sentences (templates), reason.
    """
    rows: list[dict[str, object]] = []
    for entry in skills.loaded:
        templates = [s.template for h in entry.skill.handlers for s in h.sentences]
        rows.append(_row(entry.name, "on", str(entry.path), entry.skill.about, templates))
    rows.extend(_row(name, "off", reason="skills.disabled names it") for name in skills.disabled)
    rows.extend(_row(f.name, "failed", str(f.path), reason=f.reason) for f in skills.failed)
    return rows


def _row(
    name: str, state: str, path: str = "", about: str = "", sentences=(), reason: str = ""
) -> dict[str, object]:
    return {
        "name": name,
        "state": state,
        "path": path,
        "about": about,
        "sentences": list(sentences),
        "reason": reason,
    }


def _save(question: Question | None) -> dict[str, object] | None:
    """Return a question as plain data; ``None`` when its functions cannot be named."""
    if question is None:
        return None
    asked = question.ask
    out: dict[str, object] = {
        "skill": question.skill,
        "asked": question.asked.isoformat(),
        "tries": question.tries,
        "question": asked.question,
        "policy": asked.policy.value,
        "data": dict(asked.data),
        "options": dict(asked.options),
    }
    for role in ("yes", "no", "choose", "hear"):
        function = getattr(asked, role)
        if callable(function) and "<" in function.__qualname__:
            return None
        out[role] = f"call:{function.__qualname__}" if callable(function) else function
    return out


def _load(saved: object, understanding: Understanding, now: datetime) -> Question | None:
    """Return the question that an earlier process asked, if it may still be answered."""
    if not isinstance(saved, Mapping):
        return None
    asked = datetime.fromisoformat(str(saved["asked"]))
    age = now - asked
    skill = next((s for s in understanding.skills if s.name == saved["skill"]), None)
    if skill is None or not timedelta(0) <= age <= timedelta(seconds=PATIENCE_S):
        return None
    module = sys.modules[skill.handlers[0].function.__module__]
    roles: dict[str, object] = {}
    for role in ("yes", "no", "choose", "hear"):
        value = saved[role]
        if isinstance(value, str) and value.startswith("call:"):
            value = getattr(module, value.removeprefix("call:"), None)
            if value is None:
                return None
        roles[role] = value
    ask_ = Ask(
        str(saved["question"]),
        options=saved["options"],
        data=saved["data"],
        policy=Policy(saved["policy"]),
        **roles,
    )
    fresh = max(asked, now - timedelta(seconds=QUESTION_S))
    return Question(ask_, skill.name, fresh, int(saved["tries"]))
