//! `adapter_config.json` of PEFT: which projections an adapter changes, of which rank, how strongly.
//!
//! A field that would change the numbers and is not implemented is refused, also one that we do not know, unless it is off
//! (null, false, empty, "none").

use serde_json::{Map, Value};

use super::{
    ModelError,
    config::{Fields, object, quote},
};
use crate::projection::Projection;

/// Fields that say how an adapter was made, or were read here: none of them is to be refused.
const KNOWN: [&str; 27] = [
    "alpha_pattern",
    "auto_mapping",
    "base_model_name_or_path",
    "bias",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "inference_mode",
    "init_lora_weights",
    "layers_pattern",
    "loftq_config",
    "lora_alpha",
    "lora_dropout",
    "lora_ga_config",
    "megatron_config",
    "megatron_core",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "r",
    "rank_pattern",
    "revision",
    "runtime_config",
    "target_modules",
    "task_type",
    "use_dora",
    "use_rslora",
];

/// The largest rank.
const MAX_RANK: usize = 4096;

/// What a configuration says of one projection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) rank: usize,
    pub(super) scale: f32,
    pub(super) dora: bool,
}

/// A configuration, checked.
#[derive(Debug)]
pub(super) struct AdapterConfig {
    rank: usize,
    alpha: f64,
    dora: bool,
    rslora: bool,
    targets: Vec<String>,
    ranks: Vec<(String, usize)>,
    alphas: Vec<(String, f64)>,
}

impl AdapterConfig {
    pub(super) fn from_json(file: &str, json: &[u8]) -> Result<Self, ModelError> {
        let root = object(file, json)?;
        let fields = Fields { file, prefix: "", map: &root };
        fields.expect("peft_type", "LORA")?;
        fields.expect("bias", "none")?;
        match fields.given("init_lora_weights") {
            None | Some(Value::Bool(_)) => {}
            Some(Value::String(how)) if matches!(&**how, "gaussian" | "eva" | "orthogonal") => {}
            Some(how) => {
                let problem =
                    format!("{} changes the base model, which is not supported", quote(how));
                return Err(fields.wrong("init_lora_weights", problem));
            }
        }
        for (name, value) in &root {
            if !KNOWN.contains(&name.as_str()) && !is_off(value) {
                return Err(fields.wrong(name, format!("{} is not supported", quote(value))));
            }
        }
        let rank = |fields: &Fields<'_>, name: &str| match fields.size(name)? {
            rank if rank <= MAX_RANK => Ok(rank),
            rank => Err(fields.wrong(name, format!("{rank} is more than {MAX_RANK}"))),
        };
        let config = Self {
            rank: rank(&fields, "r")?,
            alpha: fields.number("lora_alpha")?,
            dora: fields.flag("use_dora")?.unwrap_or(false),
            rslora: fields.flag("use_rslora")?.unwrap_or(false),
            targets: targets(&fields)?,
            ranks: pattern(&fields, "rank_pattern", &rank)?,
            alphas: pattern(&fields, "alpha_pattern", &|fields, name| fields.number(name))?,
        };
        Ok(config)
    }

    /// What it says of a module, if that is a target.
    pub(super) fn target(&self, module: &str) -> Option<Target> {
        self.targets.iter().find(|target| names(target, module))?;
        // As in PEFT, the first pattern that fits decides.
        let rank = self.ranks.iter().find(|(key, _)| names(key, module));
        let rank = rank.map_or(self.rank, |(_, rank)| *rank);
        let alpha = self.alphas.iter().find(|(key, _)| names(key, module));
        let alpha = alpha.map_or(self.alpha, |(_, alpha)| *alpha);
        let divisor = if self.rslora { (rank as f64).sqrt() } else { rank as f64 };
        Some(Target { rank, scale: (alpha / divisor) as f32, dora: self.dora })
    }
}

/// Whether a name means a module: all of its path, or an end of it.
fn names(name: &str, module: &str) -> bool {
    module.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty() || text == "none",
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Refuses a name that is a regular expression, or none of a projection's.
fn check_name(fields: &Fields<'_>, field: &str, name: &str) -> Result<(), ModelError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let (layer, rest) = match name.rsplit_once("layers.").map(|(_, rest)| rest.split_once('.')) {
        Some(Some((number, rest))) => (number.parse::<u32>().is_ok(), rest),
        _ => (true, name),
    };
    let known = Projection::ALL.iter().any(|projection| names(rest, projection.module()));
    if name.chars().all(plain) && layer && known {
        return Ok(());
    }
    Err(fields.wrong(
        field,
        format!(
            "{} is none of the projections that adapters can change: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, \
             down_proj, or one of them by its path",
            quote(&name.into())
        ),
    ))
}

