"""Prints question/answer pairs for the demonstration model (the package `data` makes them).

    python training/generate.py --seed 7 --count 10 [--split train|known|heldout|invented] [--expert sql|json|typescript|cypher]

`--manifest FILE` takes the options of a manifest's `training.dataset.augmentation`.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import data


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=10)
    p.add_argument("--split", default="train", choices=data.SPLITS)
    p.add_argument("--expert", choices=list(data.EXPERTS))
    p.add_argument("--format", default="jsonl", choices=["jsonl", "text"])
    p.add_argument("--manifest", help="an expert's manifest, whose augmentation options are used")
    a = p.parse_args()
    options = data.Options.of_manifest(a.manifest) if a.manifest else data.Options()
    for _, e in zip(range(a.count), data.stream(a.seed, a.split, a.expert, options=options)):
        if a.format == "text":
            print(e["user"], "\n=>", e["answer"], "\n")
        else:
            print(json.dumps(e, ensure_ascii=False))


if __name__ == "__main__":
    main()
