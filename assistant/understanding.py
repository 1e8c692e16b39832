"""From words to a skill's handler: what an utterance, finished or not, could mean.

Pure and engine-free. Called on every changed partial while somebody speaks, so the search keeps
the states of what it has heard already and only ever works on the new words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assistant.language import text
from assistant.language.answers import ANSWERS
from assistant.language.automaton import Automaton, Captures, Frontier
from assistant.language.grammar import build_grammar, build_vocabulary
from assistant.language.slots import Items
from assistant.language.words import plural, singular
from assistant.skill import Handler, Skill
from assistant.speech.recogniser import Grammar

STOP_PHRASES = (
    "stop",
    "stop it",
    "please stop",
    "stop that",
    "stop now",
    "stop talking",
    "stop playing",
    "stop the music",
    "be quiet",
    "quiet",
    "quiet please",
    "silence",
    "shut up",
    "enough",
    "that's enough",
    "that will do",
    "cancel",
    "cancel that",
    "never mind",
    "pause",
    "forget it",
    "okay stop",
    "no stop",
    "stop stop",
)
DANGLING = frozenset(str.split("and or of the my our a an to from on with for"))
_REMEMBERED = 256  # frontiers kept; a long sentence has some thirty


@dataclass(frozen=True)
class Match:
    """A sentence of a skill: the handler, its slots, and whether it can only be finished."""

    handler: Handler
    slots: Mapping[str, object]
    complete: bool
    words: tuple[str, ...]  # what was matched, without fillers
    familiar: bool = True  # every thing it names is one the skill knows
    settled: bool = False  # no slot for any words could follow, at most a few fixed ones

    @property
    def skill(self) -> Skill:
        """The skill that owns the sentence."""
        return self.handler.skill


class Understanding:
    """Everything the loaded skills understand. One thread at a time."""

    def __init__(self, skills: Iterable[Skill]) -> None:
        self.skills = tuple(skills)
        self.handlers = tuple(h for skill in self.skills for h in skill.handlers)
        self._automaton = Automaton()
        self._sentences: list[Handler] = []
        for handler in self.handlers:
            self._add(handler)
        self._automaton.freeze()
        self._known = {
            (skill.name, slot): frozenset(" ".join(text.words(w)) for w in words)
            for skill in self.skills
            for slot, words in skill.words.items()
        }
        self._stops = frozenset(text.spoken(text.words(p)) for p in STOP_PHRASES)
        self._frontiers: dict[tuple[str, ...], Frontier] = {}

    def match(self, said: str) -> Match | None:
        """Return the sentence that ``said`` is, or ``None``; fillers around it are forgiven."""
        for core in text.cores(text.words(said)):
            found = self._match(core)
            if found is not None:
                return found
        return None

    def is_stop(self, said: str) -> bool:
        """Return whether ``said`` is one of the stop phrases, whatever surrounds it politely."""
        words = tuple(w for w in text.words(said) if w != text.UNKNOWN)
        return any(core in self._stops for core in text.cores(words))

    def could_continue(self, said: str) -> bool:
        """Return whether more words could follow: a sentence has begun and is not over."""
        words = text.words(said)
        if text.only_lead(words):
            return True
        lead = text.strip_lead(words)
        return any(self._goes_on(core) for core in dict.fromkeys((lead, words)))

    def is_unfinished(self, said: str) -> bool:
        """Return whether a sentence has begun that is none yet: "add", "add milk and".

        Words that nothing begins with are not unfinished but foreign: waiting would not help.
        """
        words = text.spoken(text.words(said))
        if not words or text.only_lead(words):
            return bool(words)
        if words[-1] in DANGLING:
            return self.could_continue(said)
        return self.match(said) is None and self.could_continue(said)

    def vocabulary(self) -> list[str]:
        """Return every word the skills' sentences use, sorted, for the recogniser."""
        return build_vocabulary(self.grammar())

    def grammar(self) -> Grammar:
        """Return the grammar of all sentences, stop phrases and answers."""
        grammar = build_grammar(self.handlers)
        rules = dict(grammar.rules)
        rules["stop"] = " | ".join(STOP_PHRASES)
        rules["answer"] = " | ".join(ANSWERS)
        rules[grammar.top] = f"<stop> | <answer> | {rules[grammar.top]}"
        return Grammar(rules, grammar.top)

    def stop_phrases(self) -> tuple[str, ...]:
        """Return the phrases that end whatever sounds."""
        return STOP_PHRASES

    def _add(self, handler: Handler) -> None:
        def slot_tree(name: str):
            return handler.slots[name].tree

        for sentence in handler.sentences:
            self._automaton.add(len(self._sentences), sentence.tree, slot_tree)
            self._sentences.append(handler)

    def _match(self, words: tuple[str, ...]) -> Match | None:
        frontier = self._frontier(words)
        for cost, sentence, captures in self._automaton.accepted(frontier):
            handler = self._sentences[sentence]
            slots = self._read(handler, words, captures)
            if slots is not None:
                familiar = self._familiar(handler.skill.name, slots)
                return Match(
                    handler,
                    slots,
                    complete=not self._goes_on(words),
                    words=words,
                    familiar=familiar,
                    settled=not self._automaton.goes_on(frontier, cost, openly=True),
                )
        return None

    def _read(
        self, handler: Handler, words: tuple[str, ...], captures: Captures
    ) -> dict[str, object] | None:
        out: dict[str, object] = {}
        for occurrence, start, end in captures:
            name = self._automaton.slot_names[occurrence]
            known = self._known.get((handler.skill.name, name), ())
            out[name] = handler.slots[name].read(words[start:end], known)
            if out[name] is None:
                return None
        return out

    def _familiar(self, skill: str, slots: Mapping[str, object]) -> bool:
        """Whether the things named are known ones, in one or in many."""
        for name, value in slots.items():
            known = self._known.get((skill, name), ())
            things = value if isinstance(value, Items) else ()
            if any(not {t.name, singular(t.name), plural(t.name)} & set(known) for t in things):
                return False
        return True

    def _goes_on(self, words: tuple[str, ...]) -> bool:
        """Return whether a sentence at least as fitting as the best finished one continues."""
        frontier = self._frontier(words)
        accepted = self._automaton.accepted(frontier)
        return self._automaton.goes_on(frontier, below=accepted[0][0] if accepted else None)

    def _frontier(self, words: tuple[str, ...]) -> Frontier:
        known = len(words)
        while known and words[:known] not in self._frontiers:
            known -= 1
        frontier = self._frontiers[words[:known]] if known else self._automaton.start()
        if len(self._frontiers) > _REMEMBERED:
            self._frontiers.clear()
        for at in range(known, len(words)):
            frontier = self._automaton.step(frontier, words[at], at)
            self._frontiers[words[: at + 1]] = frontier
        return frontier
