"""Question/answer pairs for the demonstration model: SQL over small schemas and JSON records.

Everything is composed from the word lists below by a seeded random generator, so the same seed
gives the same pairs on every machine.  Two ideas shape the data:

* Names are not to be memorised.  A large share of tables, columns and values is invented from
  syllables or put together at random, so that the only way to answer is to copy from the prompt.
* One meaning has one answer.  Every question fixes its statement up to the spelling rules stated
  in `training/README.md` (upper-case keywords, single spaces, no semicolon, qualified columns in
  joins only), so that exact match is a fair score.

Each example is a dict: {"expert", "system", "user", "answer", "kind"}.

    python training/generate.py --seed 7 --count 10 [--split train|known|heldout|invented] [--expert sql|json]
"""

import argparse
import json
import random

SYSTEM = {
    "sql": "Answer with one PostgreSQL statement.",
    "json": "Answer with one JSON value.",
}

# --------------------------------------------------------------------------------------------------
# Words
# --------------------------------------------------------------------------------------------------

FIRST = """Ada Alan Alice Amir Ana Anna Ben Carla Carlos Chen Clara Daniel David Diego Elena Emma Eva
Farah Felix Fatima Grace Hana Hassan Helen Hugo Ines Ivan Jack Jane Jonas Julia Kofi Lara Laura Lea
Leo Lina Linus Lucas Maria Mark Marta Max Maya Mei Mia Milan Nadia Nina Noah Nora Olga Oliver Omar
Oscar Paul Pedro Peter Priya Rosa Ruth Sam Sara Sofia Sven Tariq Theo Tina Tom Vera Victor Wei Yara
Yuki Zoe John Mary James Robert Linda Susan Margaret Katherine Dorothy Edsger Donald Barbara""".split()
LAST = """Adams Ahmed Baker Berg Brown Carter Chen Costa Cruz Diaz Dubois Evans Fischer Ford Garcia
Gomez Gray Green Hall Hansen Hopper Ito Jansen Johnson Jones Kim King Klein Kovacs Kumar Larsen Lee
Lopez Lovelace Martin Meyer Miller Moore Moreau Nguyen Novak Okafor Olsen Park Patel Perez Petrov
Popov Rossi Russo Santos Sato Schmidt Silva Singh Smith Stein Suzuki Tanaka Taylor Torres Turing
Vogel Wagner Walker Wang Weber White Wilson Wood Wright Yilmaz Young Zhang""".split()
CITIES = """Amsterdam Athens Austin Bangkok Berlin Bergen Boston Bremen Brno Cairo Chicago Delhi Denver
Dublin Geneva Genoa Ghent Graz Hamburg Hanoi Helsinki Lagos Leeds Lima Lisbon London Lyon Madrid
Malaga Mexico Miami Milan Montreal Munich Nairobi Naples Oslo Osaka Paris Perth Porto Prague Quito
Riga Rome Rotterdam Santiago Seattle Seoul Seville Sofia Sydney Tallinn Tokyo Toronto Turin Utrecht
Vienna Vilnius Warsaw York Zurich""".split()
COUNTRIES = """Argentina Austria Belgium Brazil Canada Chile China Denmark Egypt Finland France Germany
Ghana Greece India Ireland Italy Japan Kenya Mexico Morocco Nepal Norway Peru Poland Portugal Spain
Sweden Turkey Vietnam""".split()
DEPARTMENTS = """Sales Marketing Engineering Finance Legal Support Research Design Operations Logistics
Security Production Purchasing Training""".split() + ["Human Resources", "Customer Service"]
JOBS = "teacher nurse engineer doctor lawyer baker pilot driver designer analyst chef farmer painter writer clerk manager plumber architect".split()
STATUSES = "open closed pending active cancelled shipped paid draft new archived approved rejected blocked done".split()
COLOURS = "red green blue black white yellow orange purple brown grey silver gold pink".split()
CATEGORIES = """Books Toys Garden Kitchen Sports Music Electronics Furniture Clothing Food Drinks Tools
Office Beauty Health Travel Games Outdoor""".split()
GENRES = "rock jazz pop drama comedy fantasy horror crime folk blues thriller romance poetry history".split()
BRANDS = "Acme Globex Initech Umbra Nova Zenith Orion Vertex Lumen Polar Delta Aurora Kestrel Falcon".split()
MATERIALS = "wood steel glass cotton plastic leather paper stone wool silk copper rubber".split()
LANGUAGES = "English French German Spanish Italian Dutch Polish Greek Arabic Hindi Korean Danish Czech Turkish".split()
LEVELS = "low medium high basic advanced junior senior expert".split()
NOUNS = """Lamp Desk Chair Table Clock Kettle Phone Camera Guitar Piano Bottle Basket Hammer Ladder Blanket
Pillow Mirror Candle Bicycle Helmet Jacket Scarf Wallet Notebook Pencil Printer Speaker Monitor
Keyboard Toaster River Forest Harbour Winter Summer Garden Mountain Night Morning Star Moon Storm
Castle Bridge Shadow Light Dream Road Island Ocean""".split()
ADJECTIVES = "Small Large Red Blue Golden Silent Old New Bright Dark Wooden Little Grand Quick Simple Royal Wild Green Last First Lost Hidden".split()
ITEMS = """apples pears bread milk cheese rice beans tea coffee sugar salt eggs onions carrots chess tennis
football painting cooking reading swimming hiking dancing python rust java sql music travel cats dogs
birds red green blue""".split()

