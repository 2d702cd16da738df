//! `training` of a manifest, apart from `decoding`: what an expert was trained on, and how.
//!
//! `dataset.augmentation` is what the generator of the embedded model's training data is run with
//! (`training/generate.py --manifest`); the rest is a record. What is known is read strictly, what is not is kept.

use serde_json::Value;

use super::{
    AdapterKind, Projection,
    fields::{Fields, Result, boolean, list, non_empty, number, string, whole, word, words, wrong},
};

/// How an expert was trained.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Training {
    /// What on.
    pub dataset: Dataset,
    /// How; nothing where the manifest does not say.
    pub config: Option<TrainingConfig>,
}

/// What an expert was trained on.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Dataset {
    /// A file or a hub name.
    pub path: Option<String>,
    /// The form of the file.
    pub format: Option<DatasetFormat>,
    /// How texts are varied.
    pub augmentation: Augmentation,
}

/// How the texts of a dataset are varied.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Augmentation {
    /// How often the schema stands before the question.
    pub schema_injection_prob: f64,
    /// Whether joins name their tables by aliases.
    pub table_aliases: bool,
    /// Whether schemas are freed of comments.
    pub comment_stripping: bool,
    /// In which case keywords of answers are.
    pub case_normalization: CaseNormalization,
}

/// In which case keywords are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseNormalization {
    /// As in the schema.
    Preserve,
    /// In upper case.
    Upper,
    /// In lower case.
    Lower,
}

/// Forms of datasets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum DatasetFormat {
    Jsonl,
    HuggingFace,
    Csv,
    Parquet,
}

/// How weights were found. Fields that this does not have stay in the manifest's document.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrainingConfig {
    /// The method.
    pub method: Option<Method>,
    /// The kind of the adapter.
    pub adapter_type: Option<AdapterKind>,
    /// Its rank.
    pub rank: Option<u64>,
    /// The numerator of its scale.
    pub alpha: Option<u64>,
    /// The projections that it changes.
    pub target_modules: Vec<Projection>,
    /// Passes over the data.
    pub epochs: Option<f64>,
    /// Step of the optimiser.
    pub learning_rate: Option<f64>,
    /// Examples at once.
    pub batch_size: Option<u64>,
    /// Batches per step.
    pub gradient_accumulation_steps: Option<u64>,
    /// Tokens of an example at most.
    pub max_seq_length: Option<u64>,
    /// How the learning rate changes.
    pub lr_scheduler: Option<Scheduler>,
}

/// Methods of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Method {
    Sft,
    Rlhf,
    Dpo,
}

/// How a learning rate changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Scheduler {
    Linear,
    Cosine,
    Constant,
    Polynomial,
    CosineWithRestarts,
}

words! {
    CaseNormalization { "preserve" => Preserve, "upper" => Upper, "lower" => Lower }
    DatasetFormat {
        "jsonl" => Jsonl, "huggingface" => HuggingFace, "csv" => Csv, "parquet" => Parquet,
    }
    Method { "sft" => Sft, "rlhf" => Rlhf, "dpo" => Dpo }
    Scheduler {
        "linear" => Linear, "cosine" => Cosine, "constant" => Constant,
        "polynomial" => Polynomial, "cosine_with_restarts" => CosineWithRestarts,
    }
}

impl Default for Augmentation {
    /// What the embedded model was trained with.
    fn default() -> Self {
        Self {
            schema_injection_prob: 1.0,
            table_aliases: false,
            comment_stripping: true,
            case_normalization: CaseNormalization::Upper,
        }
    }
}

pub(super) fn dataset(pointer: String, value: &Value) -> Result<Dataset> {
    let mut fields = Fields::new(pointer, value)?;
    for key in ["source", "test_path", "validation_path"] {
        fields.optional(key, string)?;
    }
    fields.optional("streaming", boolean)?;
    fields.optional("type", |at, value| match value.as_str() {
        Some("single" | "multi_task") => Ok(()),
        _ => Err(wrong(at, value, "\"single\" or \"multi_task\"")),
    })?;
    Ok(Dataset {
        path: fields.optional("path", non_empty)?,
        format: fields.optional("format", word(DatasetFormat::WORDS))?,
        augmentation: fields.optional("augmentation", augmentation)?.unwrap_or_default(),
    })
}

/// Only what is known: an option that nobody applies would mislead.
fn augmentation(pointer: String, value: &Value) -> Result<Augmentation> {
    let mut fields = Fields::new(pointer, value)?;
    let default = Augmentation::default();
    let augmentation = Augmentation {
        schema_injection_prob: fields
            .optional("schema_injection_prob", number(0.0, 1.0))?
            .unwrap_or(default.schema_injection_prob),
        table_aliases: fields.optional("table_aliases", boolean)?.unwrap_or(default.table_aliases),
        comment_stripping: fields
            .optional("comment_stripping", boolean)?
            .unwrap_or(default.comment_stripping),
        case_normalization: fields
            .optional("case_normalization", case)?
            .unwrap_or(default.case_normalization),
    };
    let mut unknown = Vec::new();
    fields.finish(&mut unknown);
    match unknown.first() {
        None => Ok(augmentation),
        Some(unknown) => Err(wrong(
            unknown.pointer.clone(),
            value
                .pointer(&unknown.pointer[unknown.pointer.rfind('/').unwrap_or(0)..])
                .unwrap_or(value),
            "schema_injection_prob, table_aliases, comment_stripping or case_normalization",
        )),
    }
}

/// A word, or whether keywords are put into upper case.
fn case(pointer: String, value: &Value) -> Result<CaseNormalization> {
    match value.as_bool() {
        Some(true) => Ok(CaseNormalization::Upper),
        Some(false) => Ok(CaseNormalization::Preserve),
        None => word(CaseNormalization::WORDS)(pointer, value),
    }
}

pub(super) fn config(pointer: String, value: &Value) -> Result<TrainingConfig> {
    let mut fields = Fields::new(pointer, value)?;
    let count = whole(1, u64::MAX);
    let share = number(0.0, 1.0);
    for key in ["dropout", "warmup_ratio"] {
        fields.optional(key, &share)?;
    }
    for key in ["warmup_steps", "logging_steps", "save_steps", "eval_steps", "max_steps"] {
        fields.optional(key, whole(0, u64::MAX))?;
    }
    for key in ["fp16", "bf16", "use_tf32", "packing", "gradient_checkpointing", "torch_compile"] {
        fields.optional(key, boolean)?;
    }
    let epochs = fields.optional("epochs", number(0.0, f64::MAX))?;
    let others = fields.optional("num_epochs", number(0.0, f64::MAX))?;
    Ok(TrainingConfig {
        method: fields.optional("method", word(Method::WORDS))?,
        adapter_type: fields.optional("adapter_type", word(AdapterKind::WORDS))?,
        rank: fields.optional("rank", whole(1, 256))?,
        alpha: fields.optional("alpha", &count)?,
        target_modules: fields
            .optional("target_modules", list(word(Projection::WORDS)))?
            .unwrap_or_default(),
        epochs: epochs.or(others),
        learning_rate: fields.optional("learning_rate", &share)?,
        batch_size: fields.optional("batch_size", &count)?,
        gradient_accumulation_steps: fields.optional("gradient_accumulation_steps", &count)?,
        max_seq_length: fields.optional("max_seq_length", &count)?,
        lr_scheduler: fields.optional("lr_scheduler", word(Scheduler::WORDS))?,
    })
}
