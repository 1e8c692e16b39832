"""The process pocketsphinx decodes in: it holds the GIL meanwhile, and would stop the audio thread.

Run by path by ``pocketsphinx_.py``; imports nothing of the project. One decoder a stream, taken
from a pool; all have the same words. A grammar gets a way around it: loops of single phones at
its start and end, at a price, so that other speech is not forced onto a sentence.
"""

import contextlib
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
START, FINAL = 0, 1  # of every grammar that parse_jsgf returns


class Engine:
    def __init__(self):
        import pocketsphinx

        self._new = lambda: pocketsphinx.Decoder(
            pocketsphinx.Config(
                lm=None, logfn=os.devnull, loglevel="FATAL", bestpath=False, silprob=0.5
            )
        )
        self._idle = [self._prepare(self._new())]
        self._cepstral_mean = self._idle[0].get_cmn()
        self._busy = {}
        self._words = {}

    def setup(self, request):
        """Add the pronunciations the dictionary lacks and say which words those are."""
        decoder = (self._idle or list(self._busy.values()))[0]
        new = {w: p for w, p in request["words"].items() if decoder.lookup_word(w) is None}
        self._words.update(new)
        for each in [*self._idle, *self._busy.values()]:
            self._add_words(each, new)
        return {"added": sorted(new)}

    def open(self, request):
        decoder = self._idle.pop() if self._idle else self._prepare(self._new())
        self._add_words(decoder, self._words)
        try:
            fsg = decoder.parse_jsgf(request["jsgf"])
            self._add_garbage(decoder, fsg, request["garbage"])
            decoder.add_fsg("grammar", fsg)
            decoder.activate_search("grammar")
            decoder.set_cmn(self._cepstral_mean)
            decoder.start_stream()  # forget the noise floor of the stream before
            decoder.start_utt()
        except Exception:
            self._idle.append(decoder)
            raise
        self._busy[request["stream"]] = decoder
        return {}

    def feed(self, stream, pcm):
        decoder = self._busy[stream]
        decoder.process_raw(pcm, False, False)
        found = decoder.hyp()
        return " ".join(_merge_garbage(found.hypstr.split())) if found else ""

    def finish(self, stream):
        decoder = self._busy[stream]
        decoder.end_utt()
        words = []
        if decoder.hyp() is not None:
            for s in decoder.seg() or ():
                if not s.word.startswith(("<", "(")):  # neither silence nor a null arc
                    score = math.log(s.ascore) * SCORE_UNIT
                    words.append([_plain(s.word), s.start_frame, s.end_frame + 1, score])
        self.close(stream)
        return {"words": words}

    def close(self, stream):
        decoder = self._busy.pop(stream, None)
        if decoder is not None:
            with contextlib.suppress(RuntimeError):  # it had ended
                decoder.end_utt()
            self._idle.append(decoder)
        return {}

    def _prepare(self, decoder):
        self._add_words(decoder, {f"[{p.lower()}]": p for p in PHONES})
        self._add_words(decoder, {UNSAYABLE: NOBODY_SAYS_THIS})
        return decoder

    @staticmethod
    def _add_words(decoder, words):
        for word, phones in words.items():
            if decoder.lookup_word(word) is None:
                decoder.add_word(word, phones, False)

    @staticmethod
    def _add_garbage(decoder, fsg, probability):
        price = int(decoder.logmath.log(probability) * decoder.config["lw"])
        for phone in PHONES:
            word = fsg.word_add(f"[{phone.lower()}]")
            for source, target in ((START, START), (START, FINAL), (FINAL, FINAL)):
                fsg.trans_add(source, target, price, word)


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
