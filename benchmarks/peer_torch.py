"""PyTorch's side of the training benchmark; runs in the peers' environment, prints one JSON line.

The same network as ours (pre-norm decoder, ReLU, learned positions, biases), trained as PyTorch's
own documentation would: `scaled_dot_product_attention`, cross entropy over all logits, fused AdamW.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Attention and feed-forward, each behind a normalisation and around a shortcut."""

    def __init__(self, d_model: int, d_ff: int, heads: int):
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.qkv, self.out = nn.Linear(d_model, 3 * d_model), nn.Linear(d_model, d_model)
        self.up, self.down = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)

    def forward(self, x):
        """Features in, features out."""
        batch, length, d_model = x.shape
        parts = self.qkv(self.before(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(batch, length, d_model))
        return x + self.down(functional.relu(self.up(self.between(x))))


class Decoder(nn.Module):
    """Token ids (batch, length) to logits (batch, length, vocab)."""

    def __init__(self, vocab: int, length: int, d_model: int, d_ff: int, layers: int, heads: int):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocab, d_model), nn.Embedding(length, d_model)
        self.blocks = nn.ModuleList(Block(d_model, d_ff, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(d_model), nn.Linear(d_model, vocab)

    def forward(self, tokens):
        """Runs the network."""
        x = self.tokens(tokens) + self.places.weight
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def main() -> None:
    """Times steps; compilation, where there is one, is in the warm-up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", required=True, help="JSON with the sizes of the model")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    shape = json.loads(given.shape)
    device = "cuda" if given.device == "gpu" else "cpu"
    torch.manual_seed(0)
    model = Decoder(**shape).to(device)
    rule = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    run = torch.compile(model) if given.compile else model
    rows = torch.randint(2, shape["vocab"], (given.batch, shape["length"]), device=device)
    inputs = functional.pad(rows, (1, 0))[:, :-1]

    def step() -> None:
        with torch.autocast(device, torch.bfloat16, enabled=given.dtype == "bfloat16"):
            logits = run(inputs)
            loss = functional.cross_entropy(logits.flatten(0, 1), rows.flatten())
        rule.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        rule.step()
        loss.detach().item()  # waits for the device

    for _ in range(2):
        step()
    times = []
    for _ in range(given.steps):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    print(json.dumps({"seconds": statistics.median(times)}))


if __name__ == "__main__":
    main()
