"""The model of ARCHITECTURE.md a second time, in PyTorch and for reading: plain loops, nothing fused, no code in common with the
engines. Writes golden cases of random sizes in the layout of the given ones, for test/integration/reference.test.ts.

    reference.py DIR SEED COUNT    cases random-0, random-1, … in DIR/model
    reference.py --again CASE…     computes a given case from its inputs and prints the largest relative error
"""
import json
import math
import os
import random
import struct
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Mamba2(nn.Module):
    def __init__(self, d_in, d_out, config):
        super().__init__()
        self.d_inner, self.d_state, self.head = config['expand'] * d_out, config['d_state'], 64
        self.heads = self.d_inner // self.head
        convolved = self.d_inner + 2 * self.d_state
        self.in_proj = nn.Linear(d_in, self.d_inner + convolved + self.heads, bias=False)
        self.conv1d = nn.Conv1d(convolved, convolved, config['d_conv'], groups=convolved, padding=config['d_conv'] - 1)
        self.dt_bias = nn.Parameter(torch.empty(self.heads).uniform_(-6, -2))
        self.A_log = nn.Parameter(torch.empty(self.heads).uniform_(1, 16).log())
        self.D = nn.Parameter(torch.ones(self.heads))
        self.norm = nn.Module()
        self.norm.weight = nn.Parameter(torch.empty(self.d_inner).uniform_(0.5, 1.5))
        self.out_proj = nn.Linear(self.d_inner, d_out, bias=False)

    def forward(self, x):
        length = x.shape[1]
        z, xbc, dt = self.in_proj(x).split([self.d_inner, self.d_inner + 2 * self.d_state, self.heads], -1)
        xbc = F.silu(self.conv1d(xbc.transpose(1, 2))[..., :length].transpose(1, 2))
        x, b, c = xbc.split([self.d_inner, self.d_state, self.d_state], -1)
        x = x.unflatten(-1, (self.heads, self.head))
        dt = F.softplus(dt + self.dt_bias)
        decay = torch.exp(-torch.exp(self.A_log) * dt)
        h, ys = 0, []
        for l in range(length):
            h = decay[:, l, :, None, None] * h + dt[:, l, :, None, None] * x[:, l, :, :, None] * b[:, l, None, None, :]
            ys.append((h * c[:, l, None, None, :]).sum(-1) + self.D[:, None] * x[:, l])
        y = torch.stack(ys, 1).flatten(-2) * F.silu(z)
        return self.out_proj(y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-5) * self.norm.weight)


class Attention(nn.Module):
    def __init__(self, dim, heads, dim_head):
        super().__init__()
        self.heads, inner = heads, heads * dim_head
        self.norm = nn.LayerNorm(dim)
        self.to_qkv = nn.Linear(dim, 3 * inner, bias=False)
        self.to_out = nn.Identity() if inner == dim else nn.Linear(inner, dim, bias=False)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.to_qkv(self.norm(x)).chunk(3, -1))
        return self.to_out(((q @ k.transpose(-1, -2)).softmax(-1) @ v).transpose(1, 2).flatten(-2))


