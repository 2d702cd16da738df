"""Questions over graph schemas and the Cypher that answers them.

One meaning has one spelling: equality stands in WHERE and never in a property map, a variable is the
first letter of its label (and a 2 for the second such variable), relationships point to the right in
patterns of one step, `count(*)` counts, and an ascending order is not written out.
"""

from .conditions import conditions, either, join_conditions, value_of
from .graphs import literal, make_graph, quote, render, returned, variables, where, write_schema
from .options import Options
from .phrases import ASK, how_many, pick_columns, touch_question, words_of
from .words import article, plural, said_list, singular

# Questions about one label


def asked(r, t, v, n, skip=()):
    """Conditions on a node: (noun, finite, after, whole phrase, condition)."""
    return join_conditions(r, t, conditions(r, t, n, skip), f"{v}.", render)


def q_filter(r, t, v):
    noun, fin, post, rel, test = asked(r, t, v, r.choices([1, 2], [7, 3])[0])
    if not test:
        return q_all(r, t, v)
    x = r.random()
    if x < 0.5:
        if fin and not post:
            q = f"Which {noun} {' and '.join(fin)}?"
            if t.kind == "p" and noun == t.many and r.random() < 0.12:
                q = f"Who {' and '.join(map(singular, fin))}?"
        elif not (fin or post):
            q = f"Which {t.many} are {noun.rsplit(' ', t.many.count(' ') + 1)[0]}?"
        else:
            q = f"{r.choice(ASK)} the {r.choice([t.label.words, plural(t.label.words)])} of {r.choice(['all ', '', 'the '])}{rel}"
        return q, f"MATCH ({v}:{t.name}) WHERE {test} RETURN {v}.{t.label.name}", "filter"
    if x < 0.65:
        return f"{r.choice(ASK)} {r.choice(['all ', 'all the ', '', 'the '])}{rel}", f"MATCH ({v}:{t.name}) WHERE {test} RETURN {v}", "filter-all"
    cols = pick_columns(r, t)
    q = f"{r.choice(ASK)} the {words_of(r, cols, r.random() < 0.3)} of {r.choice(['all ', '', 'the '])}{rel}"
    return q, f"MATCH ({v}:{t.name}) WHERE {test} RETURN {returned(v, cols)}", "filter-cols"


def q_all(r, t, v):
    if r.random() < 0.35:
        q = r.choice([f"{r.choice(ASK)} all {t.many}", f"{r.choice(ASK)} all the {t.many}", f"{r.choice(ASK)} every {t.one}"])
        return q, f"MATCH ({v}:{t.name}) RETURN {v}", "all"
    cols = pick_columns(r, t)
    w = words_of(r, cols)
    if len(cols) == 1 and r.random() < 0.4:
        w = plural(w)
        q = r.choice([f"{r.choice(ASK)} the distinct {w} of the {t.many}", f"Which different {w} are there among the {t.many}?",
                      f"{r.choice(ASK)} the different {w} of all {t.many}"])
        return q, f"MATCH ({v}:{t.name}) RETURN DISTINCT {v}.{cols[0].name}", "distinct"
    q = r.choice([f"{r.choice(ASK)} the {w} of all {t.many}", f"{r.choice(ASK)} the {w} of each {t.one}", f"What are the {w} of the {t.many}?"])
    return q, f"MATCH ({v}:{t.name}) RETURN {returned(v, cols)}", "columns"


def q_count(r, t, v):
    noun, fin, post, rel, test = asked(r, t, v, r.choices([0, 1, 2], [3, 7, 1])[0])
    return how_many(r, noun, fin, post, rel), f"MATCH ({v}:{t.name}){where(test)} RETURN count(*)", "count"


AGG = {"avg": ["average", "mean"], "max": ["highest", "maximum", "largest"], "min": ["lowest", "minimum", "smallest"], "sum": ["total", "combined"]}


