"""The classifier of one word: five small networks on 16 embeddings, trained with numpy.

Each embedding goes through the same layer (96 to ``NARROW``), then all of them together through
one of ``HIDDEN`` to a score; the networks' logits are averaged. Trained with Adam (Kingma and
Ba, 2015) on the cross entropy of batches that are half the word; what sounds most like it is
drawn more often as time goes on (hard negative mining), and the weights are averaged over the
last steps. Every window is learned from with noise, with some components hidden and with others
moved all along it, as another voice would: synthetic voices are few and clear, and without that
the head relies on their details.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assistant.audio.onnx_file import Node, model
from assistant.audio.openwakeword_ import EMBEDDINGS, FEATURES
from assistant.teach.corpus import Windows

# One network hears a strange voice seven times in eight, or once in eight: five of them, averaged,
# agree. Longer training fits the synthetic voices better and strangers worse.
NETWORKS, NARROW, HIDDEN = 5, 24, 32
STEPS, BATCH, MINE_EVERY = 600, 256, 100
RATE, DECAY, DROPOUT = 2e-3, 1e-4, 0.25
# In standard deviations of a component, for every embedding and for a window; chance to be hidden.
NOISE, MOVE, HIDE = np.float32(0.4), np.float32(0.4), 0.15
Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Head:
    """A trained classifier; scores are logits until they are written to a file."""

    networks: tuple[Weights, ...]

    def logits(self, windows: Windows) -> np.ndarray:
        """Return the logit of every window, float32 (m,)."""
        out = np.empty(len(windows.ends), np.float32)
        lower = [(w, _lower(w, windows.rows)) for w in self.networks]  # windows share their rows
        for i in range(0, len(out), 2048):
            which = np.arange(i, min(i + 2048, len(out)))
            out[which] = np.mean([_upper(w, r[windows.spans(which)]) for w, r in lower], axis=0)
        return out

    def to_onnx(self, shift: float, note: str = "") -> bytes:
        """Return the file ``wake.word`` loads; ``shift`` is added to the logits."""
        constants: dict[str, np.ndarray] = {"flat": np.array([-1, EMBEDDINGS * NARROW])}
        nodes: list[Node] = []
        for i, w in enumerate(self.networks):
            share = np.float32(1 / len(self.networks))
            last = {"w3": w["w3"] * share, "b3": (w["b3"] + np.float32(shift)) * share}
            constants |= {f"{name}_{i}": array for name, array in {**w, **last}.items()}
            nodes += _nodes(i)
        total = tuple(f"logit_{i}" for i in range(len(self.networks)))
        nodes += [Node("Sum", total, "logit"), Node("Sigmoid", ("logit",), "score")]
        source = ("embeddings", (1, EMBEDDINGS, FEATURES))
        return model(nodes, constants, source, ("score", (1, 1)), note)


def _nodes(i: int) -> list[Node]:
    """Return the operators of network ``i``."""
    steps = (
        ("MatMul", "w1"), ("Add", "b1"), ("Relu", ""), ("Reshape", "flat"),
        ("MatMul", "w2"), ("Add", "b2"), ("Relu", ""), ("MatMul", "w3"), ("Add", "b3"),
    )  # fmt: skip
    nodes, at = [], "embeddings"
    for k, (operator, constant) in enumerate(steps):
        own = f"{constant}_{i}" if constant and constant != "flat" else constant
        to = f"logit_{i}" if k == len(steps) - 1 else f"step_{i}_{k}"
        nodes.append(Node(operator, (at, own) if own else (at,), to))
        at = to
    return nodes


def train(
    word: Windows,
    others: Windows,
    tick: Callable[[float], None] = lambda _: None,
    steps: int = STEPS,
    networks: int = NETWORKS,
) -> Head:
    """Return a head that scores ``word`` high and ``others`` low. Deterministic."""
    seeds = range(networks)
    return Head(tuple(_network(word, others, tick, steps, seed) for seed in seeds))


def _network(
    word: Windows, others: Windows, tick: Callable[[float], None], steps: int, seed: int
) -> Weights:
    rng = np.random.default_rng(seed)
    w = _start(rng, others)
    moments = {k: (np.zeros_like(v), np.zeros_like(v)) for k, v in w.items()}
    mean = {k: v.copy() for k, v in w.items()}
    chances = others.weights / others.weights.sum()
    labels = np.repeat(np.float32([1.0, 0.0]), BATCH // 2)
    for step in range(steps):
        if step and step % MINE_EVERY == 0:
            chances = _hard(Head((_folded(w),)).logits(others), others.weights)
        yes = rng.integers(len(word.ends), size=BATCH // 2)
        no = rng.choice(len(others.ends), BATCH // 2, p=chances)
        x = np.concatenate([word.take(yes), others.take(no)])
        gradient = _gradient(w, _blurred(w, x, rng), labels, rng)
        rate = RATE * 0.5 * (1 + np.cos(np.pi * step / steps)) + 1e-5
        _adam(w, moments, gradient, rate, step + 1)
        keep = min(0.99, step / (step + 10))
        for k, v in w.items():
            mean[k] = keep * mean[k] + (1 - keep) * v
        tick(1)
    return _folded(mean)


def _blurred(w: Weights, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ``x`` (n, 16, 96) normalised, noisy, moved and with some components hidden."""
    whole = (len(x), 1, FEATURES)
    x = (x - w["mean"]) / w["scale"] + NOISE * rng.standard_normal(x.shape, np.float32)
    x *= rng.random(whole, np.float32) >= HIDE
    return x + MOVE * rng.standard_normal(whole, np.float32)


