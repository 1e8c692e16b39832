"""Which phone sounds in which frame: sentence graphs and the best path through them."""

from __future__ import annotations

import numpy as np

from tools.household_model.features import FRONT
from tools.household_model.lexicon import PDF_SILENCE, PHONE, SILENCE

RADIO = {
    "ax": "AH",
    "axr": "ER",
    "pau": "SIL",
    "dx": "T",
    "h#": "SIL",
    "el": "L",
    "en": "N",
    "em": "M",
    "nx": "N",
    "hv": "HH",
}


def graph_of(text, lex):
    """Phone graph of a sentence: nodes (phone index), list of predecessors, word of node.
    Silence is optional between words and at both ends.  Node -1 as predecessor = start."""
    nodes, preds, word = [], [], []
    ends = [-1]

    def add(ph, pr, w):
        nodes.append(ph)
        preds.append(list(pr))
        word.append(w)
        return len(nodes) - 1

    for wi, w in enumerate(text.split()):
        s = add(SILENCE, ends, -1)
        starts = ends + [s]
        ends = []
        for pron in lex[w]:
            pr = starts
            for p in pron:
                pr = [add(PHONE[p], pr, wi)]
            ends += pr
    s = add(SILENCE, ends, -1)
    return np.array(nodes), preds, word, ends + [s]


def viterbi(logp, nodes, preds, ends):
    """Best path of one utterance at 10 ms: every phone lasts at least 3 frames (so that each
    keeps one frame after subsampling by 3, whatever the phase).  Returns node per frame."""
    n, T = len(nodes), len(logp)
    P = max(len(p) for p in preds)
    pm = np.full((n, P), n, int)  # n = 'impossible'
    init = np.full(n, -1e30)
    for i, pr in enumerate(preds):
        for j, p in enumerate(pr):
            if p >= 0:
                pm[i, j] = p
            else:
                init[i] = 0.0
    first = np.where(nodes == SILENCE, PDF_SILENCE, 2 * nodes)
    rest = np.where(nodes == SILENCE, PDF_SILENCE, 2 * nodes + 1)
    ea, eb = logp[:, first], logp[:, rest]  # [T, n]
    a = np.full((3, n), -1e30)
    b = np.full(n + 1, -1e30)
    back = np.zeros((T, n), np.int32)  # entry: from which node
    stay = np.zeros((T, n), bool)  # b: came from b (else from a3)
    outb = np.zeros((T, n), bool)  # leaving: from b (else from a3)
    for t in range(T):
        if t == 0:
            a[0] = init + ea[0]
            a[1:] = -1e30
            b[:] = -1e30
            continue
        out = np.maximum(a[2], b[:n])
        outb[t] = b[:n] > a[2]
        oe = np.append(out, -1e30)[pm]  # [n, P]
        arg = oe.argmax(1)
        back[t] = pm[np.arange(n), arg]
        stay[t] = b[:n] > a[2]
        nb = np.maximum(b[:n], a[2]) + eb[t]
        a[2] = a[1] + ea[t]
        a[1] = a[0] + ea[t]
        a[0] = oe[np.arange(n), arg] + ea[t]
        b[:n] = nb
    fin = np.maximum(a[2], b[:n])[ends]
    node = ends[int(fin.argmax())]
    if fin.max() < -1e29:
        return None, -1e30
    score = fin.max()
    path = np.zeros(T, np.int32)
    state = 3 if b[node] > a[2][node] else 2  # 3 = b, 0..2 = a
    for t in range(T - 1, -1, -1):
        path[t] = node
        if t == 0:
            break
        if state == 3:
            state = 3 if stay[t, node] else 2
        elif state > 0:
            state -= 1
        else:
            nd = back[t, node]
            state = 3 if outb[t, nd] else 2
            node = nd
    return path, score / T


def labels_of(path, nodes):
    """Node per 10 ms frame -> pdf per 10 ms frame (first three frames of a phone = 'first')."""
    new = np.r_[True, path[1:] != path[:-1]]
    start = np.maximum.accumulate(np.where(new, np.arange(len(path)), 0))
    ph = nodes[path]
    return np.where(ph == SILENCE, PDF_SILENCE, 2 * ph + (np.arange(len(path)) - start >= 3))


def flite_labels(segs, T):
    path, nodes, e = np.zeros(T, int), [], 0
    for p, end in segs + [("pau", 1e9)]:
        p = RADIO.get(p, p.upper())
        if p != "SIL" and p not in PHONE:
            return None
        nodes.append(SILENCE if p == "SIL" else PHONE[p])
        t = int(np.clip(round(end * 100 - 1) + FRONT, 0, T)) if end < 1e8 else T
        path[e:t] = len(nodes) - 1
        e = max(e, t)
    path[:FRONT] = 0
    return labels_of(path, np.array(nodes))
