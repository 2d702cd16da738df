"""Conditions on columns and properties: a phrase of a question and the test that it means.

A test is a tuple, so that SQL and Cypher render the same one:

    ("cmp", operator, literal) ("between", low, high) ("in", [literals]) ("text", starts|ends|contains, text)
    ("span", first day, first day after) ("null",) ("known",)

A literal is (kind, text) with the kinds num, text, date and bool.
"""

from .words import invented

GT = ["above {v}", "over {v}", "greater than {v}", "more than {v}", "higher than {v}"]
LT = ["below {v}", "under {v}", "less than {v}", "lower than {v}", "smaller than {v}"]
GE = ["of at least {v}", "of {v} or more", "greater than or equal to {v}"]
LE = ["of at most {v}", "of {v} or less", "less than or equal to {v}"]


def quote(v):
    return "'" + v.replace("'", "''") + "'"


def sql_literal(literal):
    kind, v = literal
    return v if kind == "num" else v.upper() if kind == "bool" else quote(v)


def sql_test(test, column):
    op, *a = test
    if op == "cmp":
        return f"{column} {a[0]} {sql_literal(a[1])}"
    if op == "between":
        return f"{column} BETWEEN {a[0]} AND {a[1]}"
    if op == "in":
        return f"{column} IN ({', '.join(map(sql_literal, a[0]))})"
    if op == "text":
        return f"{column} LIKE " + quote({"starts": "{}%", "ends": "%{}", "contains": "%{}%"}[a[0]].format(a[1]))
    if op == "span":
        return f"{column} >= '{a[0]}' AND {column} < '{a[1]}'"
    return f"{column} IS NULL" if op == "null" else f"{column} IS NOT NULL"


def number(r, c):
    if c.value and r.random() < 0.6:
        v = c.value(r)
        if c.concept and c.concept["names"][0] == "salary" and r.random() < 0.85:
            v = str(int(v) * r.choice([100, 500, 1000, 1000]))
        return v
    x = r.random()
    if x < 0.15:
        return str(r.randint(1, 9))
    if x < 0.5:
        return str(r.randint(10, 999))
    if x < 0.75:
        return str(r.randint(1, 99) * 10 ** r.randint(1, 4))
    if x < 0.92:
        return str(r.randint(1000, 99999))
    return f"{r.randint(0, 99)}.{r.randint(1, 99)}"


def spoken(r, v):
    """How the number stands in the question; mostly as it is."""
    if "." not in v and len(v) > 3 and r.random() < 0.05:
        return f"{int(v):,}"
    return v


def day(r):
    return f"{r.randint(1960, 2025)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}"


def value_of(r, c):
    """A literal of the column's kind."""
    if c.kind == "num":
        return "num", number(r, c)
    if c.kind == "date":
        return "date", day(r)
    if c.kind == "year":
        return "num", str(r.randint(1900, 2025))
    if c.kind == "bool":
        return "bool", r.choice(["true", "false"])
    return "text", (c.value or (lambda r: invented(r).capitalize()))(r)


def have(r, noun, tail):
    return r.choice([("fin", f"have a {noun} {tail}"), ("post", f"with a {noun} {tail}"), ("post", f"with {noun} {tail}"),
                     ("fin", f"have {noun} {tail}")])


def is_form(r, noun, tail):
    return r.choice([("post", f"whose {noun} is {tail}"), ("post", f"where {noun} is {tail}"), ("post", f"where the {noun} is {tail}")])


def condition(r, c):
    """(form, phrase, test).  Forms: fin = finite verb group, post = after the noun, pre = before the
    noun (adjective)."""
    return {"num": on_number, "date": on_date, "year": on_year, "bool": on_bool, "text": on_text}[c.kind](r, c)


