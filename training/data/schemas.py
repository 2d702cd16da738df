"""Relational schemas: tables with columns, what people say about a column, and the DDL text."""

from .words import (
    BRANDS, CATEGORIES, COLOURS, COUNTRIES, DEPARTMENTS, ENTITIES_HELDOUT, GENRES, JOBS, LANGUAGES, MATERIALS, PLAIN, PLAIN_HELDOUT, RESERVED, STATUSES,
    any_value, city, from_list, invented, person, plural, thing,
)

# Column concepts: what a column may be called, and how people speak about it
# Kinds: num, date, text, bool.  `on` lists the kinds of entity that can have the column: p(erson),
# t(hing), e(vent or document), l(ocation or group).  Phrases are finite verb groups in the plural
# ("Which employees {phrase}?"), {v} is the value.


def C(names, kind, on, value=None, gt=(), lt=(), eq=(), pre=False, most=(), least=()):
    return {
        "names": names.split(), "kind": kind, "on": on, "value": value,
        "gt": list(gt), "lt": list(lt), "eq": list(eq), "pre": pre, "most": list(most), "least": list(least),
    }


def ints(lo, hi, step=1):
    return lambda r: str(r.randrange(lo, hi + 1, step))


def money(lo, hi):
    def f(r):
        x = r.random()
        if x < 0.7:
            return str(r.choice([r.randint(lo, hi), r.randint(1, 99) * 10, r.randint(1, 40) * 50]))
        return f"{r.randint(lo, hi)}.{r.choice(['5', '25', '99', '50', '75'])}"
    return f


