//! Packages of experts: what is read, what is written, and what corrupt and hostile ones are refused for.

mod package;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use constrained_gen::{
    Limits,
    expert::{self, Expert, ExpertError, PackageError, pack},
};
use package::{
    Item, and, dora, file, good, gzip, hash, header, manifest, on_disk, packed, random_text, tar,
    unpacked, with_manifest,
};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_oneof, proptest};
use serde_json::{Value, json};
use tar::EntryType;

/// Opens a package that is refused: by what, in one line, within a second.
#[track_caller]
fn refused(name: &str, bytes: &[u8]) -> ExpertError {
    let (_directory, path) = on_disk(bytes);
    let begin = Instant::now();
    let error = match Expert::open(&path) {
        Ok(_) => panic!("{name}: not refused"),
        Err(error) => error,
    };
    let time = begin.elapsed();
    let message = error.to_string();
    assert!(time < Duration::from_secs(1), "{name}: {time:?}");
    assert!(message.contains(&*path.to_string_lossy()), "{name}: {message}");
    assert!(!message.contains(['\n', '\u{1b}', '\0']), "{name}: {message}");
    assert!(message.len() < 500, "{name}: {message}");
    error
}

macro_rules! assert_refused {
    ($name:expr, $bytes:expr, $pattern:pat) => {{
        let error = refused($name, $bytes.as_ref());
        assert!(matches!(&error, ExpertError::Package($pattern)), "{}: {error:?}", $name);
        error.to_string()
    }};
}

#[test]
fn a_package_is_read_like_a_directory() {
    let (_archive, path) = on_disk(&packed(&good()));
    let packed = Expert::open(&path).unwrap();
    let directory = tempfile::tempdir().unwrap();
    unpacked(&good(), directory.path());
    let plain = Expert::open(directory.path()).unwrap();
    assert_eq!(packed.manifest, plain.manifest);
    assert_eq!(packed.system_prompt, plain.system_prompt);
    assert_eq!(packed.system_prompt, "Answer with one statement.");
    assert_eq!(packed.name, path.display().to_string());
    assert!(packed.doubts().is_empty(), "{:?}", packed.doubts());
    assert!(expert::find(&path.display().to_string()).is_ok());
}

/// A record of an extended header, which begins with its own length.
fn pax(pair: &str) -> Vec<u8> {
    let rest = pair.len() + 2;
    let length = (1..).find(|n| n - n.to_string().len() == rest).expect("there is one");
    format!("{length} {pair}\n").into_bytes()
}

/// As `tar czf x.expert -C DIRECTORY .` and Python's tarfile write them.
#[test]
fn archives_of_other_tools_are_read() {
    let mut items = vec![Item(b"./".to_vec(), EntryType::Directory, Vec::new())];
    for Item(name, kind, content) in good() {
        let times = pax("mtime=1700000000.123");
        items.push(Item(b"./PaxHeaders/x".to_vec(), EntryType::XHeader, times));
        items.push(Item([b"./".to_vec(), name].concat(), kind, content));
    }
    let mut bytes = tar(&items);
    bytes.resize(bytes.len().next_multiple_of(10_240), 0);
    let (_directory, path) = on_disk(&gzip(&bytes));
    assert!(Expert::open(&path).is_ok());
    // A name in an extended header counts.
    let renamed = vec![
        Item(b"PaxHeader".to_vec(), EntryType::XHeader, pax("path=manifest.json")),
        Item(b"something".to_vec(), EntryType::Regular, good()[0].2.clone()),
    ];
    let items: Vec<Item> = renamed.into_iter().chain(good().into_iter().skip(1)).collect();
    let (_directory, path) = on_disk(&packed(&items));
    assert!(Expert::open(&path).is_ok());
}

