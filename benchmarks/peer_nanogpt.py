"""PyTorch's side of the speedrun: nanoGPT's recipe on the rows of a token set.

    .bench/bin/python benchmarks/peer_nanogpt.py TOKENS --minutes 2 --batch 16 --rates 0.003,0.006 \
        --shape '{"d_model": 128, "layers": 4, "heads": 4}'

Runs in the peers' environment, knows nothing of pixace, and prints one JSON line. The recipe is
nanoGPT's (https://github.com/karpathy/nanoGPT): a pre-norm GPT with GELU, learned positions, no
biases, tied embedding and head; AdamW with weight decay on matrices only; linear warm-up, then a
cosine; bfloat16 by autocast; no dropout. A row of tokens is one picture, and 0 stands in front.

Before the clock starts it tries for some seconds (`--calibration`) what is fastest here: products
in bfloat16 or float32, with or without `torch.compile`. From the time of such a step comes the
number of steps that the minutes allow, the same for each of the rates. Compilation, calibration and
evaluation do not count. What it reached is the best of the rates; all validation rows are judged.
"""

import argparse
import json
import math
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from plan import rate_at, steps_within
from torch import Tensor, nn
from torch.nn import functional

DECAY, BETAS, CLIP, SPREAD = 0.1, (0.9, 0.95), 1.0, 0.02
JUDGED = 8  # rows at a time; their logits are the largest thing in memory

Step = Callable[[Tensor], None]


