"""What the decoder searches: the words as a tree of phones, and a bigram of sentences."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tools.household_model.fst import Fst
from tools.household_model.kaldi import phone_id, tid_forward, tid_self
from tools.household_model.lexicon import PHONES, Lexicon
from tools.household_model.sentences import Household

UNKNOWN = "[unk]"

UNKNOWN_PHONE_COST = 1.0  # price per phone of the garbage model behind [unk]

UNKNOWN_PROBABILITY = 0.01  # of its unigram in the default grammar
DISCOUNT = 0.6


def word_ids(lex: Lexicon) -> dict[str, int]:
    """Return ids in pronunciation order, so that the words below a prefix are a few intervals."""
    order = sorted(lex, key=lambda w: (lex[w][0], w))
    return {w: i + 1 for i, w in enumerate(order + [UNKNOWN])}


def make_hcl(lex: Lexicon, ids: dict[str, int]) -> Fst:
    """Return the lexicon as a prefix tree over transition ids.

    A phone is one arc (its forward transition) into a state with a self loop; after a word comes
    an optional silence, then the root again. The word is named on the first arc that only it has.
    """
    f = Fst()
    start, loop, sil, hub = f.state(), f.state(), f.state(), f.state()
    f.start = start
    f.final[loop] = 0.0
    ln2 = float(np.log(2))
    f.arc(start, 0, 0, ln2, loop)
    f.arc(start, tid_forward(1), 0, ln2, sil)
    f.arc(sil, tid_self(1), 0, ln2, sil)
    f.arc(sil, 0, 0, ln2, loop)

    def phone(s, ph, o, cost):
        n = f.state()
        f.arc(s, tid_forward(ph), o, cost, n)
        f.arc(n, tid_self(ph), 0, ln2, n)
        return n

    def leave(s, o):
        if o:  # homophones: the label comes last
            n = f.state()
            f.arc(s, 0, o, 0.0, n)
            s = n
        f.arc(s, 0, 0, 2 * ln2, loop)
        f.arc(s, tid_forward(1), 0, 2 * ln2, sil)

    tree = {}
    for w, prons in lex.items():
        for p in prons:
            pos = ["S"] if len(p) == 1 else ["B"] + ["I"] * (len(p) - 2) + ["E"]
            node = tree
            for ph in [phone_id(a, b) for a, b in zip(p, pos, strict=False)]:
                node = node.setdefault(ph, {})
            node.setdefault(0, []).append((w, np.log(len(prons)) * 0.5))

    def words_below(node):
        out = set()
        for k, v in node.items():
            out |= {w for w, _ in v} if k == 0 else words_below(v)
        return out

    def build(node, s, done):
        for k, v in node.items():
            if k == 0:
                for w, _c in v:
                    leave(s, 0 if done else ids[w])
                    if done:
                        break
                continue
            below = words_below(v)
            o = ids[next(iter(below))] if not done and len(below) == 1 else 0
            build(v, phone(s, k, o, ln2 if s != loop else 0.0), done or bool(o))

    build(tree, loop, False)
    for p in PHONES:  # [unk]: any two or more phones
        c = UNKNOWN_PHONE_COST + np.log(len(PHONES))
        f.arc(phone(loop, phone_id(p, "B"), ids[UNKNOWN], c), 0, 0, 0.0, hub)
        f.arc(phone(hub, phone_id(p, "I"), 0, c), 0, 0, 0.0, hub)
        leave(phone(hub, phone_id(p, "E"), 0, c), 0)
    return f


def make_g(ids: dict[str, int], household: Household, count: int = 40_000) -> Fst:
    """Return a bigram grammar of sampled household sentences; label 0 arcs back off.

    Absolute discounting; what was met once only is left to the unigram state.
    """
    pairs, single = _counts(household, ids, count)
    total = sum(single.values())
    f = Fst()
    states = {h: f.state() for h in ["<s>", *sorted(w for w in pairs if w != "<s>")]}
    back = f.state()
    f.start = states["<s>"]
    for history, state in states.items():
        counts = pairs[history]
        n = sum(counts.values())
        kept = {w: k - DISCOUNT for w, k in counts.items() if k > 1}
        for word, k in kept.items():
            _go(f, state, word, -np.log(k / n), ids, states, back)
        f.arc(state, 0, 0, -np.log(max(1 - sum(kept.values()) / n, 1e-3)), back)
    for word, k in single.items():
        _go(f, back, word, -np.log(k / total), ids, states, back)
    for arcs in f.arcs:
        arcs.sort()
    return f


def _counts(household: Household, ids: dict[str, int], count: int) -> tuple[dict, Counter]:
    pairs: dict[str, Counter] = {}
    single: Counter = Counter()
    for _ in range(count):
        before = "<s>"
        said = household.sentence().split()
        for word in (*said, "</s>") if all(w in ids for w in said) else ():
            pairs.setdefault(before, Counter())[word] += 1
            single[word] += 1
            before = word
    for word in ids:
        single.setdefault(word, 1)
    single[UNKNOWN] = UNKNOWN_PROBABILITY * sum(single.values())
    return pairs, single


def _go(f: Fst, state: int, word: str, cost: float, ids, states, back: int) -> None:
    if word == "</s>":
        f.final[state] = cost
    else:
        f.arc(state, ids[word], ids[word], cost, states.get(word, back))
