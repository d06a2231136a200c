"""Whether pictures show the word that was asked for, where each picture has several words.

    python benchmarks/kinds.py RUN --words 20 --n 10 --guidance 2

For each of the commonest words of the captions, a classifier learns from the training pictures
which of them have it. How far it can be trusted, held-out pictures say: how many with the word it
finds, and how many without it takes for one. Then it looks at pictures that the model drew by that
word alone. One line for each word, and one of JSON.
"""

import argparse
import json
import re
from collections import Counter
from typing import Any

import numpy as np
from sklearn.svm import SVC

import pixace
from pixace.arrays import Images
from pixace.data.token_set import TokenSet, open_set

LEAST = 5  # held-out pictures with a word, or it is not asked for


def main() -> None:
    """Measures one run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--words", type=int, default=20)
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--temperature", type=float, default=0.95)
    options = parser.parse_args()
    model = pixace.load(options.run)
    tokens = open_set(model.description.data.tokens)
    words = {part: words_of(tokens, part) for part in ("train", "validation")}
    seen = {part: features(pictures_of(tokens, part)) for part in words}
    facts = []
    for word in commonest(words, options.words):
        has = {part: np.array([word in each for each in words[part]]) for part in words}
        machine = SVC(C=10, class_weight="balanced").fit(seen["train"], has["train"])
        said = machine.predict(seen["validation"])
        drawn = model.generate(
            options.n, text=word, guidance=options.guidance, temperature=options.temperature
        )
        fact = {
            "word": word,
            "found": float(said[has["validation"]].mean()),
            "taken": float(said[~has["validation"]].mean()),
            "drawn": float(machine.predict(features(drawn)).mean()),
        }
        facts.append(fact)
        print("{word:12} found {found:.2f}, taken {taken:.2f}, drawn {drawn:.2f}".format(**fact))
    shares: dict[str, Any] = {
        name: float(np.mean([fact[name] for fact in facts])) for name in ("found", "taken", "drawn")
    }
    print(json.dumps({"run": options.run, "words": len(facts), **shares}))


def words_of(tokens: TokenSet, part: str) -> list[set[str]]:
    """The words of each picture's caption."""
    return [set(re.findall(r"\w+", it["caption"] or "")) for it in tokens.records(part)]


def commonest(words: dict[str, list[set[str]]], most: int) -> list[str]:
    """The words that most training pictures have, if some held-out ones have them, too."""
    held = Counter(word for each in words["validation"] for word in each)
    counts = Counter(word for each in words["train"] for word in each)
    return [word for word, _ in counts.most_common() if held[word] >= LEAST][:most]


def pictures_of(tokens: TokenSet, part: str) -> Images:
    """All pictures of a part, as the model sees them."""
    split = tokens.split(part)
    return tokens.tokenizer.decode(split.rows(np.arange(len(split))))


def features(pictures: Images) -> np.ndarray:
    """One row of numbers in 0..1 for each."""
    return pictures.reshape(len(pictures), -1) / np.float32(255)


if __name__ == "__main__":
    main()
