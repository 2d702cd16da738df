//! Random small grammars and vocabularies, from a seed.

use constrained_gen::{
    TerminalId, TokenId, Vocabulary,
    grammar::{Grammar, GrammarBuilder, Lexing, Regular, Symbol, Terminal},
};

use super::small::regex;

/// SplitMix64 (Steele, Lea, Flood, 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn range(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// What texts are made of.
pub(crate) const ALPHABET: [&str; 8] = ["a", "b", "c", " ", "0", "1", "é", "ü"];

/// Terminals as grammars have them: keywords, identifiers, numbers, operators, comments, blanks.
const USUAL: [&str; 26] = [
    "[abc]+",
    "[a-c][a-c01]*",
    "[ab]",
    "[01]+",
    "[01]+(a[01]+)?",
    "[01]+b[01]*|b[01]+",
    "a[^b]*b",
    "aa",
    "aaa",
    "a|ab|abc",
    "ab",
    "abc",
    "(ab)+",
    "a+b+c",
    "b+c",
    "a*b",
    "(?s-u:.)",
    "é",
    "[éü]+",
    "[^a]",
    "[a-cé]{1,3}",
    "c[^c]{0,4}c",
    "c(a|bb)*c",
    "b{2}",
    "0|1[01]*",
    "[é-ü]a?",
];

const GUARDS: [&str; 10] =
    ["[abc]", "[01]", "a", "ab", "b+c", "[^ ]", "é", "(?s-u:.)*0", " *b", "[abc]*"];

/// A regular expression of this nesting.
fn pattern(random: &mut Random, depth: usize) -> String {
    if depth == 0 || random.percent(20) {
        return match random.below(5) {
            0 => format!("[{}{}]", random.pick(&ALPHABET), random.pick(&ALPHABET)),
            1 => format!("[^{}{}]", random.pick(&ALPHABET), random.pick(&ALPHABET)),
            _ => random.pick(&ALPHABET).to_owned(),
        };
    }
    let part = |random: &mut Random| format!("(?:{})", pattern(random, depth - 1));
    match random.below(7) {
        0 | 1 => part(random) + &part(random),
        2 => part(random) + "|" + &part(random),
        3 => part(random) + "*",
        4 => part(random) + "+",
        5 => part(random) + "?",
        _ => {
            let min = random.below(3);
            format!("{}{{{min},{}}}", part(random), min + random.below(3))
        }
    }
}

fn language(random: &mut Random) -> Regular {
    match random.below(10) {
        0..4 => regex(random.pick(&USUAL)),
        4..7 => {
            let literal: String =
                (0..random.range(1, 3)).map(|_| random.pick(&ALPHABET[..6])).collect();
            Regular::literal(literal.as_bytes())
        }
        7 | 8 => {
            let depth = random.range(1, 3);
            regex(&pattern(random, depth))
        }
        _ => {
            let (a, b) = (language(random).into(), language(random).into());
            if random.percent(70) { Regular::Difference(a, b) } else { Regular::Intersection(a, b) }
        }
    }
}

