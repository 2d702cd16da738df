//! `manifest.json`, schema version 2.0: what an expert is made of and how it is decoded.
//!
//! The types are here, the reader is beside them. It is strict about what it knows (a wrong value is refused with its JSON
//! pointer and what was expected) and open about what it does not: unknown fields stay in [`Manifest::document`] and are listed in [`Manifest::unknown`].
//! Fields that nothing here acts on (evaluation, quality) are kept as they are.

use serde_json::Value;
use thiserror::Error;

pub use super::fields::Unknown;
use super::{Integrity, Training, fields::words};
use crate::projection::Projection;

/// A refused manifest.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The text is not JSON.
    #[error("manifest: not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The text is longer than any manifest.
    #[error("manifest: {bytes} bytes, more than the limit of {limit}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A field has a wrong value.
    #[error("manifest: {pointer}: found {found}, expected {expected}")]
    Field {
        /// JSON pointer of the field.
        pointer: String,
        /// The value, shortened.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// A required field is not there.
    #[error("manifest: {pointer}: missing, expected {expected}")]
    Missing {
        /// JSON pointer of the field.
        pointer: String,
        /// What would be right.
        expected: String,
    },
}

/// A manifest.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Manifest {
    /// Package name, `expert-…`.
    pub name: String,
    /// Package version, `x.y.z`.
    pub version: String,
    /// What the expert does.
    pub description: String,
    /// License of the package.
    pub license: String,
    /// Models the adapters fit; at least one.
    pub base_models: Vec<BaseModel>,
    /// Soft prompts.
    pub soft_prompts: Vec<SoftPrompt>,
    /// `kind:value` tags.
    pub capabilities: Vec<String>,
    /// Which prompts are for this expert.
    pub routing: Option<Routing>,
    /// How experts combine.
    pub constraints: Constraints,
    /// What the expert costs beside its base model, as its makers claim.
    pub perf: Perf,
    /// What it asks of the runtime.
    pub runtime: Runtime,
    /// How answers are decoded.
    pub decoding: Decoding,
    /// How it was trained.
    pub training: Training,
    /// Who signed it.
    pub integrity: Option<Integrity>,
    /// The whole document as it was read, unknown fields and comments included.
    pub document: Value,
    /// Fields the reader does not know.
    pub unknown: Vec<Unknown>,
}

/// A model that adapters fit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BaseModel {
    /// Path or hub name.
    pub name: String,
    /// Hash of the weights; empty if unknown.
    pub sha256: String,
    /// Precision to load the weights in.
    pub quantization: Quantization,
    /// Change of the rotary position embedding.
    pub rope_scaling: Option<RopeScaling>,
    /// Form of the prompt.
    pub prompt_template: PromptTemplate,
    /// Adapters; at least one.
    pub adapters: Vec<Adapter>,
}

/// Precision of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Quantization {
    Int4,
    Int8,
    Fp16,
    Bf16,
    None,
}

/// Form of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum PromptTemplate {
    ChatMl,
    Llama2,
    Alpaca,
    Vicuna,
    Qwen3,
    Custom,
}

/// Change of the rotary position embedding.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RopeScaling {
    /// The rule.
    pub kind: RopeKind,
    /// How much longer the context gets.
    pub factor: Option<f64>,
    /// Longest context after scaling.
    pub max_position_embeddings: Option<u64>,
    /// Longest context the model was trained on.
    pub original_max_position_embeddings: Option<u64>,
    /// Whether each dimension is scaled on its own.
    pub fine_grained: bool,
}

/// Rules of position scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum RopeKind {
    NtkByParts,
    Yarn,
    Dynamic,
    Linear,
}

/// Kinds of adapters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum AdapterKind {
    Lora,
    Dora,
    Ia3,
    Lokr,
    AdaLora,
}

/// An adapter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Adapter {
    /// Its kind.
    pub kind: AdapterKind,
    /// Projections it changes.
    pub target_modules: Vec<Projection>,
    /// Rank and numerator of the scale; an IA3 adapter has neither.
    pub rank: Option<(u64, u64)>,
    /// Rule of the scale.
    pub scaling: AdapterScaling,
    /// Whether magnitudes are there, as in DoRA.
    pub use_dora: bool,
    /// Bytes of the weights; 0 where none are shipped.
    pub size_bytes: u64,
    /// Hash of the weights; empty where none are shipped.
    pub sha256: String,
    /// Where in the package its files are, if not beside the manifest.
    pub path: Option<String>,
}

impl Adapter {
    /// Whether the manifest says that the weights are part of the package.
    pub fn is_shipped(&self) -> bool {
        self.size_bytes > 0 || !self.sha256.is_empty()
    }
}

/// Rules of an adapter's scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum AdapterScaling {
    Default,
    Standard,
    Dora,
    Learned,
}

/// A soft prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SoftPrompt {
    /// Its name.
    pub name: String,
    /// File in the package.
    pub path: String,
    /// Length.
    pub tokens: u64,
}

