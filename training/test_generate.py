"""The generator gives the same pairs for the same seed.  Run: python -m unittest discover training"""

import json
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate


def take(seed, split, n=200):
    return [e for _, e in zip(range(n), generate.stream(seed, split))]


class Generator(unittest.TestCase):
    def test_same_seed_same_pairs(self):
        for split in ("train", "known", "heldout", "invented"):
            self.assertEqual(take(3, split), take(3, split))
        self.assertNotEqual(take(3, "train"), take(4, "train"))

    def test_held_out_names_are_held_out(self):
        held = {generate.split_entity(w)[1] for ws in generate.ENTITIES_HELDOUT.values() for w in ws}
        for e in take(5, "train", 2000):
            if e["expert"] == "sql":
                words = e["user"].split("\n\n")[0].replace("(", " ").split()
                self.assertFalse(held & set(words), e["user"])

    def test_json_answers_parse_and_keep_their_spelling(self):
        for e in take(6, "train", 1000):
            if e["expert"] == "json":
                self.assertEqual(json.dumps(json.loads(e["answer"]), ensure_ascii=False), e["answer"])

    def test_no_reserved_identifiers(self):
        r = random.Random(7)
        for _ in range(1000):
            for t in generate.make_schema(r, "train", r.randint(1, 3)):
                names = {t.name} | {c.name for c in t.columns}
                self.assertFalse(names & generate.RESERVED, names)


if __name__ == "__main__":
    unittest.main()