def q_aggregate(r, t, v):
    nums = t.of("num")
    if not nums:
        return q_count(r, t, v)
    c, f = r.choice(nums), r.choice(list(AGG))
    _, _, _, rel, test = asked(r, t, v, r.choice([0, 1]), (c,))
    q = r.choice([f"What is the {r.choice(AGG[f])} {c.words} of {r.choice(['the ', '', 'all '])}{rel}?", f"{r.choice(ASK)} the {r.choice(AGG[f])} {c.words} of the {rel}"])
    return q, f"MATCH ({v}:{t.name}){where(test)} RETURN {f}({v}.{c.name})", "aggregate"


def q_group(r, t, v):
    keys = [c for c in t.of("text") if not c.is_label and c.name != "count"]
    if not keys:
        return q_aggregate(r, t, v)
    k, nums = r.choice(keys), t.of("num")
    per = r.choice(["per {k}", "for each {k}", "by {k}", "in each {k}"]).format(k=k.words)
    start = f"MATCH ({v}:{t.name})"
    x = r.random()
    if x < 0.2:
        n, more = r.randint(1, 60), r.random() < 0.7
        q = r.choice([f"Which {plural(k.words)} have {'more' if more else 'fewer'} than {n} {t.many}?",
                      f"{r.choice(ASK)} the {plural(k.words)} with {'more' if more else 'fewer'} than {n} {t.many}"])
        return q, f"{start} WITH {v}.{k.name} AS {k.name}, count(*) AS count WHERE count {'>' if more else '<'} {n} RETURN {k.name}", "having"
    if x < 0.35:
        desc = r.random() < 0.75
        q = f"Which {k.words} has the {'most' if desc else 'fewest'} {t.many}?"
        return q, f"{start} RETURN {v}.{k.name}, count(*) AS count ORDER BY count{' DESC' if desc else ''} LIMIT 1", "most"
    if x < 0.65 or not nums:
        q = r.choice([f"How many {t.many} are there {per}?", f"Count the {t.many} {per}", f"{r.choice(ASK)} the number of {t.many} {per}"])
        return q, f"{start} RETURN {v}.{k.name}, count(*) AS count", "group"
    c, f = r.choice(nums), r.choice(list(AGG))
    a = r.choice(AGG[f])
    q = r.choice([f"What is the {a} {c.words} {per}?", f"What is the {a} {c.words} of {t.many} {per}?", f"{r.choice(ASK)} the {a} {c.words} of the {t.many} {per}"])
    return q, f"{start} RETURN {v}.{k.name}, {f}({v}.{c.name})", "group"


def q_top(r, t, v):
    sortable = t.of("num", "date", "year")
    if not sortable:
        return q_order(r, t, v)
    c = r.choice(sortable)
    desc = r.random() < 0.6
    n = 1 if r.random() < 0.5 else r.randint(2, 30)
    if r.random() < 0.2:
        high = ("highest" if desc else "lowest") if c.kind == "num" else ("latest" if desc else "earliest")
        end = f" ORDER BY {v}.{c.name}{' DESC' if desc else ''} LIMIT {n}"
        if r.random() < 0.5:
            cols = pick_columns(r, t)
            of = f"{n} {t.many}" if n > 1 else t.one
            return f"{r.choice(ASK)} the {words_of(r, cols)} of the {of} with the {high} {c.words}", f"MATCH ({v}:{t.name}) RETURN {returned(v, cols)}{end}", "top-cols"
        _, _, _, rel, test = asked(r, t, v, 1, (c,))
        q = f"Which of the {rel} has the {high} {c.words}?" if n == 1 else f"Among the {rel}, {r.choice(ASK).lower()} the {n} with the {high} {c.words}"
        return q, f"MATCH ({v}:{t.name}){where(test)} RETURN {v}.{t.label.name}{end}", "top-where"
    high = ("highest" if desc else "lowest") if c.kind == "num" else ("latest" if desc else "earliest")
    own = (c.concept["most"] if desc else c.concept["least"]) if c.concept else []
    if n == 1 and own and r.random() < 0.6:
        q = f"Which {t.one} {r.choice(own).format(c=c.words)}?"
    elif n == 1:
        q = r.choice([f"Which {t.one} has the {high} {c.words}?", f"{r.choice(ASK)} the {t.label.words} of the {t.one} with the {high} {c.words}"])
    else:
        said = {2: "two", 3: "three", 5: "five", 10: "ten"}.get(n, n) if r.random() < 0.3 else n
        forms = [f"{r.choice(ASK)} the {said} {t.many} with the {high} {c.words}", f"Which {said} {t.many} have the {high} {c.words}?"]
        if desc and c.kind == "num":
            forms += [f"{r.choice(ASK)} the top {said} {t.many} by {c.words}", f"Top {said} {t.many} by {c.words}"]
        q = r.choice(forms)
    return q, f"MATCH ({v}:{t.name}) RETURN {v}.{t.label.name} ORDER BY {v}.{c.name}{' DESC' if desc else ''} LIMIT {n}", "top"


