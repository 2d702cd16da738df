//! The grammars that ship: a walk under the masks, which the input drives, and other parsers' judgement of its end.

use std::sync::{Arc, LazyLock};

use constrained_gen::{
    Automaton, Constraint, Limits, TokenId, Vocabulary, library,
    sampling::{Sampler, Settings, Taken, Weighting},
    validation::Validator,
};

use crate::tape;

/// Tokens of a walk at most.
const LONGEST: usize = 120;

/// Tokens beside single bytes: pieces that begin within one lexeme and end within another.
const TOKENS: [&str; 40] = [
    "--", "/*", "*/", "//", "''", "\"\"", "$$", "${", "`", "=>", "->", "::", "..", "...", "<=",
    ">=", "<>", "!=", "&&", "||", "??", "?.", ">>", ">>>", "1.", ".5", "e+", "0x", " (", ") ",
    "),", ", ", "; ", "\n\n", " a", "a.b", "in", "int", "}\n", "as ",
];

struct Walks {
    automaton: Arc<Automaton>,
    sampler: Sampler,
    validator: Validator,
}

impl Walks {
    fn new(name: &str, validator: Validator) -> Self {
        let mut limits = Limits::default();
        // Small enough for a long run to move on to new tables now and then.
        limits.automaton_bytes = 96 << 20;
        let grammar = library::grammar(name, &limits).expect(name);
        let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
        tokens.extend(TOKENS.iter().map(|token| token.as_bytes().to_vec()));
        tokens.extend([b"<end>".to_vec(), b"SELECT".to_vec()]);
        let last = tokens.len() - 1;
        // A control token that is spelled like a word of the language.
        let vocabulary = Vocabulary::new(tokens, &[TokenId::new(last)], &[TokenId::new(last - 1)]);
        let vocabulary = vocabulary.and_then(|vocabulary| vocabulary.with_width(last + 40));
        let automaton = Automaton::new(&grammar, Arc::new(vocabulary.expect("tokens")), &limits);
        let automaton = automaton.expect(name);
        let settings =
            Settings { weighting: Weighting::Broad, max_tokens: LONGEST, ..Settings::default() };
        Self { sampler: Sampler::new(Arc::clone(&automaton), settings), automaton, validator }
    }

    /// One token, or a word that is expected here; whether there was one.
    fn step(&self, constraint: &mut Constraint, text: &mut Vec<u8>, choice: u8, more: u8) -> bool {
        let vocabulary = self.automaton.vocabulary();
        if choice & 3 != 0 {
            // A word or a sign that the grammar names here, after a blank where it needs one.
            let expected = constraint.expected().terminals;
            let words: Vec<&str> = expected
                .iter()
                .filter_map(|name| name.strip_prefix('"')?.strip_suffix('"'))
                .filter(|word| !word.contains('\\'))
                .collect();
            if let Some(word) = words.get(usize::from(more) % words.len().max(1)) {
                for word in [format!(" {word}"), (*word).to_owned()] {
                    if constraint.accept_bytes(word.as_bytes()).is_ok() {
                        text.extend_from_slice(word.as_bytes());
                        return true;
                    }
                }
            }
        }
        let Ok(mask) = constraint.mask() else { return false };
        let allowed: Vec<TokenId> =
            mask.iter().filter(|token| !vocabulary.is_special(*token)).collect();
        // Letters are what most of them are; short names do.
        let few: Vec<TokenId> = allowed
            .iter()
            .copied()
            .filter(|token| !matches!(vocabulary.bytes(*token), [byte] if *byte >= 0x80 || byte.is_ascii_alphabetic() && *byte != b'a'))
            .collect();
        let among = if choice & 4 != 0 || few.is_empty() { &allowed } else { &few };
        let Some(&token) = among.get(usize::from(more) % among.len().max(1)) else { return false };
        constraint.accept(token).expect("the mask allows it");
        text.extend_from_slice(vocabulary.bytes(token));
        true
    }

