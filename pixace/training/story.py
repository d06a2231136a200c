"""What trackers are told of a run."""

from pixace.runs.run_folder import CONFIG, Run
from pixace.trackers.tracker import Story


def story(run: Run, since: int) -> Story:
    """The story of a training that begins, or goes on when some steps are done already."""
    it = run.read()
    tags = {"model": it.model_kind, "tokenizer": it.tokenizer or "", "data": it.data.named}
    config = run.path / CONFIG
    text = config.read_text(encoding="utf-8") if config.exists() else ""
    return Story(run.path, it.settings, text, tags | it.versions, since=since)
