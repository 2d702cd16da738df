"""Questions over relational schemas and the SQL that answers them."""

import re

from .conditions import conditions, either, join_conditions, number, quote, sql_literal, value_of
from .joins import q_join
from .options import Options
from .phrases import AGG, ASK, agg_word, how_many, pick_columns, touch_question, words_of
from .schemas import ddl, make_schema
from .words import article, plural, said_list, singular


def where(sql):
    return f" WHERE {sql}" if sql else ""


def q_filter(r, t):
    n = r.choices([1, 2], [7, 2])[0]
    got = conditions(r, t, n)
    if not got:
        return q_all(r, t)
    noun, fin, post, rel, sql = join_conditions(r, t, got)
    style = r.random()
    if style < 0.5:  # which -> the label
        if fin and not post:
            q = f"{r.choice(['Which', 'Which', 'Which', 'What'])} {noun} {' and '.join(fin)}?"
            if t.kind == "p" and r.random() < 0.15:
                q = f"Who among the {noun} {' and '.join(fin)}?"
            elif t.kind == "p" and noun == t.many and r.random() < 0.2:
                q = f"Who {' and '.join(map(singular, fin))}?"
        elif r.random() < 0.4:
            q = f"Which {rel} are there?" if not fin else f"{r.choice(ASK)} the {t.label.words} of the {rel}"
        else:
            labels = r.choice([t.label.words, plural(t.label.words)])
            q = r.choice([f"{r.choice(ASK)} the {labels}", f"{r.choice(ASK)} the {labels}", f"What are the {labels}", f"{labels.capitalize()}"])
            q += f" of {r.choice(['all ', '', 'the '])}{rel}" + ("?" if q.startswith("What") else "")
        if q.startswith("Which") and not (fin or post):
            q = f"Which {t.many} are {got[0][1]}?"
        return q, f"SELECT {t.label.name} FROM {t.name}{where(sql)}", "filter"
    if style < 0.65:
        q = f"{r.choice(ASK)} {r.choice(['all ', 'all the ', 'every column of the ', 'all columns of ', '', 'the '])}{rel}"
        return q, f"SELECT * FROM {t.name}{where(sql)}", "filter-all"
    cols = pick_columns(r, t)
    q = f"{r.choice(ASK)} the {words_of(r, cols, r.random() < 0.3)} of {r.choice(['all ', '', 'the '])}{rel}"
    if len(cols) == 1 and fin and not post and r.random() < 0.5:
        q = f"What is the {cols[0].words} of the {noun} that {' and '.join(fin)}?"
    return q, f"SELECT {', '.join(c.name for c in cols)} FROM {t.name}{where(sql)}", "filter-cols"


def q_all(r, t):
    x = r.random()
    if x < 0.35:
        q = r.choice(["{a} all {m}", "{a} all the {m}", "{a} every {o}", "{a} all columns of {m}", "{a} everything in {t}"])
        return q.format(a=r.choice(ASK), m=t.many, o=t.one, t=t.name), f"SELECT * FROM {t.name}", "all"
    cols = pick_columns(r, t)
    w = words_of(r, cols, r.random() < 0.3)
    if x < 0.55 and cols[0].kind == "text" and len(cols) == 1:
        q = r.choice([f"Which different {plural(w)} are there among the {t.many}?", f"{r.choice(ASK)} the distinct {w} of the {t.many}",
                      f"{r.choice(ASK)} the different {plural(w)} of all {t.many}", f"What are the distinct {plural(w)} of {t.many}?"])
        return q, f"SELECT DISTINCT {cols[0].name} FROM {t.name}", "distinct"
    q = r.choice([f"{r.choice(ASK)} the {w} of all {t.many}", f"{r.choice(ASK)} {w} of every {t.one}", f"What are the {w} of the {t.many}?",
                  f"{r.choice(ASK)} the {w} of each {t.one}", f"{r.choice(ASK)} {t.one} {w}"])
    return q, f"SELECT {', '.join(c.name for c in cols)} FROM {t.name}", "columns"


def q_count(r, t):
    n = r.choices([0, 1, 2], [3, 7, 1])[0]
    noun, fin, post, rel, sql = join_conditions(r, t, conditions(r, t, n))
    return how_many(r, noun, fin, post, rel), f"SELECT COUNT(*) FROM {t.name}{where(sql)}", "count"