def _hard(logits: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return chances of being drawn: half evenly, half by how much a window fools the head."""
    fooled = weights / (1 + np.exp(-np.clip(logits + 2.0, -30, 30)))
    return 0.5 * weights / weights.sum() + 0.5 * fooled / fooled.sum()


def _start(rng: np.random.Generator, others: Windows) -> Weights:
    rows = others.rows
    flat = EMBEDDINGS * NARROW
    return {
        "mean": rows.mean(0),
        "scale": rows.std(0) + 1e-3,
        "w1": rng.normal(0, FEATURES**-0.5, (FEATURES, NARROW)).astype(np.float32),
        "b1": np.zeros(NARROW, np.float32),
        "w2": rng.normal(0, (2 / flat) ** 0.5, (flat, HIDDEN)).astype(np.float32),
        "b2": np.zeros(HIDDEN, np.float32),
        "w3": rng.normal(0, HIDDEN**-0.5, (HIDDEN, 1)).astype(np.float32),
        "b3": np.zeros(1, np.float32),
    }


def _folded(w: Weights) -> Weights:
    """Return the weights with the normalisation of the embeddings inside the first layer."""
    w1 = w["w1"] / w["scale"][:, None]
    b1 = w["b1"] - w["mean"] @ w1
    rest = {k: w[k] for k in ("w2", "b2", "w3", "b3")}
    return {k: v.astype(np.float32) for k, v in {"w1": w1, "b1": b1, **rest}.items()}


def _lower(w: Weights, rows: np.ndarray) -> np.ndarray:
    """Return the first layer's output (..., NARROW) of embeddings; the weights are folded."""
    return np.maximum(rows @ w["w1"] + w["b1"], 0)


def _upper(w: Weights, r1: np.ndarray) -> np.ndarray:
    """Return the logits (n,) of windows of the first layer's output (n, 16, NARROW)."""
    r2 = np.maximum(r1.reshape(len(r1), -1) @ w["w2"] + w["b2"], 0)
    return (r2 @ w["w3"] + w["b3"])[:, 0]


def _gradient(w: Weights, x: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> Weights:
    """Return the gradient of the mean cross entropy, with dropout before both upper layers."""
    r1 = np.maximum(x @ w["w1"] + w["b1"], 0)
    keep1 = (rng.random((len(x), r1.shape[1] * r1.shape[2]), np.float32) > DROPOUT) / (1 - DROPOUT)
    f1 = r1.reshape(len(x), -1) * keep1.astype(np.float32)
    r2 = np.maximum(f1 @ w["w2"] + w["b2"], 0)
    keep2 = ((rng.random(r2.shape, np.float32) > DROPOUT) / (1 - DROPOUT)).astype(np.float32)
    d2 = r2 * keep2
    logit = (d2 @ w["w3"] + w["b3"])[:, 0]
    error = ((1 / (1 + np.exp(-logit)) - labels) / len(x)).astype(np.float32)[:, None]
    back2 = (error @ w["w3"].T) * keep2 * (r2 > 0)
    back1 = (back2 @ w["w2"].T) * keep1 * (f1 > 0)
    back1 = back1.reshape(r1.shape).astype(np.float32)
    flat = back1.reshape(-1, back1.shape[2])
    return {
        "w1": x.reshape(-1, x.shape[2]).T @ flat, "b1": flat.sum(0),
        "w2": f1.T @ back2, "b2": back2.sum(0),
        "w3": d2.T @ error, "b3": error.sum(0),
    }  # fmt: skip


def _adam(w: Weights, moments: dict, gradient: Weights, rate: float, step: int) -> None:
    for k, g in gradient.items():
        first, second = moments[k]
        first += 0.1 * (g - first)
        second += 0.001 * (g * g - second)
        up = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        w[k] -= (rate * (up + (DECAY * w[k] if k[0] == "w" else 0))).astype(np.float32)
