"""The tokenizer of `vq:RUN`: a codebook that a run has learned."""

from dataclasses import replace

from pixace import tokenizers
from pixace.errors import TokenError
from pixace.images.loader import parse_size
from pixace.runs import model_file, run_folder
from pixace.tokenizers.vq import VQTokenizer


def of_run(named: str, size: str | int | None, order: str) -> VQTokenizer:
    """The codebook of a run of its own, or of a model that was trained on its tokens.

    Args:
      named: the run's name or folder; "" means the latest codebook.
      size: the size wanted, as `parse_size` reads it; None takes the codebook's.
      order: the path through the tokens.

    Raises:
      RunError: there is no such run, or it has no codebook yet.
      TokenError: it is no codebook, or one for another size.
    """
    path = run_folder.find(named or None, run_folder.home(), codebook=True)
    flat, description = model_file.read(path)
    spec = description.tokenizer or ""
    if not spec.startswith("vq "):
        raise TokenError(
            f"{path} is no codebook but a {description.model_kind} ({spec}); train one "
            "with: pixace codebook PICTURES"
        )
    tokenizer = tokenizers.by_spec(spec, model_file.parted(flat)[1])
    assert isinstance(tokenizer, VQTokenizer)
    height, width = tokenizer.size
    if size is not None and parse_size(str(size)) != tokenizer.size:
        wanted_height, wanted_width = parse_size(str(size))
        raise TokenError(
            f"the codebook {path} is for {width}x{height} pixels, not for "
            f"{wanted_width}x{wanted_height}; leave out the size, or train another with: "
            f"pixace codebook PICTURES --size {wanted_width}x{wanted_height}"
        )
    return replace(tokenizer, order=order)
