"""Finite-state transducers as OpenFst's files, including the look-ahead kind that Vosk composes."""

from __future__ import annotations

import struct

FST_MAGIC, ADDON_MAGIC = 2125659606, 446681434

ILABEL_SORTED, NOT_ILABEL, OLABEL_SORTED = 0x10000000, 0x20000000, 0x40000000


class Fst:
    """A transducer in the tropical semiring: arcs[s] = [(ilabel, olabel, cost, next)]."""

    def __init__(self):
        self.arcs, self.final, self.start = [], {}, 0

    def state(self):
        self.arcs.append([])
        return len(self.arcs) - 1

    def arc(self, s, i, o, w, n):
        self.arcs[s].append((i, o, float(w), n))

    def header(self, kind, version, props):
        def s(t):
            return struct.pack("<i", len(t)) + t.encode()

        return (
            struct.pack("<i", FST_MAGIC)
            + s(kind)
            + s("standard")
            + struct.pack(
                "<iiQqqq", version, 0, props, self.start, len(self.arcs), sum(map(len, self.arcs))
            )
        )

    def vector(self, props=0):
        out = [self.header("vector", 2, 3 | props)]
        for s, arcs in enumerate(self.arcs):
            out.append(struct.pack("<fq", self.final.get(s, float("inf")), len(arcs)))
            out += [struct.pack("<iifi", *a) for a in arcs]
        return b"".join(out)

    def const(self, props=0):
        out, pos = [self.header("const", 2, 1 | props)], 0
        for s, arcs in enumerate(self.arcs):
            out.append(
                struct.pack(
                    "<fIIII",
                    self.final.get(s, float("inf")),
                    pos,
                    len(arcs),
                    sum(a[0] == 0 for a in arcs),
                    sum(a[1] == 0 for a in arcs),
                )
            )
            pos += len(arcs)
        for arcs in self.arcs:
            out += [struct.pack("<iifi", *a) for a in arcs]
        return b"".join(out)

    def olabel_lookahead(self):
        """The 'olabel_lookahead' type: a const FST plus, for every state, the set of output
        labels that can come next (as intervals), which lets the composition with a grammar
        enter a word's prefix only where some word of the grammar is reachable."""
        for a in self.arcs:
            a.sort(key=lambda x: (x[1], x[0]))
        final_label = 1 + max(a[1] for arcs in self.arcs for a in arcs)
        reach = [set() for _ in self.arcs]
        back = [[] for _ in self.arcs]
        for s, arcs in enumerate(self.arcs):
            for _i, o, _w, n in arcs:
                if o:
                    reach[s].add(o)
                elif n != s:
                    back[n].append(s)
        for s in self.final:
            reach[s].add(final_label)
        todo = list(range(len(self.arcs)))
        while todo:  # propagate over output epsilons
            n = todo.pop()
            for s in back[n]:
                if not reach[n] <= reach[s]:
                    reach[s] |= reach[n]
                    todo.append(s)
        out = [
            self.header("olabel_lookahead", 1, 1 | OLABEL_SORTED),
            struct.pack("<i", ADDON_MAGIC),
            self.const(OLABEL_SORTED),
            struct.pack("<???", True, False, True),  # has add-on; only the second
            struct.pack("<??i", False, False, final_label),  # output side; no relabelling
            struct.pack("<q", len(reach)),
        ]
        for r in reach:
            iv = []
            for label in sorted(r):
                if iv and iv[-1][1] == label:
                    iv[-1][1] = label + 1
                else:
                    iv.append([label, label + 1])
            out.append(struct.pack("<q", len(iv)))
            out += [struct.pack("<ii", *x) for x in iv]
            out.append(struct.pack("<i", len(r)))
        return b"".join(out)
