//! The forward pass against what transformers and PEFT compute: every rule of rotary positions, long texts, adapters,
//! GGUF; in one pass, token by token, in pieces with detours, from forks of a prefix, in batches.
//!
//! `training/references.py` wrote the expected logits. Tolerances are absolute; logits reach 10 and more.

#![cfg(feature = "candle")]

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use constrained_gen::model::{
    Adapter, DeviceChoice, KvCache, ModelError, ModelOptions, Part, Qwen3,
};

const TOLERANCE: f32 = 2e-4;
const LENGTHS: [usize; 2] = [97, 1500];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3").join(name)
}

fn reference(name: &str) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(fixture(name), &Device::Cpu).unwrap()
}

/// The text of the references.
fn text(length: usize, vocabulary: usize) -> Vec<u32> {
    (0..length).map(|i| ((i * i + 31 * i + 7) % vocabulary) as u32).collect()
}

fn positions(length: usize) -> Vec<usize> {
    let all = [0, 1, 31, 32, 96, 127, 128, 511, 512, 1024];
    all.into_iter().filter(|p| *p < length - 1).chain([length - 1]).collect()
}

fn open(directory: &Path, threads: usize) -> Qwen3 {
    Qwen3::open(directory, &ModelOptions::default().threads(threads)).unwrap()
}

/// A fixture's model under another of its configurations.
fn under(name: &str, config: &str) -> Qwen3 {
    let directory = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixture(name)).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap();
        if file.to_str().unwrap().starts_with("model") {
            fs::copy(&path, directory.path().join(file)).unwrap();
        }
    }
    fs::copy(fixture(name).join(config), directory.path().join("config.json")).unwrap();
    open(directory.path(), 2)
}

fn read(model: &Qwen3, tokens: &[u32], cache: &mut KvCache, adapter: Option<&Adapter>) -> Vec<f32> {
    let mut parts = [Part { tokens, cache, adapter }];
    model.forward_batch(&mut parts).unwrap()[0].values().unwrap()
}

/// The ways to read a text; each gives the hidden states of all of it.
fn ways(model: &Qwen3, tokens: &[u32], adapter: Option<&Adapter>) -> Vec<(&'static str, Vec<f32>)> {
    let cache = || model.cache_for(4096).unwrap();
    let whole = read(model, tokens, &mut cache(), adapter);

    let mut one = cache();
    let single =
        tokens.iter().flat_map(|t| read(model, &[*t], &mut one, adapter)).collect::<Vec<_>>();

    let mut mixed = cache();
    let mut pieces = Vec::new();
    let mut at = 0;
    for (i, length) in [7, 1, 1, 2, 130, 3, 4, 1, 64, 2, 9, 33].iter().cycle().enumerate() {
        let length = (*length).min(tokens.len() - at);
        if length == 0 {
            break;
        }
        let detour: Vec<u32> = (0..=i as u32 % 6).map(|t| t * 31 % 200).collect();
        read(model, &detour, &mut mixed, adapter);
        mixed.truncate(at);
        pieces.extend(read(model, &tokens[at..at + length], &mut mixed, adapter));
        at += length;
    }

    let (begin, end) = tokens.split_at(tokens.len() / 3);
    let mut prefix = cache();
    let mut forked = read(model, begin, &mut prefix, adapter);
    let mut fork = prefix.fork().unwrap();
    read(model, &[1, 2, 3], &mut prefix, adapter);
    forked.extend(read(model, end, &mut fork, adapter));
    vec![("one pass", whole), ("token by token", single), ("pieces", pieces), ("a fork", forked)]
}

/// The largest difference of logits at the reference's positions.
fn apart(model: &Qwen3, hidden: &[f32], expected: &Tensor, at: &[usize]) -> f32 {
    // Logits of hidden states that were computed elsewhere: through a model's own type they cannot be asked, so the head
    // is multiplied by candle here.
    let width = model.config().hidden_size;
    let rows: Vec<f32> = at.iter().flat_map(|p| &hidden[p * width..][..width]).copied().collect();
    let rows = Tensor::from_vec(rows, (at.len(), width), &Device::Cpu).unwrap();
    let logits = rows.matmul(&head(model).t().unwrap()).unwrap();
    difference(&logits, expected)
}

