//! What must an engine be able to do to take part?

use constrained_gen::Vocabulary;

/// Why a schema was not compiled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    /// The keyword that cannot be done, where the engine names one.
    pub keyword: Option<String>,
    /// Where it stands in the schema, as a JSON pointer.
    pub pointer: Option<String>,
    /// In the engine's words.
    pub message: String,
}

impl Refusal {
    /// What is counted together in the table of refusals: the keyword, else the message without what it quotes.
    pub(crate) fn kind(&self) -> String {
        match &self.keyword {
            Some(keyword) => keyword.clone(),
            None => kind_of(&self.message),
        }
    }
}

/// A message's first line, short and without numbers, so that equal causes have equal texts.
pub(crate) fn kind_of(message: &str) -> String {
    const LONGEST: usize = 90;
    let line = message.lines().next().unwrap_or("");
    let mut kind = String::new();
    let mut was_digit = false;
    for c in line.chars().take(LONGEST) {
        if c.is_ascii_digit() {
            if !was_digit {
                kind.push('#');
            }
        } else {
            kind.push(c);
        }
        was_digit = c.is_ascii_digit();
    }
    kind
}

/// A constraint engine that reads JSON Schema.
pub(crate) trait Engine {
    /// Its name in the output.
    fn name(&self) -> &'static str;

    /// Everything that is done once per schema.
    fn compile(&mut self, schema: &str) -> Result<Box<dyn Compiled>, Refusal>;
}

/// A schema, ready for sequences.
pub(crate) trait Compiled {
    /// A new sequence; it shares whatever the engine shares among the sequences of one schema.
    fn start(&self) -> Box<dyn Sequence>;

    /// What was left out, where the engine was told to be lenient.
    fn warnings(&self) -> Vec<Refusal> {
        Vec::new()
    }
}

/// One sequence.
pub(crate) trait Sequence {
    /// Writes the mask: bit `t % 32` of word `t / 32` is token `t`.
    fn fill(&mut self, row: &mut [u32]) -> Result<(), String>;

    /// Takes a token that the mask allows.
    fn accept(&mut self, token: u32) -> Result<(), String>;

    /// Whether the text may end here.
    fn may_end(&mut self) -> bool;
}

/// Whether the mask allows the token.
pub(crate) fn allows(row: &[u32], token: u32) -> bool {
    row.get(token as usize / 32).is_some_and(|word| word >> (token % 32) & 1 == 1)
}

/// The vocabulary of a `tokenizer.json`, with Qwen3's padding where it is Qwen3's.
pub(crate) fn vocabulary(json: &[u8]) -> anyhow::Result<Vocabulary> {
    /// Tokens of Qwen3's tokenizer, and rows of its output layer.
    const QWEN3: (usize, usize) = (151_669, 151_936);
    let vocabulary = Vocabulary::from_tokenizer_json(json, &constrained_gen::Limits::default())?;
    let width = if vocabulary.len() == QWEN3.0 { QWEN3.1 } else { vocabulary.len() };
    Ok(vocabulary.with_width(width)?)
}
