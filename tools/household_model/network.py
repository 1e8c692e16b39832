"""The network: a small time-delay one, and its batches."""

from __future__ import annotations

import numpy as np

from tools.household_model.lexicon import PDFS

LAYERS = [(5, 1), (3, 1), (3, 3), (3, 3), (3, 3), (3, 3)]

HIDDEN = 160

CONTEXT = sum((k - 1) // 2 * d for k, d in LAYERS)


def make_net(mean=None, std=None):
    import torch
    import torch.nn as nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(40))
            self.register_buffer("istd", torch.ones(40))
            d, self.conv, self.bn = 40, nn.ModuleList(), nn.ModuleList()
            for k, dil in LAYERS:
                self.conv.append(nn.Conv1d(d, HIDDEN, k, dilation=dil))
                self.bn.append(nn.BatchNorm1d(HIDDEN))
                d = HIDDEN
            self.out = nn.Conv1d(HIDDEN, PDFS, 1)

        def forward(self, x):
            """x [B, T + 2*CONTEXT, 40] -> [B, T, PDFS] (every 10 ms frame)."""
            x = ((x - self.mean) * self.istd).transpose(1, 2)
            for c, b in zip(self.conv, self.bn, strict=False):
                x = b(torch.relu(c(x)))
            return self.out(x).transpose(1, 2)

        def forward30(self, x, phase=0):
            """The same, only at frames phase, phase + 3, ..."""
            x = ((x - self.mean) * self.istd).transpose(1, 2)
            for i, (c, b) in enumerate(zip(self.conv, self.bn, strict=False)):
                if i == 2:
                    x = x[:, :, phase::3]
                x = c(x) if i < 2 else torch.nn.functional.conv1d(x, c.weight, c.bias)
                x = b(torch.relu(x))
            return self.out(x).transpose(1, 2)

    net = Net()
    if mean is not None:
        net.mean.copy_(torch.as_tensor(mean))
        net.istd.copy_(1 / torch.as_tensor(std))
    return net


def batches(lengths, frames=12000, rng=None):
    order = np.argsort(np.asarray(lengths) + (rng.uniform(0, 30, len(lengths)) if rng else 0))
    out, cur = [], []
    for i in order:
        cur.append(int(i))
        if len(cur) * lengths[i] >= frames:
            out.append(cur)
            cur = []
    if cur:
        out.append(cur)
    if rng is not None:
        rng.shuffle(out)
    return out


def collate(feats, labels, idx):
    """Edge frames are repeated at both ends, exactly as Kaldi's decodable does."""
    T = max(len(feats[i]) for i in idx)
    x = np.empty((len(idx), T + 2 * CONTEXT, 40), np.float32)
    y = np.full((len(idx), T), -100, np.int64)
    for b, i in enumerate(idx):
        f = feats[i]
        x[b, :CONTEXT] = f[0]
        x[b, CONTEXT : CONTEXT + len(f)] = f
        x[b, CONTEXT + len(f) :] = f[-1]
        if labels is not None:
            y[b, : len(f)] = labels[i]
    return x, y