CONCEPTS = [
    C("salary salary salary wage pay income monthly_salary annual_salary", "num", "p", ints(10, 199, 1),
      ["earn more than {v}", "earn over {v}", "make more than {v}", "are paid more than {v}", "earn above {v}"],
      ["earn less than {v}", "earn under {v}", "make less than {v}", "are paid less than {v}", "earn below {v}"],
      ["earn exactly {v}"], most=["earns the most", "is paid the most"], least=["earns the least", "is paid the least"]),
    C("age age age age_years", "num", "p", ints(5, 99),
      ["are older than {v}", "are over {v} years old", "are over {v}"],
      ["are younger than {v}", "are under {v} years old", "are under {v}"],
      ["are {v} years old", "are aged {v}"], most=["is the oldest"], least=["is the youngest"]),
    C("price price price cost unit_price list_price", "num", "t", money(1, 999),
      ["cost more than {v}", "cost over {v}", "are more expensive than {v}", "are priced above {v}"],
      ["cost less than {v}", "cost under {v}", "are cheaper than {v}", "are priced below {v}"],
      ["cost {v}", "cost exactly {v}"], most=["is the most expensive", "costs the most"], least=["is the cheapest", "costs the least"]),
    C("weight weight weight_kg", "num", "pt", ints(1, 500),
      ["weigh more than {v}", "are heavier than {v}", "weigh over {v}"],
      ["weigh less than {v}", "are lighter than {v}", "weigh under {v}"],
      ["weigh {v}"], most=["is the heaviest", "weighs the most"], least=["is the lightest", "weighs the least"]),
    C("height height height_cm", "num", "pl", ints(1, 999),
      ["are taller than {v}", "are higher than {v}"], ["are shorter than {v}", "are lower than {v}"],
      [], most=["is the tallest"], least=["is the shortest"]),
    C("stock quantity stock_count", "num", "t", ints(0, 500)),
    C("rating score stars", "num", "ptel", ints(1, 100),
      ["are rated above {v}", "are rated over {v}"], ["are rated below {v}", "are rated under {v}"],
      [], most=["has the best {c}"], least=["has the worst {c}"]),
    C("population inhabitants", "num", "l", ints(10, 9999, 10),
      ["have more than {v} inhabitants", "have more than {v} people"], ["have fewer than {v} inhabitants", "have fewer than {v} people"],
      [], most=["is the most populous"], least=[]),
    C("area surface", "num", "l", ints(1, 9999),
      ["are larger than {v}", "are bigger than {v}"], ["are smaller than {v}"], [],
      most=["is the largest", "is the biggest"], least=["is the smallest"]),
    C("capacity seats", "num", "lt", ints(2, 900),
      ["hold more than {v} people", "seat more than {v}"], ["hold fewer than {v} people", "seat fewer than {v}"]),
    C("pages page_count", "num", "te", ints(10, 900),
      ["have more than {v} pages"], ["have fewer than {v} pages"], ["have {v} pages"],
      most=["has the most pages"], least=["has the fewest pages"]),
    C("duration minutes length", "num", "e", ints(1, 600),
      ["last longer than {v}", "take longer than {v}", "are longer than {v}"],
      ["last less than {v}", "take less than {v}", "are shorter than {v}"],
      [], most=["is the longest"], least=["is the shortest"]),
    C("amount total total_amount sum_paid", "num", "e", money(1, 5000)),
    C("speed top_speed", "num", "t", ints(10, 400),
      ["are faster than {v}"], ["are slower than {v}"], [], most=["is the fastest"], least=["is the slowest"]),
    C("year release_year year_built", "num", "tel", ints(1950, 2025),
      ["are newer than {v}"], ["are older than {v}"], ["are from {v}"], most=["is the newest"], least=["is the oldest"]),
    C("points level experience goals visits", "num", "p", ints(0, 500)),
    C("discount tax fee rent budget", "num", "tel", ints(1, 900)),
    C("hired_on hire_date hired_at start_date", "date", "p", None,
      ["were hired after {v}", "joined after {v}", "started after {v}"], ["were hired before {v}", "joined before {v}", "started before {v}"],
      ["were hired on {v}"], most=["was hired last", "is the newest"], least=["was hired first"]),
    C("born birth_date date_of_birth birthday", "date", "p", None,
      ["were born after {v}"], ["were born before {v}"], ["were born on {v}"], most=["is the youngest"], least=["is the oldest"]),
    C("created_at created_on created", "date", "tel", None,
      ["were created after {v}"], ["were created before {v}"], ["were created on {v}"], most=["was created last", "is the newest"], least=["was created first"]),
    C("ordered_on order_date placed_on", "date", "e", None,
      ["were placed after {v}", "were ordered after {v}"], ["were placed before {v}", "were ordered before {v}"],
      ["were placed on {v}"], most=["was placed last"], least=["was placed first"]),
    C("due_date deadline due_on", "date", "e", None,
      ["are due after {v}"], ["are due before {v}"], ["are due on {v}"], most=["is due last"], least=["is due first"]),
    C("released_on release_date published_on published", "date", "te", None,
      ["were released after {v}", "were published after {v}", "appeared after {v}"],
      ["were released before {v}", "were published before {v}", "appeared before {v}"], ["were released on {v}"]),
    C("department department dept division", "text", "p", from_list(DEPARTMENTS), eq=["work in {v}", "work in the {v} department", "are in {v}", "belong to {v}"]),
    C("city city city town location", "text", "ptel", city, eq=["are from {v}", "are in {v}", "come from {v}"]),
    C("country country nation", "text", "ptel", from_list(COUNTRIES), eq=["are from {v}", "come from {v}", "are in {v}"]),
    C("job position job_title profession", "text", "p", from_list(JOBS), eq=["work as {v}", "are employed as {v}"]),
    C("status state", "text", "te", from_list(STATUSES), eq=["are {v}", "are marked {v}", "are marked as {v}"], pre=True),
    C("category kind", "text", "te", from_list(CATEGORIES), eq=["belong to {v}", "are in the {v} category"]),
    C("colour color", "text", "t", from_list(COLOURS), eq=["are {v}"], pre=True),
    C("genre style", "text", "te", from_list(GENRES), eq=["are {v}"], pre=True),
    C("brand maker manufacturer", "text", "t", from_list(BRANDS), eq=["are made by {v}", "come from {v}"]),
    C("material", "text", "t", from_list(MATERIALS), eq=["are made of {v}"]),
    C("language", "text", "pe", from_list(LANGUAGES), eq=["are in {v}"]),
    C("email phone phone_number email_address", "text", "p", None),
    C("notes description comment", "text", "te", None),
    C("author author writer", "text", "e", person, eq=["were written by {v}", "are by {v}"]),
    C("active", "bool", "ptel", None, pre=True),
    C("available", "bool", "ptel", None, pre=True),
    C("verified", "bool", "pe", None, pre=True),
    C("married", "bool", "p", None, pre=True),
    C("paid", "bool", "e", None, pre=True),
    C("urgent", "bool", "e", None, pre=True),
    C("public", "bool", "el", None, pre=True),
]
# Dates that may be stored as the number of their year, and what the column then is called.
YEARS = {
    "born": ["born", "born", "birth_year", "year_born"], "released_on": ["released", "released", "published", "release_year"],
    "hired_on": ["hired", "hire_year", "joined"], "created_at": ["created", "founded"],
}
# Concepts that answer to the same words never meet in one table.
CLASH = [{"city", "country"}, {"born", "age", "hired_on"}, {"colour", "status", "genre"}, {"brand", "city"},
         {"brand", "country"}, {"category", "department"}, {"year", "created_at"}, {"status", "active"},
         {"duration", "height"}, {"released_on", "year"}, {"language", "city"}, {"language", "country"}, {"year", "brand"},
         {"salary", "points"}]

