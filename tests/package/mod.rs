//! Packages for tests, good ones and others, byte by byte.

#![allow(dead_code, reason = "not all tests need all of it")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

/// The adapter that the fixtures have for the tiny model: DoRA, rank 12, alpha 24, six projections.
pub(crate) const DORA: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/qwen3/adapters/dora");

pub(crate) fn dora(file: &str) -> Vec<u8> {
    fs::read(Path::new(DORA).join(file)).expect("a fixture")
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The manifest of the SQL expert with the sizes and hashes of these weights.
pub(crate) fn manifest(weights: &[u8]) -> Value {
    let mut manifest: Value =
        serde_json::from_str(include_str!("../../experts/sql/manifest.json")).expect("JSON");
    // One base model: the adapter beside the manifest is for that.
    manifest["base_models"].as_array_mut().expect("a list").truncate(1);
    let adapter = &mut manifest["base_models"][0]["adapters"][0];
    adapter["size_bytes"] = weights.len().into();
    adapter["sha256"] = hash(weights).into();
    manifest
}

/// What is in a package: name, kind, content.
#[derive(Clone, Debug)]
pub(crate) struct Item(pub(crate) Vec<u8>, pub(crate) EntryType, pub(crate) Vec<u8>);

pub(crate) fn file(name: &str, content: impl Into<Vec<u8>>) -> Item {
    Item(name.into(), EntryType::Regular, content.into())
}

/// A good package, as items.
pub(crate) fn good() -> Vec<Item> {
    let weights = dora("adapter_model.safetensors");
    vec![
        file("manifest.json", manifest(&weights).to_string()),
        file("adapter_config.json", dora("adapter_config.json")),
        file("adapter_model.safetensors", weights),
        file("prompt.txt", "Answer with one statement.\n"),
    ]
}

/// One with another manifest.
pub(crate) fn with_manifest(change: impl FnOnce(&mut Value)) -> Vec<Item> {
    let mut items = good();
    let mut manifest: Value = serde_json::from_slice(&items[0].2).expect("JSON");
    change(&mut manifest);
    items[0].2 = manifest.to_string().into_bytes();
    items
}

/// A good one and something beside it.
pub(crate) fn and(items: impl IntoIterator<Item = Item>) -> Vec<Item> {
    good().into_iter().chain(items).collect()
}

/// The header of an entry, whatever its name.
pub(crate) fn header(name: &[u8], kind: EntryType, bytes: u64) -> [u8; 512] {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    let field = &mut header.as_ustar_mut().expect("ustar").name;
    field[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.set_link_name("/etc/passwd").expect("a name");
    }
    header.set_cksum();
    *header.as_bytes()
}

/// A tar of items, with its end.
pub(crate) fn tar(items: &[Item]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Item(name, kind, content) in items {
        bytes.extend(header(name, *kind, content.len() as u64));
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

/// The package of items.
pub(crate) fn packed(items: &[Item]) -> Vec<u8> {
    gzip(&tar(items))
}

/// A text that does not become shorter by much, always the same.
pub(crate) fn random_text(length: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + (state >> 40) as u8 % 26)
    };
    (0..length).map(|_| next()).collect()
}

/// The plain files of items in a directory.
pub(crate) fn unpacked(items: &[Item], directory: &Path) {
    for Item(name, _, content) in items {
        let path = directory.join(std::str::from_utf8(name).expect("a good name"));
        fs::create_dir_all(path.parent().expect("it is inside")).expect("a directory");
        fs::write(path, content).expect("a file");
    }
}

/// A directory in which a file is.
pub(crate) fn on_disk(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.expert");
    fs::write(&path, bytes).expect("a file");
    (directory, path)
}

/// A safetensors file of f32 tensors.
pub(crate) fn safetensors(tensors: &[(String, Vec<usize>, Vec<f32>)]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape, values) in tensors {
        let begin = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let info = json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert(name.clone(), info);
    }
    safetensors_of(&Value::Object(header).to_string(), &data)
}

/// A safetensors file with this header.
pub(crate) fn safetensors_of(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}