#[test]
fn archives_that_are_cut_off_are_refused_wherever() {
    let whole = packed(&good());
    let places = (0..40).chain((40..whole.len()).step_by(257)).chain(whole.len() - 40..whole.len());
    for at in places {
        let name = format!("{at} of {} bytes", whole.len());
        let error = refused(&name, &whole[..at]);
        let expected = match at {
            0 | 1 => matches!(error, ExpertError::Package(PackageError::NotGzip { .. })),
            _ => matches!(error, ExpertError::Package(PackageError::Truncated { .. })),
        };
        assert!(expected, "{name}: {error:?}");
    }
    // The same of what is inside, whole gzip around it.
    let inner = tar(&good());
    let blocks = (0..inner.len()).step_by(512).chain([100, 700, 1000, inner.len() - 1]);
    for at in blocks {
        let name = format!("{at} of {} unpacked bytes", inner.len());
        let error = refused(&name, &gzip(&inner[..at]));
        let cut = matches!(error, ExpertError::Package(PackageError::Truncated { .. }));
        assert!(cut, "{name}: {error:?}");
    }
}

#[test]
fn damaged_archives_are_refused() {
    let whole = packed(&good());
    for at in (12..whole.len()).step_by(997) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        refused(&format!("byte {at}"), &bytes);
    }
    let mut bytes = whole.clone();
    let checksum = bytes.len() - 6;
    bytes[checksum] ^= 1;
    assert_refused!("checksum of gzip", bytes, PackageError::Damaged { .. });
    assert_refused!("not gzip", b"PK\x03\x04 a zip", PackageError::NotGzip { .. });
    assert_refused!("empty", b"", PackageError::NotGzip { .. });
    assert_refused!("a plain tar", tar(&good()), PackageError::NotGzip { .. });
    assert_refused!("not tar", gzip(&[b'x'; 5000]), PackageError::NotTar { .. });
    assert_refused!("nothing", gzip(&[]), PackageError::Truncated { .. });
    assert_refused!("no entries", packed(&[]), PackageError::Missing { .. });
    let mut tar = tar(&good());
    tar[148] = b'7';
    assert_refused!("checksum of tar", gzip(&tar), PackageError::NotTar { .. });
    let behind = [whole.clone(), b"more".to_vec()].concat();
    assert_refused!("bytes behind gzip", behind, PackageError::Trailing { .. });
    let twice = [whole.clone(), whole].concat();
    assert_refused!("two archives", twice, PackageError::Trailing { .. });
    let mut inner = self::tar(&good());
    inner.extend([1; 512]);
    assert_refused!("bytes behind tar", gzip(&inner), PackageError::Trailing { .. });
}

#[test]
fn entries_that_lead_elsewhere_are_refused() {
    let long = "x".repeat(99) + "/";
    for name in [
        "../outside",
        "a/../../outside",
        "/etc/passwd",
        "//x",
        "a//b",
        "a/./b",
        "..",
        "./../x",
        "C:\\x",
        "C:x",
        "a\\..\\x",
        "~\u{7}",
        "a\0b",
        "caf\u{e9}",
        "a\nb",
        "a?",
        "",
    ] {
        let items = and([file(name, "x")]);
        // Tar ends a name at a zero byte: then it is another one.
        if name == "a\0b" {
            continue;
        }
        let message = assert_refused!(name, packed(&items), PackageError::Name { .. });
        assert!(message.contains("relative path"), "{message}");
    }
    let extended = |pair: &str| {
        let record = Item(b"x".to_vec(), EntryType::XHeader, pax(pair));
        packed(&and([record, file("harmless", "x")]))
    };
    assert_refused!("path", extended("path=../../xx"), PackageError::Name { .. });
    assert_refused!("size", extended("size=100"), PackageError::NotTar { .. });
    assert_refused!("linkpath", extended("linkpath=/etc/passwd"), PackageError::NotTar { .. });
    assert_refused!("sparse", extended("GNU.sparse.major=1"), PackageError::NotTar { .. });
    let broken = Item(b"x".to_vec(), EntryType::XHeader, b"99 path=x\n".to_vec());
    assert_refused!("no record", packed(&and([broken])), PackageError::NotTar { .. });
    let global = Item(b"x".to_vec(), EntryType::XGlobalHeader, pax("path=x"));
    assert_refused!("global", packed(&and([global])), PackageError::NotTar { .. });
    let up = Item(b"../a/".to_vec(), EntryType::Directory, Vec::new());
    assert_refused!("directory", packed(&and([up])), PackageError::Name { .. });
    for (kind, what) in [
        (EntryType::Symlink, "symbolic link"),
        (EntryType::Link, "hard link"),
        (EntryType::Char, "device"),
        (EntryType::Block, "device"),
        (EntryType::Fifo, "pipe"),
        (EntryType::GNUSparse, "sparse"),
        (EntryType::GNULongName, "255 bytes"),
        (EntryType::new(b'V'), "unknown"),
    ] {
        let items = and([Item(b"link".to_vec(), kind, Vec::new())]);
        let message = assert_refused!(what, packed(&items), PackageError::Kind { .. });
        assert!(message.contains(what), "{message}");
    }
    for (one, other) in [
        ("notes.txt", "notes.txt"),
        ("notes.txt", "Notes.TXT"),
        ("notes.txt", "./notes.txt"),
        ("a", "a/b"),
        ("A/b", "a"),
        ("manifest.json", "MANIFEST.json"),
    ] {
        let items = and([file(one, "1"), file(other, "2")]);
        assert_refused!(other, packed(&items), PackageError::Duplicate { .. });
    }
    let deep = and([file(&long, "x")]);
    assert_refused!("a file with a slash", packed(&deep), PackageError::Name { .. });
}

