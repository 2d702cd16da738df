//! A model directory in Hugging Face form becomes a [`Model`]: configuration, weights, tokenizer and vocabulary, checked
//! against one another.

use std::{path::Path, sync::Arc};

use super::{
    Adapter, Config, DeviceChoice, ModelError, PromptEncoder, Qwen3, RopeRule, Session, gguf::Gguf,
    source::Source, weights::Weights,
};
use crate::{Limits, TokenId, Vocabulary};

/// The shape of a model.
pub(super) const CONFIG: &str = "config.json";
const GENERATION: &str = "generation_config.json";
/// The tokenizer of a model.
pub(super) const TOKENIZER: &str = "tokenizer.json";

/// How a model is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ModelOptions {
    /// Where it runs. Default: the processor.
    pub device: DeviceChoice,
    /// The rotary base. Default: the model's own.
    pub rope: RopeRule,
    /// Threads on the processor; 0 for as many as the process may use, which a container's quota bounds. Default 0.
    pub threads: usize,
}

impl ModelOptions {
    /// On this device.
    #[must_use]
    pub fn device(mut self, device: DeviceChoice) -> Self {
        self.device = device;
        self
    }

    /// On this many threads; 0 for as many as the process may use.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// With this rule for the rotary base.
    #[must_use]
    pub fn rope(mut self, rope: RopeRule) -> Self {
        self.rope = rope;
        self
    }
}

/// A loaded model: immutable, cheap to clone, shared by all sequences.
#[derive(Clone, Debug)]
pub struct Model {
    qwen3: Arc<Qwen3>,
    prompts: PromptEncoder,
    vocabulary: Arc<Vocabulary>,
    /// Whether it is the one that ships.
    pub(super) embedded: bool,
}

/// The small files of a model, with their names for messages.
pub(super) struct Files<'a> {
    pub(super) config: (&'a str, &'a [u8]),
    pub(super) generation: Option<(&'a str, &'a [u8])>,
    pub(super) tokenizer: (&'a str, &'a [u8]),
}

impl Qwen3 {
    /// Loads the configuration and the weights of a model directory, or of a GGUF file, without its tokenizer.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn open(directory: &Path, options: &ModelOptions) -> Result<Self, ModelError> {
        if is_gguf(directory) {
            let mut file = Gguf::open(directory)?;
            return Self::load(file.config()?, options, &mut file);
        }
        let (name, json) = needed(directory, CONFIG)?;
        let config = Config::from_json(&name, &json)?;
        Self::load(config, options, &mut Weights::open(directory)?)
    }
}

impl Model {
    /// Loads a directory with `config.json`, `tokenizer.json`, the weights (`model.safetensors`, or several files with
    /// `model.safetensors.index.json`) and, if there is one, `generation_config.json`. Weights are held as they
    /// are stored: f32, bf16 or f16. Or loads a GGUF file, which has the shape and the weights, with a `tokenizer.json`
    /// beside it.
    ///
    /// # Errors
    /// A file is missing, broken or cut off; a tensor is missing or of another shape than the configuration has it; the
    /// tokenizer has more tokens than the model has rows; something is asked for that is not implemented.
    pub fn open(directory: &Path, options: &ModelOptions) -> Result<Self, ModelError> {
        if is_gguf(directory) {
            let mut file = Gguf::open(directory)?;
            let config = file.config()?;
            let name = file.name().to_owned();
            let beside = directory.parent().unwrap_or(Path::new(""));
            let tokenizer = needed(beside, TOKENIZER)?;
            let ends = (name.as_str(), config.eos_token_ids.clone());
            return Self::build(config, ends, (&tokenizer.0, &tokenizer.1), &mut file, options);
        }
        let config = needed(directory, CONFIG)?;
        let tokenizer = needed(directory, TOKENIZER)?;
        let generation = read(directory, GENERATION)?;
        let mut weights = Weights::open(directory)?;
        let files = Files {
            config: (&config.0, &config.1),
            generation: generation.as_ref().map(|(name, bytes)| (name.as_str(), &bytes[..])),
            tokenizer: (&tokenizer.0, &tokenizer.1),
        };
        Self::assemble(&files, &mut weights, options)
    }

    pub(super) fn assemble(
        files: &Files<'_>,
        source: &mut dyn Source,
        options: &ModelOptions,
    ) -> Result<Self, ModelError> {
        let (config_name, config_json) = files.config;
        let config = Config::from_json(config_name, config_json)?;
        let mut ends = match files.generation {
            Some((name, json)) => (name, Config::generation_eos(name, json)?),
            None => (config_name, Vec::new()),
        };
        if ends.1.is_empty() {
            ends = (config_name, config.eos_token_ids.clone());
        }
        Self::build(config, ends, files.tokenizer, source, options)
    }

