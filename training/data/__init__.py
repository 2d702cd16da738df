"""Question/answer pairs for the demonstration model, one module per expert.

Everything is composed from word lists by a seeded random generator, so the same seed gives the same
pairs on every machine.  Two ideas shape the data:

* Names are not to be memorised.  A large share of tables, columns, labels, types and values is
  invented from syllables or put together at random, so that the only way to answer is to copy from
  the prompt.
* One meaning has one answer.  Every question fixes its answer up to the spelling rules stated in
  `training/README.md`, so that exact match is a fair score.

Each example is a dict: {"expert", "system", "user", "answer", "kind"}.
"""

import random

from . import cypher, records, sql, typescript
from .options import Options

SYSTEM = {
    "sql": "Answer with one PostgreSQL statement.",
    "json": "Answer with one JSON value.",
    "typescript": "Answer with one TypeScript module.",
    "cypher": "Answer with one Cypher query.",
}
EXPERTS = {"sql": sql.group, "json": records.group, "typescript": typescript.group, "cypher": cypher.group}
SHARE = {"sql": 0.35, "json": 0.15, "typescript": 0.2, "cypher": 0.3}
SPLITS = ("train", "known", "heldout", "invented")


def pick_expert(r):
    return r.choices(list(SHARE), list(SHARE.values()))[0]


def example(r, split="train", expert=None, small=False, options=Options()):
    expert = expert or pick_expert(r)
    context, [(question, answer, kind)] = EXPERTS[expert](r, split, small, 1, options)
    user = f"{context}\n\n{question}" if context else question
    return {"expert": expert, "system": SYSTEM[expert], "user": user, "answer": answer, "kind": kind}


def stream(seed, split="train", expert=None, small=False, options=Options()):
    r = random.Random(f"{seed}/{split}/{expert}/{int(small)}")
    while True:
        yield example(r, split, expert, small, options)


def prompt(e):
    """Qwen3's chat format with thinking switched off."""
    return (f"<|im_start|>system\n{e['system']}<|im_end|>\n<|im_start|>user\n{e['user']}<|im_end|>\n"
            "<|im_start|>assistant\n<think>\n\n</think>\n\n")
