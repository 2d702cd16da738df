//! An expert's adapter on a model, and several experts on one.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{
    DEMONSTRATION, Expert, ExpertError, PackageError, RopeKind, Roster,
    check::{self, MAX_CONFIG},
    integrity,
};
use crate::{
    Limits, TokenId, Vocabulary,
    model::{Adapter, Model, Qwen3, RopeRule, Session},
};

/// The file of a package's tokenizer, and the bytes it may have.
const TOKENIZER: (&str, u64) = ("tokenizer.json", 64 << 20);

impl Expert {
    /// The rule of rotary positions that the manifest's first base model names; the model's own where it names none, or one
    /// without the numbers that it needs.
    pub fn rope_rule(&self) -> RopeRule {
        let base = self.manifest.base_models.first();
        let Some(scaling) = base.and_then(|base| base.rope_scaling.as_ref()) else {
            return RopeRule::Model;
        };
        let limit = |positions: Option<u64>| positions.and_then(|n| usize::try_from(n).ok());
        match (scaling.kind, scaling.factor) {
            (RopeKind::NtkByParts, _) => limit(scaling.max_position_embeddings)
                .map_or(RopeRule::Model, |limit| RopeRule::NtkByParts { limit }),
            (_, None) => RopeRule::Model,
            (RopeKind::Linear, Some(factor)) => RopeRule::Linear { factor },
            (RopeKind::Dynamic, Some(factor)) => RopeRule::Dynamic {
                factor,
                original: limit(scaling.original_max_position_embeddings),
            },
            (RopeKind::Yarn, Some(factor)) => {
                RopeRule::Yarn { factor, original: limit(scaling.original_max_position_embeddings) }
            }
        }
    }

    /// Whether the package holds an adapter for the demonstration model, or for any other.
    pub fn has_adapter(&self, embedded: bool) -> bool {
        self.adapter_file(embedded).is_ok_and(|file| file.is_some())
    }

    /// The adapter of the package, checked against the model; `None` where the package holds none.
    ///
    /// # Errors
    /// The package holds several; something in the adapter is not as the manifest or the model has it; the package has a
    /// tokenizer that is not the model's.
    pub fn adapter(&self, model: &Model) -> Result<Option<Arc<Adapter>>, ExpertError> {
        if self.adapter_file(model.is_embedded())?.is_some() {
            self.check_tokenizer(model)?;
        }
        self.read_adapter(model.qwen3(), model.is_embedded())
    }

    /// As [`adapter`](Self::adapter), for weights without a tokenizer, which is then not compared. They are not those of the
    /// demonstration model.
    ///
    /// # Errors
    /// As there.
    pub fn adapter_for(&self, model: &Qwen3) -> Result<Option<Arc<Adapter>>, ExpertError> {
        self.read_adapter(model, false)
    }

    fn read_adapter(
        &self,
        model: &Qwen3,
        embedded: bool,
    ) -> Result<Option<Arc<Adapter>>, ExpertError> {
        let Some((files, sha256)) = self.adapter_file(embedded)? else { return Ok(None) };
        let missing = |name: &str| PackageError::Missing {
            path: self.package.path(),
            entry: name.to_owned(),
            wanted: "it was there before",
        };
        let read = |name: &str, most| -> Result<Vec<u8>, ExpertError> {
            Ok(self.package.read(name, most)?.ok_or_else(|| missing(name))?)
        };
        let config = read(&files.config, MAX_CONFIG)?;
        let weights = read(&files.weights, Limits::default().package_bytes)?;
        // What is applied is what was stated, even if a directory was changed since it was looked at.
        if !sha256.is_empty() && integrity::digits(&Sha256::digest(&weights)) != sha256 {
            let (path, entry) = (self.package.path(), files.weights);
            return Err(PackageError::Changed { path, entry }.into());
        }
        let config = (self.package.label(&files.config), config);
        let weights = (self.package.label(&files.weights), weights);
        Ok(Some(Arc::new(Adapter::read((&config.0, &config.1), (&weights.0, weights.1), model)?)))
    }

