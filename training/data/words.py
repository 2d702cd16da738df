"""The words and values that the examples are made of, and invented ones."""

FIRST = """Ada Alan Alice Amir Ana Anna Ben Carla Carlos Chen Clara Daniel David Diego Elena Emma Eva
Farah Felix Fatima Grace Hana Hassan Helen Hugo Ines Ivan Jack Jane Jonas Julia Kofi Lara Laura Lea
Leo Lina Linus Lucas Maria Mark Marta Max Maya Mei Mia Milan Nadia Nina Noah Nora Olga Oliver Omar
Oscar Paul Pedro Peter Priya Rosa Ruth Sam Sara Sofia Sven Tariq Theo Tina Tom Vera Victor Wei Yara
Yuki Zoe John Mary James Robert Linda Susan Margaret Katherine Dorothy Edsger Donald Barbara""".split()
LAST = """Adams Ahmed Baker Berg Brown Carter Chen Costa Cruz Diaz Dubois Evans Fischer Ford Garcia
Gomez Gray Green Hall Hansen Hopper Ito Jansen Johnson Jones Kim King Klein Kovacs Kumar Larsen Lee
Lopez Lovelace Martin Meyer Miller Moore Moreau Nguyen Novak Okafor Olsen Park Patel Perez Petrov
Popov Rossi Russo Santos Sato Schmidt Silva Singh Smith Stein Suzuki Tanaka Taylor Torres Turing
O'Brien O'Neil Vogel Wagner Walker Wang Weber White Wilson Wood Wright Yilmaz Young Zhang""".split()
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
PLAIN_HELDOUT = """altitude carrier dosage elevation humidity intake latitude mileage nickname
overtime pressure quality reward surcharge temperature usage velocity yield""".split()

# Things that stand in test schemas only.
ENTITIES_HELDOUT = {
    "p": "patient athlete lawyer runner".split(), "t": "truck sensor medicine jacket".split(),
    "e": "song rental festival donation".split(), "l": "team hospital stadium village".split(),
}

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


HELDOUT = set(PLAIN_HELDOUT) | {w for ws in ENTITIES_HELDOUT.values() for w in ws}
PIECES = sorted({w for w in PLAIN + ITEMS + JOBS + STATUSES + MATERIALS + [n.lower() for n in NOUNS + FIRST + LAST + CITIES] if w.isalpha() and w.isascii()})


def syllable(r):
    return r.choice(CONSONANTS) + r.choice(VOWELS) + r.choice(CODAS)


def invented(r):
    """An invented lower-case word, never reserved."""
    while True:
        x = r.random()
        if x < 0.15:  # the beginning of one word and the end of another, so that pieces of real words meet
            a, b = r.choice(PIECES), r.choice(PIECES)
            w = a[: r.randint(2, max(2, len(a) - 1))] + b[-r.randint(2, max(2, len(b) - 1)) :]
        elif x < 0.93:
            n = r.choices([2, 3, 4], [6, 4, 0.5])[0]
            w = "".join(syllable(r) for _ in range(n))
        else:  # letters without any rhythm, so that every token is copied now and then
            w = "".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.randint(3, 5)))
        if 3 <= len(w) <= 12 and w not in RESERVED and w not in HELDOUT:
            return w


IRREGULAR = {"person": "people"}


def plural(w):
    if w in IRREGULAR:
        return IRREGULAR[w]
    if w.endswith(("s", "x", "ch", "sh", "z")):
        return w + "es"
    if w.endswith("y") and len(w) > 1 and w[-2] not in "aeiou":
        return w[:-1] + "ies"
    return w + "s"


def article(w):
    return "an" if w[0] in "aeiou" else "a"


def singular(phrase):
    """A finite verb group in the singular: `earn more` as `earns more`."""
    verb, _, rest = phrase.partition(" ")
    verb = {"are": "is", "were": "was", "have": "has"}.get(verb) or verb + ("es" if verb.endswith(("s", "sh", "ch")) else "" if verb.endswith("ed") else "s")
    return f"{verb} {rest}".rstrip()


def base(phrase):
    """A verb group after `to`: `checks whether` as `check whether`."""
    verb, _, rest = phrase.partition(" ")
    return f"{verb.removesuffix('s')} {rest}"


def an(w):
    return f"{article(w)} {w}"


def camel(words):
    """`hire date` as `hireDate`."""
    first, *rest = words.replace("_", " ").split()
    return first + "".join(w.capitalize() for w in rest)


def pascal(words):
    """`order line` as `OrderLine`."""
    return "".join(w.capitalize() for w in words.replace("_", " ").split())


def said_list(items, word="and"):
    """`a, b and c`."""
    items = list(items)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + f" {word} " + items[-1]


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
    if x < 0.72:
        return f"The {r.choice(NOUNS)}" if r.random() < 0.5 else f"{r.choice(NOUNS)} of {r.choice(['', 'the '])}{r.choice(NOUNS)}"
    return r.choice(NOUNS)


def any_value(r):
    x = r.random()
    if x < 0.5:
        w = invented(r)
        return w.capitalize() if r.random() < 0.6 else w
    return r.choice([r.choice(NOUNS), r.choice(STATUSES), r.choice(CATEGORIES), r.choice(BRANDS), city(r)])


def from_list(values):
    return lambda r: invented(r).capitalize() if r.random() < 0.15 else r.choice(values)
