"""Questions about two tables, one of which points to the other."""

from .conditions import conditions, join_conditions, quote
from .phrases import AGG, ASK, agg_word
from .words import plural


def alias(name, taken=""):
    """The first letters of the words of a name, and a 2 if that is taken."""
    short = "".join(w[0] for w in name.split("_") if w)
    return short + "2" if short == taken else short


def q_join(r, child, parent, aliases=False):
    ch, pa = child.name, parent.name
    from_ch, from_pa = ch, pa
    if aliases:
        ch = alias(child.name)
        pa = alias(parent.name, ch)
        from_ch, from_pa = f"{child.name} AS {ch}", f"{parent.name} AS {pa}"
    on = f"{from_ch} JOIN {from_pa} ON {ch}.{child.fk.name} = {pa}.{parent.pk}"
    cl, pl = f"{ch}.{child.label.name}", f"{pa}.{parent.label.name}"
    x = r.random()
    named = parent.label.is_label
    if r.random() < 0.25:
        got = join_more(r, child, parent, ch, pa, on)
        if got:
            return got
    if x < 0.2:
        cc = r.choice([c for c in child.columns if c.kind not in ("fk", "id")] or [child.label])
        pc = r.choice([parent.label, r.choice([c for c in parent.columns if c.kind != "fk"])])
        q = r.choice([f"{r.choice(ASK)} the {cc.words} of each {child.one} with the {pc.words} of its {parent.one}",
                      f"{r.choice(ASK)} the {cc.words} of the {child.many} and the {pc.words} of their {parent.many}",
                      f"{r.choice(ASK)} each {child.one}'s {cc.words} together with the {parent.one} {pc.words}",
                      f"{r.choice(ASK)} {child.one} {cc.words} and {parent.one} {pc.words}"])
        return q, f"SELECT {ch}.{cc.name}, {pa}.{pc.name} FROM {on}", "join-cols"
    if x < 0.4 and named:
        v = parent.label.value(r)
        q = r.choice([f"Which {child.many} belong to {v}?", f"{r.choice(ASK)} the {child.many} of {v}", f"{r.choice(ASK)} all {child.many} of the {parent.one} {v}",
                      f"Which {child.many} belong to the {parent.one} {v}?", f"{r.choice(ASK)} the {plural(child.label.words)} of the {child.many} of {v}"])
        return q, f"SELECT {cl} FROM {on} WHERE {pl} = {quote(v)}", "join-of"
    if x < 0.55:
        q = r.choice([f"How many {child.many} does each {parent.one} have?", f"Count the {child.many} of each {parent.one}", f"How many {child.many} are there per {parent.one}?",
                      f"{r.choice(ASK)} the number of {child.many} for each {parent.one}"])
        return q, f"SELECT {pl}, COUNT(*) FROM {on} GROUP BY {pl}", "join-count"
    if x < 0.68 and child.of("num"):
        c = r.choice(child.of("num"))
        f = r.choice(list(AGG))
        a = agg_word(r, f)
        q = r.choice([f"What is the {a} {c.words} of {child.many} per {parent.one}?", f"{r.choice(ASK)} the {a} {child.one} {c.words} for each {parent.one}",
                      f"What is the {a} {c.words} of the {child.many} of each {parent.one}?"])
        return q, f"SELECT {pl}, {f}({ch}.{c.name}) FROM {on} GROUP BY {pl}", "join-agg"
    if x < 0.8:
        got = conditions(r, child, 1)
        if got:
            _, _, _, rel, sql = join_conditions(r, child, got, f"{ch}.")
            q = r.choice([f"Which {parent.many} have {rel}?", f"{r.choice(ASK)} the {parent.many} that have {rel}"])
            return q, f"SELECT DISTINCT {pl} FROM {on} WHERE {sql}", "join-having"
    if x < 0.9:
        got = conditions(r, parent, 1)
        if got:
            _, _, _, rel, sql = join_conditions(r, parent, got, f"{pa}.")
            q = r.choice([f"Which {child.many} belong to {rel}?", f"{r.choice(ASK)} the {child.many} of {rel}", f"{r.choice(ASK)} the {child.many} of the {rel}"])
            return q, f"SELECT {cl} FROM {on} WHERE {sql}", "join-where"
    if x < 0.95:
        q = r.choice([f"Which {parent.one} has the most {child.many}?", f"{r.choice(ASK)} the {parent.one} with the most {child.many}"])
        return q, f"SELECT {pl} FROM {on} GROUP BY {pl} ORDER BY COUNT(*) DESC LIMIT 1", "join-top"
    q = r.choice([f"Which {parent.many} have no {child.many}?", f"{r.choice(ASK)} the {parent.many} without {child.many}", f"{r.choice(ASK)} {parent.many} that have no {child.many}"])
    left = f"{from_pa} LEFT JOIN {from_ch} ON {ch}.{child.fk.name} = {pa}.{parent.pk}"
    return q, f"SELECT {pl} FROM {left} WHERE {ch}.{child.fk.name} IS NULL", "join-none"


def join_more(r, child, parent, ch, pa, on):
    """Counts and sums of one named parent, parents by their number of children, conditions on both sides."""
    cl, pl = f"{ch}.{child.label.name}", f"{pa}.{parent.label.name}"
    x = r.random()
    if x < 0.25 and parent.label.is_label:
        v = parent.label.value(r)
        q = r.choice([f"How many {child.many} does {v} have?", f"How many {child.many} does the {parent.one} {v} have?", f"Count the {child.many} of {v}"])
        return q, f"SELECT COUNT(*) FROM {on} WHERE {pl} = {quote(v)}", "join-count-of"
    if x < 0.45 and parent.label.is_label and child.of("num"):
        v, c, f = parent.label.value(r), r.choice(child.of("num")), r.choice(list(AGG))
        q = r.choice([f"What is the {agg_word(r, f)} {c.words} of the {child.many} of {v}?", f"{r.choice(ASK)} the {agg_word(r, f)} {c.words} of the {child.many} of {v}"])
        return q, f"SELECT {f}({ch}.{c.name}) FROM {on} WHERE {pl} = {quote(v)}", "join-agg-of"
    if x < 0.7:
        n, more = r.randint(1, 40), r.random() < 0.75
        word = "more" if more else "fewer"
        q = r.choice([f"Which {parent.many} have {word} than {n} {child.many}?", f"{r.choice(ASK)} the {parent.many} with {word} than {n} {child.many}"])
        return q, f"SELECT {pl} FROM {on} GROUP BY {pl} HAVING COUNT(*) {'>' if more else '<'} {n}", "join-having-count"
    if x < 0.85:
        n = r.randint(2, 20)
        q = f"{r.choice(ASK)} the {n} {parent.many} with the most {child.many}"
        return q, f"SELECT {pl} FROM {on} GROUP BY {pl} ORDER BY COUNT(*) DESC LIMIT {n}", "join-top"
    got, of = conditions(r, child, 1), conditions(r, parent, 1)
    if not got or not of:
        return None
    _, _, _, rel, sql = join_conditions(r, child, got, f"{ch}.")
    _, _, _, whose, other = join_conditions(r, parent, of, f"{pa}.")
    return f"{r.choice(ASK)} the {rel} of {r.choice(['the ', ''])}{whose}", f"SELECT {cl} FROM {on} WHERE {sql} AND {other}", "join-both"
