"""What questions over tables and over graphs have in common."""

from .words import plural, said_list

ASK = ["List", "Show", "Give me", "Find", "Get", "Show me", "Return", "Display"]
AGG = {
    "AVG": ["average", "average", "mean"], "MAX": ["highest", "maximum", "largest", "greatest"],
    "MIN": ["lowest", "minimum", "smallest"], "SUM": ["total", "sum of the", "combined"],
}


def agg_word(r, f):
    w = r.choice(AGG[f])
    return w


def words_of(r, cols, many=False):
    return said_list(plural(c.words) if many else c.words for c in cols)


def pick_columns(r, t):
    pool = [c for c in t.columns if c.kind not in ("fk",)]
    n = min(len(pool), r.choices([1, 2, 3], [5, 5, 2])[0])
    return r.sample(pool, n)


def touch_question(r, q):
    """Small variations that change nothing about the meaning."""
    x = r.random()
    if x < 0.05:
        q = q[0].lower() + q[1:]
    elif x < 0.1 and q.endswith("?"):
        q = q[:-1]
    elif x < 0.2 and not q.endswith("?"):
        q += "."
    elif x < 0.23 and not q.endswith("?"):
        q = "Please " + q[0].lower() + q[1:]
    elif x < 0.27 and q.startswith(tuple(ASK)):
        q = r.choice(["Can you ", "Could you "]) + q[0].lower() + q[1:] + "?"
    elif x < 0.29 and q.startswith(("Show me the ", "Give me the ", "List the ")):
        q = r.choice(["I need ", "I want "]) + q[q.index("the ") :]
    return q


def how_many(r, noun, fin, post, rel):
    """A question for a count, from what `join_conditions` gives."""
    if fin and not post:
        return f"How many {noun} {' and '.join(fin)}?"
    if not (fin or post):
        return r.choice([f"How many {noun} are there?", f"Count the {noun}", f"What is the number of {noun}?", f"Count all {noun}"])
    return r.choice([f"How many {rel} are there?", f"Count the {rel}", f"What is the number of {rel}?"])
