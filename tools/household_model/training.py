"""Cross entropy on alignments that the network improves itself."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from tools.household_model.alignment import flite_labels, graph_of, labels_of, viterbi
from tools.household_model.features import FRONT, TAIL, Augment, Mfcc, pad_wave
from tools.household_model.lexicon import PDF_SILENCE, PDFS, lexicon
from tools.household_model.network import batches, collate, make_net
from tools.household_model.synthesis import SEED, load_utts


def set_rate(opt, lr, done):
    """Learning rate after a fraction of the training: linear rise, cosine fall."""
    f = done / 0.15 if done < 0.15 else 0.5 + 0.5 * np.cos(np.pi * (done - 0.15) / 0.85)
    for g in opt.param_groups:
        g["lr"] = lr * max(f, 0.02)


def train_ce(net, feats, labels, epochs, lr, rng, tag):
    import torch

    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=1e-4)
    lens = [len(f) for f in feats]
    for ep in range(epochs):
        net.train()
        t0, tot, ok, n = time.time(), 0.0, 0, 0
        todo = batches(lens, rng=rng)
        for step, idx in enumerate(todo):
            set_rate(opt, lr, (ep + step / len(todo)) / epochs)
            x, y = collate(feats, labels, idx)
            ph = int(rng.integers(0, 3))  # one frame in three, random phase
            y = torch.from_numpy(y[:, ph::3].copy())
            o = net.forward30(torch.from_numpy(x), ph)[:, : y.shape[1]]
            loss = torch.nn.functional.cross_entropy(
                o.reshape(-1, PDFS), y.reshape(-1), ignore_index=-100, label_smoothing=0.03
            )
            opt.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            opt.step()
            m = y >= 0
            k = int(m.sum())
            tot += float(loss.detach()) * k
            ok += int((o.detach().argmax(-1) == y)[m].sum())
            n += k
        print(
            f"{tag}, epoch {ep}: loss {tot / n:.3f}, frames right {ok / n:.3f}, "
            f"{time.time() - t0:.0f} s",
            flush=True,
        )


def posteriors(net, feats):
    import torch

    net.eval()
    out = [None] * len(feats)
    with torch.no_grad():
        for idx in batches([len(f) for f in feats], 20000):
            x, _ = collate(feats, None, idx)
            o = torch.log_softmax(net(torch.from_numpy(x)), -1).numpy()
            for b, i in enumerate(idx):
                out[i] = o[b, : len(feats[i])]
    return out


def priors_of(labels):
    c = np.bincount(np.concatenate(labels), minlength=PDFS) + 10.0
    return c / c.sum()


def realign(net, feats, texts, lex, prior):
    """[(node per 10 ms frame, phone of each node)] for every utterance, None if impossible."""
    out = []
    for p, t in zip(posteriors(net, feats), texts, strict=False):
        nodes, preds, word, ends = graph_of(t, lex)
        path, sc = viterbi(p - 0.7 * np.log(prior), nodes, preds, ends)
        out.append(None if path is None else (path, nodes))
    return out


def augmented(waves, paths, rng, mfcc, noise_only=0.04):
    """Fresh features for one round: changed audio, random cut of the silent edges."""
    feats, labs, aug = [], [], Augment(rng)
    for x, (path, nodes) in zip(waves, paths, strict=False):
        y, w = aug.speed(pad_wave(x))
        f = mfcc(aug(y))
        t = np.minimum(np.round(np.arange(len(f)) * w).astype(int), len(path) - 1)
        found = labels_of(path[t], nodes)
        c, e = rng.integers(0, int(FRONT / w)), rng.integers(0, int(TAIL / w))
        feats.append(f[c : len(f) - e])
        labs.append(found[c : len(f) - e])
    for _ in range(int(noise_only * len(waves))):
        n = int(rng.integers(100, 300)) * 160 + 400
        a = 0 if rng.random() < 0.15 else 10 ** rng.uniform(-0.3, 3)
        feats.append(mfcc(np.round(aug.some_noise(n) * a)))
        labs.append(np.full(len(feats[-1]), PDF_SILENCE))
    return feats, labs


def training_set(work: Path) -> tuple[list, list]:
    """Return waves and descriptions of the voices to train on."""
    waves, meta = load_utts(work)
    kept = [i for i, m in enumerate(meta) if not m[1]]
    return [waves[i] for i in kept], [meta[i] for i in kept]


def train(work: Path, words: tuple[str, ...], effort: float = 1.0) -> None:
    """Train on alignments, flite's own first, then the network's, into ``work``/ce.pt."""
    import torch

    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    lex, mfcc = lexicon(words), Mfcc()
    waves, meta = training_set(work)
    hiss = 160 * (FRONT + TAIL)
    clean = [mfcc(pad_wave(x) + rng.standard_normal(len(x) + hiss) * 3) for x in waves]
    together = np.concatenate(clean)
    net = make_net(together.mean(0), together.std(0) + 1e-3)
    prior = _from_flite(net, clean, meta, effort, rng)
    for last, epochs in ((False, 2), (True, 5)):
        part = range(0, len(waves), 1 if last else 2)
        texts = [meta[i][2] for i in part]
        found = realign(net, [clean[i] for i in part], texts, lex, prior)
        paths = dict(zip(part, found, strict=True))
        keep = [i for i in part if paths[i] is not None]
        labels = [labels_of(*paths[i]) for i in keep]
        prior = priors_of(labels)
        print(f"aligned {len(keep)} of {len(part)}", flush=True)
        feats = [clean[i] for i in keep]
        if last:
            kept = [waves[i] for i in keep]
            feats, labels = augmented(kept, [paths[i] for i in keep], rng, mfcc)
        rounds = max(1, round(epochs * effort))
        train_ce(net, feats, labels, rounds, 2e-3, rng, "augmented" if last else "clean")
    state = {"net": net.state_dict(), "prior": prior, "keep": keep, "paths": paths}
    torch.save(state, work / "ce.pt")


def _from_flite(net, clean: list, meta: list, effort: float, rng) -> np.ndarray:
    """Train on the phone boundaries that flite tells; return the classes' priors."""
    told = [i for i, m in enumerate(meta) if m[4] is not None]
    labels = {i: flite_labels(meta[i][4], len(clean[i])) for i in told}
    kept = [i for i in told if labels[i] is not None][:900]
    feats, known = [clean[i] for i in kept], [labels[i] for i in kept]
    train_ce(net, feats, known, max(1, round(6 * effort)), 3e-3, rng, "flite's alignment")
    return priors_of(known)
