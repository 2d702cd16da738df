//! Does a package hold what its manifest says?
//!
//! Sizes, hashes and the adapters' own configurations against the manifest; whatever does not agree is an error, never a part
//! left out. What an adapter does to a model is for the model to check.

use serde_json::Value;

use super::{
    Adapter, AdapterKind, AdapterScaling, BaseModel, Expert, ExpertError, Manifest, PackageError,
    Projection, Signed, integrity, package::Package,
};

/// The file of an adapter's weights, in PEFT's layout.
const WEIGHTS: &str = "adapter_model.safetensors";

/// The file beside it.
const CONFIG: &str = "adapter_config.json";

/// Bytes an adapter's configuration may have.
pub(super) const MAX_CONFIG: u64 = 1 << 20;

/// The files of an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AdapterFiles {
    pub(super) weights: String,
    pub(super) config: String,
}

/// The files of an adapter that the package holds; `None` where it holds none and the manifest does not say so.
pub(super) fn adapter_files(
    package: &Package,
    adapter: &Adapter,
) -> Result<Option<AdapterFiles>, PackageError> {
    let place = |folder: &str| {
        let file = |name: &str| match folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        AdapterFiles { weights: file(WEIGHTS), config: file(CONFIG) }
    };
    let mut places = Vec::new();
    if let Some(path) = &adapter.path {
        match path.strip_suffix(".safetensors") {
            Some(_) => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                places.push(AdapterFiles { weights: path.clone(), ..place(folder) });
            }
            None => places.push(place(path.trim_end_matches('/'))),
        }
    }
    // Whoever packs a folder of training results puts them beside the manifest and may leave the path as it was.
    places.push(place(""));
    let named = places.iter().find(|files| package.has(&files.weights));
    match named {
        Some(files) => Ok(Some(files.clone())),
        None if adapter.is_shipped() => Err(PackageError::Missing {
            path: package.path(),
            entry: places.swap_remove(0).weights,
            wanted: "the manifest states its size or hash",
        }),
        None => Ok(None),
    }
}

/// Everything that does not agree, and who signed the package.
pub(super) fn problems(
    package: &Package,
    manifest: &Manifest,
    text: &str,
) -> (Vec<ExpertError>, Option<Signed>) {
    let mut problems: Vec<ExpertError> = Vec::new();
    for (i, base) in manifest.base_models.iter().enumerate() {
        for (k, adapter) in base.adapters.iter().enumerate() {
            let field = format!("/base_models/{i}/adapters/{k}");
            if let Err(error) = check_adapter(package, adapter, &field) {
                problems.push(error.into());
            }
        }
    }
    for prompt in &manifest.soft_prompts {
        if !matches!(package, Package::Embedded(_)) && !package.has(&prompt.path) {
            let (path, entry) = (package.path(), prompt.path.clone());
            let wanted = "soft_prompts of the manifest names it";
            problems.push(PackageError::Missing { path, entry, wanted }.into());
        }
    }
    let mut signed = None;
    if let Some(integrity) = &manifest.integrity {
        match integrity.check(package, text) {
            Ok(found) => signed = found,
            Err(error) => problems.push(error.into()),
        }
    }
    (problems, signed)
}

fn check_adapter(package: &Package, adapter: &Adapter, field: &str) -> Result<(), PackageError> {
    let Some(files) = adapter_files(package, adapter)? else { return Ok(()) };
    let entry = files.weights.clone();
    let path = package.path();
    if package.is_archive() && (adapter.size_bytes == 0 || adapter.sha256.is_empty()) {
        let missing = if adapter.size_bytes == 0 { "size_bytes" } else { "sha256" };
        return Err(PackageError::Unstated { path, entry, field: format!("{field}/{missing}") });
    }
    let Some(found) = package.entry(&entry)? else { return Ok(()) };
    if adapter.size_bytes > 0 && found.bytes != adapter.size_bytes {
        let (field, expected) = (format!("{field}/size_bytes"), adapter.size_bytes);
        return Err(PackageError::Size { path, entry, field, found: found.bytes, expected });
    }
    let hash = integrity::digits(&found.sha256);
    if !adapter.sha256.is_empty() && hash != adapter.sha256 {
        let field = format!("{field}/sha256").into();
        let (found, expected) = (hash.into(), adapter.sha256.as_str().into());
        return Err(PackageError::Hash { path, entry, field, found, expected });
    }
    let wrong = |entry: &str, problem: String| PackageError::Adapter {
        path: path.clone(),
        entry: entry.to_owned(),
        problem,
    };
    if !matches!(adapter.kind, AdapterKind::Lora | AdapterKind::Dora) {
        let problem =
            format!("adapters of type {} are not applied, only lora and dora", adapter.kind);
        return Err(wrong(&files.weights, problem));
    }
    if adapter.scaling == AdapterScaling::Learned {
        return Err(wrong(&files.weights, "scaling \"learned\" is not applied".to_owned()));
    }
    let config = package.read(&files.config, MAX_CONFIG)?.ok_or_else(|| PackageError::Missing {
        path: path.clone(),
        entry: files.config.clone(),
        wanted: "PEFT's configuration of the adapter",
    })?;
    let config: Value = serde_json::from_slice(&config)
        .map_err(|error| wrong(&files.config, format!("not JSON: {error}")))?;
    same(adapter, &config).map_err(|(key, found, expected)| {
        wrong(
            &files.config,
            format!("/{key} is {found}, but {field} of the manifest says {expected}"),
        )
    })
}