# Plain words for columns and tables that carry no special phrases.
PLAIN = """anchor badge batch belt bonus border branch budget bundle canal cargo chapter charge circle clause
cluster coach code column comment cover credit crew cycle deal debt delay depth deposit device digit
discount dose draft effort engine entry error estimate exam factor field figure filter flag flavour
floor folder formula fraction frame fuel gain gap gear goal grade grant grid guest habit handle hint
index input interest journey key label lane layer lease ledger lesson limit load loan log loss margin
mark mass measure meter method metric mode motor nation network node note notice object offer option
outcome output owner packet panel parcel part path pattern payment peak penalty phase piece pipe plan
platform plot point pool port portion power premium profile profit prize proof quota range rank rate
ratio reason receipt record refund rent report reserve result revenue risk role root round row rule
sample scale schedule scope season seat sector segment session share shelf shift signal site slot
source space spot stage stake step stream strength studio subject supply survey target task tax term
theme thread ticket tier token tone total track trade trail transfer trend trial unit update value
variant vendor version view voltage volume vote voyage wage wave width window zone""".split()
PLAIN_HELDOUT = """altitude balance carrier dosage elevation fee humidity intake latitude mileage nickname
overtime pressure quality reward surcharge temperature usage velocity yield""".split()

# Names that PostgreSQL reserves, or that read badly as a bare column; never used as identifiers.
RESERVED = set("""all analyse analyze and any array as asc asymmetric authorization between binary both case
cast check collate collation column concurrently constraint create cross current_date default deferrable
desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in
initially inner intersect into is isnull join lateral leading left like limit localtime natural not
notnull null offset on only or order outer overlaps placing primary references returning right row
select session_user similar some symmetric table tablesample then to trailing true union unique user
using variadic verbose when where window with values interval time timestamp precision exists set
setof out inout position overlay substring treat trim nullif coalesce greatest least national none
normalize numeric real smallint bit boolean char character dec decimal float int integer varchar bigint
extract grouping xmlattributes between json""".split())

CONSONANTS = "b c d f g h j k l m n p r s t v w z".split() + ["br", "ch", "dr", "fl", "gr", "pl", "sh", "st", "th", "tr"]
VOWELS = "a e i o u".split() + ["ai", "ea", "oo"]
CODAS = ["", "", "", "", "l", "m", "n", "r", "s", "t", "x"]


def syllable(r):
    return r.choice(CONSONANTS) + r.choice(VOWELS) + r.choice(CODAS)


def invented(r):
    """An invented lower-case word, never reserved."""
    while True:
        x = r.random()
        if x < 0.95:
            n = r.choices([2, 3, 4], [6, 4, 0.5])[0]
            w = "".join(syllable(r) for _ in range(n))
        else:  # letters without any rhythm, so that every token is copied now and then
            w = "".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.randint(3, 5)))
        if 3 <= len(w) <= 12 and w not in RESERVED:
            return w


def plural(w):
    if w.endswith(("s", "x", "ch", "sh", "z")):
        return w + "es"
    if w.endswith("y") and len(w) > 1 and w[-2] not in "aeiou":
        return w[:-1] + "ies"
    return w + "s"


def person(r):
    if r.random() < 0.25:
        return f"{invented(r).capitalize()} {invented(r).capitalize()}"
    return f"{r.choice(FIRST)} {r.choice(LAST)}"


def first_name(r):
    return invented(r).capitalize() if r.random() < 0.3 else r.choice(FIRST)


def city(r):
    return invented(r).capitalize() if r.random() < 0.3 else r.choice(CITIES)


def thing(r):
    x = r.random()
    if x < 0.3:
        return invented(r).capitalize()
    if x < 0.65:
        return f"{r.choice(ADJECTIVES)} {r.choice(NOUNS)}"
    return r.choice(NOUNS)


def any_value(r):
    x = r.random()
    if x < 0.5:
        w = invented(r)
        return w.capitalize() if r.random() < 0.6 else w
    return r.choice([r.choice(NOUNS), r.choice(STATUSES), r.choice(CATEGORIES), r.choice(BRANDS), city(r)])


def from_list(values):
    return lambda r: invented(r).capitalize() if r.random() < 0.15 else r.choice(values)


# --------------------------------------------------------------------------------------------------
# Column concepts: what a column may be called, and how people speak about it
# --------------------------------------------------------------------------------------------------
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
# Concepts that answer to the same words never meet in one table.
CLASH = [{"city", "country"}, {"born", "age", "hired_on"}, {"colour", "status", "genre"}, {"brand", "city"},
         {"brand", "country"}, {"category", "department"}, {"year", "created_at"}, {"status", "active"},
         {"duration", "height"}, {"released_on", "year"}, {"language", "city"}, {"language", "country"}, {"year", "brand"},
         {"salary", "points"}]

