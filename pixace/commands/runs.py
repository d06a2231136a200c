"""`pixace runs`: what was trained."""

from dataclasses import asdict

import click

from pixace.commands import options
from pixace.runtime.printable import printable

SHOWN = {"nats_per_token": "{:.4f}", "psnr": "{:.2f} dB"}


@click.command(
    "runs",
    epilog=options.example("pixace runs", "pixace generate --run digits-modern"),
)
@options.root
@options.as_json
def command(root, as_json):
    """List the runs, oldest first: data, model, steps and the best loss on held-out pictures.

    Of a codebook, the PSNR of what it gives back. Where nothing was held out, the list says so.
    """
    from pixace.runs import run_folder

    root = run_folder.home(root)
    known = [(run, run.read()) for run in run_folder.every(root)]
    rows = [("run", "data", "model", "steps", "nats/token", "status")]
    for run, it in known:
        quality = "–" if it.best is None else SHOWN[it.best.metric].format(it.best.value)
        if not it.held_out:
            quality += " (training pictures)"
        named = it.data.named.rpartition("/")[2]
        rows.append(
            (run.name, named, it.model_kind, f"{it.step:,}/{it.steps:,}", quality, it.status)
        )
    cells = [list(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    if not known:
        lines = [f"no runs in {root.absolute()}; train one with: pixace train"]
    facts = {"runs": [{"path": str(run.path), **asdict(it)} for run, it in known]}
    options.say(lines, facts, as_json)
