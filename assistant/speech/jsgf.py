"""Write a ``Grammar`` as a JSGF file that pocketsphinx can read, whatever its rules contain.

Source of the notation: W3C, JSpeech Grammar Format, 2000.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.errors import BadInput, did_you_mean
from assistant.speech.recogniser import Grammar

_TOKEN = re.compile(
    r"""<[^<>]*> | "[^"]*" | \{(?:[^{}\\]|\\.)*\} | /[\d.]+/ | [()\[\]|*+;]
    | [^\s()\[\]|*+;<>"{}]+""",
    re.VERBOSE,
)
_SPECIAL = {"<null>": "<NULL>", "<void>": "<VOID>"}
TOP = "utterance"
UNSAYABLE = "xxvoidxx"  # pocketsphinx drops a whole grammar for one <VOID>


def words_of(grammar: Grammar) -> set[str]:
    """Return every word in the grammar's rules."""
    return {
        word
        for rule in grammar.rules.values()
        for token in _TOKEN.findall(rule)
        for word in _plain_words(token)
    }


def phrases_grammar(phrases: Sequence[str]) -> Grammar:
    """Return the grammar of exactly these phrases."""
    plain = [" ".join(_plain_words(f'"{p}"')) for p in phrases]
    return Grammar({"phrase": " | ".join(p for p in plain if p)}, top="phrase")


def jsgf(grammar: Grammar, known: Callable[[str], bool] = lambda word: True) -> str:
    """Return the grammar as JSGF; a word that is not ``known`` makes its alternative impossible.

    Raises ``BadInput`` for a rule that is referred to and missing, and for text that is not JSGF.
    """
    names = {name: f"r{i}" for i, name in enumerate(grammar.rules)}
    if grammar.top not in names:
        raise BadInput(
            "grammar", f'no rule "{grammar.top}"', did_you_mean(grammar.top, names or ["none"])
        )
    lines = [
        f"<{names[name]}> = {_right_side(name, rule, names, known)};"
        for name, rule in grammar.rules.items()
    ]
    head = f"#JSGF V1.0;\ngrammar assistant;\npublic <{TOP}> = <{names[grammar.top]}>;\n"
    return head + "\n".join(lines) + "\n"


def _right_side(name: str, rule: str, names: dict[str, str], known) -> str:
    left = _TOKEN.sub("", rule).strip()
    if left:
        raise BadInput(f"grammar rule <{name}>", f'"{left[:20]}" is not JSGF', "check its brackets")
    out: list[str] = []
    for token in _TOKEN.findall(rule):
        if token[0] == "<":
            out.append(_reference(name, token, names))
        elif token[0] == "{" or token == ";":
            continue
        elif token[0] in "()[]|*+" or (token[0] == "/" and token[-1] == "/" and len(token) > 2):
            out.append(token)
        else:
            out.extend(word if known(word) else UNSAYABLE for word in _plain_words(token))
    return _without_holes(" ".join(out))


def _reference(name: str, token: str, names: dict[str, str]) -> str:
    if token.lower() in _SPECIAL:
        return _SPECIAL[token.lower()]
    wanted = token[1:-1].strip()
    if wanted not in names:
        raise BadInput(f"grammar rule <{name}>", f"no rule {token}", did_you_mean(wanted, names))
    return f"<{names[wanted]}>"


def _plain_words(token: str) -> list[str]:
    """Return the words of a token in lower case, without what no dictionary entry contains."""
    if token[0] in "<{()[]|*+;" or (token[0] == "/" and token[-1] == "/" and len(token) > 2):
        return []
    found = re.findall(r"[^\W_]+(?:['’.-][^\W_]+)*['’]?", token.lower())
    return [word.replace("’", "'") for word in found]


def _without_holes(rule: str) -> str:
    """Fill empty groups and alternatives, which JSGF does not allow, with <NULL>."""
    padded = f"( {rule} )" if rule.strip() else "( )"
    padded = re.sub(r"([(\[|])(?=\s*[)\]|])", r"\1 <NULL>", padded)
    return padded[1:-1].strip()