def on_number(r, c):
    k, w = c.concept, c.words
    v = number(r, c)
    s = spoken(r, v)
    x = r.random()
    if x < 0.62:
        big = r.random() < 0.55
        op, own, tails = (">", "gt", GT) if big else ("<", "lt", LT)
        test = "cmp", op, ("num", v)
        if k and k[own] and r.random() < 0.65:
            return "fin", r.choice(k[own]).format(v=s), test
        if r.random() < 0.12 and not (k and k[own]):
            return "fin", f"have {'more' if big else 'fewer'} than {s} {w}", test
        if r.random() < 0.08:
            return "post", f"{r.choice(['with', 'where', 'whose'])} {w} {op} {v}", test
        return r.choice([have, is_form])(r, w, r.choice(tails).format(v=s)) + (test,)
    if x < 0.74:
        big = r.random() < 0.6
        if r.random() < 0.1:
            return "post", f"{r.choice(['with', 'where'])} {w} {'>=' if big else '<='} {v}", ("cmp", ">=" if big else "<=", ("num", v))
        return have(r, w, r.choice(GE if big else LE).format(v=s)) + (("cmp", ">=" if big else "<=", ("num", v)),)
    if x < 0.86:
        a, b = sorted([float(v), float(number(r, c))])
        lo, hi = (f"{z:g}" if z < 1e6 else str(int(z)) for z in (a, b))
        return r.choice([have(r, w, f"between {lo} and {hi}"), is_form(r, w, f"between {lo} and {hi}"),
                         have(r, w, f"from {lo} to {hi}")]) + (("between", lo, hi),)
    if x < 0.95:
        test = "cmp", "=", ("num", v)
        if k and k["eq"] and r.random() < 0.5:
            return "fin", r.choice(k["eq"]).format(v=s), test
        return "post", r.choice([f"with {w} {s}", f"with a {w} of {s}", f"whose {w} is {s}", f"where {w} equals {s}"]), test
    return "post", r.choice([f"without a {w}", f"with no {w}", f"whose {w} is missing", f"that have no {w}"]), ("null",)


def on_date(r, c):
    k, w = c.concept, c.words
    x = r.random()
    if x < 0.7:
        late = r.random() < 0.55
        v = day(r) if r.random() < 0.6 else str(r.randint(1960, 2025))
        # "after 2020" means from the first day of 2021 on; "before 2020" ends with 2019.
        if len(v) == 4:
            test = ("cmp", ">=", ("date", f"{int(v) + 1}-01-01")) if late else ("cmp", "<", ("date", f"{v}-01-01"))
        else:
            test = "cmp", ">" if late else "<", ("date", v)
        own = k["gt" if late else "lt"] if k else None
        if own and r.random() < 0.75:
            return "fin", r.choice(own).format(v=v), test
        word = "after" if late else "before"
        return r.choice([("post", f"with a {w} {word} {v}"), ("post", f"with {w} {word} {v}"), ("post", f"whose {w} is {word} {v}"),
                         ("fin", f"have a {w} {word} {v}")]) + (test,)
    y = r.randint(1960, 2025)
    if x < 0.9:
        test = "span", f"{y}-01-01", f"{y + 1}-01-01"
        own = [p.replace("after {v}", f"in {y}") for p in k["gt"] if "after" in p] if k else None
        if own and r.random() < 0.7:
            return "fin", r.choice(own), test
        return r.choice([("post", f"with a {w} in {y}"), ("post", f"whose {w} is in {y}")]) + (test,)
    return "post", r.choice([f"without a {w}", f"with no {w}", f"whose {w} is missing"]), ("null",)


def on_year(r, c):
    """A date that is stored as the number of its year."""
    k, w = c.concept, c.words
    y = str(r.randint(1900, 2025))
    x = r.random()
    if x < 0.7:
        late = r.random() < 0.55
        test = "cmp", ">" if late else "<", ("num", y)
        if r.random() < 0.75:
            return "fin", r.choice(k["gt" if late else "lt"]).format(v=y), test
        word = "after" if late else "before"
        return "post", r.choice([f"with {w} {word} {y}", f"whose {w} is {word} {y}", f"where {w} is {'greater' if late else 'less'} than {y}"]), test
    if x < 0.8:
        a, b = sorted(r.sample(range(1900, 2026), 2))
        between = r.choice([p for p in k["gt"] if "after" in p]).replace("after {v}", f"between {a} and {b}")
        return "fin", between, ("between", str(a), str(b))
    own = [p.replace("after {v}", f"in {y}") for p in k["gt"] if "after" in p]
    return ("fin", r.choice(own), ("cmp", "=", ("num", y))) if r.random() < 0.8 else ("post", f"whose {w} is {y}", ("cmp", "=", ("num", y)))


def on_bool(r, c):
    w = c.words
    neg = r.random() < 0.3
    test = "cmp", "=", ("bool", "false" if neg else "true")
    if c.concept or r.random() < 0.5:
        if neg:
            return "fin", f"are not {w}", test
        return ("pre", w, test) if r.random() < 0.5 else ("fin", f"are {w}", test)
    return "post", f"where {w} is {'false' if neg else 'true'}", test


