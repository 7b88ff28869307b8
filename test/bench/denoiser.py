"""Median seconds of forward and backward of the denoiser alone in PyTorch: rows, dim, channels, kernel, threads, repeats."""

import statistics
import sys
import time

import torch
from torch import nn

rows, dim = int(sys.argv[1]), int(sys.argv[2])
channels = [int(c) for c in sys.argv[3].split(",")]
kernel, threads, repeats = int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6])
torch.set_num_threads(threads)
torch.manual_seed(0)
n = len(channels) - 1
n_encoder = (n + 1) // 2 + 1


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.frequencies = torch.exp(torch.arange(128) * (-9.210340371976184 / 128))
        self.time = nn.Sequential(nn.Linear(256, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.condition = nn.Linear(dim, dim)
        self.convolutions = nn.ModuleList(nn.Conv1d(a, b, kernel, padding=kernel // 2) for a, b in zip(channels, channels[1:]))
        self.norms = nn.ModuleList(nn.Sequential(nn.BatchNorm1d(c), nn.ELU()) for c in channels[1:-1])

    def forward(self, x, t, prototypes):
        angles = t[:, None] * self.frequencies
        time_embedding = self.time(torch.cat([angles.cos(), angles.sin()], 1))[:, None]
        cond = self.condition(prototypes)[:, None]
        h, kept = x[:, None], []
        for i, convolution in enumerate(self.convolutions):
            if i >= n_encoder:
                h = h + kept.pop()
            h = convolution((h + cond) * time_embedding)
            if i < n - 1:
                h = self.norms[i](h)
            if i < n_encoder - 2:
                kept.append(h)
        return h[:, 0]


net = Denoiser()
x, noise, prototypes = (torch.randn(rows, dim) for _ in range(3))
prototypes.requires_grad_()
t = torch.randint(1000, (rows,)).float()
times = []
for repeat in range(repeats + 3):
    started = time.perf_counter()
    ((net(x, t, prototypes) - noise) ** 2).mean().backward()
    if repeat >= 3:
        times.append(time.perf_counter() - started)
    net.zero_grad()
    prototypes.grad = None
print(statistics.median(times))
