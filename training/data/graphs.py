"""Graph schemas: labels with properties, relationship types between them, and how both are written in Cypher."""

from .schemas import Column, make_table, odd_name
from .words import camel, invented, pascal

# Relationship types: the type, and what it reads as after a plural and after a singular.
RELATIONSHIPS = [
    ("KNOWS", "know", "knows"), ("LIKES", "like", "likes"), ("FOLLOWS", "follow", "follows"), ("OWNS", "own", "owns"),
    ("BOUGHT", "bought", "bought"), ("SOLD", "sold", "sold"), ("WROTE", "wrote", "wrote"), ("READ", "read", "read"),
    ("ACTED_IN", "acted in", "acted in"), ("DIRECTED", "directed", "directed"), ("PRODUCED", "produced", "produced"),
    ("WORKS_IN", "work in", "works in"), ("WORKS_FOR", "work for", "works for"), ("WORKS_ON", "work on", "works on"),
    ("LIVES_IN", "live in", "lives in"), ("LOCATED_IN", "are located in", "is located in"), ("PART_OF", "are part of", "is part of"),
    ("BELONGS_TO", "belong to", "belongs to"), ("MANAGES", "manage", "manages"), ("LEADS", "lead", "leads"),
    ("TEACHES", "teach", "teaches"), ("ATTENDED", "attended", "attended"), ("VISITED", "visited", "visited"),
    ("USES", "use", "uses"), ("CONTAINS", "contain", "contains"), ("SUPPLIES", "supply", "supplies"), ("RATED", "rated", "rated"),
    ("REVIEWED", "reviewed", "reviewed"), ("ORDERED", "ordered", "ordered"), ("PLACED", "placed", "placed"),
    ("PUBLISHED", "published", "published"), ("SENT", "sent", "sent"), ("PLAYS", "play", "plays"), ("JOINED", "joined", "joined"),
]
TYPES = {"id": "INTEGER", "num": ["INTEGER", "INTEGER", "FLOAT"], "text": "STRING", "date": "DATE", "year": "INTEGER", "bool": "BOOLEAN"}


class Relationship:
    def __init__(self, source, target, name, many, one):
        self.source, self.target, self.name, self.many, self.one = source, target, name, many, one
        self.columns = []
        self.alone = True  # no other type between these two labels


def make_node(r, split, size, taken, joined):
    t = make_table(r, split, size, taken)
    t.name = pascal(t.one)
    keep_id = r.random() < 0.3
    t.columns = [c for c in t.columns if c.kind != "id" or keep_id] or t.columns
    for c in t.columns:
        c.name = joined(c.name)
    if t.label not in t.columns:
        t.label = t.columns[0]
    return t


def make_relationship(r, split, source, target, joined, used):
    while True:
        if r.random() < {"invented": 1.0, "train": 0.4}.get(split, 0.0):
            base = invented(r)
            tail = r.choice(["", "", "_in", "_to", "_of"])
            name, many = f"{base}ed{tail}".upper(), f"{base}ed{tail}".replace("_", " ")
            one = many
        else:
            name, many, one = r.choice(RELATIONSHIPS)
        if name not in used:
            break
    used.add(name)
    rel = Relationship(source, target, name, many, one)
    if r.random() < 0.35:
        kind = r.choice(["num", "num", "date", "text"])
        known = {"num": ["rating", "since", "amount", "quantity", "weight"], "date": ["since", "date"], "text": ["role", "kind"]}[kind]
        name = joined(r.choice(known) if r.random() < 0.5 and split != "invented" else odd_name(r, split))
        rel.columns.append(Column(name, kind, None, (lambda r: invented(r).capitalize()) if kind == "text" else None))
    return rel


def make_graph(r, split, nodes, small=False):
    """(nodes, relationships): a chain of nodes, some with a second type between two of them."""
    joined = r.choice([camel, camel, lambda name: name])
    taken, used = set(), set()
    out = []
    while len(out) < nodes:
        t = make_node(r, split, r.randint(2, 3) if small else r.choices([2, 3, 4, 5, 6], [2, 5, 5, 3, 1])[0], taken, joined)
        if t.name not in [n.name for n in out]:
            out.append(t)
    rels = []
    for a, b in zip(out, out[1:]):
        a, b = (a, b) if r.random() < 0.6 else (b, a)
        rels.append(make_relationship(r, split, a, b, joined, used))
    if nodes == 1 and r.random() < 0.25:
        rels.append(make_relationship(r, split, out[0], out[0], joined, used))
    elif rels and r.random() < 0.15:
        first = rels[0]
        second = make_relationship(r, split, first.source, first.target, joined, used)
        first.alone = second.alone = False
        rels.append(second)
    return out, rels


def write_schema(r, nodes, rels, comments=False):
    """Node lines and relationship lines; sometimes under headings."""
    def props(columns):
        return "{" + ", ".join(f"{c.name}: {c.type}" for c in columns) + "}"

    for thing in nodes + rels:
        for c in thing.columns:
            c.type = r.choice(TYPES[c.kind]) if isinstance(TYPES[c.kind], list) else TYPES[c.kind]
    remark = lambda text: f"  // {text}" if comments and r.random() < 0.4 else ""
    if r.random() < 0.85:
        node_lines = [f"(:{t.name} {props(t.columns)})" + remark(t.many) for t in nodes]
        lines = [f"(:{e.source.name})-[:{e.name}{' ' + props(e.columns) if e.columns else ''}]->(:{e.target.name})" + remark(e.many) for e in rels]
        r.shuffle(node_lines)
        r.shuffle(lines)
        return "\n".join(node_lines + lines)
    out = ["Node properties:"] + [f"{t.name} {props(t.columns)}" for t in nodes]
    if any(e.columns for e in rels):
        out += ["Relationship properties:"] + [f"{e.name} {props(e.columns)}" for e in rels if e.columns]
    if rels:
        out += ["The relationships:"] + [f"(:{e.source.name})-[:{e.name}]->(:{e.target.name})" for e in rels]
    return "\n".join(out)


# Rendering


def quote(v):
    return "'" + v.replace("\\", "\\\\").replace("'", "\\'") + "'"


def literal(value):
    kind, v = value
    return v if kind in ("num", "bool") else f"date({quote(v)})" if kind == "date" else quote(v)


def render(test, column):
    op, *a = test
    if op == "cmp":
        return f"{column} {a[0]} {literal(a[1])}"
    if op == "between":
        return f"{column} >= {a[0]} AND {column} <= {a[1]}"
    if op == "in":
        return f"{column} IN [{', '.join(map(literal, a[0]))}]"
    if op == "text":
        return f"{column} {({'starts': 'STARTS WITH', 'ends': 'ENDS WITH', 'contains': 'CONTAINS'})[a[0]]} {quote(a[1])}"
    if op == "span":
        return f"{column} >= date('{a[0]}') AND {column} < date('{a[1]}')"
    return f"{column} IS NULL" if op == "null" else f"{column} IS NOT NULL"


def variables(*labels):
    """The first letters of the labels, in lower case; a number tells equal ones apart."""
    out = []
    for label in labels:
        v = letter = label[0].lower()
        n = 2
        while v in out:
            v, n = f"{letter}{n}", n + 1
        out.append(v)
    return out


def where(condition):
    return f" WHERE {condition}" if condition else ""


def returned(v, cols):
    return ", ".join(f"{v}.{c.name}" for c in cols)
