"""Kaldi's binary model file: the transition model and the network, written from the formats."""

from __future__ import annotations

import struct

import numpy as np

from tools.household_model.lexicon import PDF_SILENCE, PDFS, PHONE, PHONES
from tools.household_model.network import CONTEXT, HIDDEN, LAYERS


class KaldiOut:
    """The few primitives of Kaldi's binary format: every token ends in a space, numbers are
    preceded by their size in bytes, matrices may be stored with 16 bits per element."""

    def __init__(self):
        self.b = bytearray(b"\0B")

    def tok(self, *names):
        for n in names:
            self.b += n.encode() + b" "
        return self

    def raw(self, text):
        self.b += text.encode()
        return self

    def int(self, *vals):
        for v in vals:
            self.b += struct.pack("<bi", 4, v)
        return self

    def float(self, *vals):
        for v in vals:
            self.b += struct.pack("<bf", 4, v)
        return self

    def ints(self, v):
        self.b += struct.pack("<bi", 4, len(v)) + np.asarray(v, "<i4").tobytes()
        return self

    def vec(self, v):
        v = np.asarray(v, "<f4")
        self.tok("FV").int(len(v))
        self.b += v.tobytes()
        return self

    def mat(self, m):
        """CM2: CompressedMatrix with two bytes per element (min + range * u16 / 65535)."""
        m = np.asarray(m, np.float64)
        lo, rng = m.min(), max(m.max() - m.min(), 1e-5)
        self.tok("CM2")
        self.b += struct.pack("<ffii", lo, rng, *m.shape)
        self.b += np.round((m - lo) / rng * 65535).clip(0, 65535).astype("<u2").tobytes()
        return self


NPHONES = 1 + 4 * len(PHONES)

NTID = 2 * NPHONES

POS = {"B": 0, "E": 1, "I": 2, "S": 3}


def phone_id(p, pos):
    return 1 if p == "SIL" else 2 + 4 * PHONE[p] + POS[pos]


def tid_self(ph):
    return 2 * ph - 1


def tid_forward(ph):
    return 2 * ph


def write_transition_model(k):
    """One emitting state per phone; its first frame uses pdf-class 0, the self loop pdf-class
    1 (the 'chain' topology); silence uses one pdf for both."""
    k.tok("<TransitionModel>", "<Topology>")
    k.ints(list(range(1, NPHONES + 1)))
    k.ints([-1] + [0] * NPHONES)
    k.int(-1, 1)  # extended format, one entry
    k.int(2)  # two states
    k.int(0, 1, 2, 0).float(0.5).int(1).float(0.5)  # classes 0/1; to itself, to the end
    k.int(-1, -1, 0)
    k.tok("</Topology>", "<Tuples>").int(NPHONES)
    for ph in range(1, NPHONES + 1):
        f = PDF_SILENCE if ph == 1 else 2 * ((ph - 2) // 4)
        k.int(ph, 0, f, f if ph == 1 else f + 1)
    k.tok("</Tuples>", "<LogProbs>").vec([0.0] + [np.log(0.5)] * NTID)
    k.tok("</LogProbs>", "</TransitionModel>")


def write_nnet(k, net, log_prior=None):
    """The torch network as nnet3: batch norm and input normalisation are folded into the
    affine maps, so only FixedAffine and RectifiedLinear components remain."""
    sd = {n: v.double().numpy() for n, v in net.state_dict().items()}
    comps, nodes = [], ["input-node name=input dim=40"]
    scale, shift, prev = sd["istd"], -sd["mean"] * sd["istd"], "input"
    for i, (kk, dil) in enumerate(LAYERS):
        w = sd[f"conv.{i}.weight"]  # [out, in, k]
        b = sd[f"conv.{i}.bias"] + np.einsum("oik,i->o", w, shift)
        w = (w * scale[None, :, None]).transpose(0, 2, 1).reshape(HIDDEN, -1)
        name = f"tdnn{i + 1}"
        offs = [(j - (kk - 1) // 2) * dil for j in range(kk)]
        desc = ", ".join(f"Offset({prev}, {o})" if o else prev for o in offs)
        comps += [(name + ".affine", "affine", w, b), (name + ".relu", "relu", HIDDEN, None)]
        nodes += [
            f"component-node name={name}.affine component={name}.affine input=Append({desc})",
            f"component-node name={name}.relu component={name}.relu input={name}.affine",
        ]
        prev = name + ".relu"
        scale = sd[f"bn.{i}.weight"] / np.sqrt(sd[f"bn.{i}.running_var"] + 1e-5)
        shift = sd[f"bn.{i}.bias"] - sd[f"bn.{i}.running_mean"] * scale
    w = sd["out.weight"][:, :, 0]
    b = sd["out.bias"] + w @ shift
    comps.append(("output.affine", "affine", w * scale, b))
    nodes.append("component-node name=output.affine component=output.affine input=" + prev)
    last = "output.affine"
    if log_prior is not None:
        comps.append(("output.log-softmax", "softmax", PDFS, None))
        nodes.append(
            "component-node name=output.log-softmax component=output.log-softmax "
            "input=output.affine"
        )
        last = "output.log-softmax"
    nodes.append(f"output-node name=output input={last} objective=linear")
    k.tok("<Nnet3>").raw("\n" + "\n".join(nodes) + "\n\n")
    k.tok("<NumComponents>").int(len(comps))
    for name, kind, a, b in comps:
        k.tok("<ComponentName>", name)
        if kind == "affine":
            k.tok("<FixedAffineComponent>", "<LinearParams>").mat(a)
            k.tok("<BiasParams>").vec(b).tok("</FixedAffineComponent>")
        else:
            t = {"relu": "RectifiedLinearComponent", "softmax": "LogSoftmaxComponent"}[kind]
            k.tok(f"<{t}>", "<Dim>").int(a).tok("<ValueAvg>").vec([]).tok("<DerivAvg>")
            k.vec([]).tok("<Count>").float(0.0).tok(f"</{t}>")
    k.tok("</Nnet3>", "<LeftContext>").int(CONTEXT).tok("<RightContext>").int(CONTEXT)
    k.tok("<Priors>").vec([] if log_prior is None else np.exp(log_prior))