def q_order(r, t, v):
    pool = [c for c in t.columns if c.kind in ("num", "date", "year", "text")]
    if not pool:
        return q_all(r, t, v)
    o = r.choice(pool)
    desc = r.random() < 0.4
    way = r.choice([" in descending order", ", descending"]) if desc else r.choice(["", "", " in ascending order"])
    by = f"{r.choice(['sorted by', 'ordered by'])} {o.words}{way}"
    _, _, _, rel, test = asked(r, t, v, int(r.random() < 0.25), (o,))
    end = f"ORDER BY {v}.{o.name}{' DESC' if desc else ''}"
    if r.random() < 0.4:
        return f"{r.choice(ASK)} all {rel} {by}", f"MATCH ({v}:{t.name}){where(test)} RETURN {v} {end}", "order"
    cols = [t.label] if r.random() < 0.5 else pick_columns(r, t)
    q = f"{r.choice(ASK)} the {words_of(r, cols, r.random() < 0.3)} of {r.choice(['the ', 'all '])}{rel} {by}"
    return q, f"MATCH ({v}:{t.name}){where(test)} RETURN {returned(v, cols)} {end}", "order"


def q_lookup(r, t, v):
    cols = [c for c in t.columns if c is not t.label and c.kind in ("num", "date", "year", "text")]
    if not cols or not t.label.is_label:
        return q_filter(r, t, v)
    c, name = r.choice(cols), t.label.value(r)
    q = r.choice([f"What is the {c.words} of {name}?", f"What is the {c.words} of the {t.one} {name}?", f"{r.choice(ASK)} the {c.words} of {name}",
                  f"What {c.words} does {name} have?", f"What is {name}'s {c.words}?"])
    return q, f"MATCH ({v}:{t.name}) WHERE {v}.{t.label.name} = {quote(name)} RETURN {v}.{c.name}", "lookup"


def q_or(r, t, v):
    got = either(r, t, f"{v}.", render)
    if not got:
        return q_filter(r, t, v)
    form, phrase, test = got
    if form == "fin" and r.random() < 0.5:
        return f"Which {t.many} {phrase}?", f"MATCH ({v}:{t.name}) WHERE {test} RETURN {v}.{t.label.name}", "or"
    cols = pick_columns(r, t)
    q = f"{r.choice(ASK)} the {words_of(r, cols)} of {r.choice(['all ', 'the '])}{t.many} {'that ' if form == 'fin' else ''}{phrase}"
    return q, f"MATCH ({v}:{t.name}) WHERE {test} RETURN {returned(v, cols)}", "or"


