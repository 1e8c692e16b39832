"""What a skill author writes with: Skill, Reply, Segment, Ask, SkillError."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.errors import BadInput, did_you_mean
from assistant.language.sentences import BadSentence, Node, parse, slots
from assistant.language.slots import SlotType, slot_type
from assistant.messages import Policy
from assistant.store import Store


class SkillError(Exception):
    """Ends a handler with one sentence to speak: what is not possible, and what is."""


@dataclass(frozen=True)
class Segment:
    """One part of a reply that can be interrupted and pointed at: a sentence or a list item."""

    text: str
    item: object | None = None  # what it stands for, e.g. a shopping entry


@dataclass(frozen=True)
class Reply:
    """What the speaker says: segments in order, and what may interrupt them."""

    segments: tuple[Segment, ...] = field(default=())
    policy: Policy = Policy.OPEN
    question: bool = False
    options: tuple[str, ...] = ()  # the answers a question expects, when they are few

    @classmethod
    def of(cls, *texts: str, item: object | None = None) -> Reply:
        """Return a reply that says ``texts``, one segment each; ``item`` goes with the last."""
        last = len(texts) - 1
        return cls(tuple(Segment(t, item if i == last else None) for i, t in enumerate(texts)))

    @property
    def text(self) -> str:
        """Everything it says, as one text."""
        return " ".join(segment.text for segment in self.segments)

    def asking(self, ask: Ask) -> Reply:
        """Return the reply as a question that waits for the answer to ``ask``."""
        return replace(self, question=True, policy=ask.policy, options=tuple(ask.options))


@dataclass(frozen=True)
class Again:
    """Says an earlier reply again, from segment ``start`` on."""

    reply: Reply
    start: int = 0


@dataclass(frozen=True)
class Ask:
    """A question; the answer calls one of the functions given here.

    ``yes`` and ``no`` get ``(speaker, **data)`` and may be a sentence instead of a function.
    ``options`` maps what the person may choose to a value, and ``choose`` gets
    ``(speaker, value, **data)``. ``hear`` gets ``(speaker, text, **data)`` with any other answer.
    Functions at the top of a module, with ``data`` and values that JSON can hold, let the
    question outlive the process (``assistant ask``).
    """

    question: str
    yes: Callable | str | None = None
    no: Callable | str | None = "Okay."
    options: Mapping[str, object] = field(default_factory=dict)
    choose: Callable | None = None
    hear: Callable | None = None
    data: Mapping[str, object] = field(default_factory=dict)
    policy: Policy = Policy.OPEN


@dataclass(frozen=True)
class Sentence:
    """One template of a handler, parsed."""

    template: str
    tree: Node


@dataclass(frozen=True)
class Handler:
    """A function of a skill, the sentences that call it, and the types of its slots."""

    skill: Skill
    name: str
    function: Callable
    sentences: tuple[Sentence, ...]
    slots: Mapping[str, SlotType]


class Skill:
    """Something the speaker can do: a few sentences, each with the function that does it.

    ``about`` is one line for ``assistant skills``. ``rules`` are pieces of sentences that
    templates name as ``<rule>``. ``words`` lists, per slot, what is often said there: the
    recogniser's vocabulary grows by it, and an enumeration without commas is split with it.
    ``tables`` are SQL scripts, run once each and in order, that make the skill's tables.
    A skill that keeps lists may set ``contents`` (every list by name) and ``fill`` (put things on
    a list), which scenes and reports use.
    """

    def __init__(
        self,
        name: str,
        about: str = "",
        *,
        rules: Mapping[str, str] | None = None,
        words: Mapping[str, Iterable[str]] | None = None,
        tables: Sequence[str] = (),
    ) -> None:
        self.name, self.about = name, about
        self.rules = dict(rules or {})
        self.words = {slot: tuple(known) for slot, known in (words or {}).items()}
        self.tables = tuple(tables)
        self.handlers: list[Handler] = []
        self.contents: Callable[[Store], dict[str, list[str]]] | None = None
        self.fill: Callable[[Store, str, list[str]], None] | None = None

    def __repr__(self) -> str:
        return f"Skill({self.name!r})"

    def on(self, *templates: str) -> Callable[[Callable], Callable]:
        """Call the decorated function when somebody says one of ``templates``.

        The function gets the ``Speaker`` and the slots by name, and returns what to say: a
        text, a ``Reply``, an ``Ask``, or ``None`` for nothing. Raises ``BadInput`` naming file,
        sentence and remedy.
        """

        def add(function: Callable) -> Callable:
            self.handlers.append(self._handler(function, templates))
            return function

        return add

    def _handler(self, function: Callable, templates: Sequence[str]) -> Handler:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        hints = typing.get_type_hints(function)
        types: dict[str, SlotType] = {}
        for parameter in parameters:
            kind = slot_type(hints.get(parameter.name, str))
            if kind is None:
                raise BadInput(
                    f"{_place(function)}, {function.__name__}()",
                    f"{parameter.name!r} has an annotation that no slot can fill",
                    "use str, int, Ordinal, Quantity, Items, Needs or Literal[...]",
                )
            types[parameter.name] = kind
        needed = {p.name for p in parameters if p.default is p.empty}
        sentences = tuple(self._sentence(function, t, types, needed) for t in templates)
        return Handler(self, function.__name__, function, sentences, types)

    def _sentence(
        self, function: Callable, template: str, types: Mapping[str, SlotType], needed: set[str]
    ) -> Sentence:
        where = f'{_place(function)}, sentence "{template}"'
        try:
            tree = parse(template, self.rules)
        except BadSentence as e:
            raise BadInput(where, e.problem, e.remedy) from e
        found = slots(tree)
        for name in sorted(found - set(types)):
            raise BadInput(
                where,
                f"{function.__name__}() has no parameter for the slot {{{name}}}",
                did_you_mean(name, types) if types else "add it, with its annotation",
            )
        for name in sorted(needed - found):
            raise BadInput(
                where,
                f"{function.__name__}() needs {name!r} and the sentence has no slot for it",
                f"write {{{name}}} into it, or give {name!r} a default",
            )
        return Sentence(template, tree)


def _place(function: Callable) -> str:
    code = function.__code__
    return f"{code.co_filename}, line {code.co_firstlineno}"