def q_aggregate(r, t):
    nums = t.of("num")
    if not nums:
        return q_count(r, t)
    c = r.choice(nums)
    f = r.choice(list(AGG))
    n = r.choices([0, 1], [5, 5])[0]
    noun, fin, post, rel, sql = join_conditions(r, t, conditions(r, t, n, skip=(c,)))
    a = agg_word(r, f)
    q = r.choice([f"What is the {a} {c.words} of {r.choice(['the ', '', 'all '])}{rel}?", f"{r.choice(ASK)} the {a} {c.words} of the {rel}",
                  f"What is the {a} {c.words} among the {rel}?"])
    return q, f"SELECT {f}({c.name}) FROM {t.name}{where(sql)}", "aggregate"


def q_group(r, t):
    keys = [c for c in t.of("text") if not c.is_label] or t.of("bool")
    if not keys:
        return q_aggregate(r, t)
    k = r.choice(keys)
    nums = t.of("num")
    per = r.choice(["per {k}", "for each {k}", "by {k}", "in each {k}", "for every {k}"]).format(k=k.words)
    x = r.random()
    if x < 0.4 or not nums:
        if r.random() < 0.3:
            n = str(r.randint(1, 60))
            cmp = r.random() < 0.7
            q = r.choice([f"Which {plural(k.words)} have {'more' if cmp else 'fewer'} than {n} {t.many}?",
                          f"{r.choice(ASK)} the {plural(k.words)} with {'more' if cmp else 'fewer'} than {n} {t.many}"])
            return q, f"SELECT {k.name} FROM {t.name} GROUP BY {k.name} HAVING COUNT(*) {'>' if cmp else '<'} {n}", "having"
        if r.random() < 0.2:
            _, fin, _, rel, sql = join_conditions(r, t, conditions(r, t, 1, skip=(k,)))
            q = r.choice([f"Count the {rel} {per}", f"{r.choice(ASK)} the number of {rel} {per}"])
            return q, f"SELECT {k.name}, COUNT(*) FROM {t.name}{where(sql)} GROUP BY {k.name}", "group-where"
        q = r.choice([f"How many {t.many} are there {per}?", f"Count the {t.many} {per}", f"What is the number of {t.many} {per}?",
                      f"{r.choice(ASK)} the number of {t.many} {per}"])
        return q, f"SELECT {k.name}, COUNT(*) FROM {t.name} GROUP BY {k.name}", "group"
    c = r.choice(nums)
    f = r.choice(list(AGG))
    a = agg_word(r, f)
    if r.random() < 0.15:
        v = number(r, c)
        q = r.choice([f"Which {plural(k.words)} have {article(a)} {a} {c.words} above {v}?", f"{r.choice(ASK)} the {plural(k.words)} whose {a} {c.words} is above {v}"])
        return q, f"SELECT {k.name} FROM {t.name} GROUP BY {k.name} HAVING {f}({c.name}) > {v}", "having"
    if r.random() < 0.15:
        _, _, _, rel, sql = join_conditions(r, t, conditions(r, t, 1, skip=(k, c)))
        q = r.choice([f"What is the {a} {c.words} of the {rel} {per}?", f"{r.choice(ASK)} the {a} {c.words} of {rel} {per}"])
        return q, f"SELECT {k.name}, {f}({c.name}) FROM {t.name}{where(sql)} GROUP BY {k.name}", "group-where"
    q = r.choice([f"What is the {a} {c.words} {per}?", f"What is the {a} {c.words} of {t.many} {per}?", f"{r.choice(ASK)} the {a} {c.words} of the {t.many} {per}",
                  f"{a.capitalize()} {c.words} {per}"])
    return q, f"SELECT {k.name}, {f}({c.name}) FROM {t.name} GROUP BY {k.name}", "group"