def q_write(r, t, v):
    pool = [c for c in t.columns if c.kind in ("num", "date", "year", "text", "bool")]
    x = r.random()
    if x < 0.4 and pool:
        cols = r.sample(pool, min(len(pool), r.choice([1, 2, 2, 3])))
        if t.label in cols:
            cols.remove(t.label)
            cols.insert(0, t.label)
        values = [value_of(r, c) for c in cols]
        parts = [f"{c.words} {x[1]}" for c, x in zip(cols, values)]
        head = f"{r.choice(['Add', 'Create'])} {r.choice([article(t.one), 'a new'])} {t.one}"
        if cols[0].is_label and r.random() < 0.6:
            q = f"{head} {r.choice(['named', 'called'])} {values[0][1]}" + (r.choice([" with ", ", "]) + said_list(parts[1:]) if parts[1:] else "")
        else:
            q = f"{head} with {said_list(parts)}"
        return q, f"CREATE ({v}:{t.name} {{{', '.join(f'{c.name}: {literal(x)}' for c, x in zip(cols, values))}}})", "create"
    if x < 0.75 and pool:
        c = r.choice(pool)
        value = value_of(r, c)
        if t.label.is_label and c is not t.label and r.random() < 0.6:
            name = t.label.value(r)
            rel, test = r.choice([name, f"the {t.one} {name}"]), f"{v}.{t.label.name} = {quote(name)}"
        else:
            _, _, _, rel, test = asked(r, t, v, 1, (c,))
            rel = r.choice(["the ", "all "]) + rel
        q = f"{r.choice(['Set', 'Change', 'Update'])} the {c.words} of {rel} to {value[1]}"
        return q, f"MATCH ({v}:{t.name}){where(test)} SET {v}.{c.name} = {literal(value)}", "set"
    _, _, _, rel, test = asked(r, t, v, r.choices([0, 1], [1, 6])[0])
    return f"{r.choice(['Delete', 'Remove'])} {r.choice(['all ', 'the '])}{rel}", f"MATCH ({v}:{t.name}){where(test)} DETACH DELETE {v}", "delete"


# Questions along a relationship

PAST = {"bought": "buy", "sold": "sell", "wrote": "write", "read": "read", "sent": "send", "visited": "visit", "attended": "attend", "rated": "rate",
        "reviewed": "review", "ordered": "order", "placed": "place", "published": "publish", "joined": "join", "acted": "act", "directed": "direct",
        "produced": "produce"}


def did(e):
    """The auxiliary verb of a question about one node."""
    if e.many.startswith("are "):
        return "is"
    return "did" if e.many.split()[0] in PAST or e.many.split()[0].endswith("ed") else "does"


def plain(e):
    """The verb after `did` or `does`."""
    verb, _, rest = e.many.partition(" ")
    if verb == "are":
        return rest
    return f"{PAST.get(verb) or (verb.removesuffix('ed') if verb.endswith('ed') else verb)} {rest}".rstrip()


def pattern(e, source, target, middle=None):
    """`(p:Person)-[:ACTED_IN]->(m:Movie)`."""
    return f"({source}:{e.source.name})-[{middle or ''}:{e.name}]->({target}:{e.target.name})"


