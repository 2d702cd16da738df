//! Makes one file of a directory: the same bytes for the same directory, whenever and wherever.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use flate2::{Compression, GzBuilder};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::{
    Expert, ExpertError, Manifest, PackageError, check,
    entry::Entry,
    integrity::{self, digits},
    package::MANIFEST,
};
use crate::Limits;

/// What was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packed {
    /// Names and lengths of the files, in their order.
    pub files: Vec<(String, u64)>,
    /// The public key, if it was signed.
    pub key: Option<String>,
}

/// Writes the package of an expert's directory. Sizes and hashes of adapters that the manifest leaves open are filled in; with a
/// key, 32 bytes of Ed25519, the package is signed. Else the manifest stays as it is, byte by byte. Hidden files and other
/// packages stay out.
///
/// # Errors
/// Whatever the directory would be refused for, all of it; more than the limits allow; it cannot be written.
pub fn pack(
    directory: &Path,
    out: &mut dyn Write,
    key: Option<&[u8; 32]>,
    limits: &Limits,
) -> Result<Packed, Vec<ExpertError>> {
    let one = |error: PackageError| vec![ExpertError::from(error)];
    let expert = Expert::open_all(directory, limits)?;
    if let Err(error) = expert.grammar(limits) {
        return Err(vec![error]);
    }
    let package = &expert.package;
    let text = package.text(MANIFEST, super::MAX_MANIFEST).map_err(one)?.unwrap_or_default();
    let mut entries = package.entries().map_err(one)?;
    entries.retain(|name, _| !name.ends_with(".expert"));
    let total: u64 = entries.values().map(|entry| entry.bytes).sum();
    if total > limits.package_bytes {
        let limit = limits.package_bytes;
        return Err(one(PackageError::TooLarge { path: package.path(), limit }));
    }
    let text = complete(&expert, text, key).map_err(one)?;
    let text = match key {
        None => text,
        Some(key) => {
            let signature = integrity::sign(&entries, &text, key);
            text.replacen(SIGNATURE, &format!("\"signature\": \"{signature}\""), 1)
        }
    };
    let hash = Sha256::digest(text.as_bytes()).into();
    entries.insert(MANIFEST.to_owned(), Entry { bytes: text.len() as u64, sha256: hash });
    let written = || -> io::Result<Vec<(String, u64)>> {
        let gzip = GzBuilder::new().mtime(0).operating_system(255).write(out, Compression::new(6));
        let mut tar = Builder::new(gzip);
        let mut files = Vec::new();
        // The manifest first: whoever reads the archive knows from the start what to expect.
        append(&mut tar, MANIFEST, text.len() as u64, text.as_bytes())?;
        files.push((MANIFEST.to_owned(), text.len() as u64));
        for (name, entry) in entries.iter().filter(|(name, _)| *name != MANIFEST) {
            let file = File::open(directory.join(name))?;
            append(&mut tar, name, entry.bytes, file.take(entry.bytes))?;
            files.push((name.clone(), entry.bytes));
        }
        tar.into_inner()?.finish()?.flush()?;
        Ok(files)
    };
    match written() {
        Ok(files) => Ok(Packed { files, key: key.map(integrity::public_key) }),
        Err(source) => Err(one(PackageError::Write { path: package.path(), source })),
    }
}

/// How an empty signature looks in a manifest that was written here.
const SIGNATURE: &str = "\"signature\": \"\"";

/// The manifest with the sizes and hashes that it leaves open, and where to sign.
fn complete(expert: &Expert, text: String, key: Option<&[u8; 32]>) -> Result<String, PackageError> {
    let mut document = expert.manifest.document.clone();
    let mut changed = false;
    for (i, base) in expert.manifest.base_models.iter().enumerate() {
        for (k, adapter) in base.adapters.iter().enumerate() {
            let Some(files) = check::adapter_files(&expert.package, adapter)? else { continue };
            let Some(entry) = expert.package.entry(&files.weights)? else { continue };
            let place = document.pointer_mut(&format!("/base_models/{i}/adapters/{k}"));
            let Some(Value::Object(object)) = place else { continue };
            if adapter.size_bytes == 0 {
                object.insert("size_bytes".to_owned(), entry.bytes.into());
                changed = true;
            }
            if adapter.sha256.is_empty() {
                object.insert("sha256".to_owned(), digits(&entry.sha256).into());
                changed = true;
            }
        }
    }
    if let (Some(key), Value::Object(object)) = (key, &mut document) {
        let timestamp = expert.manifest.integrity.as_ref().and_then(|i| i.timestamp.clone());
        let mut integrity = serde_json::Map::new();
        if let Some(timestamp) = timestamp {
            integrity.insert("timestamp".to_owned(), timestamp.into());
        }
        integrity.insert("public_key".to_owned(), integrity::public_key(key).into());
        integrity.insert("signature".to_owned(), "".into());
        object.insert("integrity".to_owned(), integrity.into());
        changed = true;
    } else if changed && expert.signed.is_some() {
        let problem =
            "sizes and hashes must be filled in, which would break it: state them and sign again";
        return Err(PackageError::Signature {
            path: expert.package.path(),
            problem: problem.to_owned(),
        });
    }
    if !changed {
        return Ok(text);
    }
    let mut text = serde_json::to_string_pretty(&document).unwrap_or(text);
    text.push('\n');
    // What is written must be what will be read.
    debug_assert!(Manifest::parse(&text).is_ok());
    Ok(text)
}

fn append(
    tar: &mut Builder<impl Write>,
    name: &str,
    bytes: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    let mut counted = content.take(bytes);
    tar.append(&header, &mut counted)?;
    match counted.limit() {
        0 => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{name} became shorter"))),
    }
}
