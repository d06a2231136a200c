"""Hugging Face's ImageGPT with its key/value cache; runs in the peers' environment.

Draws whole pictures token by token from random weights, as `generate` would with sampling, but in
a plain loop, which is faster; prints one JSON line with the seconds per token.
"""

import argparse
import json
import statistics
import time

import torch
from transformers import ImageGPTConfig, ImageGPTForCausalImageModeling


def main() -> None:
    """Times a picture, after a few tokens that warm up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", required=True, help="JSON with the sizes of the model")
    parser.add_argument("--batch", type=int, required=True)
    given = parser.parse_args()
    shape = json.loads(given.shape)
    torch.manual_seed(0)
    settings = ImageGPTConfig(
        vocab_size=shape["vocab"],
        n_positions=shape["length"],
        n_embd=shape["d_model"],
        n_inner=shape["d_ff"],
        n_layer=shape["layers"],
        n_head=shape["heads"],
        activation_function="relu",
    )
    model = ImageGPTForCausalImageModeling(settings).eval()

    def draw(tokens: int) -> list[float]:
        token = torch.zeros((given.batch, 1), dtype=torch.long)
        memory, times = None, []
        for _ in range(tokens):
            began = time.perf_counter()
            out = model(input_ids=token, past_key_values=memory, use_cache=True)
            memory = out.past_key_values
            odds = torch.softmax(out.logits[:, -1].float(), -1)
            token = torch.multinomial(odds, 1)
            times.append(time.perf_counter() - began)
        return times

    with torch.inference_mode():
        draw(8)
        times = draw(shape["length"])
    print(json.dumps({"seconds": statistics.mean(times)}))


if __name__ == "__main__":
    main()