def q_step(r, e):
    a, b = e.source, e.target
    av, bv = variables(a.name, b.name)
    match = f"MATCH {pattern(e, av, bv)}"
    apart = a is not b and e.alone  # the two labels say which relationship is meant, and which way
    x = r.random()
    if r.random() < 0.14 and a.label.is_label and b.label.is_label:
        if r.random() < 0.4 and a.kind == "p":
            name = b.label.value(r)
            return f"Who {e.one} {r.choice(['', f'the {b.one} '])}{name}?", f"{match} WHERE {bv}.{b.label.name} = {quote(name)} RETURN {av}.{a.label.name}", "who"
        name = a.label.value(r)
        test = f"{av}.{a.label.name} = {quote(name)}"
        if r.random() < 0.35:
            q = f"How many {b.many} {did(e)} {name} {plain(e)}?"
            if apart and r.random() < 0.5:
                q = r.choice([f"How many {b.many} does {name} have?", f"Count the {b.many} of {name}"])
            return q, f"{match} WHERE {test} RETURN count(*)", "of-name-count"
        return f"Which {b.many} {did(e)} {name} {plain(e)}?", f"{match} WHERE {test} RETURN {bv}.{b.label.name}", "of-name"
    if x < 0.22 and b.label.is_label:
        name = b.label.value(r)
        q = r.choice([f"Which {a.many} {e.many} {name}?", f"{r.choice(ASK)} the {a.many} that {e.many} {name}", f"Which {a.many} {e.many} the {b.one} {name}?"])
        if apart and r.random() < 0.3:
            q = r.choice([f"{r.choice(ASK)} the {a.many} of {name}", f"{r.choice(ASK)} the {a.many} of the {b.one} {name}"])
        return q, f"{match} WHERE {bv}.{b.label.name} = {quote(name)} RETURN {av}.{a.label.name}", "to-name"
    if x < 0.4 and a.label.is_label:
        name = a.label.value(r)
        q = r.choice([f"{r.choice(ASK)} the {b.many} that {name} {e.one}", f"{r.choice(ASK)} all {b.many} that the {a.one} {name} {e.one}",
                      f"{r.choice(ASK)} the {b.many} {name} {e.one}"])
        if apart and r.random() < 0.4:
            q = r.choice([f"{r.choice(ASK)} the {b.many} of {name}", f"Which {b.many} does {name} have?", f"{r.choice(ASK)} the {b.many} of the {a.one} {name}"])
        return q, f"{match} WHERE {av}.{a.label.name} = {quote(name)} RETURN {bv}.{b.label.name}", "of-name"
    if x < 0.5:
        _, _, _, rel, test = asked(r, b, bv, 1)
        if test:
            q = r.choice([f"Which {a.many} {e.many} {rel}?", f"{r.choice(ASK)} the {a.many} that {e.many} {rel}"])
            return q, f"{match} WHERE {test} RETURN DISTINCT {av}.{a.label.name}", "to-where"
    if x < 0.58:
        got = asked(r, a, av, 1)
        if got[4]:
            q = f"{r.choice(ASK)} the {b.many} that {got[3]} {e.many}" if not (got[1] or got[2]) else f"{r.choice(ASK)} the {b.many} of {got[3]}"
            if not apart and (got[1] or got[2]):
                q = f"{r.choice(ASK)} the {b.many} by {e.many} of {got[3]}"
            return q, f"{match} WHERE {got[4]} RETURN DISTINCT {bv}.{b.label.name}", "of-where"
    if x < 0.64:
        ac, bc = r.choice(a.columns), r.choice(b.columns)
        q = r.choice([f"{r.choice(ASK)} the {ac.words} of the {a.many} and the {bc.words} of the {b.many} they {e.many}",
                      f"{r.choice(ASK)} each {a.one}'s {ac.words} with the {bc.words} of the {b.many} they {e.many}"])
        return q, f"{match} RETURN {av}.{ac.name}, {bv}.{bc.name}", "pairs"
    if e.columns and x < 0.76:
        c, rv = e.columns[0], variables(a.name, b.name, "R")[2]
        with_r = f"MATCH {pattern(e, av, bv, rv)}"
        if r.random() < 0.5 and a.label.is_label and b.label.is_label:
            x, y = a.label.value(r), b.label.value(r)
            q = r.choice([f"With which {c.words} {x} {e.one} {y}?", f"{r.choice(ASK)} the {c.words} with which {x} {e.one} {y}"])
            return q, f"{with_r} WHERE {av}.{a.label.name} = {quote(x)} AND {bv}.{b.label.name} = {quote(y)} RETURN {rv}.{c.name}", "edge-value"
        form, phrase, test = ("post", None, None)
        for _ in range(5):
            form, phrase, test, _ = conditions(r, e_as_table(e), 1)[0]
            if form == "post" and phrase.startswith("with"):
                break
        else:
            v = value_of(r, c)
            phrase, test = f"with {c.words} {v[1]}", ("cmp", "=", v)
        q = r.choice([f"Which {a.many} {e.many} {article(b.one)} {b.one} {phrase}?", f"{r.choice(ASK)} the {a.many} that {e.many} {article(b.one)} {b.one} {phrase}"])
        return q, f"{with_r} WHERE {render(test, f'{rv}.{c.name}')} RETURN DISTINCT {av}.{a.label.name}", "edge-where"
    if not apart:
        if a is b or x < 0.85:
            neg = r.random() < 0.5
            q = f"Which {a.many} {e.many} {'no' if neg else 'any'} {b.many}?"
            return q, f"MATCH ({av}:{a.name}) WHERE {'NOT ' if neg else ''}EXISTS {{ ({av})-[:{e.name}]->(:{b.name}) }} RETURN {av}.{a.label.name}", "exists"
        q = r.choice([f"{r.choice(ASK)} the number of {b.many} that each {a.one} {e.one}", f"Count the {b.many} that each {a.one} {e.one}"])
        return q, f"{match} RETURN {av}.{a.label.name}, count(*) AS count", "step-count"
    return q_neighbours(r, e, av, bv, match)