fn targets(fields: &Fields<'_>) -> Result<Vec<String>, ModelError> {
    const FIELD: &str = "target_modules";
    let all = || Projection::ALL.iter().map(|projection| projection.module().to_owned());
    let list = match fields.needed(FIELD)? {
        Value::String(text) if text == "all-linear" => return Ok(all().collect()),
        Value::Array(list) if !list.is_empty() => list,
        other => {
            let problem = format!("{} is not a list of names, nor \"all-linear\"", quote(other));
            return Err(fields.wrong(FIELD, problem));
        }
    };
    let mut targets = Vec::new();
    for value in list {
        let Some(name) = value.as_str() else {
            return Err(fields.wrong(FIELD, format!("{} is not a name", quote(value))));
        };
        check_name(fields, FIELD, name)?;
        targets.push(name.to_owned());
    }
    Ok(targets)
}

/// A number for some of the modules.
fn pattern<T>(
    fields: &Fields<'_>,
    field: &'static str,
    read: &dyn Fn(&Fields<'_>, &str) -> Result<T, ModelError>,
) -> Result<Vec<(String, T)>, ModelError> {
    let map: &Map<String, Value> = match fields.given(field) {
        None => return Ok(Vec::new()),
        Some(Value::Object(map)) => map,
        Some(value) => {
            return Err(fields.wrong(field, format!("{} is not an object", quote(value))));
        }
    };
    let prefix = if field == "rank_pattern" { "/rank_pattern" } else { "/alpha_pattern" };
    let inner = Fields { file: fields.file, prefix, map };
    let mut numbers = Vec::new();
    for name in map.keys() {
        check_name(fields, field, name)?;
        numbers.push((name.clone(), read(&inner, name)?));
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATTERN: &str =
        include_str!("../../tests/fixtures/qwen3/adapters/dora-pattern/adapter_config.json");

    fn read(change: impl Fn(&mut Map<String, Value>)) -> Result<AdapterConfig, ModelError> {
        let mut root: Map<String, Value> = serde_json::from_str(PATTERN).unwrap();
        change(&mut root);
        AdapterConfig::from_json("a.json", Value::Object(root).to_string().as_bytes())
    }

    #[test]
    fn patterns_rule_over_the_general_rank_and_alpha() {
        let config = read(|_| {}).unwrap();
        let target = |module: &str| config.target(module).map(|t| (t.rank, t.scale));
        assert_eq!(target("model.layers.0.self_attn.q_proj"), Some((6, 2.0)));
        assert_eq!(target("model.layers.1.self_attn.q_proj"), Some((9, 12.0 / 9.0)));
        assert_eq!(target("model.layers.11.self_attn.q_proj"), Some((6, 2.0)));
        assert_eq!(target("model.layers.2.mlp.down_proj"), Some((3, 4.0)));
        assert_eq!(target("model.layers.2.mlp.up_proj"), Some((6, 20.0 / 6.0)));
        assert_eq!(target("model.layers.2.mlp.gate_proj"), None);
        let rslora = read(|root| {
            root.insert("use_rslora".into(), true.into());
            root.insert("r".into(), 16.into());
        });
        let scale = rslora.unwrap().target("model.layers.0.mlp.up_proj").unwrap().scale;
        assert_eq!(scale, 20.0 / 4.0);
    }

    #[test]
    fn what_is_not_implemented_is_refused() {
        let refused = |field: &str, value: Value| {
            let error = read(|root| drop(root.insert(field.into(), value.clone()))).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with(&format!("a.json: /{field}: ")), "{message}");
            message
        };
        refused("peft_type", "ADALORA".into());
        refused("bias", "all".into());
        refused("fan_in_fan_out", true.into());
        refused("modules_to_save", vec!["lm_head"].into());
        refused("layers_to_transform", vec![1].into());
        refused("init_lora_weights", "pissa".into());
        refused("a_field_of_tomorrow", 1.into());
        refused("r", 0.into());
        refused("r", 100_000.into());
        refused("target_modules", ".*proj".into());
        assert!(refused("target_modules", vec!["lm_head"].into()).contains("\"lm_head\" is none"));
        refused("target_modules", vec!["q_proj|k_proj"].into());
        refused("rank_pattern", serde_json::json!({"^q_proj": 3}));
        assert!(read(|root| drop(root.insert("tomorrow".into(), Value::Null))).is_ok());
        assert!(read(|root| drop(root.remove("lora_alpha"))).is_err());
    }
}