ENTITIES = {
    "p": """employee customer student teacher user:users member driver player author doctor nurse worker manager
            client supplier guest visitor passenger candidate agent owner artist volunteer tenant developer
            seller buyer farmer pilot""".split(),
    "t": """product item book car vehicle machine device tool phone laptop bike painting recipe:recipes toy
            camera lamp chair boat plant package dish wine guitar""".split(),
    "e": """order invoice payment ticket task project event meeting course article post message booking review
            film movie album report shipment visit lecture contract loan flight""".split(),
    "l": """city:cities country:countries department branch store shop office school hotel museum company:companies
            club warehouse region restaurant library:libraries airport farm factory:factories""".split(),
}
ENTITIES_HELDOUT = {
    "p": "patient athlete lawyer runner".split(), "t": "truck sensor medicine jacket".split(),
    "e": "song rental lesson donation".split(), "l": "team hospital stadium village".split(),
}


def split_entity(word):
    return word.replace(":users", "").split(":")[0], plural(word.split(":")[0])


# --------------------------------------------------------------------------------------------------
# Schemas
# --------------------------------------------------------------------------------------------------

TYPES = {
    "id": ["integer", "integer", "int", "serial", "bigint"],
    "num": ["integer", "int", "numeric", "numeric", "numeric(10,2)", "real", "bigint"],
    "text": ["text", "text", "text", "varchar(50)", "varchar(100)", "varchar(255)", "varchar"],
    "date": ["date", "date", "timestamp", "timestamptz"],
    "bool": ["boolean", "boolean", "bool"],
}


class Column:
    def __init__(self, name, kind, concept=None, value=None):
        self.name, self.kind, self.concept, self.value = name, kind, concept, value
        self.words = name.replace("_", " ")


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


def ddl(r, tables, order=True):
    upper = r.random() < 0.75
    kw = (lambda s: s) if upper else str.lower
    types_upper = r.random() < 0.2
    multi = r.random() < 0.3
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
            out.append(head + "\n" + ",\n".join(indent + l for l in lines) + "\n)" + (";" if semi else ""))
        else:
            out.append(head + ", ".join(lines) + ")" + (";" if semi else ""))
    if order:
        r.shuffle(out)
    return "\n".join(out)


# --------------------------------------------------------------------------------------------------
# Conditions
# --------------------------------------------------------------------------------------------------

GT = ["above {v}", "over {v}", "greater than {v}", "more than {v}", "higher than {v}"]
LT = ["below {v}", "under {v}", "less than {v}", "lower than {v}", "smaller than {v}"]
GE = ["of at least {v}", "of {v} or more", "greater than or equal to {v}"]
LE = ["of at most {v}", "of {v} or less", "less than or equal to {v}"]


def quote(v):
    return "'" + v.replace("'", "''") + "'"


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


def have(r, noun, tail):
    return r.choice([("fin", f"have a {noun} {tail}"), ("post", f"with a {noun} {tail}"), ("post", f"with {noun} {tail}"),
                     ("fin", f"have {noun} {tail}")])


def is_form(r, noun, tail):
    return r.choice([("post", f"whose {noun} is {tail}"), ("post", f"where {noun} is {tail}"), ("post", f"where the {noun} is {tail}")])


