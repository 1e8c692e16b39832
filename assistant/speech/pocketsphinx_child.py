"""The process pocketsphinx decodes in: it holds the GIL meanwhile, and would stop the audio thread.

Run by path by ``pocketsphinx_.py``; imports nothing of the project. One decoder a stream, taken
from a pool; all have the same words. A stream searches with a language model, or with a grammar
that gets a way around it: loops of single phones at its start and end, at a price, so that other
speech is not forced onto a phrase.
"""

import json
import math
import os
import struct
import sys
import tempfile

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
# The mean cepstrum an utterance begins with, and keeps for eight seconds: half that of 51 recorded
# people, half that of 40 clips of synthetic ones, all at the level of ``level.py``. With the
# library's own (40, 3, -1, 0 ...) one word in ten more is wrong in a room.
CEPSTRAL_MEAN = "52.7,2.2,-1.5,5.3,-6.9,-1.5,-4.5,-6.3,-1.7,-1.6,0.2,-2.5,0.7"
# Best-path rescoring loses phrases of a grammar, and finds commands of a language model.
COMMON = dict(lm=None, logfn=os.devnull, loglevel="FATAL", silprob=0.5)
TUNING = {"jsgf": dict(bestpath=False, maxhmmpf=1000), "lm": dict(bestpath=True)}
START, FINAL = 0, 1  # of every grammar that parse_jsgf returns


class Slot:
    """A decoder with the grammars it has compiled: that takes longer than an utterance."""

    def __init__(self, kind, decoder):
        self.kind, self.decoder = kind, decoder
        self._names = []
        self.teach({f"[{p.lower()}]": p for p in PHONES} | {UNSAYABLE: NOBODY_SAYS_THIS})

    def teach(self, words):
        for word, phones in words.items():
            if self.decoder.lookup_word(word) is None:
                self.decoder.add_word(word, phones, False)

    def has(self, name):
        return name in self._names

    def select(self, name, text, garbage):
        """Compile the grammar or model unless it is here, and search with it from now on."""
        if name in self._names:
            self._names.remove(name)
        elif self.kind == "lm":
            self._add_model(name, text)
        else:
            fsg = self.decoder.parse_jsgf(text)
            self._add_garbage(fsg, garbage)
            self.decoder.add_fsg(name, fsg)
        self._names.append(name)
        self.decoder.activate_search(name)
        if len(self._names) > KEPT_GRAMMARS:
            self.decoder.remove_search(self._names.pop(0))

    def _add_model(self, name, arpa):
        with tempfile.NamedTemporaryFile("w", suffix=".arpa", encoding="utf-8") as file:
            file.write(arpa)
            file.flush()
            model = pocketsphinx.NGramModel(self.decoder.config, self.decoder.logmath, file.name)
        self.decoder.add_lm(name, model)

    def _add_garbage(self, fsg, probability):
        price = int(self.decoder.logmath.log(probability) * self.decoder.config["lw"])
        for phone in PHONES:
            word = fsg.word_add(f"[{phone.lower()}]")
            for source, target in ((START, START), (START, FINAL), (FINAL, FINAL)):
                fsg.trans_add(source, target, price, word)


class Dictionary:
    """Pronunciations of the words that are needed; all 130,000 of the file would take 24 MB."""

    def __init__(self):
        self.forms = {}  # a word, or "word(2)" for another way to say it: its phones
        self._path = pocketsphinx.Config()["dict"]

    def learn(self, guesses):
        """Look words up; return those that are not in the file and are said as guessed."""
        wanted = {word for word in guesses if word not in self.forms}
        if wanted:
            with open(self._path, encoding="utf-8") as lines:
                found = (line.rstrip().split(" ", 1) for line in lines)
                self.forms.update(e for e in found if _word(e[0]) in wanted)
        added = sorted(wanted.difference(self.forms))
        self.forms.update((word, guesses[word]) for word in added)
        return added


class Engine:
    def __init__(self):
        self._idle = {kind: [] for kind in TUNING}
        self._busy = {}
        self._dictionary = Dictionary()
        self._model = ""

    def _new(self, kind):
        with tempfile.NamedTemporaryFile("w", suffix=".dict", encoding="utf-8") as file:
            file.writelines(f"{form} {phones}\n" for form, phones in self._dictionary.forms.items())
            file.flush()
            config = pocketsphinx.Config(dict=file.name, **COMMON, **TUNING[kind])
            return Slot(kind, pocketsphinx.Decoder(config))

    def setup(self, request):
        """Note the language model, and pronunciations; say which words had to be guessed."""
        self._model = request.get("lm", self._model)
        return {"added": self._dictionary.learn(request["words"])}

    def open(self, request):
        kind = "jsgf" if "jsgf" in request else "lm"
        text = request.get("jsgf", self._model)
        name, idle = str(hash(text)), self._idle[kind]  # hashlib would take 3 MB
        if not idle:
            idle.append(self._new(kind))
        slot = next((s for s in idle if s.has(name)), idle[-1])
        slot.teach(self._dictionary.forms)
        slot.select(name, text, request["garbage"])
        # What was heard before must not matter: forget its mean, and the scores' own history
        # (pocketsphinx calls start_stream deprecated, but nothing else resets that).
        slot.decoder.set_cmn(CEPSTRAL_MEAN)
        slot.decoder.start_stream()
        slot.decoder.start_utt()
        idle.remove(slot)
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
                    score, posterior = _scores(s, self._busy[stream].kind)
                    words.append([_plain(s.word), s.start_frame, s.end_frame + 1, score, posterior])
        self._rest(self._busy.pop(stream))
        return {"words": words}

    def close(self, stream):
        slot = self._busy.pop(stream, None)
        if slot is not None:
            slot.decoder.end_utt()
            self._rest(slot)
        return {}

    def _rest(self, slot):
        self._idle[slot.kind].append(slot)


def _scores(segment, kind):
    """Return the natural-log acoustic score and, from a language model's lattice, the posterior."""
    score = math.log(max(segment.ascore, 1e-300))
    return (score * SCORE_UNIT, None) if kind == "jsgf" else (score, segment.prob)


def _word(form):
    """Return the word of a dictionary's entry, without the number of its pronunciation."""
    return form.partition("(")[0]


def _plain(form):
    """Return the word of an entry, a phone of the way around as [unk]."""
    plain = _word(form)
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


def start():
    global pocketsphinx
    import pocketsphinx

    return Engine()


def main():
    requests, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing the library prints may reach the protocol
    engine = None
    while len(head := requests.read(HEADER.size)) == HEADER.size:
        operation, length = HEADER.unpack(head)
        payload = requests.read(length)
        try:
            engine = engine or start()
            status, data = 0, answer(engine, operation, payload)
        except Exception as e:
            status, data = 1, json.dumps({"kind": type(e).__name__, "error": str(e)}).encode()
        out.write(HEADER.pack(status, len(data)) + data)
        out.flush()


if __name__ == "__main__":
    main()