def e_as_table(e):
    class Edge:
        columns, kind, many = e.columns, "t", ""
    return Edge


def q_neighbours(r, e, av, bv, match):
    """What each node has at the other end; the labels say which relationship is meant."""
    here, there, hv, tv = (e.source, e.target, av, bv) if r.random() < 0.5 else (e.target, e.source, bv, av)
    left, right = ("-", "->") if here is e.source else ("<-", "-")
    edge = f"({hv}){left}[:{e.name}]{right}(:{there.name})"
    label = f"{hv}.{here.label.name}"
    x = r.random()
    if x < 0.3:
        q = r.choice([f"How many {there.many} does each {here.one} have?", f"Count the {there.many} of each {here.one}",
                      f"{r.choice(ASK)} the number of {there.many} for each {here.one}", f"How many {there.many} are there per {here.one}?"])
        return q, f"{match} RETURN {label}, count(*) AS count", "step-count"
    if x < 0.45:
        n = r.choice([1, 1, r.randint(2, 20)])
        q = f"Which {here.one} has the most {there.many}?" if n == 1 else f"{r.choice(ASK)} the {n} {here.many} with the most {there.many}"
        return q, f"{match} RETURN {label}, count(*) AS count ORDER BY count DESC LIMIT {n}", "step-most"
    if x < 0.6 and there.of("num"):
        c, f = r.choice(there.of("num")), r.choice(list(AGG))
        a = r.choice(AGG[f])
        q = r.choice([f"What is the {a} {c.words} of the {there.many} of each {here.one}?", f"{r.choice(ASK)} the {a} {there.one} {c.words} for each {here.one}"])
        return q, f"{match} RETURN {label}, {f}({tv}.{c.name})", "step-aggregate"
    if x < 0.75:
        n, more = r.randint(1, 30), r.random() < 0.75
        name = here.label.name
        if name != "count":
            q = r.choice([f"Which {here.many} have {'more' if more else 'fewer'} than {n} {there.many}?",
                          f"{r.choice(ASK)} the {here.many} with {'more' if more else 'fewer'} than {n} {there.many}"])
            return q, f"{match} WITH {hv}, count(*) AS count WHERE count {'>' if more else '<'} {n} RETURN {label}", "step-having"
    if x < 0.9:
        q = r.choice([f"Which {here.many} have no {there.many}?", f"{r.choice(ASK)} the {here.many} without {there.many}"])
        return q, f"MATCH ({hv}:{here.name}) WHERE NOT EXISTS {{ {edge} }} RETURN {label}", "not-exists"
    q = r.choice([f"Which {here.many} have {there.many}?", f"{r.choice(ASK)} the {here.many} that have {there.many}", f"{r.choice(ASK)} the {here.many} with at least one {there.one}"])
    return q, f"MATCH ({hv}:{here.name}) WHERE EXISTS {{ {edge} }} RETURN {label}", "exists"


