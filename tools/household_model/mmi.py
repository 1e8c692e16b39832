"""Lattice-free MMI: full sums over the sentence against all phone sequences (Povey et al. 2016)."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from tools.household_model.alignment import graph_of
from tools.household_model.features import Mfcc
from tools.household_model.lexicon import PDF_SILENCE, PDFS, PHONES, SILENCE, lexicon
from tools.household_model.network import batches, collate, make_net
from tools.household_model.synthesis import SEED
from tools.household_model.training import augmented, set_rate, training_set


def forward_backward(e, trans, init, final, lens):
    """Full-sum posteriors of an HMM.  e [B, T, S] emission log likelihoods; trans [S, S] or
    [B, S, S], init and final [S] or [B, S] probabilities.  Probabilities are rescaled every
    frame.  Returns (log likelihood [B], occupancies [B, T, S])."""
    import torch

    B, T, S = e.shape
    top = e.max(-1, keepdim=True).values
    p = torch.exp(e - top)  # [B, T, S]
    shared = trans.dim() == 2
    mul = (lambda a, m: a @ m) if shared else (lambda a, m: torch.bmm(a[:, None], m)[:, 0])
    alpha = torch.empty(B, T, S)
    scale = torch.empty(B, T)
    a = init.expand(B, S) * p[:, 0]
    for t in range(T):
        if t:
            a = mul(a, trans) * p[:, t]
        s = a.sum(-1).clamp_min(1e-30)
        a = a / s[:, None]
        alpha[:, t], scale[:, t] = a, s
    tt = trans.transpose(-1, -2).contiguous()
    beta = torch.empty(B, T, S)
    fin = final.expand(B, S)
    b = torch.zeros(B, S)
    last = lens - 1
    for t in range(T - 1, -1, -1):
        if t + 1 < T:
            b = mul(b * p[:, t + 1] / scale[:, t + 1, None], tt)
        b = torch.where((last == t)[:, None], fin, b)
        beta[:, t] = b
    mask = torch.arange(T)[None] < lens[:, None]
    end = (alpha[torch.arange(B), last] * fin).sum(-1).clamp_min(1e-30)
    ll = ((scale.log() + top[..., 0]) * mask).sum(1) + end.log()
    gam = alpha * beta
    gam = gam / gam.sum(-1, keepdim=True).clamp_min(1e-30) * mask[..., None]
    return ll, gam


def phone_states():
    """State 2k / 2k+1 = first / later frame of phone k, PDF_SILENCE = silence (= the pdfs)."""
    first = np.array([2 * k for k in range(len(PHONES))] + [PDF_SILENCE])
    last = np.array([2 * k + 1 for k in range(len(PHONES))] + [PDF_SILENCE])
    return first, last


def denominator(seqs):
    """Phone bigram over all pdfs: [S, S] transitions, start and end probabilities."""
    n = len(PHONES) + 1
    c = np.full((n, n), 0.3)
    ini, fin = np.full(n, 0.3), np.full(n, 0.3)
    for s in seqs:
        np.add.at(c, (s[:-1], s[1:]), 1)
        ini[s[0]] += 1
        fin[s[-1]] += 1
    tot = c.sum(1) + fin
    c, fin = c / tot[:, None], fin / tot
    first, last = phone_states()
    A = np.zeros((PDFS, PDFS))
    F = np.zeros(PDFS)
    for k in range(n):
        for s in {first[k], last[k]}:
            A[s, last[k]] += 0.5  # stay in the phone
            A[s, first] += 0.5 * c[k]
            F[s] = 0.5 * fin[k]
    start = np.zeros(PDFS)
    start[first] = ini / ini.sum()
    return A, start, F


def numerator(text, lex, A, start, F):
    """The sentence's own HMM, with the denominator's probabilities on its arcs."""
    nodes, preds, word, ends = graph_of(text, lex)
    first, last = phone_states()
    ids, sa, sb = [], [], []  # state -> pdf, node -> its two states
    for n in nodes:
        sa.append(len(ids))
        ids.append(first[n])
        if n != SILENCE:
            ids.append(last[n])
        sb.append(len(ids) - 1)
    S = len(ids)
    M, mi, mf = np.zeros((S, S)), np.zeros(S), np.zeros(S)
    for i, pr in enumerate(preds):
        M[sa[i], sb[i]] = M[sb[i], sb[i]] = 0.5
        for p in pr:
            if p < 0:
                mi[sa[i]] = start[ids[sa[i]]]
            else:
                for s in {sa[p], sb[p]}:
                    M[s, sa[i]] = A[ids[s], ids[sa[i]]] - (0.5 if s == sa[i] else 0)
    for i in ends:
        for s in {sa[i], sb[i]}:
            mf[s] = F[ids[s]]
    return np.array(ids), M, mi, mf


def tune(work: Path, words: tuple[str, ...], epochs: int = 2, lr=1e-3, ce_weight=0.15) -> None:
    """Tune ``work``/ce.pt with lattice-free MMI into ``work``/am.pt."""
    import torch

    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED + 7)
    lex, mfcc = lexicon(words), Mfcc()
    waves, meta = training_set(work)
    ck = torch.load(work / "ce.pt", weights_only=False)
    net = make_net()
    net.load_state_dict(ck["net"])
    with torch.no_grad():  # start from scaled likelihoods
        net.out.bias -= torch.as_tensor(np.log(ck["prior"]), dtype=torch.float32)
        net.out.bias -= net.out.bias.mean()
        net.out.weight *= 0.7
        net.out.bias *= 0.7
    keep, paths = ck["keep"], ck["paths"]
    seqs = []
    for i in keep:
        path, nodes = paths[i]
        seqs.append(nodes[path[np.r_[True, path[1:] != path[:-1]]]])
    A, start, F = denominator(seqs)
    num = [numerator(meta[i][2], lex, A, start, F) for i in keep]
    silence = numerator("", lex, A, start, F)
    At, It, Ft = (torch.as_tensor(x, dtype=torch.float32) for x in (A, start, F))
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=1e-4)
    prior = torch.as_tensor(np.log(ck["prior"]), dtype=torch.float32)
    for ep in range(epochs):
        t0 = time.time()
        feats, labs = augmented([waves[i] for i in keep], [paths[i] for i in keep], rng, mfcc)
        nums = num + [silence] * (len(feats) - len(num))
        bs = batches([len(f) for f in feats], 8000, rng)
        net.train()
        tf, tot, frames, bad = time.time() - t0, 0.0, 0, 0
        for step, idx in enumerate(bs):
            set_rate(opt, lr, (ep + step / len(bs)) / epochs)
            x, y = collate(feats, labs, idx)
            ph = int(rng.integers(0, 3))
            o = net.forward30(torch.from_numpy(x), ph)  # [B, T, PDFS]
            y = torch.from_numpy(y)[:, ph::3]
            T = min(o.shape[1], y.shape[1])
            o, y = o[:, :T], y[:, :T]
            lens = (y >= 0).sum(1)
            S = max(len(nums[i][0]) for i in idx)
            B = len(idx)
            ids = np.zeros((B, S), np.int64)
            M = np.zeros((B, S, S), np.float32)
            mi, mf = np.zeros((B, S), np.float32), np.zeros((B, S), np.float32)
            for b, i in enumerate(idx):
                q, m, u, v = nums[i]
                ids[b, : len(q)] = q
                M[b, : len(q), : len(q)] = m
                mi[b, : len(q)] = u
                mf[b, : len(q)] = v
            with torch.no_grad():
                od = o.detach()
                den, gd = forward_backward(od, At, It, Ft, lens)
                tid = torch.from_numpy(ids)
                en = torch.gather(od, 2, tid[:, None].expand(B, T, S))
                en = torch.where(
                    torch.from_numpy(mi + M.sum(1) > 0)[:, None], en, torch.tensor(-1e4)
                )
                nl, gn = forward_backward(
                    en, torch.from_numpy(M), torch.from_numpy(mi), torch.from_numpy(mf), lens
                )
                occ = torch.zeros_like(od).scatter_add_(2, tid[:, None].expand(B, T, S), gn)
                good = (nl - den) > -25.0 * lens  # drop the broken ones
                grad = (gd - occ) * good[:, None, None]
                bad += int((~good).sum())
            n = int(lens.sum())
            ce = torch.nn.functional.cross_entropy(
                (o + prior).reshape(-1, PDFS), y.reshape(-1), ignore_index=-100
            )
            m = (y >= 0)[..., None]
            loss = (o * grad).sum() / n + ce_weight * ce + 5e-5 * ((o * m) ** 2).sum() / n
            opt.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            opt.step()
            tot += float(((nl - den) * good).sum())
            frames += n
        print(
            f"mmi epoch {ep}: objective {tot / frames:.4f} per frame, {bad} dropped, "
            f"{time.time() - t0:.0f} s, {tf:.0f} s of it for features",
            flush=True,
        )
        torch.save({"net": net.state_dict()}, work / "am.pt")