#[test]
fn bombs_are_refused_while_they_are_read() {
    let zeros = |length: usize| packed(&and([file("zeros", vec![0; length])]));
    assert_refused!("by ratio", zeros(96 << 20), PackageError::Ratio { .. });
    // Half a gigabyte, in a hundred kilobytes and a header that tells the truth.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &header(b"zeros", EntryType::Regular, 1 << 29))
        .unwrap();
    for _ in 0..512 {
        std::io::Write::write_all(&mut encoder, &vec![0; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    assert_refused!("half a gigabyte", bomb, PackageError::Ratio { .. });
    // In an extended header, which others read into memory.
    let header_bomb = packed(&and([Item(b"x".to_vec(), EntryType::XHeader, vec![b'x'; 1 << 20])]));
    assert_refused!("extended header", header_bomb, PackageError::NotTar { .. });
    let claims = [tar(&good())[..512].to_vec(), header(b"x", EntryType::Regular, 1 << 32).to_vec()];
    let mut claims = claims.concat();
    claims[..512].copy_from_slice(&header(b"x", EntryType::Regular, 2 << 30));
    assert_refused!("a claim of 2 GiB", gzip(&claims), PackageError::TooLarge { .. });
    let many: Vec<Item> = (0..101).map(|i| file(&format!("file{i}"), "x")).collect();
    assert_refused!("many files", packed(&many), PackageError::TooMany { .. });
    let directories: Vec<Item> = (0..50_000)
        .map(|i| Item(format!("d{i}/").into_bytes(), EntryType::Directory, Vec::new()))
        .collect();
    assert_refused!("many directories", packed(&directories), PackageError::TooMany { .. });
    // Limits are the caller's.
    let (_directory, path) = on_disk(&packed(&good()));
    let mut limits = Limits::default();
    limits.package_files = 3;
    let error = Expert::open_with(&path, &limits).unwrap_err();
    assert!(matches!(error, ExpertError::Package(PackageError::TooMany { limit: 3, .. })));
    limits = Limits::default();
    limits.package_bytes = 100_000;
    let error = Expert::open_with(&path, &limits).unwrap_err();
    assert!(matches!(error, ExpertError::Package(PackageError::TooLarge { .. })), "{error}");
    limits = Limits::default();
    limits.package_ratio = 1;
    let error = Expert::open_with(&path, &limits).unwrap_err();
    assert!(matches!(error, ExpertError::Package(PackageError::Ratio { .. })), "{error}");
}

#[test]
fn manifests_are_held_to_the_files() {
    const ADAPTER: &str = "/base_models/0/adapters/0";
    let set = |pointer: &'static str, value: Value| {
        packed(&with_manifest(move |manifest| *manifest.pointer_mut(pointer).unwrap() = value))
    };
    let adapter = |key: &str, value: Value| {
        let key = key.to_owned();
        packed(&with_manifest(move |manifest| {
            manifest.pointer_mut(ADAPTER).unwrap()[key] = value;
        }))
    };
    let message =
        assert_refused!("size", adapter("size_bytes", json!(5)), PackageError::Size { .. });
    assert!(message.contains(&format!("{ADAPTER}/size_bytes")), "{message}");
    let zeros = "0".repeat(64);
    let message =
        assert_refused!("hash", adapter("sha256", json!(zeros)), PackageError::Hash { .. });
    assert!(message.contains(&zeros) && message.contains("/sha256"), "{message}");
    for key in ["size_bytes", "sha256"] {
        let message =
            assert_refused!(key, adapter(key, Value::Null), PackageError::Unstated { .. });
        assert!(message.contains(key), "{message}");
    }
    for (key, value, said) in [
        ("r", json!(8), "/r is 12"),
        ("alpha", json!(8), "/lora_alpha is 24"),
        ("target_modules", json!(["q_proj"]), "/target_modules"),
        ("type", json!("ia3"), "ia3 are not applied"),
        ("scaling", json!("learned"), "learned"),
    ] {
        let message = assert_refused!(key, adapter(key, value), PackageError::Adapter { .. });
        assert!(message.contains(said), "{message}");
    }
    let lora = packed(&with_manifest(|manifest| {
        let adapter = manifest.pointer_mut(ADAPTER).unwrap();
        adapter["type"] = json!("lora");
        adapter["use_dora"] = json!(false);
    }));
    let message = assert_refused!("not dora", lora, PackageError::Adapter { .. });
    assert!(message.contains("/use_dora is true"), "{message}");
    for (gone, wanted) in
        [("adapter_model.safetensors", "states its size"), ("adapter_config.json", "PEFT")]
    {
        let items: Vec<Item> =
            good().into_iter().filter(|item| item.0 != gone.as_bytes()).collect();
        let message = assert_refused!(gone, packed(&items), PackageError::Missing { .. });
        assert!(message.contains(gone) && message.contains(wanted), "{message}");
    }
    let prompts = json!([{"name": "a", "path": "soft/a.bin", "tokens": 8}]);
    let message =
        assert_refused!("soft", set("/soft_prompts", prompts), PackageError::Missing { .. });
    assert!(message.contains("soft/a.bin"), "{message}");
    for (name, path) in [("grammar_file", "/training/decoding"), ("path", ADAPTER)] {
        for value in ["../x.lark", "/etc/passwd", "a/../../b.lark", "C:\\x"] {
            let items = with_manifest(|m| m.pointer_mut(path).unwrap()[name] = json!(value));
            let error = refused(value, &packed(&items));
            let said = error.to_string();
            assert!(matches!(error, ExpertError::Manifest { .. }), "{error:?}");
            assert!(said.contains(&format!("{path}/{name}")) && said.contains("inside"), "{said}");
        }
    }
}

#[test]
fn manifests_may_be_anything() {
    let with = |text: Vec<u8>| {
        let mut items = good();
        items[0].2 = text;
        packed(&items)
    };
    let gone = packed(&good()[1..]);
    assert_refused!("missing", gone, PackageError::Missing { .. });
    let text = assert_refused!(
        "latin1",
        with(b"{\"name\": \"\xE9\"}".to_vec()),
        PackageError::NotText { .. }
    );
    assert!(text.contains("byte 10"), "{text}");
    assert_refused!("huge", with(vec![b' '; 3 << 20]), PackageError::TooLong { .. });
    let random = |length| format!("{{\"name\": \"{}\"}}", random_text(length));
    for (name, text) in [
        ("empty", String::new()),
        ("not JSON", "name: expert".into()),
        ("an array", "[]".into()),
        ("long", random((2 << 20) - 100)),
        ("deep", "[".repeat(200_000)),
        ("deep objects", "{\"a\":".repeat(100_000)),
        ("many numbers", format!("[{}1]", "1,".repeat(300_000))),
    ] {
        let error = refused(name, &with(text.into_bytes()));
        assert!(matches!(error, ExpertError::Manifest { .. }), "{name}: {error:?}");
    }
    let mut items = good();
    items[3].2 = vec![0xFF; 100];
    assert_refused!("prompt", packed(&items), PackageError::NotText { .. });
    items[3].2 = vec![b'x'; 70_000];
    assert_refused!("long prompt", packed(&items), PackageError::TooLong { .. });
}

#[test]
fn all_that_is_wrong_is_said() {
    let items = with_manifest(|manifest| {
        manifest["name"] = json!("sql");
        manifest["perf"]["vram_mb_overhead"] = json!(-1);
        manifest["training"]["decoding"]["top_k"] = json!(0);
    });
    let (_directory, path) = on_disk(&packed(&items));
    let problems = expert::examine(&path.display().to_string(), &Limits::default()).unwrap_err();
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 3, "{said:#?}");
    for (said, pointer) in
        said.iter().zip(["/name", "/perf/vram_mb_overhead", "/training/decoding/top_k"])
    {
        assert!(said.contains(pointer), "{said}");
    }
    let mut items = with_manifest(|manifest| {
        manifest["base_models"][0]["adapters"][0]["size_bytes"] = json!(1);
        manifest["soft_prompts"] = json!([{"name": "a", "path": "a.bin", "tokens": 8}]);
    });
    items[3].2 = vec![0xFF];
    let (_directory, path) = on_disk(&packed(&items));
    let problems = expert::examine(&path.display().to_string(), &Limits::default()).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:#?}");
}

#[test]
fn grammars_come_from_inside_the_package() {
    let named = |grammar: &'static str| {
        with_manifest(move |m| m["training"]["decoding"]["grammar_file"] = json!(grammar))
    };
    let mut items = named("grammars/main.lark");
    items.push(file("grammars/main.lark", "%import .words.WORD\nstart: WORD\n"));
    items.push(file("grammars/words.lark", "WORD: /[a-z]+/\n"));
    let (_directory, path) = on_disk(&packed(&items));
    let grammar = Expert::open(&path).unwrap().grammar(&Limits::default()).unwrap().unwrap();
    assert!(grammar.name().ends_with("x.expert/grammars/main.lark"), "{}", grammar.name());
    let mut items = named("grammar.lark");
    let (_directory, path) = on_disk(&packed(&items));
    let error = Expert::open(&path).unwrap().grammar(&Limits::default()).unwrap_err();
    assert!(matches!(error, ExpertError::Package(PackageError::Missing { .. })), "{error}");
    items.push(file("grammar.lark", "start: /(((((((((((a{1000}){1000}){1000}/\n"));
    let (_directory, path) = on_disk(&packed(&items));
    let error = Expert::open(&path).unwrap().grammar(&Limits::default()).unwrap_err();
    assert!(matches!(error, ExpertError::Grammar(_)), "{error}");
    // `grammar.gbnf` needs no name.
    let items = and([file("grammar.gbnf", "root ::= \"yes\" | \"no\"\n")]);
    let (_directory, path) = on_disk(&packed(&items));
    let grammar = Expert::open(&path).unwrap().grammar(&Limits::default()).unwrap().unwrap();
    assert!(grammar.name().ends_with("grammar.gbnf"));
}

