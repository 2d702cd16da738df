//! Which names may files of a package have?

use std::collections::BTreeSet;

use tar::EntryType;

use super::PackageError;
use crate::quote::quoted;

/// Bytes of a name at most.
const MAX_NAME: usize = 255;

/// One file of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) bytes: u64,
    pub(super) sha256: [u8; 32],
}

/// Names that were seen, so that none comes twice, not even on a file system that cannot tell upper case from lower.
#[derive(Debug)]
pub(super) struct Names {
    path: String,
    /// In lower case.
    files: BTreeSet<String>,
    directories: BTreeSet<String>,
}

impl Names {
    /// None yet, of the package at `path`.
    pub(super) fn new(path: String) -> Self {
        Self { path, files: BTreeSet::new(), directories: BTreeSet::new() }
    }

    /// A file's name as it is used.
    pub(super) fn add(&mut self, name: &[u8]) -> Result<String, PackageError> {
        let clean = self.clean(name)?;
        let folded = clean.to_ascii_lowercase();
        for (at, _) in folded.match_indices('/') {
            self.directories.insert(folded[..at].to_owned());
        }
        let clash = self.directories.contains(&folded)
            || folded.match_indices('/').any(|(at, _)| self.files.contains(&folded[..at]));
        if clash || !self.files.insert(folded) {
            return Err(PackageError::Duplicate { path: self.path.clone(), entry: shown(name) });
        }
        Ok(clean)
    }

    /// A directory's name, which counts for nothing but must be a good one all the same.
    pub(super) fn directory(&mut self, name: &[u8]) -> Result<(), PackageError> {
        let name = name.strip_suffix(b"/").unwrap_or(name);
        match name {
            b"." => Ok(()),
            name => {
                let folded = self.clean(name)?.to_ascii_lowercase();
                if self.files.contains(&folded) {
                    let entry = shown(name);
                    return Err(PackageError::Duplicate { path: self.path.clone(), entry });
                }
                self.directories.insert(folded);
                Ok(())
            }
        }
    }

    fn clean(&self, name: &[u8]) -> Result<String, PackageError> {
        // `tar -C DIRECTORY .` writes names so.
        let inner = name.strip_prefix(b"./").unwrap_or(name);
        match std::str::from_utf8(inner).ok().filter(|name| is_inside(name)) {
            Some(name) => Ok(name.to_owned()),
            None => Err(PackageError::Name { path: self.path.clone(), entry: shown(name) }),
        }
    }
}

/// Whether a name is that of a file inside a package, on every system: relative, plain characters, nothing that leads up.
pub(super) fn is_inside(name: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'\\' | b':' | b'*' | b'?' | b'"' | b'<' | b'>' | b'|')
            || byte == b' '
    };
    name.len() <= MAX_NAME
        && name.bytes().all(plain)
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A name for a message.
pub(super) fn shown(name: &[u8]) -> String {
    let text = quoted(&String::from_utf8_lossy(name));
    text.trim_matches('`').to_owned()
}

/// What an entry is, if it is no plain file.
pub(super) fn kind(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Symlink => "a symbolic link",
        EntryType::Link => "a hard link",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a pipe",
        EntryType::GNUSparse => "a sparse file",
        EntryType::GNULongName | EntryType::GNULongLink => "a name of more than 255 bytes",
        _ => "of an unknown kind",
    }
}