def q_top(r, t):
    sortable = t.of("num", "date", "year")
    if not sortable:
        return q_order(r, t)
    c = r.choice(sortable)
    k = c.concept
    x = r.random()
    if x < 0.12:
        desc = r.random() < 0.6
        high = ("highest" if desc else "lowest") if c.kind == "num" else ("latest" if desc else "earliest")
        _, _, _, rel, sql = join_conditions(r, t, conditions(r, t, 1, skip=(c,)))
        n = r.choice([1, r.randint(2, 20)])
        q = r.choice([f"Which of the {rel} has the {high} {c.words}?", f"Among the {rel}, which {t.one} has the {high} {c.words}?"]) if n == 1 else (
            f"Among the {rel}, {r.choice(ASK).lower()} the {n} with the {high} {c.words}")
        return q, f"SELECT {t.label.name} FROM {t.name}{where(sql)} ORDER BY {c.name} {'DESC' if desc else 'ASC'} LIMIT {n}", "top-where"
    if x < 0.22:
        cols, n, desc = pick_columns(r, t), r.randint(2, 30), r.random() < 0.6
        high = ("highest" if desc else "lowest") if c.kind == "num" else ("latest" if desc else "earliest")
        q = f"{r.choice(ASK)} the {words_of(r, cols)} of the {n} {t.many} with the {high} {c.words}"
        if desc and c.kind == "num" and r.random() < 0.5:
            q = f"{r.choice(ASK)} the {words_of(r, cols)} of the top {n} {t.many} by {c.words}"
        return q, f"SELECT {', '.join(c.name for c in cols)} FROM {t.name} ORDER BY {c.name} {'DESC' if desc else 'ASC'} LIMIT {n}", "top-cols"
    if x < 0.55:
        desc = r.random() < 0.6
        own = (k["most"] if desc else k["least"]) if k else []
        if own and r.random() < 0.6:
            q = f"Which {t.one} {r.choice(own).format(c=c.words)}?"
        elif c.kind == "num":
            q = r.choice([f"Which {t.one} has the {r.choice(['highest', 'largest', 'most', 'greatest'] if desc else ['lowest', 'smallest', 'least'])} {c.words}?",
                          f"{r.choice(ASK)} the {t.label.words} of the {t.one} with the {'highest' if desc else 'lowest'} {c.words}"])
        else:
            q = r.choice([f"Which {t.one} has the {'latest' if desc else 'earliest'} {c.words}?",
                          f"{r.choice(ASK)} the {t.label.words} of the {t.one} with the {'latest' if desc else 'earliest'} {c.words}"])
        return q, f"SELECT {t.label.name} FROM {t.name} ORDER BY {c.name} {'DESC' if desc else 'ASC'} LIMIT 1", "top1"
    n = r.randint(2, 50)
    n_word = {2: "two", 3: "three", 5: "five", 10: "ten"}.get(n, str(n)) if r.random() < 0.3 else str(n)
    if r.random() < 0.65:
        q = r.choice([f"Which {n_word} {t.many} have the highest {c.words}?", f"{r.choice(ASK)} the top {n_word} {t.many} by {c.words}",
                      f"{r.choice(ASK)} the {n_word} {t.many} with the {r.choice(['highest', 'largest', 'greatest'])} {c.words}", f"Top {n_word} {t.many} by {c.words}"])
        if c.kind in ("date", "year"):
            q = f"{r.choice(ASK)} the {n_word} {t.many} with the latest {c.words}"
        d = "DESC"
    else:
        q = f"{r.choice(ASK)} the {n_word} {t.many} with the {r.choice(['lowest', 'smallest'] if c.kind == 'num' else ['earliest'])} {c.words}"
        d = "ASC"
    return q, f"SELECT {t.label.name} FROM {t.name} ORDER BY {c.name} {d} LIMIT {n}", "top"


def q_order(r, t):
    pool = [c for c in t.columns if c.kind in ("num", "date", "year", "text")]
    if not pool:
        return q_all(r, t)
    o = r.choice(pool)
    desc = r.random() < 0.4
    way = r.choice([" in descending order", ", highest first", ", descending"] if o.kind == "num" else [" in descending order", ", newest first", ", descending"]
                   if o.kind in ("date", "year") else [" in descending order", ", descending"]) if desc else r.choice(["", "", "", " in ascending order"])
    by = r.choice(["sorted by", "ordered by", "by"]) + f" {o.words}"
    got = conditions(r, t, 1, skip=(o,)) if r.random() < 0.25 else []
    noun, fin, post, rel, sql = join_conditions(r, t, got)
    cols = [t.label] if r.random() < 0.5 else pick_columns(r, t)
    x = r.random()
    if got:
        by = r.choice(["sorted by", "ordered by"]) + f" {o.words}"
    if x < 0.4:
        q, sel = f"{r.choice(ASK)} all {rel} {by}{way}", "*"
    else:
        q, sel = f"{r.choice(ASK)} the {words_of(r, cols, r.random() < 0.3)} of {r.choice(['the ', 'all '])}{rel} {by}{way}", ", ".join(c.name for c in cols)
    return q, f"SELECT {sel} FROM {t.name}{where(sql)} ORDER BY {o.name} {'DESC' if desc else 'ASC'}", "order"


def q_lookup(r, t):
    """One attribute of one named row."""
    if not t.label.is_label:
        return q_filter(r, t)
    cols = [c for c in t.columns if c is not t.label and c.kind in ("num", "date", "year", "text")]
    if not cols:
        return q_filter(r, t)
    c = r.choice(cols)
    v = t.label.value(r)
    q = r.choice([f"What is the {c.words} of {v}?", f"What is the {c.words} of the {t.one} {v}?", f"{r.choice(ASK)} the {c.words} of {v}",
                  f"What {c.words} does {v} have?", f"What is {v}'s {c.words}?"])
    return q, f"SELECT {c.name} FROM {t.name} WHERE {t.label.name} = {quote(v)}", "lookup"