#[cfg(unix)]
#[test]
fn directories_hold_what_is_in_them() {
    let directory = tempfile::tempdir().unwrap();
    unpacked(&good(), directory.path());
    fs::remove_file(directory.path().join("prompt.txt")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", directory.path().join("prompt.txt")).unwrap();
    let error = Expert::open(directory.path()).unwrap_err();
    assert!(matches!(error, ExpertError::Package(PackageError::Kind { .. })), "{error}");
    // A link inside is a file for reading, but not for packing, where it would become two.
    fs::remove_file(directory.path().join("prompt.txt")).unwrap();
    fs::write(directory.path().join("text"), "Answer.").unwrap();
    std::os::unix::fs::symlink("text", directory.path().join("prompt.txt")).unwrap();
    assert_eq!(Expert::open(directory.path()).unwrap().system_prompt, "Answer.");
    let problems = pack(directory.path(), &mut Vec::new(), None, &Limits::default()).unwrap_err();
    assert!(matches!(problems[..], [ExpertError::Package(PackageError::Kind { .. })]));
}

/// Packs a directory.
fn pack_of(directory: &Path, key: Option<&[u8; 32]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    pack(directory, &mut bytes, key, &Limits::default()).unwrap();
    bytes
}

#[test]
fn packing_gives_the_same_bytes_and_they_are_read_again() {
    let items = and([file("grammars/a.lark", "start: \"a\"\n"), file("README.md", "# SQL\n")]);
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    unpacked(&items, one.path());
    let reversed: Vec<Item> = items.iter().rev().cloned().collect();
    unpacked(&reversed, other.path());
    fs::write(other.path().join(".hidden"), "not packed").unwrap();
    fs::write(other.path().join("older.expert"), "not packed").unwrap();
    let bytes = pack_of(one.path(), None);
    assert_eq!(hash(&bytes), hash(&pack_of(other.path(), None)));
    let (_directory, path) = on_disk(&bytes);
    let expert = Expert::open(&path).unwrap();
    assert_eq!(expert.manifest, Expert::open(one.path()).unwrap().manifest);
    // What the manifest leaves open is filled in.
    let open = with_manifest(|manifest| {
        let adapter = &mut manifest["base_models"][0]["adapters"][0];
        adapter["size_bytes"] = json!(0);
        adapter["sha256"] = json!("");
    });
    let directory = tempfile::tempdir().unwrap();
    unpacked(&open, directory.path());
    let doubts = Expert::open(directory.path()).unwrap().doubts();
    assert!(doubts.iter().any(|doubt| doubt.contains("size_bytes")), "{doubts:?}");
    let (_directory, path) = on_disk(&pack_of(directory.path(), None));
    let weights = dora("adapter_model.safetensors");
    assert_eq!(Expert::open(&path).unwrap().manifest.document, manifest(&weights));
    // What is wrong is not packed.
    fs::write(directory.path().join("adapter_config.json"), "{}").unwrap();
    assert!(pack(directory.path(), &mut Vec::new(), None, &Limits::default()).is_err());
}

#[test]
fn signatures_are_verified() {
    const KEY: [u8; 32] = [7; 32];
    let directory = tempfile::tempdir().unwrap();
    unpacked(&good(), directory.path());
    let bytes = pack_of(directory.path(), Some(&KEY));
    assert_eq!(bytes, pack_of(directory.path(), Some(&KEY)));
    let (_directory, path) = on_disk(&bytes);
    let expert = Expert::open(&path).unwrap();
    let signed = expert.signed().unwrap().clone();
    assert!(signed.manifest);
    let public = ed25519_dalek::SigningKey::from_bytes(&KEY).verifying_key();
    let digits: String = public.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(signed.key, digits);
    assert!(expert.doubts().iter().any(|doubt| doubt.contains(&digits)));
    // Whatever is changed afterwards is noticed: files, the manifest, what is added or taken away.
    let text = expert.manifest.document.to_string();
    let signed_items = |change: &dyn Fn(&mut Vec<Item>)| {
        let mut items = good();
        let pretty = serde_json::to_string_pretty(&expert.manifest.document).unwrap() + "\n";
        items[0].2 = pretty.into_bytes();
        change(&mut items);
        packed(&items)
    };
    assert!(!text.is_empty());
    let (_directory, path) = on_disk(&signed_items(&|_| {}));
    assert!(Expert::open(&path).is_ok(), "order and compression are not signed");
    let replace = |items: &mut Vec<Item>, from: &str, to: &str| {
        let text = String::from_utf8(items[0].2.clone()).unwrap();
        assert!(text.contains(from));
        items[0].2 = text.replace(from, to).into_bytes();
    };
    assert_refused!(
        "prompt",
        signed_items(&|items| items[3].2 = b"Lie.".to_vec()),
        PackageError::Signature { .. }
    );
    assert_refused!(
        "added",
        signed_items(&|items| items.push(file("x", "x"))),
        PackageError::Signature { .. }
    );
    assert_refused!(
        "taken",
        signed_items(&|items| drop(items.pop())),
        PackageError::Signature { .. }
    );
    assert_refused!(
        "manifest",
        signed_items(&|items| replace(items, "\"temperature\": 0.1", "\"temperature\": 0.9")),
        PackageError::Signature { .. }
    );
    assert_refused!(
        "another's key",
        signed_items(&|items| replace(items, &digits, &"11".repeat(32))),
        PackageError::Signature { .. }
    );
    assert_refused!(
        "no key",
        signed_items(&|items| replace(items, &digits, "")),
        PackageError::Signature { .. }
    );
    let short = refused("short", &signed_items(&|items| replace(items, &digits, "1234")));
    assert!(short.to_string().contains("/integrity/public_key"), "{short}");
}

/// The form in which another tool signs: a list of hashes in the manifest, whose own hash is that of an earlier text.
#[test]
fn signatures_of_other_tools_say_what_they_do_not_cover() {
    use ed25519_dalek::{Signer, SigningKey};
    let key = SigningKey::from_bytes(&[9; 32]);
    let mut items = good();
    let mut hashes: Vec<(String, String)> = items
        .iter()
        .map(|Item(name, _, content)| (String::from_utf8(name.clone()).unwrap(), hash(content)))
        .collect();
    hashes.sort();
    let lines: Vec<String> = hashes.iter().map(|(name, hash)| format!("{name}:{hash}")).collect();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let signature = hex(&key.sign(lines.join("\n").as_bytes()).to_bytes());
    let mut manifest: Value = serde_json::from_slice(&items[0].2).unwrap();
    manifest["integrity"] = json!({
        "created_at": "2026-01-01T00:00:00Z",
        "publisher": "somebody",
        "pubkey": format!("ed25519:{}", hex(key.verifying_key().as_bytes())),
        "signature_algorithm": "ed25519",
        "signature": signature,
        "files": hashes.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
    });
    items[0].2 = manifest.to_string().into_bytes();
    items.push(file("signature.sig", signature));
    let (_directory, path) = on_disk(&packed(&items));
    let expert = Expert::open(&path).unwrap();
    assert!(!expert.signed().unwrap().manifest);
    assert!(expert.doubts().iter().any(|doubt| doubt.contains("not the manifest")));
    let mut more = items.clone();
    more.push(file("unlisted", "x"));
    let message = assert_refused!("unlisted", packed(&more), PackageError::Signature { .. });
    assert!(message.contains("`unlisted`"), "{message}");
    items[3].2 = b"Lie.".to_vec();
    assert_refused!("changed", packed(&items), PackageError::Hash { .. });
}

/// A name, a kind and a content, mostly wrong.
fn any_item() -> impl Strategy<Value = Item> {
    let name = prop_oneof![
        4 => proptest::sample::select(vec![
            "manifest.json", "prompt.txt", "adapter_config.json", "adapter_model.safetensors",
            "grammar.gbnf", "./manifest.json", "../x", "/x", "a/b", "A/B", "",
        ])
        .prop_map(|name| name.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ];
    let kind = prop_oneof![
        6 => Just(EntryType::Regular),
        1 => Just(EntryType::XHeader),
        1 => any::<u8>().prop_map(EntryType::new),
    ];
    let content = prop_oneof![
        Just(good()[0].2.clone()),
        Just(pax("path=manifest.json")),
        proptest::collection::vec(any::<u8>(), 0..600),
    ];
    (name, kind, content).prop_map(|(name, kind, content)| Item(name, kind, content))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is in an archive, the answer is an expert or an error of one short line.
    #[test]
    fn any_bytes_have_an_answer(
        items in proptest::collection::vec(any_item(), 0..6),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..3),
        inside in any::<bool>(),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let damage = |mut bytes: Vec<u8>| {
            for (at, value) in &flips {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            if let Some(cut) = &cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        };
        let bytes = match inside {
            true => gzip(&damage(tar(&items))),
            false => damage(packed(&items)),
        };
        if let Err(error) = Expert::from_bytes("x.expert", bytes, &Limits::default()) {
            let message = error.to_string();
            prop_assert!(message.starts_with("x.expert"), "{}", message);
            prop_assert!(message.len() < 600 && !message.contains(['\n', '\u{1b}']), "{}", message);
        }
    }
}

#[test]
fn a_package_in_memory_is_one_on_disk() {
    let bytes = packed(&good());
    let (_directory, path) = on_disk(&bytes);
    let there = Expert::open(&path).unwrap();
    let here = Expert::from_bytes("x.expert", bytes, &Limits::default()).unwrap();
    assert_eq!(here.manifest, there.manifest);
    assert_eq!(here.name, "x.expert");
}