def condition(r, c):
    """(form, phrase, sql with {c} for the column).  Forms: fin = finite verb group, post = after the
    noun, pre = before the noun (adjective)."""
    k = c.concept
    w = c.words
    if c.kind == "num":
        v = number(r, c)
        s = spoken(r, v)
        x = r.random()
        if x < 0.62:
            big = r.random() < 0.55
            op, own, tails = (">", "gt", GT) if big else ("<", "lt", LT)
            if k and k[own] and r.random() < 0.65:
                return "fin", r.choice(k[own]).format(v=s), f"{{c}} {op} {v}"
            if r.random() < 0.12 and not (k and k[own]):
                return "fin", f"have {'more' if big else 'fewer'} than {s} {w}", f"{{c}} {op} {v}"
            form, text = r.choice([have, is_form])(r, w, r.choice(tails).format(v=s))
            return form, text, f"{{c}} {op} {v}"
        if x < 0.74:
            big = r.random() < 0.6
            form, text = have(r, w, r.choice(GE if big else LE).format(v=s))
            return form, text, f"{{c}} {'>=' if big else '<='} {v}"
        if x < 0.86:
            a, b = sorted([float(v), float(number(r, c))])
            lo, hi = (f"{z:g}" if z < 1e6 else str(int(z)) for z in (a, b))
            form, text = r.choice([have(r, w, f"between {lo} and {hi}"), is_form(r, w, f"between {lo} and {hi}"),
                                   have(r, w, f"from {lo} to {hi}")])
            return form, text, f"{{c}} BETWEEN {lo} AND {hi}"
        if x < 0.95:
            if k and k["eq"] and r.random() < 0.5:
                return "fin", r.choice(k["eq"]).format(v=s), f"{{c}} = {v}"
            return "post", r.choice([f"with {w} {s}", f"with a {w} of {s}", f"whose {w} is {s}", f"where {w} equals {s}"]), f"{{c}} = {v}"
        return "post", r.choice([f"without a {w}", f"with no {w}", f"whose {w} is missing", f"that have no {w}"]), "{c} IS NULL"
    if c.kind == "date":
        x = r.random()
        if x < 0.7:
            late = r.random() < 0.55
            v = day(r) if r.random() < 0.6 else str(r.randint(1960, 2025))
            # "after 2020" means from the first day of 2021 on; "before 2020" ends with 2019.
            if len(v) == 4:
                cmp = f"{{c}} >= '{int(v) + 1}-01-01'" if late else f"{{c}} < '{v}-01-01'"
            else:
                cmp = f"{{c}} {'>' if late else '<'} '{v}'"
            own = k["gt" if late else "lt"] if k else None
            if own and r.random() < 0.75:
                return "fin", r.choice(own).format(v=v), cmp
            word = "after" if late else "before"
            return r.choice([("post", f"with a {w} {word} {v}"), ("post", f"with {w} {word} {v}"), ("post", f"whose {w} is {word} {v}"),
                             ("fin", f"have a {w} {word} {v}")]) + (cmp,)
        y = r.randint(1960, 2025)
        if x < 0.9:
            whole = f"{{c}} >= '{y}-01-01' AND {{c}} < '{y + 1}-01-01'"
            own = [p.replace("after {v}", f"in {y}") for p in k["gt"] if "after" in p] if k else None
            if own and r.random() < 0.7:
                return "fin", r.choice(own), whole
            return r.choice([("post", f"with a {w} in {y}"), ("post", f"whose {w} is in {y}")]) + (whole,)
        return "post", r.choice([f"without a {w}", f"with no {w}", f"whose {w} is missing"]), "{c} IS NULL"
    if c.kind == "bool":
        neg = r.random() < 0.3
        if k or r.random() < 0.5:
            if neg:
                return "fin", f"are not {w}", "{c} = FALSE"
            return ("pre", w, "{c} = TRUE") if r.random() < 0.5 else ("fin", f"are {w}", "{c} = TRUE")
        return "post", f"where {w} is {'false' if neg else 'true'}", f"{{c}} = {'FALSE' if neg else 'TRUE'}"
    # text
    v = c.value(r)
    x = r.random()
    label = getattr(c, "is_label", False)
    if x < 0.6:
        said = v if r.random() < 0.8 else r.choice(["'{}'", '"{}"']).format(v)
        if label and r.random() < 0.6:
            return r.choice([("post", f"named {said}"), ("post", f"called {said}"), ("fin", f"are called {said}")]) + (f"{{c}} = {quote(v)}",)
        if k and k["eq"] and r.random() < 0.7:
            if k["pre"] and r.random() < 0.4:
                return "pre", v, f"{{c}} = {quote(v)}"
            return "fin", r.choice(k["eq"]).format(v=said), f"{{c}} = {quote(v)}"
        return r.choice([("post", f"with {w} {said}"), ("post", f"whose {w} is {said}"), ("fin", f"have {w} {said}"),
                         ("post", f"where {w} is {said}"), ("post", f"where the {w} is {said}")]) + (f"{{c}} = {quote(v)}",)
    if x < 0.68:
        return r.choice([("post", f"whose {w} is not {v}"), ("post", f"where {w} is not {v}")]) + (f"{{c}} <> {quote(v)}",)
    if x < 0.78:
        u = c.value(r)
        if u != v:
            text = r.choice([("post", f"whose {w} is {v} or {u}"), ("post", f"with {w} {v} or {u}"), ("post", f"where {w} is {v} or {u}")])
            if k and k["eq"] and r.random() < 0.6:
                text = ("fin", r.choice(k["eq"]).format(v=f"{v} or {u}"))
            return text + (f"{{c}} IN ({quote(v)}, {quote(u)})",)
    if x < 0.92:
        part = r.choice([v[0], v[:2], v[:3]]) if r.random() < 0.6 else v
        part = part.strip()
        how = r.choice(["starts with", "begins with", "ends with", "contains"])
        pat = {"s": part + "%", "b": part + "%", "e": "%" + part, "c": "%" + part + "%"}[how[0]]
        said = part if r.random() < 0.7 else f"'{part}'"
        return "post", r.choice([f"whose {w} {how} {said}", f"where {w} {how} {said}"]), f"{{c}} LIKE {quote(pat)}"
    if r.random() < 0.25:
        return "post", r.choice([f"that have a {w}", f"whose {w} is known", f"with a known {w}"]), "{c} IS NOT NULL"
    return "post", r.choice([f"without a {w}", f"with no {w}", f"that have no {w}", f"whose {w} is missing", f"whose {w} is not known"]), "{c} IS NULL"


def conditions(r, t, n, skip=()):
    """Up to n conditions on different columns: (pre words, noun tail as finite, noun tail as relative, sql pieces)."""
    pool = [c for c in t.columns if c.kind in ("num", "date", "text", "bool") and c not in skip and (c.kind != "text" or c.value)]
    r.shuffle(pool)
    # A label is asked about less often than the other columns.
    pool.sort(key=lambda c: 1 if getattr(c, "is_label", False) and r.random() < 0.6 else 0)
    got = [condition(r, c) + (c,) for c in pool[:n]]
    return got