def q_or(r, t):
    got = either(r, t)
    if not got:
        return q_filter(r, t)
    form, phrase, sql = got
    link = f"{'who' if t.kind == 'p' and r.random() < 0.7 else 'that'} " if form == "fin" else ""
    if form == "fin" and r.random() < 0.5:
        return f"Which {t.many} {phrase}?", f"SELECT {t.label.name} FROM {t.name} WHERE {sql}", "or"
    if r.random() < 0.3:
        return f"How many {t.many} {phrase if form == 'fin' else 'are there ' + phrase}?", f"SELECT COUNT(*) FROM {t.name} WHERE {sql}", "or"
    if r.random() < 0.4:
        return f"{r.choice(ASK)} all {t.many} {link}{phrase}", f"SELECT * FROM {t.name} WHERE {sql}", "or"
    cols = pick_columns(r, t)
    q = f"{r.choice(ASK)} the {words_of(r, cols)} of {r.choice(['all ', '', 'the '])}{t.many} {link}{phrase}"
    return q, f"SELECT {', '.join(c.name for c in cols)} FROM {t.name} WHERE {sql}", "or"


def q_average(r, t):
    """Those above or below the average of all."""
    nums = t.of("num")
    if not nums:
        return q_filter(r, t)
    c = r.choice(nums)
    big = r.random() < 0.65
    own = [p for p in (c.concept["gt" if big else "lt"] if c.concept else []) if p.endswith(("than {v}", "above {v}", "below {v}"))]
    if own and r.random() < 0.5:
        text = r.choice(own).format(v=r.choice(["the average", "average"]))
        q = f"Which {t.many} {text}?"
    else:
        side = "above" if big else "below"
        tail = r.choice([f"with {article(c.words)} {c.words} {side} the average", f"whose {c.words} is {side} average", f"whose {c.words} is {side} the average",
                         f"with a {'higher' if big else 'lower'} {c.words} than the average"])
        q = r.choice([f"{r.choice(ASK)} the {t.label.words} of the {t.many} {tail}", f"Which {t.many} have {article(c.words)} {c.words} {side} the average?"])
    return q, f"SELECT {t.label.name} FROM {t.name} WHERE {c.name} {'>' if big else '<'} (SELECT AVG({c.name}) FROM {t.name})", "average"


def q_most(r, t):
    """The group with most rows, or with the highest aggregate."""
    keys = [c for c in t.of("text") if not c.is_label]
    if not keys:
        return q_top(r, t)
    k = r.choice(keys)
    nums = t.of("num")
    if nums and r.random() < 0.5:
        c, f = r.choice(nums), r.choice(["AVG", "AVG", "SUM"])
        desc = r.random() < 0.7
        q = f"Which {k.words} has the {'highest' if desc else 'lowest'} {r.choice(AGG[f][:2])} {c.words}?".replace("sum of the", "total")
        return q, f"SELECT {k.name} FROM {t.name} GROUP BY {k.name} ORDER BY {f}({c.name}) {'DESC' if desc else 'ASC'} LIMIT 1", "most"
    n = r.choice([1, 1, r.randint(2, 20)])
    desc = n > 1 or r.random() < 0.75
    if n == 1:
        q = f"Which {k.words} has the {'most' if desc else 'fewest'} {t.many}?"
    else:
        q = f"{r.choice(ASK)} the {n} {plural(k.words)} with the most {t.many}"
    return q, f"SELECT {k.name} FROM {t.name} GROUP BY {k.name} ORDER BY COUNT(*) {'DESC' if desc else 'ASC'} LIMIT {n}", "most"


def q_count_distinct(r, t):
    c = r.choice([c for c in t.columns if c.kind != "id"] or t.columns)
    q = r.choice([f"How many different {plural(c.words)} are there among the {t.many}?", f"How many distinct {plural(c.words)} do the {t.many} have?",
                  f"Count the distinct {plural(c.words)} of the {t.many}", f"Count the different {plural(c.words)} of the {t.many}"])
    return q, f"SELECT COUNT(DISTINCT {c.name}) FROM {t.name}", "count-distinct"


def said_value(literal):
    return literal[1]