class Block(nn.Module):
    """Attention and feed-forward, each behind a normalisation and around a shortcut."""

    def __init__(self, d_model: int, heads: int):
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(d_model, bias=False)
        self.between = nn.LayerNorm(d_model, bias=False)
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)
        self.up = nn.Linear(d_model, 4 * d_model, bias=False)
        self.down = nn.Linear(4 * d_model, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Features in, features out."""
        batch, length, d_model = x.shape
        parts = self.qkv(self.before(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(batch, length, d_model))
        return x + self.down(functional.gelu(self.up(self.between(x))))


class Decoder(nn.Module):
    """Rows of token ids (batch, length) to their mean loss in nats per token."""

    def __init__(self, vocab: int, length: int, d_model: int, layers: int, heads: int):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocab, d_model), nn.Embedding(length, d_model)
        self.blocks = nn.ModuleList(Block(d_model, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(d_model, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                is_last = name.endswith(("out.weight", "down.weight"))  # before a shortcut
                nn.init.normal_(weight, std=SPREAD / math.sqrt(2 * layers) if is_last else SPREAD)

    def forward(self, rows: Tensor) -> Tensor:
        """Runs the network; its head is the embedding."""
        x = self.tokens(functional.pad(rows, (1, 0))[:, :-1]) + self.places.weight
        for block in self.blocks:
            x = block(x)
        logits = functional.linear(self.norm(x), self.tokens.weight)
        return functional.cross_entropy(logits.flatten(0, 1), rows.flatten())


def adamw(model: nn.Module, rate: float) -> torch.optim.AdamW:
    """The optimiser; what is no matrix does not decay."""
    weights = list(model.parameters())
    groups = [
        {"params": [each for each in weights if each.dim() > 1], "weight_decay": DECAY},
        {"params": [each for each in weights if each.dim() == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=BETAS, fused=True)


class Tokens:
    """A token set's rows, read from its files."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.header = json.loads((folder / "header.json").read_text(encoding="utf-8"))
        self.train, self.validation = self._rows("train"), self._rows("validation")
        self.length = self.train.shape[1]
        last = int(max(self.train.max(), self.validation.max()))
        self.vocab = 64 * (last // 64 + 1)  # a multiple of 64, as nanoGPT has it: it is faster

    def _rows(self, part: str) -> np.ndarray:
        names = [each["name"] for each in self.header["files"]]
        shards = [name for name in names if name.startswith(f"{part}-")]
        return np.concatenate([np.load(self.folder / name) for name in shards])

    @property
    def pixels(self) -> int:
        """Of one picture."""
        width, height = re.search(r"size=(\d+)x(\d+)", self.header["tokenizer"]).groups()
        return int(width) * int(height)

    def batches(self, size: int, seed: int) -> Iterator[Tensor]:
        """Batches without end, each picture once in every epoch."""
        draw, left = np.random.default_rng(seed), np.empty(0, int)
        while True:
            while len(left) < size:
                left = np.concatenate([left, draw.permutation(len(self.train))])
            now, left = left[:size], left[size:]
            yield torch.from_numpy(self.train[now].astype(np.int64))

    @torch.no_grad()
    def judged(self, model: Decoder) -> dict[str, float | None]:
        """The loss over all validation rows, in float32; None where a training came to nothing."""
        nats = 0.0
        for first in range(0, len(self.validation), JUDGED):
            rows = self.validation[first : first + JUDGED].astype(np.int64)
            nats += model(torch.from_numpy(rows)).item() * len(rows) / len(self.validation)
        if not math.isfinite(nats):
            return {"nats_per_token": None, "bits_per_pixel": None}
        bits = nats / math.log(2) * self.length / self.pixels
        return {"nats_per_token": nats, "bits_per_pixel": bits}


@dataclass(frozen=True)
class Way:
    """A way to compute: the model or the model compiled, and the type of its products."""

    run: Callable[[Tensor], Tensor]
    dtype: torch.dtype

    def step(self, model: Decoder, rule: torch.optim.AdamW) -> Step:
        """A step of training."""

        def step(rows: Tensor) -> None:
            with torch.autocast("cpu", torch.bfloat16, enabled=self.dtype is torch.bfloat16):
                loss = self.run(rows)
            rule.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            rule.step()

        return step


def ways(model: Decoder, is_plain: bool) -> dict[str, Way]:
    """All ways by name."""
    runs = {"": model} if is_plain else {"": model, ", compiled": torch.compile(model)}
    types = {"bfloat16": torch.bfloat16, "float32": torch.float32}
    return {f"{dtype}{how}": Way(run, types[dtype]) for how, run in runs.items() for dtype in types}


def race(steps: dict[str, Step], batches: Iterator[Tensor], seconds: float) -> dict[str, float]:
    """Seconds a step, the median of each way that works here; in turns, after two to warm up."""
    taken: dict[str, list[float]] = {}
    for name, step in steps.items():
        try:
            step(next(batches))
            step(next(batches))
            taken[name] = []
        except RuntimeError as why:  # of PyTorch's compiler, which needs one of C++
            said = str(why).strip().splitlines()[0]
            print(f"{name}: left out, {said}", file=sys.stderr)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not all(taken.values()):
        for name, times in taken.items():
            rows, began = next(batches), time.perf_counter()
            steps[name](rows)
            times.append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def trained(
    model: Decoder, way: Way, tokens: Tokens, steps: int, peak: float, given: argparse.Namespace
) -> dict[str, Any]:
    """One training of a model as it is: what it reached, at the end and at the marks."""
    rule = adamw(model, peak)
    step, batches = way.step(model, rule), tokens.batches(given.batch, given.seed)
    seconds, marks, seen = 0.0, sorted(given.marks), {}
    for done in range(steps):
        began = time.perf_counter()
        for group in rule.param_groups:
            group["lr"] = rate_at(done, steps, peak)
        step(next(batches))
        seconds += time.perf_counter() - began
        while marks and seconds >= 60 * marks[0]:
            seen[f"{marks.pop(0):g}"] = tokens.judged(model)
    return {"rate": peak, **tokens.judged(model), "train_seconds": seconds, "marks": seen}


def main() -> None:
    """Calibrates, trains once for each rate, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokens", type=Path)
    parser.add_argument("--shape", required=True, help="JSON with d_model, layers and heads")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="of each training")
    parser.add_argument("--rates", type=numbers, required=True, help="commas between")
    parser.add_argument("--marks", type=numbers, default=[], help="minutes after which to judge")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calibration", type=float, default=20.0, help="seconds")
    parser.add_argument("--plain", action="store_true", help="compile nothing")
    given = parser.parse_args()
    tokens = Tokens(given.tokens)
    torch.manual_seed(given.seed)
    model = Decoder(tokens.vocab, tokens.length, **json.loads(given.shape))
    first = {name: value.clone() for name, value in model.state_dict().items()}
    began, known = time.perf_counter(), ways(model, given.plain)
    taken = race(
        {name: way.step(model, adamw(model, min(given.rates))) for name, way in known.items()},
        tokens.batches(given.batch, given.seed),
        given.calibration,
    )
    calibration = time.perf_counter() - began
    fastest = min(taken, key=taken.__getitem__)
    steps, tries = steps_within(60 * given.minutes, taken[fastest]), []
    for peak in given.rates:
        model.load_state_dict(first)
        tries.append(trained(model, known[fastest], tokens, steps, peak, given))
    best = min(tries, key=lambda each: each["nats_per_token"] or math.inf)
    facts = {
        "pictures": len(tokens.validation),
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "way": fastest,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "batch": given.batch,
        "steps": steps,
        "step_seconds": taken,
        "other_seconds": calibration,
    }
    print(json.dumps({**best, **facts, "tries": tries}))


def numbers(text: str) -> list[float]:
    """Of an argument such as `0.003,0.006`."""
    return [float(each) for each in text.split(",")]


if __name__ == "__main__":
    main()