/// A grammar: 1 to 6 terminals (and often ignored ones), 1 to 6 nonterminals, 1 to 4 productions each.
pub(crate) fn grammar(random: &mut Random) -> Grammar {
    let lexing = if random.percent(50) { Lexing::Longest } else { Lexing::Contextual };
    let mut builder = GrammarBuilder::new("random", lexing);
    let mut symbols = Vec::new();
    for t in 0..random.range(1, 6) {
        let mut terminal = Terminal::new(format!("T{t}"), language(random));
        terminal.priority = random.pick(&[0, 0, 0, 1, -1]);
        terminal.ignore = random.percent(4);
        if random.percent(15) {
            terminal.not_followed_by = Some(regex(random.pick(&GUARDS)));
        }
        let terminal = builder.terminal(terminal);
        // Some compete in the lexer only.
        if t == 0 || random.percent(90) {
            symbols.push(Symbol::Terminal(terminal));
        }
    }
    if random.percent(60) {
        let mut blank = Terminal::new("blank", regex(random.pick(&[" ", " +", "[ 0]+"])));
        blank.ignore = true;
        builder.terminal(blank);
    }
    if random.percent(15) {
        let mut comment =
            Terminal::new("comment", regex(random.pick(&["cc[^c]*cc", "c[^ ]*", "bc"])));
        comment.ignore = true;
        comment.priority = random.pick(&[0, 0, 1, -1]);
        builder.terminal(comment);
    }
    // Blank space and lexemes after which not everything may begin.
    if random.percent(30) {
        let line = Terminal::new("line", regex(random.pick(&["1", " *1[ 1]*", "1+"])));
        let line = builder.terminal(line);
        builder.terminal_mut(line).ignore = random.percent(70);
        if random.percent(40) {
            builder.terminal_mut(line).not_followed_by =
                Some(regex(random.pick(&["[ 1]", "1", "a", "[ab]b"])));
        }
        symbols.extend(random.percent(30).then_some(Symbol::Terminal(line)));
    }
    let count = builder.terminal_count();
    for _ in 0..random.pick(&[0, 0, 0, 1, 2, 4]) {
        let (one, other) = (random.below(count), random.below(count));
        let others = &mut builder.terminal_mut(TerminalId::new(one)).not_before;
        others.push(TerminalId::new(other));
    }
    let lhs: Vec<_> =
        (0..random.range(1, 6)).map(|n| builder.nonterminal(format!("n{n}"))).collect();
    let terminals = symbols.len();
    symbols.extend(lhs.iter().map(|&n| Symbol::Nonterminal(n)));
    for &nonterminal in &lhs {
        for _ in 0..random.range(1, 4) {
            // Short right-hand sides with empty ones among them; leaning to terminals, or most would derive nothing.
            let length = random.pick(&[0, 1, 1, 1, 2, 2, 2, 3, 3, 4]);
            let rhs = (0..length).map(|_| {
                if random.percent(55) {
                    symbols[random.below(terminals)]
                } else {
                    random.pick(&symbols)
                }
            });
            let rhs = rhs.collect();
            builder.production(nonterminal, rhs);
        }
    }
    builder.finish(lhs[0])
}

/// A vocabulary for texts such as these: pieces of them, cut anywhere (also within a character), some made up, some twice,
/// some empty, some special, one or two ends; sometimes rows of padding.
pub(crate) fn vocabulary(random: &mut Random, texts: &[Vec<u8>]) -> Vocabulary {
    let mut tokens: Vec<Vec<u8>> = Vec::new();
    if random.percent(70) {
        tokens.extend(ALPHABET.iter().map(|a| a.as_bytes().to_vec()));
    }
    if random.percent(50) {
        tokens.extend([vec![0xc3], vec![0xa9], vec![0xbc]]);
    }
    let texts: Vec<&Vec<u8>> = texts.iter().filter(|t| !t.is_empty()).collect();
    for _ in 0..random.range(4, 48) {
        let token = match random.below(10) {
            0..6 if !texts.is_empty() => {
                let text = random.pick(&texts);
                let from = random.below(text.len());
                text[from..(from + random.range(1, 6)).min(text.len())].to_vec()
            }
            6 if !tokens.is_empty() => random.pick(&tokens),
            7 if !tokens.is_empty() => [random.pick(&tokens), random.pick(&tokens)].concat(),
            _ => (0..random.range(1, 5)).flat_map(|_| random.pick(&ALPHABET).bytes()).collect(),
        };
        tokens.push(token);
    }
    if random.percent(50) {
        tokens.push(Vec::new());
    }
    for i in (1..tokens.len()).rev() {
        tokens.swap(i, random.below(i + 1));
    }
    let mut special = Vec::new();
    if random.percent(50) {
        let at = random.below(tokens.len());
        special.push(TokenId::new(at));
    }
    let mut end = Vec::new();
    for name in ["</s>", "a"].iter().take(random.below(3)) {
        end.push(TokenId::new(tokens.len()));
        tokens.push(name.as_bytes().to_vec());
    }
    let padding = if random.percent(50) { random.below(40) } else { 0 };
    let width = tokens.len() + padding;
    Vocabulary::new(tokens, &special, &end)
        .and_then(|vocabulary| vocabulary.with_width(width))
        .expect("a small vocabulary")
}
