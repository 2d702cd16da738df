//! Three long documents of different make, always the same.

use std::fmt::Write;

/// Name and text of each.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    vec![("records", records()), ("numbers", numbers()), ("nested", nested())]
}

/// A small generator of whole numbers (Knuth's MMIX constants).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as u64) as usize]
    }
}

const WORDS: [&str; 24] = [
    "order",
    "café",
    "invoice",
    "Zürich",
    "the",
    "of",
    "quick",
    "delivery",
    "address",
    "東京",
    "note",
    "refund",
    "customer",
    "said",
    "\\\"hello\\\"",
    "line\\nbreak",
    "price",
    "per",
    "unit",
    "naïve",
    "total",
    "and",
    "was",
    "late",
];

fn sentence(dice: &mut Dice, words: u64) -> String {
    let chosen: Vec<&str> = (0..words).map(|_| dice.pick(&WORDS)).collect();
    chosen.join(" ")
}

/// Records as an API returns them, indented.
fn records() -> String {
    let mut dice = Dice(1);
    let mut out = String::from("[\n");
    for i in 0..80 {
        let comma = if i == 79 { "" } else { "," };
        let words = 3 + dice.roll(12);
        let _ = writeln!(
            out,
            "  {{\n    \"id\": {i},\n    \"uuid\": \"{:08x}-{:04x}\",\n    \"name\": \"{}\",\n    \"active\": {},\n    \"parent\": {},\n    \"tags\": [\"{}\", \"{}\"],\n    \"comment\": \"{}\"\n  }}{comma}",
            dice.roll(u32::MAX.into()),
            dice.roll(1 << 16),
            sentence(&mut dice, 2),
            dice.pick(&["true", "false"]),
            dice.pick(&["null", "12", "7"]),
            dice.pick(&WORDS),
            dice.pick(&WORDS),
            sentence(&mut dice, words),
        );
    }
    out + "]"
}

/// Coordinates, one line.
fn numbers() -> String {
    let mut dice = Dice(2);
    let mut out = String::from("{\"type\": \"MultiLineString\", \"coordinates\": [");
    for line in 0..20 {
        out += if line == 0 { "[" } else { ", [" };
        for point in 0..12 {
            let comma = if point == 0 { "" } else { ", " };
            let (x, y) = (dice.roll(360_000_000), dice.roll(180_000_000));
            let _ = write!(
                out,
                "{comma}[{:.6}, -{:.4}, {}e-{}]",
                x as f64 / 1e6,
                y as f64 / 1e6,
                dice.roll(99),
                dice.roll(9)
            );
        }
        out += "]";
    }
    out + "]}"
}

/// Objects in objects, without blanks.
fn nested() -> String {
    let mut dice = Dice(3);
    let mut out = String::from("{\"packages\":{");
    for i in 0..90 {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(
            out,
            "{comma}\"{}-{i}\":{{\"version\":\"{}.{}.{}\",\"resolved\":null,\"deps\":{{\"a\":{{\"b\":[[{}],[]]}},\"{}\":[{{\"x\":{}}},{{}}]}}}}",
            dice.pick(&["core", "util", "left-pad", "größe"]),
            dice.roll(9),
            dice.roll(30),
            dice.roll(99),
            dice.roll(1000),
            dice.pick(&["c", "d", "peer"]),
            dice.roll(10),
        );
    }
    out + "}}"
}