    fn build(
        config: Config,
        ends: (&str, Vec<u32>),
        (tokenizer_name, tokenizer_json): (&str, &[u8]),
        source: &mut dyn Source,
        options: &ModelOptions,
    ) -> Result<Self, ModelError> {
        let tokenizer = (tokenizer_name, tokenizer_json);
        let vocabulary = Arc::new(vocabulary(tokenizer, &config, ends)?);
        let prompts = PromptEncoder::new(tokenizer_name, tokenizer_json, Arc::clone(&vocabulary))?;
        let qwen3 = Arc::new(Qwen3::load(config, options, source)?);
        Ok(Self { qwen3, prompts, vocabulary, embedded: false })
    }

    /// The vocabulary, as wide as the model's logits.
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.vocabulary
    }

    /// Whether it is the demonstration model that ships ([`embedded`](Self::embedded)).
    pub fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// The encoder of its prompts.
    pub fn prompts(&self) -> &PromptEncoder {
        &self.prompts
    }

    /// The weights and their forward pass.
    pub fn qwen3(&self) -> &Arc<Qwen3> {
        &self.qwen3
    }

    /// Reads an adapter for this model; see [`Adapter::open`].
    ///
    /// # Errors
    /// As there.
    pub fn adapter(&self, directory: &Path) -> Result<Arc<Adapter>, ModelError> {
        Ok(Arc::new(Adapter::open(directory, &self.qwen3)?))
    }

    /// A sequence at its start, under an adapter.
    ///
    /// # Errors
    /// There is no memory for its cache on the device, or the adapter belongs to a model of another shape.
    pub fn session_under(&self, adapter: &Arc<Adapter>) -> Result<Session, ModelError> {
        adapter.check(self.qwen3.config())?;
        Session::new(Arc::clone(&self.qwen3), Some(Arc::clone(adapter)))
    }

    /// The same model under another rule of positions than it was loaded with: the weights are shared, so it costs next to
    /// nothing.
    ///
    /// # Errors
    /// The model is on a device, and the rule is another one.
    pub fn with_rope(&self, rule: RopeRule) -> Result<Self, ModelError> {
        match self.qwen3.with_rope(rule)? {
            Some(qwen3) => Ok(Self { qwen3: Arc::new(qwen3), ..self.clone() }),
            None => Ok(self.clone()),
        }
    }

    /// The same model with an adapter merged into its weights; see [`Qwen3::merged`].
    ///
    /// # Errors
    /// As there.
    pub fn merged(&self, adapter: &Adapter) -> Result<Self, ModelError> {
        Ok(Self { qwen3: Arc::new(self.qwen3.merged(adapter)?), ..self.clone() })
    }

    /// The same model on a device; see [`Qwen3::on`].
    ///
    /// # Errors
    /// As there.
    pub fn on(&self, device: DeviceChoice) -> Result<Self, ModelError> {
        Ok(Self { qwen3: Arc::new(self.qwen3.on(device)?), ..self.clone() })
    }

    /// A sequence at its start.
    ///
    /// # Errors
    /// There is no memory for its cache on the device.
    pub fn session(&self) -> Result<Session, ModelError> {
        Session::new(Arc::clone(&self.qwen3), None)
    }
}

/// Whether a path is a GGUF file rather than a directory.
pub(super) fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}

/// A file of the directory with its name for messages; `None` where there is none.
fn read(directory: &Path, file: &str) -> Result<Option<(String, Vec<u8>)>, ModelError> {
    let path = directory.join(file);
    let name = path.display().to_string();
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Some((name, bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ModelError::Read { file: name, source }),
    }
}

pub(super) fn needed(
    directory: &Path,
    file: &'static str,
) -> Result<(String, Vec<u8>), ModelError> {
    read(directory, file)?
        .ok_or_else(|| ModelError::Missing { directory: directory.display().to_string(), file })
}

/// The tokenizer's vocabulary under the model's logits. End tokens are those that the tokenizer is known by and those
/// that the configuration names.
fn vocabulary(
    (name, json): (&str, &[u8]),
    config: &Config,
    (ends_name, ends): (&str, Vec<u32>),
) -> Result<Vocabulary, ModelError> {
    let refused = |source| ModelError::Vocabulary { file: name.to_owned(), source };
    let vocabulary = Vocabulary::from_tokenizer_json(json, &Limits::default()).map_err(refused)?;
    if vocabulary.len() > config.vocab_size {
        let (tokens, rows) = (vocabulary.len(), config.vocab_size);
        return Err(ModelError::Tokenizer {
            file: name.to_owned(),
            problem: format!(
                "{tokens} tokens, but the model has only {rows} rows: this tokenizer belongs to another model"
            ),
        });
    }
    if let Some(end) = ends.iter().find(|&&end| end as usize >= vocabulary.len()) {
        return Err(ModelError::Config {
            file: ends_name.to_owned(),
            field: "/eos_token_id".to_owned(),
            problem: format!("the tokenizer has no token {end}, only {}", vocabulary.len()),
        });
    }
    let mut all = vocabulary.end_tokens().to_vec();
    all.extend(ends.into_iter().map(TokenId).filter(|end| !vocabulary.end_tokens().contains(end)));
    let vocabulary = if all.len() > vocabulary.end_tokens().len() {
        vocabulary.with_end_tokens(&all).map_err(refused)?
    } else {
        vocabulary
    };
    vocabulary.with_width(config.vocab_size).map_err(refused)
}
