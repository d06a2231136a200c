"""`pixace runs`: what was trained."""

import math
from dataclasses import asdict

import click

from pixace.commands import options


@click.command(
    "runs",
    epilog=options.example("pixace runs", "pixace generate --run digits-transformer"),
)
@options.root
@options.as_json
def command(root, as_json):
    """List the runs, oldest first: data, model, steps and the best loss on the validation part.

    Of a codebook, the PSNR of what it gives back.
    """
    from pixace import runs

    root = runs.home(root)
    known = [(run, run.description) for run in runs.every(root)]
    rows = [("run", "data", "model", "steps", "nats/token", "status")]
    for run, it in known:
        loss = "–" if it.best_loss is None else f"{it.best_loss:.4f}"
        if it.best_loss and it.model == runs.CODEBOOK:
            loss = f"{10 * math.log10(4 / it.best_loss):.2f} dB"
        named = it.data["named"].rpartition("/")[2]
        rows.append((run.name, named, it.model, f"{it.step:,}/{it.steps:,}", loss, it.status))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    if not known:
        lines = [f"no runs in {root.absolute()}; train one with: pixace train"]
    facts = {"runs": [{"path": str(run.path), **asdict(it)} for run, it in known]}
    options.say("\n".join(lines), facts, as_json)