def on_text(r, c):
    k, w = c.concept, c.words
    v = c.value(r)
    x = r.random()
    equal = "cmp", "=", ("text", v)
    if x < 0.6:
        said = v if r.random() < 0.8 else r.choice(["'{}'", '"{}"']).format(v)
        if c.is_label and r.random() < 0.6:
            return r.choice([("post", f"named {said}"), ("post", f"called {said}"), ("fin", f"are called {said}")]) + (equal,)
        if k and k["eq"] and r.random() < 0.7:
            if k["pre"] and r.random() < 0.4:
                return "pre", v, equal
            return "fin", r.choice(k["eq"]).format(v=said), equal
        return r.choice([("post", f"with {w} {said}"), ("post", f"whose {w} is {said}"), ("fin", f"have {w} {said}"),
                         ("post", f"where {w} is {said}"), ("post", f"where the {w} is {said}")]) + (equal,)
    if x < 0.68:
        return r.choice([("post", f"whose {w} is not {v}"), ("post", f"where {w} is not {v}")]) + (("cmp", "<>", ("text", v)),)
    if x < 0.78:
        u = c.value(r)
        if u != v:
            text = r.choice([("post", f"whose {w} is {v} or {u}"), ("post", f"with {w} {v} or {u}"), ("post", f"where {w} is {v} or {u}")])
            if k and k["eq"] and r.random() < 0.6:
                text = ("fin", r.choice(k["eq"]).format(v=f"{v} or {u}"))
            if r.random() < 0.2:
                z = c.value(r)
                if z not in (u, v):
                    text = "post", f"whose {w} is {v}, {u} or {z}"
                    return text + (("in", [("text", v), ("text", u), ("text", z)]),)
            return text + (("in", [("text", v), ("text", u)]),)
    if x < 0.92:
        part = (r.choice([v[0], v[:2], v[:3]]) if r.random() < 0.6 else v).strip()
        how = r.choice(["starts with", "begins with", "ends with", "contains"])
        said = part if r.random() < 0.7 else f"'{part}'"
        where = {"s": "starts", "b": "starts", "e": "ends", "c": "contains"}[how[0]]
        return "post", r.choice([f"whose {w} {how} {said}", f"where {w} {how} {said}"]), ("text", where, part)
    if r.random() < 0.25:
        return "post", r.choice([f"that have a {w}", f"whose {w} is known", f"with a known {w}"]), ("known",)
    return "post", r.choice([f"without a {w}", f"with no {w}", f"that have no {w}", f"whose {w} is missing", f"whose {w} is not known"]), ("null",)


def conditions(r, t, n, skip=()):
    """Up to n conditions on different columns: [(form, phrase, test, column)]."""
    pool = [c for c in t.columns if c.kind in ("num", "date", "year", "text", "bool") and c not in skip and (c.kind != "text" or c.value)]
    r.shuffle(pool)
    # A label is asked about less often than the other columns.
    pool.sort(key=lambda c: 1 if c.is_label and r.random() < 0.6 else 0)
    return [condition(r, c) + (c,) for c in pool[:n]]


def join_conditions(r, t, got, prefix="", render=sql_test):
    """Question text around the noun, and the tests as one condition."""
    who = "who" if t.kind == "p" and r.random() < 0.7 else "that"
    pre = [p for f, p, _, _ in got if f == "pre"]
    fin = [p for f, p, _, _ in got if f == "fin"]
    post = [p for f, p, _, _ in got if f == "post"]
    tests = [render(s, prefix + c.name) for f in ("pre", "fin", "post") for g, _, s, c in got if g == f]
    noun = " ".join(pre + [t.many])
    tail_rel = noun
    if fin:
        tail_rel += f" {who} " + " and ".join(fin)
    if post:
        tail_rel += (" and " if fin and not post[0].startswith("with") else " ") + " and ".join(post)
    return noun, fin, post, tail_rel, " AND ".join(tests)


def either(r, t, prefix="", render=sql_test):
    """Two conditions of which one must hold: (form, phrase, condition), or nothing."""
    for _ in range(4):
        got = conditions(r, t, 2)
        if len(got) == 2 and got[0][0] == got[1][0] != "pre" and not any(" or " in g[1] or g[2][0] in ("span", "between") for g in got):
            (form, one, a, c), (_, two, b, d) = got
            return form, f"{one} or {two}", f"{render(a, prefix + c.name)} OR {render(b, prefix + d.name)}"
    return None
