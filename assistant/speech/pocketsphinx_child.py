"""The process pocketsphinx decodes in: it holds the GIL meanwhile, and would stop the audio thread.

Run by path by ``pocketsphinx_.py``; imports nothing of the project. One decoder a stream, taken
from a pool; all have the same words. A grammar gets a way around it: loops of single phones at
its start and end, at a price, so that other speech is not forced onto a sentence.
"""

import hashlib
import json
import math
import os
import struct
import sys

HEADER = struct.Struct("<BI")
STREAM = struct.Struct("<I")
SETUP, OPEN, FEED, FINISH, CLOSE = 1, 2, 3, 4, 5
PHONES = str.split(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW "
    "V W Y Z ZH"
)
SCORE_UNIT = 1024  # acoustic scores of a grammar search are divided by it (SENSCR_SHIFT)
UNSAYABLE, NOBODY_SAYS_THIS = "xxvoidxx", " ".join(["ZH OY"] * 8)
KEPT_GRAMMARS = 6  # the skills' and a few lists of phrases
# Best-path rescoring loses commands here. The bound on active states halves the cost of a grammar
# of all skills; narrower beams would, too, but make phrases accept more of other speech.
TUNING = dict(bestpath=False, silprob=0.5, maxhmmpf=1000)
START, FINAL = 0, 1  # of every grammar that parse_jsgf returns


class Slot:
    """A decoder with the grammars it has compiled: that takes longer than an utterance."""

    def __init__(self, decoder):
        self.decoder = decoder
        self._names = []
        self.teach({f"[{p.lower()}]": p for p in PHONES} | {UNSAYABLE: NOBODY_SAYS_THIS})

    def teach(self, words):
        for word, phones in words.items():
            if self.decoder.lookup_word(word) is None:
                self.decoder.add_word(word, phones, False)

    def has(self, name):
        return name in self._names

    def select(self, name, jsgf, garbage):
        """Compile the grammar unless it is here, and search with it from now on."""
        if name in self._names:
            self._names.remove(name)
        else:
            fsg = self.decoder.parse_jsgf(jsgf)
            self._add_garbage(fsg, garbage)
            self.decoder.add_fsg(name, fsg)
        self._names.append(name)
        self.decoder.activate_search(name)
        if len(self._names) > KEPT_GRAMMARS:
            self.decoder.remove_search(self._names.pop(0))

    def _add_garbage(self, fsg, probability):
        price = int(self.decoder.logmath.log(probability) * self.decoder.config["lw"])
        for phone in PHONES:
            word = fsg.word_add(f"[{phone.lower()}]")
            for source, target in ((START, START), (START, FINAL), (FINAL, FINAL)):
                fsg.trans_add(source, target, price, word)


class Engine:
    def __init__(self):
        import pocketsphinx

        config = dict(lm=None, logfn=os.devnull, loglevel="FATAL", **TUNING)
        self._new = lambda: Slot(pocketsphinx.Decoder(pocketsphinx.Config(**config)))
        self._idle = [self._new()]
        self._cepstral_mean = self._idle[0].decoder.get_cmn()
        self._busy = {}
        self._words = {}

    def setup(self, request):
        """Note the pronunciations the dictionary lacks and say which words those are."""
        decoder = (self._idle or list(self._busy.values()))[0].decoder
        new = {w: p for w, p in request["words"].items() if decoder.lookup_word(w) is None}
        self._words.update(new)
        return {"added": sorted(new)}

    def open(self, request):
        name = hashlib.sha256(request["jsgf"].encode()).hexdigest()
        if not self._idle:
            self._idle.append(self._new())
        slot = next((s for s in self._idle if s.has(name)), self._idle[-1])
        slot.teach(self._words)
        slot.select(name, request["jsgf"], request["garbage"])
        # What was heard before must not matter: forget its mean, and the scores' own history
        # (pocketsphinx calls start_stream deprecated, but nothing else resets that).
        slot.decoder.set_cmn(self._cepstral_mean)
        slot.decoder.start_stream()
        slot.decoder.start_utt()
        self._idle.remove(slot)
        self._busy[request["stream"]] = slot
        return {}

    def feed(self, stream, pcm):
        decoder = self._busy[stream].decoder
        decoder.process_raw(pcm, False, False)
        found = decoder.hyp()
        return " ".join(_merge_garbage(found.hypstr.split())) if found else ""

    def finish(self, stream):
        decoder = self._busy[stream].decoder
        decoder.end_utt()
        words = []
        if decoder.hyp() is not None:
            for s in decoder.seg() or ():
                if not s.word.startswith(("<", "(")):  # neither silence nor a null arc
                    score = math.log(s.ascore) * SCORE_UNIT
                    words.append([_plain(s.word), s.start_frame, s.end_frame + 1, score])
        self._idle.append(self._busy.pop(stream))
        return {"words": words}

    def close(self, stream):
        slot = self._busy.pop(stream, None)
        if slot is not None:
            slot.decoder.end_utt()
            self._idle.append(slot)
        return {}


def _plain(word):
    """Return a word without its number of pronunciation, a phone of the way around as [unk]."""
    plain = word.partition("(")[0]
    return "[unk]" if plain.startswith("[") or plain == UNSAYABLE else plain


def _merge_garbage(words):
    """Return the words, each run of single phones as one [unk]."""
    out = []
    for word in words:
        plain = _plain(word)
        if plain != "[unk]" or out[-1:] != ["[unk]"]:
            out.append(plain)
    return out


def answer(engine, operation, payload):
    if operation in (SETUP, OPEN):
        request = json.loads(payload)
        result = engine.setup(request) if operation == SETUP else engine.open(request)
        return json.dumps(result).encode()
    (stream,) = STREAM.unpack_from(payload)
    if operation == FEED:
        return engine.feed(stream, payload[STREAM.size :]).encode()
    result = engine.finish(stream) if operation == FINISH else engine.close(stream)
    return json.dumps(result).encode()


def main():
    requests, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing the library prints may reach the protocol
    engine = None
    while len(head := requests.read(HEADER.size)) == HEADER.size:
        operation, length = HEADER.unpack(head)
        payload = requests.read(length)
        try:
            engine = engine or Engine()
            status, data = 0, answer(engine, operation, payload)
        except Exception as e:
            status, data = 1, json.dumps({"kind": type(e).__name__, "error": str(e)}).encode()
        out.write(HEADER.pack(status, len(data)) + data)
        out.flush()


if __name__ == "__main__":
    main()
