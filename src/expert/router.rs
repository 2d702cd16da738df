//! Which expert is a prompt for?
//!
//! Words are counted, so that a person can see why: a capability of the manifest that the prompt names (the value of
//! `language:sql`) is worth 2, a keyword 1, an excluded keyword -2; the sum is multiplied with the manifest's priority. The
//! highest sum above 0 is chosen, of equal ones that of higher priority, then that which loads first. No chance, no model.

use std::fmt;

use super::Expert;

/// What a matched capability is worth, what a keyword, what an excluded one.
const WORTH: (f64, f64, f64) = (2.0, 1.0, -2.0);

/// The shortest value of a capability that is looked for: `language:en` would be found in French.
const SHORTEST: usize = 3;

/// An expert's claim to a prompt.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Score {
    /// The expert's name.
    pub expert: String,
    /// Its points, times its priority.
    pub points: f64,
    /// Capabilities that the prompt names.
    pub capabilities: Vec<String>,
    /// Keywords in the prompt.
    pub keywords: Vec<String>,
    /// Excluded keywords in the prompt.
    pub excluded: Vec<String>,
    /// The manifest's priority.
    pub priority: f64,
}

/// All claims, and the choice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Route {
    /// Claims, the best first.
    pub scores: Vec<Score>,
}

impl Route {
    /// The expert that the prompt is for; `None` where nothing speaks for any.
    pub fn chosen(&self) -> Option<&Score> {
        self.scores.first().filter(|score| score.points > 0.0)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12} {:>6.2}", self.expert, self.points)?;
        let lists = [
            ("capabilities", &self.capabilities),
            ("keywords", &self.keywords),
            ("against it", &self.excluded),
        ];
        let mut separator = "  ";
        for (name, words) in lists.into_iter().filter(|(_, words)| !words.is_empty()) {
            write!(f, "{separator}{name}: {}", words.join(", "))?;
            separator = "; ";
        }
        Ok(())
    }
}

/// Scores experts, which are in the order of loading.
pub(super) fn route(experts: &[Expert], prompt: &str) -> Route {
    let prompt = Prompt::new(prompt);
    let mut scores: Vec<Score> = experts.iter().map(|expert| score(expert, &prompt)).collect();
    // The sort is stable: the rest is the order of loading.
    scores.sort_by(|a, b| {
        b.points.total_cmp(&a.points).then_with(|| b.priority.total_cmp(&a.priority))
    });
    Route { scores }
}

fn score(expert: &Expert, prompt: &Prompt) -> Score {
    let manifest = &expert.manifest;
    let mut capabilities: Vec<String> = Vec::new();
    for capability in &manifest.capabilities {
        let value = capability.split_once(':').map_or(capability.as_str(), |(_, value)| value);
        // `database:sql` and `query:sql` say the same to a prompt.
        let known = capabilities.iter().any(|other| other.ends_with(&format!(":{value}")));
        if value.len() >= SHORTEST && !known && prompt.has(value) {
            capabilities.push(capability.clone());
        }
    }
    let found = |words: &[String]| -> Vec<String> {
        let mut found: Vec<String> = words.iter().filter(|w| prompt.has(w)).cloned().collect();
        found.dedup();
        found
    };
    let (keywords, excluded, priority) = match &manifest.routing {
        Some(routing) => {
            (found(&routing.keywords), found(&routing.exclude_keywords), routing.priority)
        }
        None => (Vec::new(), Vec::new(), 1.0),
    };
    let sum = WORTH.0 * capabilities.len() as f64
        + WORTH.1 * keywords.len() as f64
        + WORTH.2 * excluded.len() as f64;
    let expert = expert.name.clone();
    Score { expert, points: sum * priority, capabilities, keywords, excluded, priority }
}

/// A prompt, as words are looked for in it.
#[derive(Debug)]
struct Prompt {
    text: String,
    words: Vec<String>,
}

impl Prompt {
    fn new(prompt: &str) -> Self {
        let text = prompt.to_lowercase();
        let words = words(&text);
        Self { text, words }
    }

    /// Whether it has a word, or several in a row: whole ones, in any case, in singular or plural. What has neither letter nor
    /// digit (`)-[`) is looked for sign by sign.
    fn has(&self, phrase: &str) -> bool {
        let phrase = phrase.to_lowercase();
        let wanted = words(&phrase);
        if wanted.is_empty() {
            return !phrase.trim().is_empty() && self.text.contains(phrase.trim());
        }
        self.words
            .windows(wanted.len())
            .any(|some| some.iter().zip(&wanted).all(|(a, b)| same(a, b)))
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a word of the prompt is one of the manifest's, or its plural.
fn same(found: &str, wanted: &str) -> bool {
    match found.strip_prefix(wanted) {
        Some(rest) => matches!(rest, "" | "s" | "es"),
        None => false,
    }
}