def q_two_steps(r, nodes, first, second):
    """From the named node over its neighbour to the next one."""
    a, b, c = nodes
    steps = [first, second]
    if r.random() < 0.5:
        a, c, steps = c, a, [second, first]
    if not a.label.is_label:
        return q_step(r, first)
    v = variables(a.name, b.name, c.name)
    arrow = lambda e, source: f"-[:{e.name}]->" if e.source is source else f"<-[:{e.name}]-"
    path = f"({v[0]}:{a.name}){arrow(steps[0], a)}({v[1]}:{b.name}){arrow(steps[1], b)}({v[2]}:{c.name})"
    name = a.label.value(r)
    test = f"{v[0]}.{a.label.name} = {quote(name)}"
    if r.random() < 0.25:
        q = r.choice([f"How many {c.many} do the {b.many} of {name} have?", f"Count the {c.many} of the {b.many} of {name}"])
        return q, f"MATCH {path} WHERE {test} RETURN count(*)", "two-count"
    q = r.choice([f"{r.choice(ASK)} the {c.many} of the {b.many} of {name}", f"Which {c.many} do the {b.many} of {name} have?",
                  f"{r.choice(ASK)} the {c.many} of all {b.many} of the {a.one} {name}"])
    return q, f"MATCH {path} WHERE {test} RETURN DISTINCT {v[2]}.{c.label.name}", "two-steps"


def q_connect(r, e):
    a, b = e.source, e.target
    if not (a.label.is_label and b.label.is_label):
        return q_step(r, e)
    av, bv = variables(a.name, b.name)
    x, y = a.label.value(r), b.label.value(r)
    q = r.choice([f"Connect the {a.one} {x} to the {b.one} {y} with {e.name}", f"Add that {x} {e.one} {y}", f"Record that the {a.one} {x} {e.one} the {b.one} {y}"])
    return q, (f"MATCH ({av}:{a.name}), ({bv}:{b.name}) WHERE {av}.{a.label.name} = {quote(x)} AND {bv}.{b.label.name} = {quote(y)} "
               f"MERGE ({av})-[:{e.name}]->({bv})"), "merge"


ONE_LABEL = [(q_filter, 32), (q_all, 9), (q_count, 12), (q_aggregate, 10), (q_group, 11), (q_top, 11), (q_order, 7), (q_lookup, 8), (q_or, 5), (q_write, 8)]
MAKERS, WEIGHTS = zip(*ONE_LABEL)


def group(r, split="train", small=False, questions=1, options=Options()):
    """Several questions about one schema: (context, [(question, answer, kind)])."""
    n = r.choice([1, 1, 2]) if small else r.choices([1, 2, 3], [30, 50, 20])[0]
    nodes, rels = make_graph(r, split, n, small)
    context = write_schema(r, nodes, rels, not options.comment_stripping)
    if options.schema_injection_prob < 1 and r.random() >= options.schema_injection_prob:
        context = ""
    out = []
    while len(out) < questions:
        x = r.random()
        if n == 3 and x < 0.3 and all(e.alone for e in rels):
            q, a, kind = q_two_steps(r, nodes, rels[0], rels[1])
        elif rels and x < 0.6:
            e = r.choice(rels)
            q, a, kind = q_connect(r, e) if r.random() < 0.07 else q_step(r, e)
        else:
            t = r.choice(nodes)
            q, a, kind = r.choices(MAKERS, WEIGHTS)[0](r, t, variables(t.name)[0])
        out.append((touch_question(r, q), a, kind))
    return context, out
