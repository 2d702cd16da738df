"""Functions over a type that the prompt shows, and types made from it."""

from .conditions import conditions, join_conditions
from .pieces import RESERVED, entity, members, named, quoted, request, written
from .schemas import make_table
from .words import an, camel, pascal, plural, said_list


def test_code(test, member):
    op, *a = test
    value = lambda literal: quoted(literal[1]) if literal[0] == "text" else literal[1]
    if op == "cmp":
        if a[1][0] == "bool":
            return member if a[1][1] == "true" else f"!{member}"
        return f"{member} {({'=': '===', '<>': '!=='}).get(a[0], a[0])} {value(a[1])}"
    if op == "between":
        return f"{member} >= {a[0]} && {member} <= {a[1]}"
    if op == "in":
        return f"[{', '.join(map(value, a[0]))}].includes({member})"
    return f"{member}.{({'starts': 'startsWith', 'ends': 'endsWith', 'contains': 'includes'})[a[0]]}({quoted(a[1])})"


def shown_type(r, split, small):
    """A table of the relational generator as a type: fields in camelCase, no dates, nothing missing."""
    while True:
        t = make_table(r, split, r.randint(2, 4) if small else r.randint(2, 6), set())
        t.columns = [c for c in t.columns if c.kind in ("num", "text", "bool") or c.kind == "id" and r.random() < 0.6]
        if t.label not in t.columns or len(t.columns) < 2 or t.one in RESERVED or t.many in RESERVED:
            continue
        for c in t.columns:
            c.name = camel(c.name)
            c.type = {"num": "number", "id": "number", "bool": "boolean", "text": "string"}[c.kind]
        t.name, t.item, t.items = pascal(t.one), camel(t.one), camel(t.many)
        taken = {c.name for c in t.columns} | {t.item, t.items, t.name}
        if not any(c.type in ("number", "string") and c.name not in (t.item, t.items) for c in t.columns):
            continue
        if len({c.name for c in t.columns}) == len(t.columns) and not taken & RESERVED and t.item != t.items and t.items not in ("a", "b", "total"):
            return t


def write_type(r, t):
    if r.random() < 0.75:
        return f"interface {t.name} {{\n{members(f'{c.name}: {c.type}' for c in t.columns)}}}"
    return f"type {t.name} = {{\n{members(f'{c.name}: {c.type}' for c in t.columns)}}};"


def where(r, t, n, skip=()):
    """(noun phrase, test code), or nothing."""
    for _ in range(6):
        got = [g for g in conditions(r, t, n, skip) if g[2][0] not in ("null", "known", "span")]
        if got:
            _, _, _, rel, _ = join_conditions(r, t, got, f"{t.item}.", test_code)
            tests = [test_code(g[2], f"{t.item}.{g[3].name}") for form in ("pre", "fin", "post") for g in got if g[0] == form]
            return rel, " && ".join(tests)
    return None


