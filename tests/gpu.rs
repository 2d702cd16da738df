//! The forward pass on an NVIDIA GPU against what transformers and PEFT compute, also
//! under merged adapters. Needs the cargo feature `cuda` and a device; a build without the feature has no such tests.

#![cfg(feature = "cuda")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use constrained_gen::model::{Adapter, DeviceChoice, KvCache, ModelOptions, Qwen3};

/// As on the processor, in `qwen3_references`.
const TOLERANCE: f32 = 2e-4;
const LENGTHS: [usize; 2] = [97, 1500];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3").join(name)
}

fn open(directory: &Path) -> Qwen3 {
    Qwen3::open(directory, &ModelOptions::default().device(DeviceChoice::Cuda(0))).unwrap()
}

fn text(length: usize, vocabulary: usize) -> Vec<u32> {
    (0..length).map(|i| ((i * i + 31 * i + 7) % vocabulary) as u32).collect()
}

/// Logits of the positions asked for, of a text read in pieces.
fn logits(model: &Qwen3, tokens: &[u32], pieces: &[usize], at: &[usize]) -> Vec<f32> {
    let mut cache: KvCache = model.cache_for(4096).unwrap();
    let mut pieces = pieces.iter().cycle();
    let mut out = Vec::new();
    while cache.len() < tokens.len() {
        // A position asked for ends a piece: its logits are those of the last hidden state.
        let begin = cache.len();
        let next = at.iter().find(|p| **p >= begin).map_or(tokens.len(), |p| p + 1);
        let end = next.min(begin + pieces.next().unwrap());
        // A detour, taken back.
        model.forward(&[1, 2, 3], &mut cache).unwrap();
        cache.truncate(begin);
        let hidden = model.forward(&tokens[begin..end], &mut cache).unwrap();
        if at.contains(&(end - 1)) {
            out.extend(model.logits(&hidden.last().unwrap()).unwrap());
        }
    }
    out
}

/// The largest difference of logits at the reference's positions.
fn apart(model: &Qwen3, length: usize, pieces: &[usize], expected: &Tensor) -> f32 {
    let all = [0, 1, 31, 32, 96, 127, 128, 511, 512, 1024];
    let at: Vec<usize> = all.into_iter().filter(|p| *p < length - 1).chain([length - 1]).collect();
    let logits = logits(model, &text(length, model.config().vocab_size), pieces, &at);
    let logits = Tensor::from_vec(logits, expected.shape().clone(), &Device::Cpu).unwrap();
    let apart = (&logits - expected).unwrap().abs().unwrap().flatten_all().unwrap();
    apart.max(0).unwrap().to_scalar().unwrap()
}

#[test]
fn every_rule_of_positions_gives_the_logits_of_transformers() {
    let cases = [
        ("tiny", "config.json", "default"),
        ("tiny", "config.linear.json", "linear"),
        ("tiny", "config.yarn.json", "yarn"),
        ("tiny-untied", "config.json", "default"),
    ];
    for (name, config, rule) in cases {
        let directory = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(fixture(name)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap();
            if file.to_str().unwrap().starts_with("model") {
                fs::copy(&path, directory.path().join(file)).unwrap();
            }
        }
        fs::copy(fixture(name).join(config), directory.path().join("config.json")).unwrap();
        let model = open(directory.path());
        let file = fixture(name).join("reference.safetensors");
        let expected = candle_core::safetensors::load(file, &Device::Cpu).unwrap();
        for length in LENGTHS {
            let expected = &expected[&format!("{rule}.{length}")];
            for pieces in [&[4096][..], &[7, 1, 130, 3]] {
                let apart = apart(&model, length, pieces, expected);
                println!("{name} {config} {length} in pieces of {pieces:?}: {apart:e}");
                assert!(apart <= TOLERANCE, "{name} {config} {length}: {apart}");
            }
        }
    }
}

/// An adapter is merged on the processor and moved; apart from the weights it is refused there, not skipped.
#[test]
fn merged_adapters_give_the_logits_of_peft() {
    let host = Qwen3::open(&fixture("tiny"), &ModelOptions::default()).unwrap();
    for name in ["lora", "rslora", "dora", "dora-pattern"] {
        let adapter = Adapter::open(&fixture("adapters").join(name), &host).unwrap();
        let model = host.merged(&adapter).unwrap().on(DeviceChoice::Cuda(0)).unwrap();
        let file = fixture("adapters").join(name).join("reference.safetensors");
        let expected = candle_core::safetensors::load(file, &Device::Cpu).unwrap();
        for length in LENGTHS {
            let apart = apart(&model, length, &[7, 1, 130, 3], &expected[&length.to_string()]);
            println!("{name} {length}: {apart:e}");
            assert!(apart <= TOLERANCE, "{name} {length}: {apart}");
        }
        assert!(Adapter::open(&fixture("adapters").join(name), &model).is_err());
    }
}
