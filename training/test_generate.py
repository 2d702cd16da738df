"""The generator gives the same pairs for the same seed.  Run: python -m unittest discover training"""

import json
import random
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import data
from data import conditions, graphs, pieces, schemas, typed, words


def take(seed, split, n=200, expert=None, **options):
    return [e for _, e in zip(range(n), data.stream(seed, split, expert, options=data.Options(**options)))]


class Generator(unittest.TestCase):
    def test_same_seed_same_pairs(self):
        for split in ("train", "known", "heldout", "invented"):
            self.assertEqual(take(3, split), take(3, split))
        self.assertNotEqual(take(3, "train"), take(4, "train"))

    def test_the_same_in_another_process(self):
        command = [sys.executable, str(Path(__file__).parent / "generate.py"), "--seed", "3", "--count", "50"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}).stdout.splitlines()
        self.assertEqual([json.loads(line) for line in lines], take(3, "train", 50))

    def test_held_out_names_are_held_out(self):
        held = {form for w in words.HELDOUT for form in (w, words.plural(w), words.pascal(w))}
        for expert in ("sql", "cypher", "typescript"):
            for e in take(5, "train", 1500, expert):
                if "\n\n" in e["user"]:
                    context = re.findall(r"[A-Za-z]+", e["user"].split("\n\n")[0])
                    self.assertFalse(held & set(context), e["user"])

    def test_json_answers_parse_and_keep_their_spelling(self):
        for e in take(6, "train", 1000, "json"):
            self.assertEqual(json.dumps(json.loads(e["answer"]), ensure_ascii=False), e["answer"])

    def test_no_reserved_identifiers(self):
        r = random.Random(7)
        for _ in range(1000):
            for t in schemas.make_schema(r, "train", r.randint(1, 3)):
                names = {t.name} | {c.name for c in t.columns}
                self.assertFalse(names & words.RESERVED, names)
            self.assertFalse({pieces.word(r, "train"), *pieces.entity(r, "train")} & pieces.RESERVED)

    def test_variables_of_a_pattern_differ(self):
        self.assertEqual(graphs.variables("Person", "Movie", "Place", "Post"), ["p", "m", "p2", "p3"])

    def test_texts_are_quoted(self):
        name = "Kofi O'Brien"
        self.assertIn(graphs.literal(("text", name)), ["'Kofi O\\'Brien'"])
        self.assertEqual(conditions.sql_test(("cmp", "=", ("text", name)), "name"), "name = 'Kofi O''Brien'")
        self.assertEqual(graphs.render(("in", [("text", "a"), ("text", "b")]), "p.x"), "p.x IN ['a', 'b']")
        self.assertEqual(typed.test_code(("text", "starts", 'a"b'), "p.x"), 'p.x.startsWith("a\\"b")')


class Augmentation(unittest.TestCase):
    def test_schemas_are_left_out_as_often_as_stated(self):
        for expert in ("sql", "cypher"):
            with_schema = sum("\n\n" in e["user"] for e in take(8, "train", 1000, expert, schema_injection_prob=0.3))
            self.assertTrue(230 < with_schema < 370, with_schema)
            self.assertTrue(all("\n\n" in e["user"] for e in take(8, "train", 200, expert)))

    def test_joins_name_their_tables_by_aliases(self):
        joins = [e["answer"] for e in take(9, "train", 1000, "sql", table_aliases=True) if " JOIN " in e["answer"]]
        self.assertGreater(len(joins), 50)
        for answer in joins:
            self.assertRegex(answer, r" FROM \w+ AS \w+ (LEFT )?JOIN \w+ AS \w+ ON ")
        self.assertFalse(any(" AS " in e["answer"] for e in take(9, "train", 1000, "sql")))

    def test_comments(self):
        for expert, sign in (("sql", "  -- "), ("cypher", "  // ")):
            self.assertTrue(any(sign in e["user"] for e in take(10, "train", 200, expert, comment_stripping=False)))
            self.assertFalse(any(sign in e["user"] for e in take(10, "train", 200, expert)))

    def test_keywords_follow_the_schema(self):
        keyword = r"SELECT|FROM|INSERT|UPDATE|DELETE"
        preserved = take(11, "train", 300, "sql", case_normalization="preserve")
        lower = [e["answer"] for e in preserved if "create table" in e["user"]]
        self.assertGreater(len(lower), 20)
        self.assertFalse(any(re.search(keyword, answer) for answer in lower))
        self.assertTrue(all(re.search(keyword, e["answer"]) for e in preserved if "CREATE TABLE" in e["user"]))
        every = take(11, "train", 300, "sql", case_normalization="lower")
        self.assertFalse(any(re.search(keyword, re.sub(r"'[^']*'", "", e["answer"])) for e in every))

    def test_options_of_a_manifest(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "manifest.json"

            def read(augmentation):
                path.write_text(json.dumps({"training": {"dataset": {"augmentation": augmentation}}}))
                return data.Options.of_manifest(path)

            self.assertEqual(read({}), data.Options())
            self.assertEqual(read({"schema_injection_prob": 0.5, "table_aliases": True}), data.Options(0.5, True))
            self.assertEqual(read({"case_normalization": False}), data.Options(case_normalization="preserve"))
            self.assertEqual(read({"case_normalization": "lower"}), data.Options(case_normalization="lower"))
            for wrong, said in (
                ({"schema_injection_prob": 2}, "from 0 to 1"),
                ({"table_aliases": 1}, "expected bool"),
                ({"aliases": True}, "not aliases"),
                ({"case_normalization": "title"}, "one of upper, lower, preserve"),
                ({"case_normalization": 3}, "expected str"),
            ):
                with self.assertRaisesRegex(ValueError, said):
                    read(wrong)

    def test_the_shipped_experts_state_what_the_model_was_trained_with(self):
        for path in (Path(__file__).parent.parent / "experts").glob("*/manifest.json"):
            self.assertEqual(data.Options.of_manifest(path), data.Options(), path)


if __name__ == "__main__":
    unittest.main()