def q_insert(r, t):
    pool = [c for c in t.columns if c.kind in ("num", "date", "year", "text", "bool")]
    if not pool:
        return q_count(r, t)
    cols = r.sample(pool, min(len(pool), r.choices([1, 2, 3], [1, 4, 3])[0]))
    if t.label in cols:
        cols.remove(t.label)
        cols.insert(0, t.label)
    values = [value_of(r, c) for c in cols]
    parts = [f"{c.words} {said_value(v)}" for c, v in zip(cols, values)]
    if cols[0].is_label and r.random() < 0.6:
        parts[0] = r.choice(["named", "called"]) + f" {values[0][1]}"
        head = f"{r.choice(['Add', 'Insert', 'Create'])} {r.choice([article(t.one), 'a new'])} {t.one} {parts[0]}"
        tail = parts[1:]
        q = head + (r.choice([" with ", ", "]) + said_list(tail) if tail else "")
    else:
        q = f"{r.choice(['Add', 'Insert', 'Create'])} {r.choice([article(t.one), 'a new'])} {t.one} with {said_list(parts)}"
    return q, f"INSERT INTO {t.name} ({', '.join(c.name for c in cols)}) VALUES ({', '.join(map(sql_literal, values))})", "insert"


def q_update(r, t):
    pool = [c for c in t.columns if c.kind in ("num", "date", "year", "text", "bool")]
    c = r.choice(pool) if pool else None
    if c is None:
        return q_count(r, t)
    got = conditions(r, t, 1, skip=(c,))
    _, fin, post, rel, sql = join_conditions(r, t, got)
    if c.kind == "num" and r.random() < 0.35:
        n, up = str(r.choice([r.randint(1, 20), r.randint(1, 9) * 100])), r.random() < 0.6
        q = f"{r.choice(['Increase', 'Raise'] if up else ['Decrease', 'Reduce', 'Lower'])} the {c.words} of {r.choice(['the ', 'all '])}{rel} by {n}"
        return q, f"UPDATE {t.name} SET {c.name} = {c.name} {'+' if up else '-'} {n}{where(sql)}", "update"
    v = value_of(r, c)
    if t.label.is_label and c is not t.label and r.random() < 0.5:
        name = t.label.value(r)
        rel, sql = r.choice([name, name, f"the {t.one} {name}"]), f"{t.label.name} = {quote(name)}"
    else:
        rel = r.choice(["the ", "all "]) + rel
    q = f"{r.choice(['Set', 'Change', 'Update'])} the {c.words} of {rel} to {v[1]}"
    return q, f"UPDATE {t.name} SET {c.name} = {sql_literal(v)}{where(sql)}", "update"


def q_delete(r, t):
    if r.random() < 0.25 and t.label.is_label:
        name = t.label.value(r)
        return f"{r.choice(['Delete', 'Remove'])} the {t.one} {name}", f"DELETE FROM {t.name} WHERE {t.label.name} = {quote(name)}", "delete"
    n = r.choices([0, 1, 2], [1, 8, 2])[0]
    _, _, _, rel, sql = join_conditions(r, t, conditions(r, t, n))
    return f"{r.choice(['Delete', 'Remove'])} {r.choice(['all ', 'the ', 'all the '])}{rel}", f"DELETE FROM {t.name}{where(sql)}", "delete"


ONE_TABLE = [(q_filter, 32), (q_all, 8), (q_count, 11), (q_aggregate, 10), (q_group, 11), (q_top, 10), (q_order, 7), (q_lookup, 7), (q_or, 6),
             (q_average, 4), (q_most, 5), (q_count_distinct, 3), (q_insert, 4), (q_update, 5), (q_delete, 4)]
MAKERS, WEIGHTS = zip(*ONE_TABLE)


def group(r, split="train", small=False, questions=1, options=Options()):
    """Several questions about one schema: (context, [(question, answer, kind)])."""
    n = 1 if small else r.choices([1, 2, 3], [62, 30, 8])[0]
    tables = make_schema(r, split, n, small)
    context = ddl(r, tables, not options.comment_stripping)
    if options.schema_injection_prob < 1 and r.random() >= options.schema_injection_prob:
        context = ""
    out = []
    while len(out) < questions:
        if n > 1 and tables[0].fk and r.random() < 0.6:
            q, a, kind = q_join(r, tables[0], tables[1], options.table_aliases)
        else:
            q, a, kind = r.choices(MAKERS, WEIGHTS)[0](r, r.choice(tables))
        case = options.case_normalization
        if case == "lower" or case == "preserve" and "create table" in context:
            a = lower_keywords(a)
        out.append((touch_question(r, q), a, kind))
    return context, out


def lower_keywords(sql):
    """The statement with its keywords in lower case; what stands between quotes stays."""
    return re.sub(r"'(?:[^']|'')*'|[A-Z]+", lambda m: m[0] if m[0][0] == "'" else m[0].lower(), sql)
