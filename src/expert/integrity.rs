//! `integrity` of a manifest: who signed the package, and does the signature hold?
//!
//! A signature is Ed25519 over a list of all files, one line each, sorted by name, joined by line feeds: `NAME:SHA256`. The line
//! of `manifest.json`, which holds the signature itself, has the hash of its bytes without the signature's 128 digits.
//!
//! Packages of other tools list the files' hashes in the manifest (`files`) and sign that list, whose line for the manifest is
//! about an earlier text of it: such a signature says nothing of the manifest as it is, and [`Signed::manifest`] is false.

use std::collections::BTreeMap;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    PackageError, Unknown,
    entry::{self, Entry},
    fields::{Fields, Result, list_of, string, wrong},
    package::{MANIFEST, Package},
};

/// The file in which other tools repeat the signature; it cannot be signed itself.
const DETACHED: &str = "signature.sig";

/// What a manifest says of its package's integrity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Integrity {
    /// When it was signed, in words.
    pub timestamp: Option<String>,
    /// The key that signed, in lower-case hexadecimal digits.
    pub public_key: Option<String>,
    /// The signature, likewise.
    pub signature: Option<String>,
    /// Hashes of files, by name; empty where the manifest lists none.
    pub files: BTreeMap<String, String>,
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signed {
    /// The key, in lower-case hexadecimal digits. That it stands in the package says nothing of whose it is.
    pub key: String,
    /// Whether the manifest itself is signed, too.
    pub manifest: bool,
}

pub(super) fn integrity(
    pointer: String,
    value: &Value,
    unknown: &mut Vec<Unknown>,
) -> Result<Integrity> {
    let mut fields = Fields::new(pointer, value)?;
    let timestamp = fields.optional("timestamp", string)?;
    let created = fields.optional("created_at", string)?;
    let key =
        fields.optional("public_key", |at, value| hexadecimal::<32>(at, value, "ed25519:"))?;
    let short = fields.optional("pubkey", |at, value| hexadecimal::<32>(at, value, "ed25519:"))?;
    let signature = fields.optional("signature", |at, value| hexadecimal::<64>(at, value, ""))?;
    for name in ["signature_algorithm", "algorithm"] {
        fields.optional(name, |at, value| match value.as_str() {
            Some(name) if name.eq_ignore_ascii_case("ed25519") => Ok(()),
            _ => Err(wrong(at, value, "\"ed25519\"")),
        })?;
    }
    fields.optional("publisher", string)?;
    let files = fields
        .optional("files", |at, value| {
            list_of(at, value, |at, value| {
                hexadecimal::<32>(at.clone(), value, "")?
                    .ok_or_else(|| wrong(at, value, "64 hexadecimal digits"))
            })
        })?
        .unwrap_or_default();
    fields.finish(unknown);
    Ok(Integrity {
        timestamp: timestamp.or(created),
        public_key: key.or(short).flatten(),
        signature: signature.flatten(),
        files,
    })
}

/// `N` bytes in hexadecimal digits, perhaps behind a prefix; the empty text is none.
fn hexadecimal<const N: usize>(
    pointer: String,
    value: &Value,
    prefix: &str,
) -> Result<Option<String>> {
    let digits = value.as_str().map(|text| text.strip_prefix(prefix).unwrap_or(text));
    match digits {
        Some("") => Ok(None),
        Some(text) if bytes::<N>(text).is_some() => Ok(Some(text.to_ascii_lowercase())),
        _ => {
            Err(wrong(pointer, value, format!("{} hexadecimal digits, or the empty string", 2 * N)))
        }
    }
}

/// The bytes of so many hexadecimal digits.
pub(super) fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits = digits.as_bytes();
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Integrity {
    /// Checks what is said of the files against them. `None` where the package is not signed.
    pub(super) fn check(
        &self,
        package: &Package,
        manifest: &str,
    ) -> std::result::Result<Option<Signed>, PackageError> {
        let wrong = |problem: String| PackageError::Signature { path: package.path(), problem };
        if self.files.is_empty() && self.signature.is_none() {
            return Ok(None);
        }
        let entries = package.entries()?;
        for (name, expected) in &self.files {
            let found = entries.get(name).ok_or_else(|| PackageError::Missing {
                path: package.path(),
                entry: entry::shown(name.as_bytes()),
                wanted: "integrity.files of the manifest lists it",
            })?;
            let found = digits(&found.sha256);
            // The hash of the manifest is that of a text before this list was in it.
            if name != MANIFEST && found != *expected {
                let (field, expected) = ("integrity.files".into(), expected.as_str().into());
                let (path, entry) = (package.path(), name.clone());
                let found = found.into();
                return Err(PackageError::Hash { path, entry, field, found, expected });
            }
        }
        let Some(signature) = &self.signature else { return Ok(None) };
        let key = self
            .public_key
            .as_ref()
            .ok_or_else(|| wrong("there is one, but no public_key to check it with".to_owned()))?;
        let unlisted = |name: &&String| {
            !self.files.contains_key(*name) && *name != MANIFEST && *name != DETACHED
        };
        let message = match self.files.is_empty() {
            true => message(&entries, manifest, signature),
            false => match entries.keys().find(unlisted) {
                Some(name) => {
                    let name = entry::shown(name.as_bytes());
                    return Err(wrong(format!(
                        "it does not cover `{name}`, which is in the package"
                    )));
                }
                None => lines(self.files.iter().map(|(name, hash)| (name.as_str(), hash.clone()))),
            },
        };
        let (Some(raw_key), Some(raw)) = (bytes::<32>(key), bytes::<64>(signature)) else {
            return Err(wrong("not 64 and 128 hexadecimal digits".to_owned()));
        };
        VerifyingKey::from_bytes(&raw_key)
            .and_then(|key| key.verify_strict(message.as_bytes(), &Signature::from_bytes(&raw)))
            .map_err(|_| {
                wrong(format!("it is not that of the key {key} for these files: they were changed, or it is another's"))
            })?;
        Ok(Some(Signed { key: key.clone(), manifest: self.files.is_empty() }))
    }
}

/// Signs a package whose manifest has an empty signature: the digits that belong there.
pub(super) fn sign(entries: &BTreeMap<String, Entry>, manifest: &str, key: &[u8; 32]) -> String {
    let message = message(entries, manifest, "");
    digits(&SigningKey::from_bytes(key).sign(message.as_bytes()).to_bytes())
}

/// The public key of a private one.
pub(super) fn public_key(key: &[u8; 32]) -> String {
    digits(SigningKey::from_bytes(key).verifying_key().as_bytes())
}

/// What is signed: all files, the manifest without the signature's digits.
fn message(entries: &BTreeMap<String, Entry>, manifest: &str, signature: &str) -> String {
    let unsigned = match signature.is_empty() {
        true => manifest.to_owned(),
        // In whatever case the digits were written.
        false => match manifest.to_ascii_lowercase().find(signature) {
            Some(at) => format!("{}{}", &manifest[..at], &manifest[at + signature.len()..]),
            None => manifest.to_owned(),
        },
    };
    let mut all: BTreeMap<&str, String> = entries
        .iter()
        .filter(|(name, _)| *name != DETACHED)
        .map(|(name, entry)| (name.as_str(), digits(&entry.sha256)))
        .collect();
    all.insert(MANIFEST, digits(&Sha256::digest(unsigned.as_bytes())));
    lines(all.into_iter())
}

fn lines<'a>(hashes: impl Iterator<Item = (&'a str, String)>) -> String {
    let lines: Vec<String> = hashes.map(|(name, hash)| format!("{name}:{hash}")).collect();
    lines.join("\n")
}