    /// What must hold wherever a sequence stands.
    fn check(&self, constraint: &mut Constraint, text: &[u8], choice: u8) {
        let vocabulary = self.automaton.vocabulary();
        let Ok(mask) = constraint.mask().cloned() else { return };
        let mut reader = self.automaton.grammar().expect("a grammar").recognizer();
        reader.push(text).expect("the text was accepted");
        let start = usize::from(choice) * 7 % vocabulary.len();
        // Some tokens at each place, all of them in the long run; and all that must never be.
        for row in (0..24)
            .map(|n| (start + n * 11) % vocabulary.len())
            .chain(vocabulary.len() - 2..vocabulary.width())
        {
            let (token, bytes) = (TokenId::new(row), vocabulary.bytes(TokenId::new(row)));
            let expected = match vocabulary.end_tokens().contains(&token) {
                true => reader.is_complete(),
                false => {
                    !vocabulary.is_special(token)
                        && !bytes.is_empty()
                        && reader.clone().push(bytes).is_ok()
                }
            };
            let show = String::from_utf8_lossy(text);
            assert_eq!(mask.contains(token), expected, "{token:?} after {show:?}");
            assert_eq!(
                constraint.clone().accept(token).is_ok(),
                expected,
                "{token:?} after {show:?}"
            );
        }
        let forced = constraint.forced(24);
        assert!(reader.clone().push(&forced).is_ok(), "forced {forced:?}");
        assert!(!mask.is_empty(), "a dead end after {:?}", String::from_utf8_lossy(text));
    }

    fn judge(&self, text: &[u8]) {
        let grammar = self.automaton.grammar().expect("a grammar");
        let show = String::from_utf8_lossy(text);
        assert!(grammar.recognizer().check(text).is_ok(), "no sentence: {show:?}");
        let text = std::str::from_utf8(text).unwrap_or_else(|error| panic!("{error}: {show:?}"));
        match self.validator.check(text) {
            Ok(()) => {}
            // A parser of many dialects, which does not read all of this one.
            Err(_) if self.validator == Validator::PostgreSql => {}
            // An ordered grammar, which takes the first reading where a keyword is a name too.
            Err(_) if self.validator == Validator::Cypher && has_keyword_as_name(text) => {}
            Err(error) => assert!(error.is_limit(), "{error}: {text:?}"),
        }
    }

    fn run(&self, data: &[u8]) {
        let Some((seed, rest)) = tape::seed(data) else { return };
        if seed % 3 == 0 {
            // A whole sentence, by the sampler's choices.
            if let Ok(walk) = self.sampler.walk(seed, &Taken::default()) {
                let mut constraint = self.automaton.constraint();
                for (at, &token) in walk.tokens.iter().enumerate() {
                    if at % 8 == (seed % 8) as usize {
                        let read: Vec<u8> = (walk.tokens[..at].iter())
                            .flat_map(|token| self.automaton.vocabulary().bytes(*token).to_vec())
                            .collect();
                        self.check(&mut constraint, &read, at as u8);
                    }
                    constraint.accept(token).expect("it was taken before");
                }
                self.judge(&walk.text);
            }
            return;
        }
        let (mut constraint, mut text) = (self.automaton.constraint(), Vec::new());
        for (at, step) in rest.chunks_exact(2).take(LONGEST).enumerate() {
            if at % 5 == 0 {
                self.check(&mut constraint, &text, step[0]);
            }
            if constraint.is_complete() && (step[0] >= 0xe0 || at + 2 > rest.len() / 2) {
                break;
            }
            if text.len() > 2_000 || !self.step(&mut constraint, &mut text, step[0], step[1]) {
                break;
            }
        }
        if constraint.is_complete() {
            self.judge(&text);
        }
    }
}

static SQL: LazyLock<Walks> = LazyLock::new(|| Walks::new("sql-postgres", Validator::PostgreSql));
static JSON: LazyLock<Walks> = LazyLock::new(|| Walks::new("json", Validator::Json));
static TYPESCRIPT: LazyLock<Walks> =
    LazyLock::new(|| Walks::new("typescript", Validator::TypeScript));
static CYPHER: LazyLock<Walks> = LazyLock::new(|| Walks::new("cypher", Validator::Cypher));

/// SQL. What `sqlparser` says is not asked for, as it does not read all of PostgreSQL's SQL; that it comes back is.
pub fn walk_sql(data: &[u8]) {
    SQL.run(data);
}

/// JSON, judged by `serde_json`.
pub fn walk_json(data: &[u8]) {
    JSON.run(data);
}

/// TypeScript, judged by `oxc_parser`.
pub fn walk_typescript(data: &[u8]) {
    TYPESCRIPT.run(data);
}

/// Cypher, judged by an ordered grammar.
pub fn walk_cypher(data: &[u8]) {
    CYPHER.run(data);
}

/// Whether a Cypher text has a word that the walks above use as a name and that begins something else for the first of two
/// readings: `NOT` before an expression, `USE` before a graph, `DISTINCT` before a star (`RETURN DISTINCT * MATCH` is a product of
/// two variables where no clause follows).
fn has_keyword_as_name(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphabetic());
    // Blanks and comments may stand between, and stars in these.
    let is_before_star =
        |rest: &str| rest.chars().take_while(|c| !c.is_alphanumeric()).any(|c| c == '*');
    words.any(|word| ["not", "use"].contains(&word))
        || lower.split("distinct").skip(1).any(is_before_star)
}
