"""Writes a model's folder: Vosk's names, nothing it does not need."""

from __future__ import annotations

from pathlib import Path

from tools.household_model.fst import ILABEL_SORTED, OLABEL_SORTED
from tools.household_model.graph import make_g, make_hcl, word_ids
from tools.household_model.kaldi import (
    NPHONES,
    NTID,
    KaldiOut,
    write_nnet,
    write_transition_model,
)
from tools.household_model.lexicon import lexicon
from tools.household_model.sentences import Household

# A wider lattice beam with the phone loop behind [unk] makes determinisation explode.
MODEL_CONF = """--min-active=200
--max-active=3000
--beam=11.0
--lattice-beam=2.5
--acoustic-scale=0.7
--frame-subsampling-factor=3
--endpoint.silence-phones=1
--endpoint.rule2.min-trailing-silence=0.5
--endpoint.rule3.min-trailing-silence=0.75
--endpoint.rule4.min-trailing-silence=1.0
"""
# Without dither the same sound always gives the same words.
MFCC_CONF = """--sample-frequency=16000
--use-energy=false
--num-mel-bins=40
--num-ceps=40
--low-freq=20
--high-freq=7600
--dither=0.0
--allow-downsample=true
"""
_PLACES = ("begin", "end", "internal", "singleton")


def write_network(weights: Path, model: Path) -> None:
    """Write am/final.mdl from torch weights."""
    import torch

    from tools.household_model.network import make_net

    net = make_net()
    net.load_state_dict(torch.load(weights, weights_only=False)["net"])
    net.eval()
    out = KaldiOut()
    write_transition_model(out)
    write_nnet(out, net)
    _write(model / "am/final.mdl", bytes(out.b))


def write_configuration(model: Path) -> None:
    """Write conf/."""
    _write(model / "conf/model.conf", MODEL_CONF.encode())
    _write(model / "conf/mfcc.conf", MFCC_CONF.encode())


def write_graph(household: Household, model: Path) -> str:
    """Write graph/ for the household's words, whatever network is there; return its size."""
    lex = lexicon(household.words)
    ids = word_ids(lex)
    tree, bigram = make_hcl(lex, ids), make_g(ids, household)
    lines = (f"{word} {number}" for word, number in ids.items())
    _write(model / "graph/words.txt", "\n".join(["<eps> 0", *lines, ""]).encode())
    places = (f"{p} {_PLACES[(p - 2) % 4]}" for p in range(2, NPHONES + 1))
    _write(model / "graph/phones/word_boundary.int", "\n".join(["1 nonword", *places, ""]).encode())
    _write(model / "graph/disambig_tid.int", f"{NTID + 1}\n".encode())
    _write(model / "graph/HCLr.fst", tree.olabel_lookahead())
    _write(model / "graph/Gr.fst", bigram.vector(ILABEL_SORTED | OLABEL_SORTED))
    size = sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
    return f"{len(ids)} words, {len(tree.arcs)} states, {size} bytes in {model}"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