def join_conditions(r, t, got, prefix=""):
    """Question text around the noun, and SQL."""
    who = "who" if t.kind == "p" and r.random() < 0.7 else "that"
    pre = [p for f, p, _, _ in got if f == "pre"]
    fin = [p for f, p, _, _ in got if f == "fin"]
    post = [p for f, p, _, _ in got if f == "post"]
    sql = [s.replace("{c}", prefix + c.name) for f in ("pre", "fin", "post") for g, _, s, c in got if g == f]
    noun = " ".join(pre + [t.many])
    tail_rel = noun
    if fin:
        tail_rel += f" {who} " + " and ".join(fin)
    if post:
        tail_rel += (" and " if fin and not post[0].startswith("with") else " ") + " and ".join(post)
    return noun, fin, post, tail_rel, " AND ".join(sql)


def where(sql):
    return f" WHERE {sql}" if sql else ""


# --------------------------------------------------------------------------------------------------
# Questions about one table
# --------------------------------------------------------------------------------------------------

ASK = ["List", "Show", "Give me", "Find", "Get", "Show me", "Return", "Display"]


def words_of(r, cols, many=False):
    w = [plural(c.words) if many else c.words for c in cols]
    return w[0] if len(w) == 1 else ", ".join(w[:-1]) + " and " + w[-1]


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
            if t.kind == "p" and r.random() < 0.1:
                q = f"Who among the {noun} {' and '.join(fin)}?"
        elif r.random() < 0.4:
            q = f"Which {rel} are there?" if not fin else f"{r.choice(ASK)} the {t.label.words} of the {rel}"
        else:
            q = f"{r.choice(ASK)} the {r.choice([t.label.words, plural(t.label.words)])} of {r.choice(['all ', '', 'the '])}{rel}"
        if q.startswith("Which") and not (fin or post):
            q = f"Which {t.many} are {got[0][1]}?"
        return q, f"SELECT {t.label.name} FROM {t.name}{where(sql)}", "filter"
    if style < 0.65:
        q = f"{r.choice(ASK)} {r.choice(['all ', 'all the ', 'every column of the ', 'all columns of '])}{rel}"
        return q, f"SELECT * FROM {t.name}{where(sql)}", "filter-all"
    cols = pick_columns(r, t)
    q = f"{r.choice(ASK)} the {words_of(r, cols, r.random() < 0.3)} of {r.choice(['all ', '', 'the '])}{rel}"
    if len(cols) == 1 and fin and not post and r.random() < 0.5:
        q = f"What is the {cols[0].words} of the {noun} that {' and '.join(fin)}?"
    return q, f"SELECT {', '.join(c.name for c in cols)} FROM {t.name}{where(sql)}", "filter-cols"


def pick_columns(r, t):
    pool = [c for c in t.columns if c.kind not in ("fk",)]
    n = min(len(pool), r.choices([1, 2, 3], [5, 5, 2])[0])
    return r.sample(pool, n)


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
    if fin and not post:
        q = f"How many {noun} {' and '.join(fin)}?"
    elif not (fin or post):
        q = r.choice([f"How many {noun} are there?", f"Count the {noun}", f"What is the number of {noun}?", f"Count all {noun}"])
    else:
        q = r.choice([f"How many {rel} are there?", f"Count the {rel}", f"What is the number of {rel}?"])
    return q, f"SELECT COUNT(*) FROM {t.name}{where(sql)}", "count"


AGG = {
    "AVG": ["average", "average", "mean"], "MAX": ["highest", "maximum", "largest", "greatest"],
    "MIN": ["lowest", "minimum", "smallest"], "SUM": ["total", "sum of the", "combined"],
}


def agg_word(r, f):
    w = r.choice(AGG[f])
    return w


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
    keys = [c for c in t.of("text") if not getattr(c, "is_label", False)] or t.of("bool")
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
    q = r.choice([f"What is the {a} {c.words} {per}?", f"What is the {a} {c.words} of {t.many} {per}?", f"{r.choice(ASK)} the {a} {c.words} of the {t.many} {per}",
                  f"{a.capitalize()} {c.words} {per}"])
    return q, f"SELECT {k.name}, {f}({c.name}) FROM {t.name} GROUP BY {k.name}", "group"


def article(w):
    return "an" if w[0] in "aeiou" else "a"


def q_top(r, t):
    sortable = t.of("num", "date")
    if not sortable:
        return q_order(r, t)
    c = r.choice(sortable)
    k = c.concept
    x = r.random()
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
        if c.kind == "date":
            q = f"{r.choice(ASK)} the {n_word} {t.many} with the latest {c.words}"
        d = "DESC"
    else:
        q = f"{r.choice(ASK)} the {n_word} {t.many} with the {r.choice(['lowest', 'smallest'] if c.kind == 'num' else ['earliest'])} {c.words}"
        d = "ASC"
    return q, f"SELECT {t.label.name} FROM {t.name} ORDER BY {c.name} {d} LIMIT {n}", "top"