class FeedForward(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.net = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def forward(self, x):
        return self.net(x)


class GatedMlp(nn.Module):
    def __init__(self, dim, expand):
        super().__init__()
        self.proj_1 = nn.Linear(dim, expand * dim, bias=False)
        self.proj_2 = nn.Linear(dim, expand * dim, bias=False)
        self.proj_3 = nn.Linear(expand * dim, dim)
        self.layer_norm = nn.LayerNorm(dim)

    def forward(self, x):
        return self.layer_norm(self.proj_3(self.proj_1(x) * torch.sigmoid(self.proj_2(x))))


class Recurrent(nn.Module):
    """Tokens' positions and conditions to prototypes; `pe` is a buffer unless it is trained."""

    def __init__(self, config):
        super().__init__()
        widths, layers, kind = config['d_model'], config['num_layers'], config['recurrent']
        widths = widths if isinstance(widths, list) else [widths]
        pe = torch.randn(1, config['sequence_length'], widths[0])
        if config['train_pe']:
            self.pe = nn.Parameter(pe)
        else:
            self.register_buffer('pe', pe)
        self.kind, dim = kind, widths[0]
        at = lambda i: widths[min(max(i, 0), len(widths) - 1)]
        if kind == 'mamba':
            self.mamba_forward = nn.Sequential(*(Mamba2(at(i - 1), at(i), config) for i in range(layers)))
        elif kind == 'lstm':
            self.lstm_forward = nn.LSTM(dim, dim, layers, batch_first=True)
        elif kind == 'gmlp':
            self.gmlp_forward = nn.Sequential(*(GatedMlp(dim, config['expand']) for _ in range(layers)))
        else:
            self.transformer_forward = nn.Module()
            self.transformer_forward.layers = nn.ModuleList(
                nn.ModuleList([Attention(dim, config['nhead'], config['dim_head']), FeedForward(dim, config['dim_feedforward'])])
                for _ in range(layers))

    def forward(self, condition):
        x = self.pe + condition
        if self.kind == 'mamba':
            return self.mamba_forward(x)
        if self.kind == 'lstm':
            return self.lstm_forward(x)[0]
        if self.kind == 'gmlp':
            return self.gmlp_forward(x)
        for attention, feed_forward in self.transformer_forward.layers:
            x = attention(x) + x
            x = feed_forward(x) + x
        return x


class TimeEmbedder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.register_buffer('freqs', torch.exp(-math.log(10000) * torch.arange(128) / 128))
        self.mlp = nn.Sequential(nn.Linear(256, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, t):
        angles = t[:, None] * self.freqs
        return self.mlp(torch.cat([angles.cos(), angles.sin()], -1))


class Denoiser(nn.Module):
    def __init__(self, config, d_prototype):
        super().__init__()
        dim, channels, taps = config['model_dim'], config['layer_channels'], config['kernel_size']
        self.time_embedder = TimeEmbedder(dim)
        self.condi_embedder = nn.Linear(d_prototype, dim)
        n = len(channels) - 1
        layers = [nn.Sequential(nn.Conv1d(channels[i], channels[i + 1], taps, padding=taps // 2),
                                *([nn.Sequential(nn.BatchNorm1d(channels[i + 1]), nn.ELU())] if i < n - 1 else [])) for i in range(n)]
        n_encoder = (n + 1) // 2 + 1
        self.encoder_list, self.decoder_list = nn.ModuleList(layers[:n_encoder]), nn.ModuleList(layers[n_encoder:])

    def forward(self, x, t, prototypes):
        time, condition = self.time_embedder(t)[:, None], self.condi_embedder(prototypes)[:, None]
        h, kept = x[:, None], []
        for layer in self.encoder_list:
            h = layer((h + condition) * time)
            kept.append(h)
        kept = kept[:-2]
        for layer in self.decoder_list:
            h = layer((h + kept.pop() + condition) * time)
        return h[:, 0]


class Rpg(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths = config['d_model'] if isinstance(config['d_model'], list) else [config['d_model']]
        self.task, length = config.get('task_condition', False), config['sequence_length']
        if self.task:
            self.get_condition = nn.Sequential(nn.Linear(config['task_dim'], config['d_condition']), nn.SiLU())
            self.to_condition_linear = nn.Linear(config['d_condition'], widths[0])
            self.register_buffer('to_condition_gate', torch.zeros(1, length, 1))
            self.to_condition_gate[:, -8:] = 1
        else:
            self.to_condition = nn.Linear(config['d_condition'], widths[0])
        self.to_permutation_state = nn.Embedding(config['num_permutation'], widths[0])
        self.model = Recurrent(config)
        self.criteria = nn.Module()
        self.criteria.net = Denoiser(config, widths[-1])

    def prototypes(self, permutation_state, task):
        if self.task:
            return self.model(self.to_condition_linear(self.get_condition(task))[:, None] * self.to_condition_gate)
        return self.model((self.to_condition.bias + self.to_permutation_state(permutation_state))[:, None])


def schedule(config):
    beta = torch.linspace(*config['beta'], config['T'], dtype=torch.float64)
    return beta, torch.cumprod(1 - beta, 0)


def sample(net, config, prototypes, x, noise, times, kind):
    """`times` from noisy to clean."""
    beta, bar = schedule(config)
    for k, t in enumerate(times):
        epsilon = net(x, torch.full((len(x),), t), prototypes)
        if kind == 'ddpm':
            x = (x - beta[t] / (1 - bar[t]).sqrt() * epsilon) / (1 - beta[t]).sqrt()
            if t > 0:
                x = x + (beta[t] * (1 - bar[t - 1]) / (1 - bar[t])).sqrt() * noise[k]
        else:
            before = bar[times[k + 1]] if k + 1 < len(times) else bar[0]
            sigma = 0.05 * ((1 - before) / (1 - bar[t]) * (1 - bar[t] / before)).sqrt()
            clean = (x - (1 - bar[t]).sqrt() * epsilon) / bar[t].sqrt()
            x = before.sqrt() * clean + (1 - before - sigma ** 2).sqrt() * epsilon + sigma * noise[k]
    return x


def compute(config, model, given):
    """Everything a golden case holds beside its inputs."""
    out = {}
    task = given.get('task')
    model.eval()
    with torch.no_grad():
        prototypes = model.prototypes(given['permutation_state'][:1], None if task is None else task[:1])
        out['sample_prototypes'] = prototypes
        T, steps = config['T'], config['ddim_steps']
        plans = {'ddpm': list(range(T))[::-1], 'ddim': [i * (T // steps) + 1 for i in range(steps)][::-1]}
        for kind, times in plans.items():
            out[f'{kind}_x_0'] = sample(model.criteria.net, config, prototypes[0], given['x_T'], given[f'{kind}_noise'], times, kind)

    model.train()
    prototypes = model.prototypes(given['permutation_state'], task)
    rows = given['token_rows']
    x_0, chosen = given['x_0'].flatten(0, 1)[rows], prototypes.flatten(0, 1)[rows]
    rate = schedule(config)[1].to(given['epsilon'].dtype)[given['t']][:, None]
    x_t = rate.sqrt() * x_0.nan_to_num() + (1 - rate).sqrt() * given['epsilon']
    predicted = model.criteria.net(x_t, given['t'], chosen)
    loss = (predicted - given['epsilon'])[~x_0.isnan()].pow(2).mean()
    optimizer = torch.optim.AdamW(model.parameters(), lr=config['learning_rate'], weight_decay=config['weight_decay'])
    loss.backward()
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer.step()
    out.update({'prototypes': prototypes, 'predicted_noise': predicted, 'loss': loss})
    for name, parameter in model.named_parameters():
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        out[f'grad.{name}'], out[f'delta.{name}'] = gradient, parameter - before[name]
    for name, buffer in model.named_buffers():
        if 'running' in name:
            out[f'after.{name}'] = buffer
    return {name: value.detach() for name, value in out.items()}


def random_config(draw):
    kind = draw.choice(['mamba', 'mamba', 'mamba', 'lstm', 'transformer', 'gmlp'])
    expand, is_mamba = draw.choice([1, 2, 4]), kind == 'mamba'
    widths = [unit * (64 // min(expand, 64) if is_mamba else 1) for unit in (draw.choice([1, 2, 3]) if is_mamba else draw.randint(3, 40),)]
    if is_mamba and draw.random() < 0.3:
        widths.append(widths[0] + 64 // expand)
    layers = draw.randint(len(widths), 3)
    half = [draw.randint(1, 20) for _ in range(draw.randint(1, 4))]
    T, length, batch = draw.randint(6, 15), draw.choice([draw.randint(2, 12), draw.randint(60, 140)]), draw.randint(1, 3)
    is_task = draw.random() < 0.25
    nhead, dim_head = draw.randint(1, 3), draw.randint(2, 8)
    if draw.random() < 0.5:
        dim_head = max(1, widths[0] // nhead)
        widths[0] = widths[0] if is_mamba else nhead * dim_head
    rows = batch * length
    return {
        'recurrent': kind, 'd_model': widths if len(widths) > 1 else widths[0], 'd_condition': draw.randint(2, 9) if is_task else 1,
        'd_state': draw.choice([1, 5, 16, 33]), 'd_conv': draw.choice([2, 3, 4]), 'expand': expand, 'num_layers': layers,
        'kernel_size': draw.choice([3, 5, 7, 9]), 'layer_channels': [1, *half, *half[-2::-1], 1], 'beta': [1e-3, 0.05], 'T': T,
        'ddim_steps': draw.randint(1, T // 2), 'num_permutation': draw.randint(1, 5), 'learning_rate': 1e-3, 'weight_decay': 0.01,
        'model_dim': draw.choice([draw.randint(4, 40), 64, 80]), 'sequence_length': length, 'batch_size': batch,
        'diffusion_batch': draw.choice([rows, draw.randint(2, rows)]), 'nhead': nhead, 'dim_head': dim_head,
        'dim_feedforward': draw.randint(4, 50), 'task_condition': is_task, 'task_dim': 10, 'train_pe': draw.random() < 0.3,
    }


def random_inputs(config):
    b, length, dim, n, T = config['batch_size'], config['sequence_length'], config['model_dim'], config['diffusion_batch'], config['T']
    x_0 = torch.randn(b, length, dim)
    x_0[:, -1, dim - dim // 3:] = math.nan
    given = {
        'x_0': x_0, 'permutation_state': torch.randint(config['num_permutation'], (b,)), 'token_rows': torch.randperm(b * length)[:n],
        't': torch.randint(T, (n,)), 'epsilon': torch.randn(n, dim), 'x_T': torch.randn(length, dim),
        'ddpm_noise': torch.randn(T - 1, length, dim), 'ddim_noise': torch.randn(config['ddim_steps'], length, dim),
    }
    if config['task_condition']:
        given['task'] = torch.randint(2, (b, config['task_dim'])).float()
    return given


# ---- files: safetensors by hand, since Debian packages no library for it --------------------------------------------------

DTYPES = {'F32': np.float32, 'I64': np.int64}


def write_safetensors(file, tensors):
    header, blobs, at = {}, [], 0
    for name, tensor in tensors.items():
        tensor = tensor.contiguous().numpy()
        dtype = 'I64' if tensor.dtype == np.int64 else 'F32'
        blobs.append(tensor.astype(DTYPES[dtype]).tobytes())
        header[name] = {'dtype': dtype, 'shape': list(tensor.shape), 'data_offsets': [at, at + len(blobs[-1])]}
        at += len(blobs[-1])
    text = json.dumps(header).encode()
    with open(file, 'wb') as out:
        out.write(struct.pack('<Q', len(text)) + text + b''.join(blobs))


def read_safetensors(file):
    data = open(file, 'rb').read()
    size = struct.unpack('<Q', data[:8])[0]
    header, body = json.loads(data[8:8 + size]), data[8 + size:]
    read = lambda e: torch.from_numpy(np.frombuffer(body[slice(*e['data_offsets'])], DTYPES[e['dtype']]).reshape(e['shape']).copy())
    return {name: read(entry) for name, entry in header.items() if name != '__metadata__'}


def write_random_cases(folder, seed, count):
    for i in range(count):
        draw = random.Random(f'{seed} {i}')
        torch.manual_seed(draw.randrange(2 ** 31))
        config = random_config(draw)
        model, given = Rpg(config), random_inputs(config)
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        exact = lambda tensors: {name: value.double() if value.is_floating_point() else value for name, value in tensors.items()}
        case = os.path.join(folder, 'model', f'random-{i}')
        os.makedirs(case)
        json.dump(config, open(os.path.join(case, 'config.json'), 'w'))
        torch.save(weights, os.path.join(case, 'weights.pth'))
        results = compute(config, model.double(), exact(given))
        write_safetensors(os.path.join(case, 'io.safetensors'), {**given, **results})


def compute_again(case):
    config = json.load(open(os.path.join(case, 'config.json')))
    io = read_safetensors(os.path.join(case, 'io.safetensors'))
    weights = torch.load(os.path.join(case, 'weights.pth'))
    config['train_pe'] = 'grad.model.pe' in io
    config['diffusion_batch'] = len(io['token_rows'])
    config.setdefault('task_condition', False)
    model = Rpg(config)
    missing, _ = model.load_state_dict(weights, strict=False)
    assert not missing, missing
    worst = 0.0
    for name, value in compute(config, model, io).items():
        if name.startswith('delta.') or name not in io or io[name].abs().max() < 1e-5:
            continue
        error = ((value.reshape(io[name].shape) - io[name]).norm() / io[name].norm()).item()
        worst = max(worst, error)
    print(f'{os.path.basename(case)} {worst:.3g}')


if __name__ == '__main__':
    torch.set_num_threads(1)
    if sys.argv[1] == '--again':
        for path in sys.argv[2:]:
            compute_again(path)
    else:
        write_random_cases(sys.argv[1], sys.argv[2], int(sys.argv[3]))