ENTITIES = {
    "p": """person actor director employee customer student teacher user:users member driver player author doctor nurse worker manager
            client supplier guest visitor passenger candidate agent owner artist volunteer tenant developer
            seller buyer farmer pilot""".split(),
    "t": """product item book car vehicle machine device tool phone laptop bike painting recipe:recipes toy
            camera lamp chair boat plant package dish wine guitar""".split(),
    "e": """order invoice payment ticket task project event meeting course article post message booking review
            film movie album report shipment visit lecture contract loan flight""".split(),
    "l": """city:cities country:countries department branch store shop office school hotel museum company:companies
            club warehouse region restaurant library:libraries airport farm factory:factories""".split(),
}


def split_entity(word):
    return word.replace(":users", "").split(":")[0], plural(word.split(":")[0])


TYPES = {
    "id": ["integer", "integer", "int", "serial", "bigint"],
    "num": ["integer", "int", "numeric", "numeric", "numeric(10,2)", "real", "bigint"],
    "text": ["text", "text", "text", "varchar(50)", "varchar(100)", "varchar(255)", "varchar"],
    "date": ["date", "date", "timestamp", "timestamptz"],
    "year": ["integer", "int", "smallint"],
    "bool": ["boolean", "boolean", "bool"],
}


class Column:
    def __init__(self, name, kind, concept=None, value=None):
        self.name, self.kind, self.concept, self.value = name, kind, concept, value
        self.words = name.replace("_", " ")
        self.is_label = False


class Table:
    def __init__(self, name, one, many, kind):
        self.name, self.one, self.many, self.kind = name, one, many, kind
        self.columns, self.pk, self.label, self.fk = [], None, None, None

    def of(self, *kinds):
        return [c for c in self.columns if c.kind in kinds]


def plain_word(r, split):
    if split == "invented":
        return invented(r)
    if split == "heldout":
        return r.choice(PLAIN_HELDOUT)
    return invented(r) if r.random() < 0.6 else r.choice(PLAIN)


def odd_name(r, split):
    """A column name without concept: one word, or two joined."""
    while True:
        w = plain_word(r, split)
        if r.random() < 0.25:
            w = f"{w}_{plain_word(r, split) if r.random() < 0.6 else r.choice(['code', 'rate', 'count', 'level', 'no', 'date', 'size', 'type'])}"
        if w not in RESERVED:
            return w


def make_table(r, split, size, taken):
    inv = {"invented": 1.0, "heldout": 0.0, "known": 0.0, "train": 0.5}[split]
    while True:
        kind = r.choice("ptel")
        if r.random() < inv:
            if split == "train" and r.random() < 0.25:
                one = r.choice([w for w in PLAIN if w not in RESERVED])
            else:
                one = invented(r)
            many = plural(one)
            name = many if r.random() < 0.85 else one
            if r.random() < 0.12:  # two words
                extra = invented(r)
                one, many, name = f"{extra} {one}", f"{extra} {many}", f"{extra}_{name}"
            odd = 0.6
        else:
            one, many = split_entity(r.choice((ENTITIES_HELDOUT if split == "heldout" else ENTITIES)[kind]))
            name = many if r.random() < 0.92 or one in RESERVED else one
            odd = 0.25
        if name not in RESERVED and name not in taken:
            break
    taken.add(name)
    t = Table(name, one, many, kind)
    used = set()

    def add(c):
        if c.name in used or c.name in RESERVED:
            return False
        used.add(c.name)
        t.columns.append(c)
        return True

    simple_one = one.replace(" ", "_")
    t.pk = "id" if r.random() < 0.92 else f"{simple_one}_id"
    if r.random() < 0.96:
        add(Column(t.pk, "id"))
    else:
        t.pk = None
    if r.random() < 0.9:
        value = person if kind == "p" else city if kind == "l" and r.random() < 0.4 else thing
        label = r.choices({"p": ["name", "full_name", "username"], "t": ["name", "title", "label"], "e": ["title", "name", "subject"],
                           "l": ["name", "name", "title"]}[kind], [8, 1, 1])[0]
        t.label = Column(label, "text", None, value)
        t.label.is_label = True
        add(t.label)
    concepts = set()
    tries = 0
    while len(t.columns) < size and tries < 60:
        tries += 1
        if r.random() < odd:
            k = r.choices(["num", "text", "date", "bool"], [5, 4, 1.5, 0.7])[0]
            add(Column(odd_name(r, split), k, None, any_value if k == "text" else None))
            continue
        c = r.choice(CONCEPTS)
        first = c["names"][0]
        if kind not in c["on"] or first in concepts or any(first in s and s & concepts for s in CLASH):
            continue
        if first in YEARS and r.random() < 0.3:
            if add(Column(r.choice(YEARS[first]), "year", c)):
                concepts.add(first)
            continue
        if add(Column(r.choice(c["names"]), c["kind"], c, c["value"] or (any_value if c["kind"] == "text" else None))):
            concepts.add(first)
    if t.pk is None and t.label is None:
        t.label = t.columns[0]
    elif t.label is None:
        t.label = t.columns[0]
    if r.random() < 0.3:  # the label need not come second
        rest = t.columns[1:]
        r.shuffle(rest)
        t.columns = t.columns[:1] + rest
    return t