/// Which prompts are for an expert.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Routing {
    /// Words that speak for it.
    pub keywords: Vec<String>,
    /// Words that speak against it.
    pub exclude_keywords: Vec<String>,
    /// Weight among experts.
    pub priority: f64,
}

/// How experts combine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Constraints {
    /// Longest chain of experts.
    pub max_chain: u64,
    /// Place in the order of loading.
    pub load_order: u64,
    /// Experts that cannot be loaded beside it.
    pub incompatible_with: Vec<String>,
    /// Experts it needs.
    pub requires: Vec<String>,
}

/// Claimed cost beside the base model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Perf {
    /// Milliseconds per token.
    pub latency_ms_overhead: f64,
    /// Megabytes of accelerator memory.
    pub vram_mb_overhead: f64,
    /// Batch sizes that were tried.
    pub supported_batch_sizes: Vec<u64>,
}

/// What an expert asks of the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Runtime {
    /// Whether candle can run it.
    pub candle_compatible: bool,
    /// Whether the key-value cache must live across turns.
    pub requires_kv_cache_persistence: bool,
    /// Preferred attention kernel; a hint.
    pub attention_kernel: Option<AttentionKernel>,
}

/// Attention kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum AttentionKernel {
    Sdpa,
    FlashV1,
    FlashV2,
    Xformers,
    Vanilla,
}

/// How answers are decoded (`training.decoding`).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decoding {
    /// Whether a grammar constrains the answer.
    pub use_grammar: bool,
    /// Which built-in grammar.
    pub grammar_type: Option<GrammarType>,
    /// The rule of that grammar that an answer is, if not the usual one.
    pub grammar_start: Option<String>,
    /// A grammar file of the package.
    pub grammar_file: Option<String>,
    /// The check after decoding.
    pub validation: Validation,
    /// A command that validates. Never run: it is a shell command out of a package.
    pub validation_cmd: Option<String>,
    /// Texts that end the answer where the grammar accepts.
    pub stop_sequences: Vec<String>,
    /// Temperature of sampling.
    pub temperature: f64,
    /// Nucleus of sampling.
    pub top_p: f64,
    /// Number of best tokens that take part.
    pub top_k: u64,
    /// Least probability relative to the best token.
    pub min_p: f64,
}

/// Grammars a manifest can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum GrammarType {
    Json,
    Gbnf,
    Sql,
    SqlPostgres,
    SqlMysql,
    Cypher,
    TypeScript,
    Python,
}

/// Checks after decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// A parser is asked; its refusal is a warning.
    Parser,
    /// A parser is asked; its refusal is an error.
    ParserStrict,
    /// The TypeScript compiler; not run here.
    Tsc,
    /// A database's `EXPLAIN`; not run here.
    Explain,
    /// None.
    None,
}

words! {
    Quantization {
        "int4" => Int4, "int8" => Int8, "fp16" => Fp16, "bf16" => Bf16, "none" => None,
    }
    PromptTemplate {
        "chatml" => ChatMl, "llama2" => Llama2, "alpaca" => Alpaca, "vicuna" => Vicuna,
        "qwen3" => Qwen3, "qwen" => Qwen3, "custom" => Custom,
    }
    RopeKind {
        "ntk-by-parts" => NtkByParts, "yarn" => Yarn, "dynamic" => Dynamic, "linear" => Linear,
    }
    AdapterKind {
        "lora" => Lora, "dora" => Dora, "ia3" => Ia3, "lokr" => Lokr, "adalora" => AdaLora,
    }
    Projection {
        "q_proj" => Query, "k_proj" => Key, "v_proj" => Value, "o_proj" => Output,
        "gate_proj" => Gate, "up_proj" => Up, "down_proj" => Down,
    }
    AdapterScaling {
        "default" => Default, "standard" => Standard, "dora" => Dora, "learned" => Learned,
    }
    AttentionKernel {
        "sdpa" => Sdpa, "flash-v1" => FlashV1, "flash-v2" => FlashV2, "xformers" => Xformers,
        "vanilla" => Vanilla,
    }
    GrammarType {
        "json" => Json, "gbnf" => Gbnf, "sql" => Sql, "sql-postgres" => SqlPostgres,
        "sql-mysql" => SqlMysql, "cypher" => Cypher, "typescript" => TypeScript,
        "python" => Python,
    }
    Validation {
        "parser" => Parser, "parser-strict" => ParserStrict, "tsc" => Tsc, "explain" => Explain,
        "none" => None,
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self {
            candle_compatible: true,
            requires_kv_cache_persistence: false,
            attention_kernel: None,
        }
    }
}

impl Default for Decoding {
    fn default() -> Self {
        Self {
            use_grammar: false,
            grammar_type: None,
            grammar_start: None,
            grammar_file: None,
            validation: Validation::None,
            validation_cmd: None,
            stop_sequences: Vec::new(),
            temperature: 0.7,
            top_p: 0.9,
            top_k: 50,
            min_p: 0.0,
        }
    }
}