fn difference(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let difference = (a - b).unwrap().abs().unwrap().flatten_all().unwrap();
    difference.max(0).unwrap().to_scalar().unwrap()
}

/// The matrix of the head of a fixture.
fn head(model: &Qwen3) -> Tensor {
    let (file, name) = match model.config().tie_word_embeddings {
        true => ("tiny/model.safetensors", "model.embed_tokens.weight"),
        false => {
            let shards =
                ["1", "2"].map(|i| format!("tiny-untied/model-0000{i}-of-00002.safetensors"));
            let second = reference(&shards[1]);
            let at = usize::from(second.contains_key("lm_head.weight"));
            return reference(&shards[at])["lm_head.weight"].clone();
        }
    };
    reference(file)[name].clone()
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// Models, their configurations, and the rule of positions in the references.
const RULES: [(&str, &str, &str); 6] = [
    ("tiny", "config.json", "default"),
    ("tiny", "config.rope_parameters.json", "default"),
    ("tiny", "config.linear.json", "linear"),
    ("tiny", "config.yarn.json", "yarn"),
    ("tiny", "config.yarn-tuned.json", "yarn-tuned"),
    ("tiny-untied", "config.json", "default"),
];

#[test]
fn every_rule_of_positions_gives_the_logits_of_transformers() {
    for (name, config, rule) in RULES {
        let model = under(name, config);
        let expected = reference(&format!("{name}/reference.safetensors"));
        for length in LENGTHS {
            let tokens = text(length, model.config().vocab_size);
            let ways = ways(&model, &tokens, None);
            for (way, hidden) in &ways {
                assert!(same_bits(hidden, &ways[0].1), "{name} {config} {length}: {way}");
            }
            let expected = &expected[&format!("{rule}.{length}")];
            let apart = apart(&model, &ways[0].1, expected, &positions(length));
            assert!(apart <= TOLERANCE, "{name} {config} {length}: {apart}");
        }
    }
}

/// On an NVIDIA GPU, where an adapter is merged on the way. Needs one, so that only builds with the feature have this test.
#[cfg(feature = "cuda")]
#[test]
fn a_gpu_gives_the_logits_of_transformers_and_peft() {
    let check = |model: &Qwen3, what: &str, expected: &dyn Fn(usize) -> Tensor| {
        let model = model.on(DeviceChoice::Cuda(0)).unwrap();
        for length in LENGTHS {
            for (way, hidden) in ways(&model, &text(length, model.config().vocab_size), None) {
                let apart = apart(&model, &hidden, &expected(length), &positions(length));
                println!("{what} {length}, {way}: {apart:e}");
                assert!(apart <= TOLERANCE, "{what} {length}, {way}: {apart}");
            }
        }
    };
    for (name, config, rule) in RULES {
        let expected = reference(&format!("{name}/reference.safetensors"));
        let at = |length| expected[&format!("{rule}.{length}")].clone();
        check(&under(name, config), config, &at);
    }
    let model = open(&fixture("tiny"), 2);
    for name in ADAPTERS {
        let expected = reference(&format!("adapters/{name}/reference.safetensors"));
        let merged = model.merged(&adapter(name, &model)).unwrap();
        check(&merged, name, &|length: usize| expected[&length.to_string()].clone());
    }
}

/// In one pass, as the reference has it: keys keep the rotation they were read with.
#[test]
fn dynamic_positions_are_those_of_transformers() {
    let model = under("tiny", "config.dynamic.json");
    let expected = reference("tiny/reference.safetensors");
    for length in LENGTHS {
        let tokens = text(length, 512);
        let hidden = read(&model, &tokens, &mut model.cache_for(4096).unwrap(), None);
        let expected = &expected[&format!("dynamic.{length}")];
        let apart = apart(&model, &hidden, expected, &positions(length));
        assert!(apart <= TOLERANCE, "{length}: {apart}");
    }
}

/// `QWEN3_POSITIONS=all` for 16,384 and 32,768 tokens too, which take minutes.
fn long(lengths: &[usize]) {
    let expected = reference("tiny/reference.long.safetensors");
    for (config, rule) in [("config.json", "default"), ("config.yarn.json", "yarn")] {
        let model = under("tiny", config);
        for &length in lengths {
            let tokens = text(length, 512);
            let mut cache = model.cache_for(1 << 16).unwrap();
            let hidden = read(&model, &tokens, &mut cache, None);
            let expected = &expected[&format!("{rule}.{length}")];
            let apart = apart(&model, &hidden, expected, &[length - 1]);
            assert!(apart <= 2.0 * TOLERANCE, "{rule} {length}: {apart}");
        }
    }
}

#[test]
fn thousands_of_positions() {
    let all = std::env::var("QWEN3_POSITIONS").is_ok_and(|which| which == "all");
    long(if all { &[8192, 16_384, 32_768] } else { &[8192] });
}

const ADAPTERS: [&str; 4] = ["lora", "rslora", "dora", "dora-pattern"];

fn adapter(name: &str, model: &Qwen3) -> Adapter {
    Adapter::open(&fixture("adapters").join(name), model).unwrap()
}

#[test]
fn adapters_give_the_logits_of_peft_apart_and_merged() {
    let model = open(&fixture("tiny"), 2);
    for name in ADAPTERS {
        let adapter = adapter(name, &model);
        let merged = model.merged(&adapter).unwrap();
        let expected = reference(&format!("adapters/{name}/reference.safetensors"));
        for length in LENGTHS {
            let (tokens, at) = (text(length, 512), positions(length));
            let expected = &expected[&length.to_string()];
            let ways = ways(&model, &tokens, Some(&adapter));
            for (way, hidden) in &ways {
                assert!(same_bits(hidden, &ways[0].1), "{name} {length}: {way}");
            }
            let off = apart(&model, &ways[0].1, expected, &at);
            assert!(off <= TOLERANCE, "{name} {length}: {off}");
            let hidden = read(&merged, &tokens, &mut merged.cache().unwrap(), None);
            let off = apart(&merged, &hidden, expected, &at);
            assert!(off <= TOLERANCE, "{name} {length}, merged: {off}");
        }
        // As tensors, which is how a GPU has it, here on the processor.
        let moved = merged.on(DeviceChoice::Cpu).unwrap();
        let hidden = read(&moved, &text(97, 512), &mut moved.cache().unwrap(), None);
        let off = apart(&moved, &hidden, &expected["97"], &positions(97));
        assert!(off <= TOLERANCE, "{name}, moved: {off}");
        assert!(moved.on(DeviceChoice::Cpu).is_err() && moved.merged(&adapter).is_err());
    }
}

/// A batch of sequences of different lengths under different adapters, against each alone, on one thread and on two.
#[test]
fn company_and_threads_change_no_bit() {
    let models = [1, 2].map(|threads| open(&fixture("tiny"), threads));
    let texts = [5, 40, 1, 23].map(|length| text(length, 512));
    let mut results = Vec::new();
    for model in &models {
        let adapters = ["dora", "lora"].map(|name| adapter(name, model));
        let own = [None, Some(&adapters[0]), Some(&adapters[1]), Some(&adapters[0])];
        let mut caches = [(); 4].map(|()| model.cache().unwrap());
        for step in 0..3 {
            let mut parts: Vec<Part<'_>> = caches
                .iter_mut()
                .zip(&texts)
                .zip(own)
                .map(|((cache, tokens), adapter)| Part { tokens, cache, adapter })
                .collect();
            let together = model.forward_batch(&mut parts).unwrap();
            for (i, hidden) in together.iter().enumerate() {
                let mut cache = model.cache().unwrap();
                let mut alone = Vec::new();
                for _ in 0..=step {
                    alone = read(model, &texts[i], &mut cache, own[i]);
                }
                assert!(same_bits(&alone, &hidden.values().unwrap()), "sequence {i}");
                results.push(alone);
            }
        }
    }
    let (one, two) = results.split_at(results.len() / 2);
    assert!(one.iter().zip(two).all(|(one, two)| same_bits(one, two)));
}

#[test]
fn some_logits_are_those_among_all() {
    let model = open(&fixture("tiny"), 2);
    let hidden =
        model.forward(&text(9, 512), &mut model.cache().unwrap()).unwrap().last(1).unwrap();
    let all = model.logits(&hidden).unwrap();
    let mut some = Vec::new();
    for rows in [vec![], vec![3], vec![511, 0, 7], (0..512).collect::<Vec<u32>>()] {
        model.logits_of(&hidden, &rows, &mut some).unwrap();
        let expected: Vec<f32> = rows.iter().map(|row| all[*row as usize]).collect();
        assert!(same_bits(&some, &expected));
    }
    assert!(model.logits_of(&hidden, &[512], &mut some).is_err());
}

/// An adapter's directory with some tensors changed.
fn spoiled(change: impl Fn(&mut HashMap<String, Tensor>)) -> ModelError {
    let directory = tempfile::tempdir().unwrap();
    let from = fixture("adapters/dora");
    fs::copy(from.join("adapter_config.json"), directory.path().join("adapter_config.json"))
        .unwrap();
    let mut tensors = reference("adapters/dora/adapter_model.safetensors");
    change(&mut tensors);
    let file = directory.path().join("adapter_model.safetensors");
    candle_core::safetensors::save(&tensors, &file).unwrap();
    Adapter::open(directory.path(), &open(&fixture("tiny"), 1)).unwrap_err()
}

#[test]
fn tensors_of_adapters_that_do_not_fit_are_named() {
    const A: &str = "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight";
    const M: &str = "base_model.model.model.layers.2.self_attn.v_proj.lora_magnitude_vector";
    let wide = Tensor::zeros((12, 64), candle_core::DType::F32, &Device::Cpu).unwrap();
    match spoiled(|t| drop(t.insert(A.into(), wide.clone()))) {
        ModelError::AdapterShape { tensor, found, expected, .. } => {
            assert_eq!((tensor.as_str(), found, expected), (A, vec![12, 64], vec![12, 48]));
        }
        other => panic!("{other}"),
    }
    let gone = spoiled(|t| drop(t.remove(M))).to_string();
    assert!(gone.contains(&format!("tensor {M}.weight: missing")), "{gone}");
    let many = spoiled(|t| {
        let name = A.replace("down_proj", "gate_proj");
        drop(t.insert(name, wide.clone()));
    });
    assert!(many.to_string().contains("gate_proj.lora_A.weight: is no part of"), "{many}");
    // The older name of magnitudes is read, too.
    let directory = tempfile::tempdir().unwrap();
    let from = fixture("adapters/dora");
    fs::copy(from.join("adapter_config.json"), directory.path().join("adapter_config.json"))
        .unwrap();
    let tensors: HashMap<String, Tensor> = reference("adapters/dora/adapter_model.safetensors")
        .into_iter()
        .map(|(name, tensor)| match name.ends_with("magnitude_vector") {
            true => (name + ".weight", tensor),
            false => (name, tensor),
        })
        .collect();
    let file = directory.path().join("adapter_model.safetensors");
    candle_core::safetensors::save(&tensors, &file).unwrap();
    assert!(Adapter::open(directory.path(), &open(&fixture("tiny"), 1)).is_ok());
}

#[test]
fn an_adapter_of_another_model_is_refused() {
    let (tiny, other) = (open(&fixture("tiny"), 1), open(&fixture("tiny-untied"), 1));
    let adapter = adapter("lora", &tiny);
    let mut cache = other.cache().unwrap();
    let part = Part { tokens: &[1], cache: &mut cache, adapter: Some(&adapter) };
    let message = other.forward_batch(&mut [part]).unwrap_err().to_string();
    assert!(message.contains("the adapter belongs to a model of another shape"), "{message}");
    assert!(cache.is_empty());
    assert!(other.merged(&adapter).is_err());
}