def q_order(r, t):
    pool = [c for c in t.columns if c.kind in ("num", "date", "text")]
    if not pool:
        return q_all(r, t)
    o = r.choice(pool)
    desc = r.random() < 0.4
    way = r.choice([" in descending order", ", highest first", ", descending"] if o.kind == "num" else [" in descending order", ", newest first", ", descending"]
                   if o.kind == "date" else [" in descending order", ", descending"]) if desc else r.choice(["", "", "", " in ascending order"])
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
    if not getattr(t.label, "is_label", False):
        return q_filter(r, t)
    cols = [c for c in t.columns if c is not t.label and c.kind in ("num", "date", "text")]
    if not cols:
        return q_filter(r, t)
    c = r.choice(cols)
    v = t.label.value(r)
    q = r.choice([f"What is the {c.words} of {v}?", f"What is the {c.words} of the {t.one} {v}?", f"{r.choice(ASK)} the {c.words} of {v}",
                  f"What {c.words} does {v} have?", f"What is {v}'s {c.words}?"])
    return q, f"SELECT {c.name} FROM {t.name} WHERE {t.label.name} = {quote(v)}", "lookup"


# --------------------------------------------------------------------------------------------------
# Questions about two tables
# --------------------------------------------------------------------------------------------------


def q_join(r, child, parent):
    ch, pa = child.name, parent.name
    on = f"{ch} JOIN {pa} ON {ch}.{child.fk.name} = {pa}.{parent.pk}"
    cl, pl = f"{ch}.{child.label.name}", f"{pa}.{parent.label.name}"
    x = r.random()
    named = getattr(parent.label, "is_label", False)
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
    left = f"{pa} LEFT JOIN {ch} ON {ch}.{child.fk.name} = {pa}.{parent.pk}"
    return q, f"SELECT {pl} FROM {left} WHERE {ch}.{child.fk.name} IS NULL", "join-none"


ONE_TABLE = [(q_filter, 34), (q_all, 9), (q_count, 12), (q_aggregate, 11), (q_group, 11), (q_top, 11), (q_order, 6), (q_lookup, 7)]


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
    return q


def sql_group(r, split="train", small=False, questions=1):
    """Several questions about one schema: (context, [(question, answer, kind)])."""
    n = 1 if small else r.choices([1, 2, 3], [62, 30, 8])[0]
    tables = make_schema(r, split, n, small)
    out = []
    while len(out) < questions:
        if n > 1 and tables[0].fk and r.random() < 0.6:
            q, a, kind = q_join(r, tables[0], tables[1])
        else:
            t = r.choice(tables)
            f = r.choices([f for f, _ in ONE_TABLE], [w for _, w in ONE_TABLE])[0]
            q, a, kind = f(r, t)
        out.append((touch_question(r, q), a, kind))
    return ddl(r, tables), out


def sql_example(r, split="train", small=False):
    context, [(q, a, kind)] = sql_group(r, split, small)
    return {"expert": "sql", "system": SYSTEM["sql"], "user": f"{context}\n\n{q}", "answer": a, "kind": kind}


# --------------------------------------------------------------------------------------------------
# JSON
# --------------------------------------------------------------------------------------------------


def an(w):
    return f"{article(w)} {w}"


def email(r):
    a = (invented(r) if r.random() < 0.5 else r.choice(FIRST).lower())
    return f"{a}@{r.choice(['example.com', 'mail.org', invented(r) + '.net', 'post.io'])}"


def person_fields(r):
    """(key, value, short phrase, sentence form) of a person; the name is apart."""
    age = r.randint(1, 99)
    c, co, j, e = city(r), r.choice(COUNTRIES), r.choice(JOBS), email(r)
    ph = f"555-{r.randint(1000, 9999)}"
    y = r.randint(1930, 2015)
    likes = r.sample(ITEMS, r.randint(2, 3))
    sal = r.randint(10, 150) * r.choice([100, 1000])
    h = r.randint(120, 210)
    listed = ", ".join(likes[:-1]) + " and " + likes[-1]
    return [
        ("age", age, r.choice([f"aged {age}", f"age {age}", f"{age} years old"]), f"is {age} years old"),
        ("city", c, r.choice([f"from {c}", f"living in {c}", f"city {c}"]), r.choice([f"lives in {c}", f"comes from {c}"])),
        ("country", co, r.choice([f"country {co}", f"citizen of {co}"]), f"is a citizen of {co}"),
        ("job", j, r.choice([f"working as {an(j)}", f"job {j}", an(j) if r.random() < 0.5 else f"who works as {an(j)}"]), r.choice([f"works as {an(j)}", f"is {an(j)}"])),
        ("email", e, r.choice([f"email {e}", f"with email {e}"]), f"has the email {e}"),
        ("phone", ph, r.choice([f"phone {ph}", f"with phone {ph}"]), f"has the phone number {ph}"),
        ("born", y, f"born in {y}", f"was born in {y}"),
        ("likes", likes, f"who likes {listed}", f"likes {listed}"),
        ("salary", sal, r.choice([f"earning {sal}", f"salary {sal}"]), f"earns {sal}"),
        ("height", h, r.choice([f"{h} cm tall", f"height {h}"]), f"is {h} cm tall"),
        ("married", True, "married", "is married"),
    ]


