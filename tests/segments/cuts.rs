//! What does it take to follow a text through the masks in more than one way?

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use constrained_gen::{Automaton, CompiledGrammar, Limits, TokenId, Vocabulary, library};
use rayon::prelude::*;

/// The corpora beside the repository, and the tokenizer.
fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

/// The tokenizer, its vocabulary, and which token has which bytes.
pub(crate) struct Cuts {
    vocabulary: Arc<Vocabulary>,
    tokenizer: tokenizers::Tokenizer,
    by_bytes: HashMap<Vec<u8>, TokenId>,
    longest: usize,
}

static CUTS: LazyLock<Option<Cuts>> = LazyLock::new(|| {
    let json = std::fs::read(shared("tokenizers/qwen3/tokenizer.json")?).expect("a tokenizer");
    let vocabulary =
        Vocabulary::from_tokenizer_json(&json, &Limits::default()).expect("a vocabulary");
    let by_bytes: HashMap<Vec<u8>, TokenId> = (0..vocabulary.len())
        .map(TokenId::new)
        .filter(|token| !vocabulary.is_special(*token) && !vocabulary.bytes(*token).is_empty())
        .map(|token| (vocabulary.bytes(token).to_vec(), token))
        .collect();
    let longest = by_bytes.keys().map(Vec::len).max().unwrap_or(1);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).expect("a tokenizer");
    Some(Cuts { vocabulary: Arc::new(vocabulary), tokenizer, by_bytes, longest })
});

impl Cuts {
    /// As the tokenizer cuts it.
    fn canonical(&self, text: &str) -> Vec<TokenId> {
        let encoding = self.tokenizer.encode(text, false).expect("tokens");
        encoding.get_ids().iter().map(|&id| TokenId(id)).collect()
    }

    /// Every byte is a token of its own.
    fn bytes(&self, text: &str) -> Vec<TokenId> {
        text.as_bytes().iter().map(|&byte| self.by_bytes[&[byte][..]]).collect()
    }

    /// Tokens of any length that fits, drawn by a small generator of numbers.
    fn random(&self, text: &str, seed: u64) -> Vec<TokenId> {
        let text = text.as_bytes();
        let mut state = 0x9E37_79B9_7F4A_7C15 ^ (seed << 32) ^ text.len() as u64;
        let (mut at, mut tokens) = (0, Vec::new());
        while at < text.len() {
            let fits: Vec<usize> = (1..=self.longest.min(text.len() - at))
                .filter(|length| self.by_bytes.contains_key(&text[at..at + length]))
                .collect();
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let length = fits[usize::try_from(state >> 33).unwrap_or(0) % fits.len()];
            tokens.push(self.by_bytes[&text[at..at + length]]);
            at += length;
        }
        tokens
    }
}

/// A language, and texts of it: a field of the lines of a corpus.
pub(crate) struct Language {
    pub(crate) grammar: &'static str,
    pub(crate) corpus: &'static str,
    pub(crate) field: &'static str,
    /// Texts without a word from outside.
    pub(crate) few: usize,
    /// Longer texts, in bytes, are left out where few are followed: one has too many ways to learn from it.
    pub(crate) longest: usize,
}

impl Language {
    fn compiled(&self) -> Arc<CompiledGrammar> {
        let limits = Limits::default();
        let grammar = library::grammar(self.grammar, &limits).expect("it ships");
        CompiledGrammar::new(&grammar, &limits).expect("it compiles")
    }

    /// The accepted texts of the corpus.
    fn texts(&self, compiled: &Arc<CompiledGrammar>) -> Option<Vec<String>> {
        let corpus = std::fs::read_to_string(shared(self.corpus)?).expect("a corpus");
        let lines: Vec<&str> = corpus.lines().collect();
        let text = |line: &&str| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
            let text = line[self.field].as_str().expect("a text").to_owned();
            compiled.recognizer().check(text.as_bytes()).is_ok().then_some(text)
        };
        Some(lines.par_iter().filter_map(text).collect())
    }

    /// Every prefix of every accepted text, cut anywhere and also inside of characters, is the beginning of a sentence.
    pub(crate) fn prefixes_are_viable(&self) {
        let compiled = self.compiled();
        let Some(texts) = self.texts(&compiled) else { return };
        let prefixes: usize = texts
            .par_iter()
            .map(|text| {
                let mut recognizer = compiled.recognizer();
                for (at, byte) in text.bytes().enumerate() {
                    let taken = recognizer.push(&[byte]);
                    assert!(
                        taken.is_ok(),
                        "no beginning of a sentence: {:?}",
                        &text.as_bytes()[..=at]
                    );
                    assert_eq!(recognizer.offset(), at + 1, "{text}");
                }
                assert!(recognizer.is_complete(), "{text}");
                text.len()
            })
            .sum();
        eprintln!("{}: {} texts, {prefixes} prefixes, each viable", self.grammar, texts.len());
    }

    /// A few of the texts, or as many as wanted, go through the masks however they are cut.
    pub(crate) fn texts_go_through_however_they_are_cut(&self) {
        let compiled = self.compiled();
        let (Some(texts), Some(cuts)) = (self.texts(&compiled), &*CUTS) else { return };
        let wanted = match std::env::var("SEGMENTS").as_deref() {
            Ok("all") => texts.len(),
            Ok(number) => number.parse().expect("SEGMENTS is a number, or `all`"),
            Err(_) => self.few,
        };
        let all = wanted >= texts.len();
        let texts: Vec<&String> =
            texts.iter().filter(|text| all || text.len() <= self.longest).collect();
        let every = (texts.len() / wanted.max(1)).max(1);
        let texts: Vec<&String> = texts.into_iter().step_by(every).collect();
        let automaton = Automaton::of(Arc::clone(&compiled), Arc::clone(&cuts.vocabulary));
        let steps: usize = texts
            .par_iter()
            .map(|text| {
                let ways = [
                    cuts.canonical(text),
                    cuts.bytes(text),
                    cuts.random(text, 0),
                    cuts.random(text, 1),
                ];
                ways.iter().for_each(|tokens| follow(&automaton, text, tokens));
                ways.iter().map(Vec::len).sum::<usize>()
            })
            .sum();
        let name = self.grammar;
        eprintln!("{name}: {} texts in four ways, {steps} steps, every one allowed", texts.len());
        assert!(texts.len() >= wanted / 2);
    }
}

/// Takes the tokens one by one: each is in the mask, and at the end the text may end.
fn follow(automaton: &Arc<Automaton>, text: &str, tokens: &[TokenId]) {
    let mut constraint = automaton.constraint();
    for (i, &token) in tokens.iter().enumerate() {
        let allowed = constraint.mask().expect("within limits").contains(token);
        assert!(allowed, "token {i} ({token:?}) of {tokens:?} is not allowed: {text}");
        constraint.accept(token).unwrap_or_else(|e| panic!("token {i} of {text}: {e}"));
    }
    assert!(constraint.is_complete(), "{text}");
}