def over_type(r, split, t):
    kind = "arrow" if r.random() < 0.15 else "function"
    nums = [c for c in t.columns if c.kind == "num"]
    many, one = [(t.items, f"{t.name}[]")], [(t.item, t.name)]
    x = r.random()

    def done(default, phrases, params, result, expression, what):
        name, stated = named(r, split, default)
        return request(r, kind, name, stated, r.choice(phrases)), written(kind, name, params, result, expression), what

    title = pascal(t.many)
    if x < 0.38:
        n = r.choices([1, 2], [4, 1])[0]
        got = where(r, t, n)
        if got:
            rel, test = got
            chosen = f"{t.items}.filter(({t.item}) => {test})"
            y = r.random()
            if y < 0.5:
                return done(f"filter{title}", [f"returns the {rel}", f"returns all {rel}", f"filters the {rel}", f"keeps the {rel}"], many, f"{t.name}[]", chosen, "filter")
            if y < 0.65:
                return done(f"count{title}", [f"counts the {rel}", f"returns the number of {rel}"], many, "number", chosen + ".length", "count")
            if y < 0.85:
                c = r.choice(t.columns)
                return done(f"filter{title}", [f"returns the {c.words} of the {rel}", f"returns the {plural(c.words)} of the {rel}"], many, f"{c.type}[]",
                            f"{chosen}.map(({t.item}) => {t.item}.{c.name})", "filter-map")
            if rel.startswith(t.many + " who ") or rel.startswith(t.many + " that ") and r.random() < 0.5:
                verb = rel.removeprefix(t.many).split(" ", 2)[2]
                return done(f"all{title}", [f"checks whether all {t.many} {verb}", f"returns whether all {t.many} {verb}"], many, "boolean",
                            f"{t.items}.every(({t.item}) => {test})", "every")
            return done(f"has{title}", [f"checks whether there are any {rel}", f"returns whether there are any {rel}"], many, "boolean",
                        f"{t.items}.some(({t.item}) => {test})", "some")
    if x < 0.5:
        c = r.choice(t.columns)
        w = plural(c.words)
        return done(camel(f"list {w}"), [f"returns the {w} of all {t.many}", f"returns the {c.words} of each {t.one}", f"lists the {w} of the {t.many}"], many, f"{c.type}[]",
                    f"{t.items}.map(({t.item}) => {t.item}.{c.name})", "map")
    if x < 0.64 and nums:
        c = r.choice(nums)
        total = f"{t.items}.reduce((total, {t.item}) => total + {t.item}.{c.name}, 0)"
        field = c.name[0].upper() + c.name[1:]
        every_ = f"{c.words} of {r.choice(['the ', 'all ', ''])}{t.many}"
        y = r.random()
        if y < 0.35:
            return done(f"total{field}", [f"returns the total {every_}", f"sums the {every_}", f"computes the total {every_}"], many, "number", total, "sum")
        if y < 0.65:
            return done(f"average{field}", [f"returns the average {every_}", f"computes the average {every_}"], many, "number", f"{total} / {t.items}.length", "average")
        big = r.random() < 0.6
        return done(f"{'max' if big else 'min'}{field}", [f"returns the {'highest' if big else 'lowest'} {every_}", f"returns the {'maximum' if big else 'minimum'} {every_}"], many, "number",
                    f"Math.{'max' if big else 'min'}(...{t.items}.map(({t.item}) => {t.item}.{c.name}))", "extreme")
    if x < 0.74:
        c = r.choice([c for c in t.columns if c.type in ("number", "string")])
        desc = r.random() < 0.35
        a, b = ("b", "a") if desc else ("a", "b")
        compare = f"{a}.{c.name} - {b}.{c.name}" if c.type == "number" else f"{a}.{c.name}.localeCompare({b}.{c.name})"
        tail = r.choice([" in descending order", ", descending"]) if desc else r.choice(["", "", " in ascending order"])
        return done(f"sort{title}", [f"sorts {r.choice(['', 'the '])}{t.many} by {c.words}{tail}", f"returns the {t.many} sorted by {c.words}{tail}"], many, f"{t.name}[]",
                    f"[...{t.items}].sort((a, b) => {compare})", "sort")
    if x < 0.84:
        c = r.choice([c for c in t.columns if c.type in ("number", "string") and c.name not in (t.item, t.items)])
        return done(f"find{t.name}", [f"finds {an(t.one)} by {c.words}", f"returns the {t.one} with a given {c.words}"], many + [(c.name, c.type)], f"{t.name} | undefined",
                    f"{t.items}.find(({t.item}) => {t.item}.{c.name} === {c.name})", "find")
    if x < 0.9:
        c = r.choice(t.columns)
        return done(camel(f"get {c.words}"), [f"returns the {c.words} of {an(t.one)}", f"gets the {c.words} of {an(t.one)}"], one, c.type, f"{t.item}.{c.name}", "get")
    if x < 0.93:
        params = [(c.name, c.type) for c in t.columns]
        body = ", ".join(c.name for c in t.columns)
        code = "({ " + body + " })" if kind == "arrow" else "{ " + body + " }"
        return done(f"create{t.name}", [f"creates {an(t.one)}", f"builds {an(t.one)} from its fields"], params, t.name, code, "create")
    y = r.random()
    name = pascal(entity(r, split)[0]) + r.choice(["", "", "Part", "View", "Input"])
    if name == t.name:
        name += "View"
    cols = r.sample(t.columns, min(len(t.columns) - 1, r.choice([1, 1, 2])))
    keys = " | ".join(quoted(c.name) for c in cols)
    said = said_list(c.words for c in cols)
    if y < 0.35:
        return f"a type {name} that is {an(t.one)} without {said}", f"type {name} = Omit<{t.name}, {keys}>;", "omit"
    if y < 0.7:
        return f"a type {name} with only the {said} of {an(t.one)}", f"type {name} = Pick<{t.name}, {keys}>;", "pick"
    return f"a type {name} that is {an(t.one)} with all fields optional", f"type {name} = Partial<{t.name}>;", "partial"