    /// The files of the one adapter that is there for a model, and the hash that the manifest states. Where the manifest does
    /// not name the demonstration model, its adapters are tried on that, too.
    fn adapter_file(
        &self,
        embedded: bool,
    ) -> Result<Option<(check::AdapterFiles, &str)>, ExpertError> {
        let bases = &self.manifest.base_models;
        let named = embedded && bases.iter().any(|base| base.name == DEMONSTRATION);
        let mut found: Option<(check::AdapterFiles, &str)> = None;
        let fitting = bases.iter().filter(|base| (base.name == DEMONSTRATION) == named);
        for adapter in fitting.flat_map(|base| &base.adapters) {
            let Some(files) = check::adapter_files(&self.package, adapter)? else { continue };
            match &found {
                Some((other, _)) if *other != files => {
                    let problem =
                        format!("a second adapter beside {}: one is applied", other.weights);
                    let (path, entry) = (self.package.path(), files.weights);
                    return Err(PackageError::Adapter { path, entry, problem }.into());
                }
                _ => found = Some((files, &adapter.sha256)),
            }
        }
        Ok(found)
    }

    /// An adapter knows tokens by their numbers: those must mean the same to the model.
    fn check_tokenizer(&self, model: &Model) -> Result<(), ExpertError> {
        let Some(json) = self.package.read(TOKENIZER.0, TOKENIZER.1)? else { return Ok(()) };
        let wrong = |problem: String| ExpertError::Tokenizer {
            path: self.package.label(TOKENIZER.0),
            problem,
        };
        let own = Vocabulary::from_tokenizer_json(&json, &Limits::default())
            .map_err(|error| wrong(error.to_string()))?;
        let theirs = model.vocabulary();
        let differs = (0..own.len())
            .map(|id| TokenId(id as u32))
            .find(|id| id.index() >= theirs.len() || own.bytes(*id) != theirs.bytes(*id));
        match differs {
            None => Ok(()),
            Some(token) => Err(wrong(format!(
                "token {} is another one to the model: the adapter belongs to another tokenizer",
                token.0
            ))),
        }
    }
}

/// One base model and the experts on it: the weights are there once, and which expert a request is answered by is a pointer to
/// its adapter. Sequences of different experts may be read in one batch (`Session::advance_all`) where their positions
/// follow one rule.
///
/// ```
/// use constrained_gen::{expert::{Lineup, Roster}, model::{Model, ModelOptions}};
///
/// let model = Model::embedded(&ModelOptions::default())?;
/// let lineup = Lineup::new(&model, Roster::shipped()?)?;
/// let route = lineup.roster().route("A TypeScript function that adds two numbers");
/// let expert = route.chosen().map_or("sql", |score| &score.expert);
/// assert_eq!(expert, "typescript");
/// let session = lineup.session(expert).expect("it is in the lineup")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Lineup {
    roster: Roster,
    /// For each expert of the roster, the model with its positions, and its adapter.
    ready: Vec<(Model, Option<Arc<Adapter>>)>,
}

impl Lineup {
    /// Reads the adapters of all experts, in their order. `model` is one with its own positions.
    ///
    /// # Errors
    /// An adapter that is not as its manifest or the model has it.
    pub fn new(model: &Model, roster: Roster) -> Result<Self, ExpertError> {
        let mut ready: Vec<(Model, Option<Arc<Adapter>>)> = Vec::new();
        let mut rules: Vec<RopeRule> = Vec::new();
        for expert in roster.experts() {
            let rule = expert.rope_rule();
            // One model per rule, so that sequences under one rule can be read together.
            let own = match rules.iter().position(|other| *other == rule) {
                Some(at) => ready[at].0.clone(),
                None => model.with_rope(rule)?,
            };
            let adapter = expert.adapter(&own)?;
            rules.push(rule);
            ready.push((own, adapter));
        }
        Ok(Self { roster, ready })
    }

    /// The experts.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// A sequence at its start, under the expert of this name; `None` where there is none.
    pub fn session(&self, name: &str) -> Option<Result<Session, ExpertError>> {
        let known = |expert: &Expert| expert.name == name || expert.manifest.name == name;
        let at = self.roster.experts().iter().position(known)?;
        let (model, adapter) = &self.ready[at];
        let session = match adapter {
            Some(adapter) => model.session_under(adapter),
            None => model.session(),
        };
        Some(session.map_err(ExpertError::from))
    }
}