/// Whether the adapter's own configuration says what the manifest says; else the field, what it is, what it should be.
fn same(adapter: &Adapter, config: &Value) -> Result<(), (&'static str, String, String)> {
    let shown = |value: &Value| value.to_string().chars().take(80).collect::<String>();
    let number = |key: &'static str, expected: Option<u64>| match (&config[key], expected) {
        (Value::Number(found), Some(expected)) if found.as_f64() == Some(expected as f64) => Ok(()),
        (_, None) => Ok(()),
        (found, Some(expected)) => Err((key, shown(found), expected.to_string())),
    };
    number("r", adapter.rank.map(|(rank, _)| rank))?;
    number("lora_alpha", adapter.rank.map(|(_, alpha)| alpha))?;
    let dora = config["use_dora"].as_bool().unwrap_or(false);
    let expected = adapter.use_dora || adapter.kind == AdapterKind::Dora;
    if dora != expected {
        return Err(("use_dora", dora.to_string(), expected.to_string()));
    }
    let mut expected: Vec<&str> = adapter.target_modules.iter().map(|p| p.as_str()).collect();
    let mut found: Vec<&str> = match &config["target_modules"] {
        Value::String(all) if all == "all-linear" => {
            Projection::WORDS.iter().map(|(word, _)| *word).collect()
        }
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .map(|name| name.rsplit_once('.').map_or(name, |(_, last)| last))
            .collect(),
        other => return Err(("target_modules", shown(other), expected.join(", "))),
    };
    for list in [&mut expected, &mut found] {
        list.sort_unstable();
        list.dedup();
    }
    match expected == found {
        true => Ok(()),
        false => Err(("target_modules", shown(&found.join(", ").into()), expected.join(", "))),
    }
}

impl Expert {
    /// Bytes of the file that an adapter of the manifest has in the package; `None` where it has none.
    pub fn adapter_bytes(&self, adapter: &Adapter) -> Option<u64> {
        let files = adapter_files(&self.package, adapter).ok()??;
        Some(self.package.entry(&files.weights).ok()??.bytes)
    }

    /// What is in doubt of an expert that was loaded, none of which stops it.
    ///
    /// Sentences for people, each about one thing that this package does not guarantee, or that is not done.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        for unknown in &self.manifest.unknown {
            doubts.push(format!("{}: unknown field, kept but not used", unknown.pointer));
        }
        for (i, base) in self.manifest.base_models.iter().enumerate() {
            // What ships belongs together.
            if !base.sha256.is_empty() && !matches!(self.package, Package::Embedded(_)) {
                doubts.push(format!(
                    "/base_models/{i}/sha256: the weights of the base model are not compared with it"
                ));
            }
            if let Some(kind) = unclear_positions(base) {
                doubts.push(format!(
                    "/base_models/{i}/rope_scaling: {kind} without a factor: positions are the model's own"
                ));
            }
            for (k, adapter) in base.adapters.iter().enumerate() {
                let unstated = adapter.size_bytes == 0 || adapter.sha256.is_empty();
                if unstated && adapter_files(&self.package, adapter).is_ok_and(|f| f.is_some()) {
                    doubts.push(format!(
                        "/base_models/{i}/adapters/{k}: states no size_bytes and sha256: nothing says that the adapter \
                         is the one that was meant"
                    ));
                }
            }
        }
        if !self.manifest.soft_prompts.is_empty() {
            doubts.push("/soft_prompts: not applied".to_owned());
        }
        match (&self.manifest.integrity, &self.signed) {
            (_, Some(signed)) if !signed.manifest => doubts.push(
                "/integrity: the signature covers the files but not the manifest, which anybody may have changed"
                    .to_owned(),
            ),
            (Some(integrity), None) if integrity.public_key.is_some() => doubts
                .push("/integrity names a key but has no signature: nothing is signed".to_owned()),
            _ => {}
        }
        doubts
    }
}

/// The rule of a base model's positions, where it cannot be applied for want of a factor.
fn unclear_positions(base: &BaseModel) -> Option<&'static str> {
    let scaling = base.rope_scaling.as_ref()?;
    match scaling.kind {
        super::RopeKind::NtkByParts => None,
        kind => scaling.factor.is_none().then(|| kind.as_str()),
    }
}
