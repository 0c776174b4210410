"""The models of `homebody bench` in PyTorch, on its GPU (or CPU): eager float32, and torch.compile with bfloat16.

    python3 bench/pytorch.py [reference] [small] [base] [--steps N]

One line of JSON each: {"name": "pytorch", "mode": ..., "config": ..., "tokensPerSecond": ..., "msPerStep": ...}.
Initial values differ from Homebody's; shapes, optimiser and clip are the same.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

# layers, width, heads, context, vocabulary, tied, rows
CONFIGS = {
    "reference": (4, 128, 4, 128, 4096, False, 8),
    "small": (8, 512, 8, 256, 4096, True, 8),
    "base": (12, 768, 12, 1024, 50257, True, 4),
    "large": (24, 1024, 16, 1024, 50257, True, 2),
}


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.c_fc, self.mlp_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (
            part.view(b, t, self.heads, c // self.heads).transpose(1, 2)
            for part in self.c_attn(self.ln_1(x)).split(c, dim=2)
        )
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:  # PyTorch 1
            mask = torch.ones(t, t, dtype=torch.bool, device=x.device).tril()
            scores = (q @ k.transpose(2, 3)) * (c // self.heads) ** -0.5
            y = scores.masked_fill(~mask, float("-inf")).softmax(-1) @ v
        x = x + self.c_proj(y.transpose(1, 2).reshape(b, t, c))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self, layers, width, heads, context, vocabulary, tied):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
        if tied:
            self.head.weight = self.wte.weight

    def forward(self, ids, targets):
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.ln_f(x))
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


def measure(name, mode, steps, device):
    layers, width, heads, context, vocabulary, tied, rows = CONFIGS[name]
    torch.manual_seed(0)
    model = Gpt2(layers, width, heads, context, vocabulary, tied).to(device)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() != 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    ids = torch.randint(vocabulary, (2, rows, context), device=device)
    compiled = mode == "compile bf16"
    run = torch.compile(model) if compiled else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=compiled):
            loss = run(ids[0], ids[1])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()  # as Homebody reads its loss

    first = step()
    for _ in range(2):
        step()
    times = []
    for _ in range(steps):
        began = time.perf_counter()
        last = step()
        times.append(time.perf_counter() - began)
    median = sorted(times)[len(times) // 2]
    return {
        "name": "pytorch",
        "mode": mode,
        "config": name,
        "adapter": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "version": torch.__version__,
        "tokensPerSecond": rows * context / median,
        "msPerStep": 1000 * median,
        "losses": [first, last],
    }


def main():
    arguments = sys.argv[1:]
    steps = 20
    if "--steps" in arguments:
        at = arguments.index("--steps")
        steps = int(arguments[at + 1])
        del arguments[at : at + 2]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    modes = ["eager f32"] + (["compile bf16"] if hasattr(torch, "compile") and device.type == "cuda" else [])
    for name in arguments or ["reference", "small", "base"]:
        for mode in modes:
            print(json.dumps(measure(name, mode, steps, device)), flush=True)


main()
