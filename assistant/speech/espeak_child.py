"""The process espeak-ng speaks in: a fresh copy of the library's state for every utterance.

The library keeps oscillator and flutter phases between utterances and cannot be reset or ended
reliably (espeak_Terminate of 1.51 may wait for ever for its own thread), so the same text would
sound a little different each time. This process loads the library, and forks for each request
before the library has started anything; the copy speaks, answers and is gone.

Run by path by ``espeak_.py``; imports nothing of the project. Interface: espeak-ng's speak_lib.h.
"""

import ctypes as c
import json
import os
import struct
import sys

HEADER = struct.Struct("<BI")
HELLO, SPEAK = 1, 2
SYNCHRONOUS, UTF8, BY_CHARACTER = 2, 1, 1
END_OF_LIST, WORD, END = 0, 1, 5
RATE = 1


class Event(c.Structure):
    _fields_ = [
        ("type", c.c_int),
        ("unique_identifier", c.c_uint),
        ("text_position", c.c_int),
        ("length", c.c_int),
        ("audio_position", c.c_int),
        ("sample", c.c_int),
        ("user_data", c.c_void_p),
        ("id", c.c_uint64),
    ]


class VoiceProperties(c.Structure):
    _fields_ = [
        ("name", c.c_char_p),
        ("languages", c.c_char_p),
        ("identifier", c.c_char_p),
        ("gender", c.c_ubyte),
        ("age", c.c_ubyte),
        ("variant", c.c_ubyte),
        ("reserved", c.c_ubyte),
        ("score", c.c_int),
        ("spare", c.c_void_p),
    ]


CALLBACK = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(Event))


def select_voice(lib, variant):
    """Set the voice by its name, else by its language, as the espeak-ng command does."""
    if lib.espeak_SetVoiceByName(variant) == 0:
        return True
    return lib.espeak_SetVoiceByProperties(c.byref(VoiceProperties(languages=variant))) == 0


def start(lib):
    """Start the library and return its sample rate."""
    rate = lib.espeak_Initialize(SYNCHRONOUS, 0, None, 0)
    if rate <= 0:
        raise RuntimeError("espeak-ng does not start (is espeak-ng-data installed?)")
    return rate


def speak(lib, variant, text, pace):
    """Return (rate, words, pcm): words as [first character, length, sample], 16-bit samples.

    ``pace`` is in words a minute.
    """
    rate = start(lib)
    pcm, words = bytearray(), []

    def collect(samples, count, event):
        if samples and count > 0:
            pcm.extend(c.string_at(samples, 2 * count))
        i = 0
        while event[i].type != END_OF_LIST:
            if event[i].type in (WORD, END):
                length = event[i].length if event[i].type == WORD else 0
                words.append([event[i].text_position - 1, length, event[i].sample])
            i += 1
        return 0

    callback = CALLBACK(collect)
    lib.espeak_SetSynthCallback(callback)
    if not select_voice(lib, variant.encode()):
        raise LookupError(f"espeak-ng has no voice {variant}")
    lib.espeak_SetParameter(RATE, pace, 0)
    data = text.encode() + b"\0"
    if lib.espeak_Synth(data, len(data), 0, BY_CHARACTER, 0, UTF8, None, None) != 0:
        raise RuntimeError("espeak-ng could not speak")
    return rate, words, bytes(pcm)


def answer(lib, operation, payload):
    """Return the payload of the answer to one request."""
    if operation == HELLO:
        start(lib)
        path = c.c_char_p()
        version = lib.espeak_Info(c.byref(path)).decode()
        return json.dumps({"version": version, "data": path.value.decode()}).encode()
    request = json.loads(payload)
    rate, words, pcm = speak(lib, request["variant"], request["text"], request["pace"])
    head = json.dumps({"rate": rate, "words": words}).encode()
    return struct.pack("<I", len(head)) + head + pcm


def handle(lib, operation, payload, out):
    try:
        if lib is None:
            raise FileNotFoundError("libespeak-ng.so.1 is not installed")
        status, data = 0, answer(lib, operation, payload)
    except Exception as e:
        status, data = 1, json.dumps({"kind": type(e).__name__, "error": str(e)}).encode()
    out.write(HEADER.pack(status, len(data)) + data)
    out.flush()


def main():
    requests, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing the library prints may reach the protocol
    try:
        lib = c.CDLL("libespeak-ng.so.1")
        lib.espeak_Info.restype = c.c_char_p
    except OSError:
        lib = None
    while len(head := requests.read(HEADER.size)) == HEADER.size:
        operation, length = HEADER.unpack(head)
        payload = requests.read(length)
        pid = os.fork()
        if pid == 0:
            handle(lib, operation, payload, out)
            os._exit(0)
        if os.waitpid(pid, 0)[1] != 0:
            return 1  # the copy crashed, perhaps in the middle of an answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