def thing_fields(r):
    p = r.choice([r.randint(1, 900), round(r.uniform(1, 300), 2), r.randint(1, 99) + 0.5])
    col, b, m, cat = r.choice(COLOURS), r.choice(BRANDS), r.choice(MATERIALS), r.choice(CATEGORIES)
    w, y, n = r.randint(1, 90), r.randint(1980, 2025), r.randint(2, 400)
    tags = r.sample(ITEMS, r.randint(2, 3))
    listed = ", ".join(tags[:-1]) + " and " + tags[-1]
    return [
        ("price", p, r.choice([f"price {p}", f"costing {p}", f"for {p}"]), f"costs {p}"),
        ("colour", col, f"colour {col}", f"is {col}"),
        ("brand", b, r.choice([f"made by {b}", f"brand {b}"]), f"is made by {b}"),
        ("material", m, f"made of {m}", f"is made of {m}"),
        ("category", cat, r.choice([f"category {cat}", f"in category {cat}"]), f"belongs to the category {cat}"),
        ("weight", w, r.choice([f"weighing {w}", f"weight {w}"]), f"weighs {w}"),
        ("year", y, r.choice([f"from {y}", f"year {y}"]), f"is from {y}"),
        ("quantity", n, f"quantity {n}", f"has quantity {n}"),
        ("tags", tags, f"tagged {listed}", f"is tagged {listed}"),
        ("in_stock", True, "in stock", "is in stock"),
    ]


JSON_CLASH = [{"age", "born"}, {"city", "country"}]


def subset(r, fields, n):
    r.shuffle(fields)
    out = []
    for f in fields:
        keys = {g[0] for g in out}
        if any(f[0] in s and s & keys for s in JSON_CLASH):
            continue
        out.append(f)
        if len(out) == n:
            break
    return out


def dumps(v):
    return json.dumps(v, ensure_ascii=False)


def scalar(r, split):
    x = r.random()
    if x < 0.35:
        return r.randint(0, 9999)
    if x < 0.42:
        return round(r.uniform(0, 99), 1)
    if x < 0.5:
        return r.random() < 0.5
    return any_value(r) if r.random() < 0.7 else person(r)


def say(v):
    return {True: "true", False: "false"}[v] if isinstance(v, bool) else str(v)


def field_context(r, keys):
    return r.choice(["fields: {}", "fields: {}", "Fields: {}", "keys: {}"]).format(", ".join(keys))


def schema_context(r, obj):
    def ty(v):
        if isinstance(v, bool):
            return {"type": "boolean"}
        if isinstance(v, int):
            return {"type": "integer"}
        if isinstance(v, float):
            return {"type": "number"}
        if isinstance(v, list):
            return {"type": "array", "items": {"type": "string"}}
        return {"type": "string"}
    s = {"type": "object", "properties": {k: ty(v) for k, v in obj.items()}}
    if r.random() < 0.7:
        s["required"] = list(obj)
    return dumps(s)


