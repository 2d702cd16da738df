//! Where is the model that `--model` names?
//!
//! A path goes first. A name of the form `ORG/NAME` that is no path is looked for in the local cache of the Hugging Face hub, where
//! `hf download` and the Python libraries put models. Nothing is downloaded.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

/// The path of the model: as it was given, or a snapshot in the cache; `None` stands for the embedded model.
pub(super) fn find(given: Option<&Path>) -> Result<Option<PathBuf>> {
    let Some(path) = given else { return Ok(None) };
    let name = path.to_str().filter(|name| is_name(name) && !path.exists());
    let Some(name) = name else { return Ok(Some(path.to_owned())) };
    let root = root(|variable| std::env::var_os(variable));
    match root.as_deref().and_then(|root| snapshot(root, name)) {
        Some(snapshot) => Ok(Some(snapshot)),
        None => bail!(
            "no model `{name}`: no such path, and not in the hub's cache{}; `hf download {name}` puts it there",
            root.map_or(String::new(), |root| format!(" ({})", root.display()))
        ),
    }
}

/// Whether a text is the name of a model on the hub: an organisation and a name.
fn is_name(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    text.split_once('/').is_some_and(|(organisation, name)| part(organisation) && part(name))
}

/// The cache, where the hub's own library has it.
fn root(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let given = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    given("HF_HUB_CACHE")
        .or_else(|| Some(given("HF_HOME")?.join("hub")))
        .or_else(|| Some(given("XDG_CACHE_HOME")?.join("huggingface/hub")))
        .or_else(|| Some(given("HOME")?.join(".cache/huggingface/hub")))
}

/// The snapshot of a model that its main branch means, or the only one; if it holds a model.
fn snapshot(root: &Path, name: &str) -> Option<PathBuf> {
    let home = root.join(format!("models--{}", name.replace('/', "--")));
    let snapshots = home.join("snapshots");
    let commit = fs::read_to_string(home.join("refs/main")).ok();
    let commit = commit.map(|text| text.trim().to_owned());
    let plain = |commit: &String| {
        !commit.is_empty() && commit.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let snapshot = match commit.filter(plain) {
        Some(commit) => snapshots.join(commit),
        None => {
            let mut all = fs::read_dir(&snapshots).ok()?.filter_map(Result::ok);
            match (all.next(), all.next()) {
                (Some(only), None) => only.path(),
                _ => return None,
            }
        }
    };
    snapshot.join("config.json").is_file().then_some(snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_paths() {
        for name in ["Qwen/Qwen3-0.6B", "a/b", "org_1/x.y"] {
            assert!(is_name(name), "{name}");
        }
        for path in ["", "a", "a/", "/a", "a/b/c", "./a", "../a", "a/..", "a\\b/c", "~/a", "a/b c"]
        {
            assert!(!is_name(path), "{path}");
        }
    }

    #[test]
    fn the_cache_is_where_the_variables_say() {
        let with = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            root(|name| names.iter().any(|n| n == name).then(|| format!("/{name}").into()))
        };
        let all = ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"];
        assert_eq!(with(&all), Some("/HF_HUB_CACHE".into()));
        assert_eq!(with(&all[1..]), Some("/HF_HOME/hub".into()));
        assert_eq!(with(&all[2..]), Some("/XDG_CACHE_HOME/huggingface/hub".into()));
        assert_eq!(with(&all[3..]), Some("/HOME/.cache/huggingface/hub".into()));
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn snapshots_are_found() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("models--Qwen--Qwen3-0.6B");
        let find = || snapshot(root.path(), "Qwen/Qwen3-0.6B");
        assert_eq!(find(), None);
        for commit in ["abc", "def"] {
            fs::create_dir_all(home.join("snapshots").join(commit)).unwrap();
            fs::write(home.join("snapshots").join(commit).join("config.json"), "{}").unwrap();
        }
        assert_eq!(find(), None, "two, and nothing says which");
        fs::create_dir_all(home.join("refs")).unwrap();
        fs::write(home.join("refs/main"), "def\n").unwrap();
        assert_eq!(find(), Some(home.join("snapshots/def")));
        fs::write(home.join("refs/main"), "../..").unwrap();
        assert_eq!(find(), None, "a commit is no path");
        fs::write(home.join("refs/main"), "abc").unwrap();
        fs::remove_file(home.join("snapshots/abc/config.json")).unwrap();
        assert_eq!(find(), None, "not downloaded to its end");
    }
}