def make_schema(r, split, tables, small=False):
    taken = set()
    out = []
    for _ in range(tables):
        size = r.randint(3, 4) if small else r.choices([2, 3, 4, 5, 6, 7], [1, 4, 6, 5, 2, 1])[0] - (1 if tables == 3 else 0)
        out.append(make_table(r, split, max(2, size), taken))
    if tables > 1:  # the first table points to the second
        child, parent = out[0], out[1]
        if parent.pk is None:
            parent.pk = "id"
            parent.columns.insert(0, Column("id", "id"))
        fk = parent.pk if parent.pk != "id" else parent.one.replace(" ", "_") + "_id"
        if fk not in [c.name for c in child.columns]:
            c = Column(fk, "fk")
            c.parent = parent
            child.columns.insert(r.randint(1, len(child.columns)), c)
            child.fk = c
    return out


def ddl(r, tables, comments=False):
    """The CREATE TABLE statements, in one of the spellings that people use."""
    upper = r.random() < 0.75
    kw = (lambda s: s) if upper else str.lower
    types_upper = r.random() < 0.2
    multi = r.random() < 0.3
    remark = lambda text: f"  -- {text}" if comments and multi and r.random() < 0.4 else ""
    indent = r.choice(["  ", "    "])
    semi = r.random() < 0.85
    tight = r.random() < 0.1  # employees(id ...)
    pk = r.choices(["", " PRIMARY KEY"], [6, 4])[0]
    refs = r.choices(["", " REFERENCES {t}({c})", " REFERENCES {t} ({c})", "table"], [4, 3, 1, 1])[0]
    out = []
    for t in tables:
        lines = []
        for c in t.columns:
            ty = r.choice(TYPES["id" if c.kind in ("id", "fk") else c.kind])
            if c.kind == "fk" and ty == "serial":
                ty = "integer"
            ty = ty.upper() if types_upper else ty
            tail = ""
            if c.kind == "id":
                tail = kw(pk)
            elif c.kind == "fk" and refs and refs != "table":
                tail = kw(refs.split("{")[0]) + refs[refs.index("{"):].format(t=c.parent.name, c=c.parent.pk)
            elif r.random() < 0.06:
                tail = kw(" NOT NULL")
            lines.append(f"{c.name} {ty}{tail}")
            if c.kind == "fk" and refs == "table":
                last = f"{kw('FOREIGN KEY')} ({c.name}) {kw('REFERENCES')} {c.parent.name} ({c.parent.pk})"
                t_last = last
        if t.fk and refs == "table":
            lines.append(t_last)
        head = f"{kw('CREATE TABLE')} {t.name}{'' if tight else ' '}("
        if multi:
            ends = [","] * (len(lines) - 1) + [""]
            rows = [indent + line + end + remark(f"the {line.split()[0].replace('_', ' ')} of the {t.one}") for line, end in zip(lines, ends)]
            out.append("\n".join([head + remark(t.many), *rows, ")"]) + (";" if semi else ""))
        else:
            out.append(head + ", ".join(lines) + ")" + (";" if semi else ""))
    r.shuffle(out)
    return "\n".join(out)