def json_example(r, split="train", small=False):
    x = r.random()
    context = None
    if x < 0.5 and split != "invented" or x < 0.1:  # a person or a thing
        is_person = r.random() < 0.65
        name = person(r) if is_person else thing(r)
        if is_person and r.random() < 0.12:
            name = first_name(r)
        fs = subset(r, person_fields(r) if is_person else thing_fields(r), r.choices([1, 2, 3, 4], [2, 4, 4, 1])[0])
        obj = {"name": name, **{f[0]: f[1] for f in fs}}
        y = r.random()
        if y < 0.5:
            phrases = [f[2] for f in fs]
            if is_person:
                head = r.choice(["A record for {n}", "A record for {n}", "A record of {n}", "A person named {n}", "An object for {n}", "Record for {n}",
                                 "A user called {n}", "An employee named {n}", "JSON for {n}", "A JSON record for {n}", "A customer named {n}"]).format(n=name)
            else:
                head = r.choice(["A record for the product {n}", "A product called {n}", "A product named {n}", "An item called {n}", "A record for {n}"]).format(n=name)
            text = head + ", " + ", ".join(phrases)
            if len(phrases) > 1 and r.random() < 0.3:
                text = head + ", " + ", ".join(phrases[:-1]) + " and " + phrases[-1]
        else:
            sents = [f[3] for f in fs]
            body = name + " " + (sents[0] if len(sents) == 1 else ", ".join(sents[:-1]) + " and " + sents[-1]) + "."
            if r.random() < 0.55:
                keys = list(obj)
                if r.random() < 0.7:
                    keys = r.sample(keys, r.randint(1, len(keys)))
                said = ", ".join(keys[:-1]) + " and " + keys[-1] if len(keys) > 1 else keys[0]
                text = r.choice(["Extract {k} as JSON: {b}", "Extract the {k} as JSON: {b}", "Extract {k}: {b}", "Give {k} as JSON: {b}"]).format(k=said.replace("_", " "), b=body)
                obj = {k: obj[k] for k in keys}
            else:
                text = r.choice(["Turn into JSON: {b}", "As JSON: {b}", "Convert to JSON: {b}", "A record from this text: {b}", "{b}"]).format(b=body)
        z = r.random()
        if z < 0.28:
            keys = list(obj)
            if r.random() < 0.5:
                r.shuffle(keys)
            if r.random() < 0.3 and len(keys) > 1:
                keys.pop()
            extra = None
            if r.random() < 0.2:  # a field that the text does not mention
                extra = r.choice(["email", "phone", "country", "notes", "colour", "weight", "job"])
                if extra not in obj and extra not in keys:
                    keys.insert(r.randint(0, len(keys)), extra)
            context = field_context(r, keys)
            obj = {k: obj.get(k) for k in keys}
        elif z < 0.38:
            context = schema_context(r, obj)
    elif x < 0.82:  # free keys and values
        n = r.choices([1, 2, 3, 4], [1, 4, 4, 1])[0]
        keys = []
        while len(keys) < n:
            k = odd_name(r, "invented" if split == "invented" else "train") if r.random() < 0.75 else r.choice(
                ["title", "name", "pages", "author", "price", "count", "size", "id", "level", "active", "score", "code"])
            if k not in keys:
                keys.append(k)
        obj = {k: scalar(r, split) for k in keys}
        style = r.choice(["{k} {v}", "{k} {v}", "{k} = {v}", "{k}: {v}", "{k} set to {v}"])
        parts = [style.format(k=k if r.random() < 0.6 else k.replace("_", " "), v=say(v)) for k, v in obj.items()]
        text = r.choice(["An object with ", "A record with ", "A JSON object with ", "An object where ", ""]) + (
            ", ".join(parts[:-1]) + r.choice([" and ", ", "]) + parts[-1] if n > 1 else parts[0])
        y = r.random()
        if y < 0.25:
            ks = list(obj)
            r.shuffle(ks)
            context = field_context(r, ks)
            obj = {k: obj[k] for k in ks}
        elif y < 0.33:
            context = schema_context(r, obj)
    elif x < 0.92:  # a list of strings or numbers
        n = r.randint(2, 5)
        y = r.random()
        if y < 0.35:
            vals = [r.randint(0, 999) for _ in range(n)]
        elif y < 0.65:
            vals = r.sample(ITEMS, n)
        else:
            vals = [any_value(r) for _ in range(n)]
        noun = r.choice(["list", "list", "JSON array", "array"])
        what = "numbers" if y < 0.35 else r.choice(["words", "items", "names", "values", invented(r) + "s"])
        text = f"{an(noun).capitalize()} of the {what} {', '.join(map(str, vals[:-1]))} and {vals[-1]}"
        if noun.startswith("JSON"):
            text = text.replace("A json", "A JSON")
        obj = vals
    elif x < 0.97:  # a list of records
        n = r.randint(2, 3)
        rows, said = [], []
        key, phrase = r.choice([("age", "aged {v}"), ("city", "from {v}"), ("score", "with score {v}")])
        for _ in range(n):
            nm = first_name(r)
            v = city(r) if key == "city" else r.randint(1, 99)
            rows.append({"name": nm, key: v})
            said.append(f"{nm}, {phrase.format(v=v)}")
        text = r.choice(["A list of records: ", "Records for ", "An array of people: "]) + "; ".join(said)
        obj = rows
    else:  # one nested object
        nm, c, s = person(r), city(r), f"{r.choice(NOUNS)} Street {r.randint(1, 99)}"
        text = r.choice(["A record for {n} with the address {s}, {c}", "A record for {n}, address {s} in {c}"]).format(n=nm, s=s, c=c)
        obj = {"name": nm, "address": {"street": s, "city": c}}
    text = touch_json(r, text)
    user = f"{context}\n\n{text}" if context else text
    kind = "array" if isinstance(obj, list) else "object"
    return {"expert": "json", "system": SYSTEM["json"], "user": user, "answer": dumps(obj), "kind": kind}


def touch_json(r, text):
    x = r.random()
    if x < 0.06:
        return text[0].lower() + text[1:]
    if x < 0.16:
        return r.choice(["Make ", "Create ", "Write "]) + text[0].lower() + text[1:] if text[:2] in ("A ", "An") else text
    if x < 0.22 and not text.endswith("."):
        return text + "."
    return text


# --------------------------------------------------------------------------------------------------

EXPERTS = {"sql": sql_example, "json": json_example}
SHARE = {"sql": 0.7, "json": 0.3}


def example(r, split="train", expert=None, small=False):
    if expert is None:
        expert = r.choices(list(SHARE), list(SHARE.values()))[0]
    return EXPERTS[expert](r, split, small)


def stream(seed, split="train", expert=None, small=False):
    r = random.Random(f"{seed}/{split}/{expert}/{int(small)}")
    while True:
        yield example(r, split, expert, small)


def prompt(e):
    """Qwen3's chat format with thinking switched off."""
    return (f"<|im_start|>system\n{e['system']}<|im_end|>\n<|im_start|>user\n{e['user']}<|im_end|>\n"
            "<|im_start|>assistant\n<think>\n\n</think>\n\n")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=10)
    p.add_argument("--split", default="train", choices=["train", "known", "heldout", "invented"])
    p.add_argument("--expert", choices=list(EXPERTS))
    p.add_argument("--format", default="jsonl", choices=["jsonl", "text"])
    a = p.parse_args()
    for _, e in zip(range(a.count), stream(a.seed, a.split, a.expert)):
        if a.format == "text":
            print(e["user"], "\n=>", e["answer"], "\n")
        else:
            print(json.dumps(e, ensure_ascii=False))


if __name__ == "__main__":
    main()
