"""Held-out accuracy of the demonstration model, decoded freely (greedy, no grammar).

    python training/eval.py [--model models/demo] [--count 100]

Prints, per test set, the share of answers equal to the expected one character by character, and the
share that names nothing outside the schema (SQL, Cypher), parses (JSON) or has its brackets in pairs
(TypeScript).  The sets:

    known     names of the training lists (tables, columns, labels, types), in new combinations
    heldout   table names, and plain column names, that never occur in training
    invented  names made of syllables

The seed of the tests is not used in training.
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import torch
from tokenizers import Tokenizer
from transformers import Qwen3ForCausalLM

import data

EMPLOYEES = "CREATE TABLE employees (id integer, name text, department text, salary numeric);"
MOVIES = """(:Person {name: STRING, born: INTEGER})
(:Movie {title: STRING, released: INTEGER})
(:Person)-[:ACTED_IN {role: STRING}]->(:Movie)
(:Person)-[:DIRECTED]->(:Movie)"""
SAMPLES = [
    ("sql", f"{EMPLOYEES}\n\nWhich employees earn more than 50000?"),
    ("json", "A record for Ada Lovelace, aged 36, from London"),
    ("typescript", "A function add that returns the sum of two numbers"),
    ("cypher", f"{MOVIES}\n\nWhich movies did Keanu Reeves act in?"),
    ("sql", f"{EMPLOYEES}\n\nHow many employees work in Sales?"),
    ("sql", f"{EMPLOYEES}\n\nWhat is the average salary per department?"),
    ("sql", f"{EMPLOYEES}\n\nWhich employees earn more than the average?"),
    ("sql", "CREATE TABLE patients (id integer PRIMARY KEY, name text, age integer, city text);\n\nWhich patients are older than 65?"),
    ("sql", "CREATE TABLE customers (id integer PRIMARY KEY, name text, city text);\nCREATE TABLE orders (id integer PRIMARY KEY, customer_id integer "
            "REFERENCES customers(id), total numeric, ordered_on date);\n\nHow many orders does each customer have?"),
    ("sql", "CREATE TABLE songs (id int, title text, artist text, year int);\n\nList the title and year of all songs sorted by year"),
    ("sql", "CREATE TABLE zorbas (id int, name text, flimp numeric);\n\nWhich zorba has the highest flimp?"),
    ("json", "fields: name, age\n\nExtract name and age as JSON: Maria Silva is 42 years old and lives in Lisbon."),
    ("json", "A product called Desk Lamp, price 24.5, in stock"),
    ("json", "An array of the numbers 3, 5 and 8"),
    ("typescript", "An interface for a user with name, age and email"),
    ("typescript", "Write a function that filters the even numbers of an array"),
    ("typescript", "interface Employee {\n  name: string;\n  salary: number;\n}\n\nA function wellPaid that returns the employees who earn more than 50000"),
    ("cypher", f"{MOVIES}\n\nHow many people are there?"),
    ("cypher", f"{MOVIES}\n\nWhich people were born after 1970?"),
    ("cypher", f"{MOVIES}\n\nWho directed The Matrix?"),
]


def load(path):
    torch.set_num_threads(1)
    model = Qwen3ForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    return model, Tokenizer.from_file(str(Path(path) / "tokenizer.json"))


@torch.no_grad()
def answer(model, tok, prompt, limit=200):
    end = tok.token_to_id("<|im_end|>")
    ids = torch.tensor([tok.encode(prompt).ids])
    cache, out = None, []
    while len(out) < limit:
        r = model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = r.past_key_values
        t = int(r.logits[0, -1].argmax())
        if t == end:
            break
        out.append(t)
        ids = torch.tensor([[t]])
    return tok.decode(out, skip_special_tokens=False)


def ask(model, tok, expert, user):
    return answer(model, tok, data.prompt({"system": data.SYSTEM[expert], "user": user}))


def valid(expert, user, text):
    if expert == "json":
        try:
            json.loads(text)
            return True
        except ValueError:
            return False
    if expert == "typescript":
        return in_pairs(re.sub(r'"(?:[^"\\]|\\.)*"', " ", text).replace("=>", " "))
    bare = re.sub(r"'(?:[^'\\]|''|\\.)*'", " ", text)
    if expert == "sql":
        known = set(re.findall(r"[a-z_][a-z0-9_]*", user.split("\n\n")[0]))
        return text.startswith(("SELECT ", "INSERT ", "UPDATE ", "DELETE ")) and set(re.findall(r"[a-z_][a-z0-9_]*", bare)) <= known
    context = user.split("\n\n")[0]
    known = set(re.findall(r"\w+", context))
    return (text.startswith(("MATCH ", "CREATE ")) and set(re.findall(r"(?<=:)\w+", bare)) <= known
            and set(re.findall(r"(?<=\w\.)[A-Za-z]\w*", bare)) <= known)


def in_pairs(text):
    open_ = []
    for c in text:
        if c in "([{":
            open_.append(c)
        elif c in ")]}" and (not open_ or open_.pop() != "([{"[")]}".index(c)]):
            return False
    return not open_


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--model", default="models/demo")
    p.add_argument("--count", type=int, default=100)
    p.add_argument("--seed", type=int, default=5000)
    p.add_argument("--write", help="write prompts, token ids and greedy answers here, for the Rust tests")
    p.add_argument("--expert", choices=list(data.EXPERTS), help="this one only")
    p.add_argument("--show", type=int, default=0, help="print this many wrong answers per set")
    a = p.parse_args()
    model, tok = load(a.model)
    samples = []
    for expert, user in SAMPLES:
        got = ask(model, tok, expert, user)
        print(user.split("\n\n")[-1], "\n   ", got)
        prompt = data.prompt({"system": data.SYSTEM[expert], "user": user})
        samples.append({"expert": expert, "user": user, "prompt_ids": tok.encode(prompt).ids, "answer": got, "answer_ids": tok.encode(got).ids})
    if a.write:
        Path(a.write).write_text("[\n" + ",\n".join(json.dumps(s) for s in samples) + "\n]\n")
    print()
    if a.count == 0:
        return
    print("| expert | set | exact | valid |\n|---|---|---|---|")
    for expert in [a.expert] if a.expert else data.EXPERTS:
        for split in ("known", "heldout", "invented"):
            if expert == "json" and split == "heldout":
                continue  # JSON has no held-out word list
            right = ok = shown = 0
            for _, e in zip(range(a.count), data.stream(a.seed, split, expert)):
                got = answer(model, tok, data.prompt(e))
                right += got == e["answer"]
                ok += valid(expert, e["user"], got)
                if got != e["answer"] and shown < a.show:
                    shown += 1
                    print(f"  {e['user']}\n    want {e['answer']}\n    got  {got}", file=sys.stderr)
            print(f"| {expert} | {split} | {right}/{a.count} | {ok}/{a.count} |", flush=True)


if __name__ == "__main__":
    main()
