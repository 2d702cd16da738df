//! Packages and the router from the command line: exit codes, one line of error, memory and time.

#![cfg(feature = "cli")]

mod package;
#[allow(dead_code, reason = "not all tests need all of it")]
mod process;

use std::{process::Command, time::Instant};

use package::{Item, and, file, good, gzip, header, on_disk, packed, tar, unpacked, with_manifest};
use process::{refused, run, write};
use serde_json::{Value, json};
use tar::EntryType;

/// Kilobytes of address space that a refusal must do with.
const MEMORY: u32 = 256 << 10;

/// Runs the tool in a shell that bounds its memory.
fn bounded(arguments: &[&str]) -> (i32, String, String) {
    let script = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_constrained-gen")])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn hostile_packages_are_refused_in_a_second_and_256_megabytes() {
    let zeros = |length: usize| packed(&and([file("zeros", vec![0; length])]));
    let entry = |name: &str, kind| packed(&and([Item(name.into(), kind, Vec::new())]));
    let whole = packed(&good());
    let claim = header(b"manifest.json", EntryType::Regular, 1 << 32);
    let hash = with_manifest(|manifest| {
        manifest["base_models"][0]["adapters"][0]["sha256"] = json!("0".repeat(64));
    });
    let size = with_manifest(|manifest| {
        manifest["base_models"][0]["adapters"][0]["size_bytes"] = json!(u64::MAX);
    });
    let mut deep = good();
    deep[0].2 = "[".repeat(500_000).into_bytes();
    let many: Vec<Item> = (0..1000).map(|i| file(&format!("{i}"), "x")).collect();
    for (bytes, said) in [
        (whole[..whole.len() / 2].to_vec(), "cut off"),
        (b"PK\x03\x04".to_vec(), "expected gzip"),
        (gzip(b"not a tar at all"), "cut off"),
        (gzip(&[7; 2048]), "expected tar"),
        (zeros(200 << 20), "a bomb"),
        (gzip(&tar(&many)), "limit of 100"),
        (gzip(&claim), "unpacked bytes than the limit"),
        (entry("../../escape", EntryType::Regular), "without `..`"),
        (entry("/etc/cron.d/x", EntryType::Regular), "relative path"),
        (entry("link", EntryType::Symlink), "symbolic link"),
        (entry("link", EntryType::Link), "hard link"),
        (packed(&and([file("prompt.txt", "again")])), "twice"),
        (packed(&good()[1..]), "no manifest.json"),
        (packed(&hash), "SHA-256"),
        (packed(&size), "bytes, but /base_models/0/adapters/0/size_bytes"),
        (packed(&deep), "recursion limit"),
    ] {
        let (_directory, path) = on_disk(&bytes);
        let path = path.display().to_string();
        let begin = Instant::now();
        let (code, out, err) = bounded(&["expert", "validate", &path]);
        let time = begin.elapsed();
        assert_eq!((code, out.as_str()), (2, ""), "{said}: {err}");
        assert_eq!(err.lines().count(), 1, "{said}: {err}");
        assert!(err.starts_with("error: ") && err.contains(said), "{said}: {err}");
        assert!(err.contains(&path), "{err}");
        // A process, on a machine that does other things, too.
        assert!(time.as_secs_f64() < 2.0, "{said}: {time:?}");
        let left = std::fs::read_dir(_directory.path()).unwrap().count();
        assert_eq!(left, 1, "{said}: nothing is left behind");
    }
}

#[test]
fn all_problems_of_a_package_are_printed() {
    let items = with_manifest(|manifest| {
        manifest["name"] = json!("sql");
        manifest["license"] = json!(7);
    });
    let (_directory, path) = on_disk(&packed(&items));
    let run = run(&["expert", "validate", &path.display().to_string()]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    let lines: Vec<&str> = run.err.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.err);
    assert!(lines[0].contains("/name") && lines[1].contains("/license"), "{}", run.err);
}

#[test]
fn packages_are_made_signed_and_validated() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("source");
    let items = with_manifest(|m| m["training"]["decoding"]["validation_cmd"] = json!("touch ran"));
    unpacked(&items, &source);
    let source = source.display().to_string();
    let to = |name: &str| directory.path().join(name).display().to_string();
    let key = write(directory.path(), "key", [5_u8; 32]);
    let packed = run(&["expert", "pack", &source, "-o", &to("a.expert")]);
    assert_eq!(packed.code, 0, "{}", packed.err);
    assert!(packed.out.contains("adapter_model.safetensors"), "{}", packed.out);
    run(&["expert", "pack", &source, "-o", &to("b.expert")]);
    let bytes = |name: &str| std::fs::read(to(name)).unwrap();
    assert_eq!(bytes("a.expert"), bytes("b.expert"));
    let signed = run(&["expert", "pack", &source, "-o", &to("s.expert"), "--sign", &key]);
    let public = signed.out.lines().last().unwrap().strip_prefix("signed by ").unwrap().to_owned();
    let digits = write(directory.path(), "digits", "05".repeat(32) + "\n");
    run(&["expert", "pack", &source, "-o", &to("t.expert"), "--sign", &digits]);
    assert_eq!(bytes("s.expert"), bytes("t.expert"));

    let validate = |name: &str, more: &[&str]| {
        let file = to(name);
        let arguments = [&["expert", "validate", &file], more].concat();
        run(&arguments)
    };
    assert_eq!(validate("a.expert", &[]).code, 0);
    let ok = validate("s.expert", &["--signed-by", &public]);
    assert_eq!((ok.code, ok.err.as_str()), (0, ""));
    assert!(ok.out.ends_with(&format!("valid, signed by {public}\n")), "{}", ok.out);
    let wrong = validate("s.expert", &["--signed-by", &"00".repeat(32)]);
    assert!(wrong.code == 2 && wrong.err.contains("not by that one"), "{}", wrong.err);
    let plain = validate("a.expert", &["--signed-by", &public]);
    assert!(plain.code == 2 && plain.err.contains("not signed"), "{}", plain.err);

    let show = run(&["expert", "show", &to("s.expert")]);
    assert!(show.out.contains(&public) && show.out.contains("never run"), "{}", show.out);
    assert!(!directory.path().join("ran").exists() && !std::path::Path::new("ran").exists());

    // What is wrong is not packed, and nothing is left of the attempt.
    std::fs::write(directory.path().join("source/adapter_model.safetensors"), "x").unwrap();
    refused(&["expert", "pack", &source, "-o", &to("c.expert")], &["size_bytes"]);
    refused(&["expert", "pack", &source, "-o", &to("no/c.expert")], &["no/c.expert"]);
    refused(&["expert", "pack", &to("none"), "-o", &to("c.expert")], &["none"]);
    refused(
        &["expert", "pack", &source, "-o", &to("c.expert"), "--sign", &to("a.expert")],
        &["private key"],
    );
    let mut names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["a.expert", "b.expert", "digits", "key", "s.expert", "source", "t.expert"]);
}

#[test]
fn the_router_explains_its_choice() {
    let prompt = "One SQL query: the average price per category";
    let text = run(&["expert", "route", prompt]);
    assert_eq!(text.code, 0, "{}", text.err);
    let lines: Vec<&str> = text.out.lines().collect();
    assert_eq!(lines[0], "sql");
    assert!(lines[1].contains("language:sql") && lines[1].contains("average"), "{}", text.out);
    let run_json = run(&["expert", "route", "--json", prompt]);
    let value: Value = serde_json::from_str(&run_json.out).unwrap();
    assert_eq!(value["expert"], "sql");
    assert_eq!(value["scores"].as_array().unwrap().len(), 4);
    assert_eq!(value["scores"][0]["keywords"], json!(["sql", "query", "average"]));
    let piped = process::run_with(prompt.as_bytes(), &["expert", "route"]);
    assert_eq!(piped.out, text.out);
    let none = run(&["expert", "route", "Tell me a story"]);
    assert!(none.out.starts_with("no expert"), "{}", none.out);
    let two = run(&["expert", "route", "--expert", "json", "--expert", "typescript", prompt]);
    assert!(two.out.starts_with("no expert") && two.out.lines().count() == 3, "{}", two.out);
    refused(&["expert", "route", "--expert", "json", "--expert", "json", prompt], &["twice"]);
}

#[cfg(feature = "candle")]
#[test]
fn generate_takes_packages_and_prompts_choose_experts() {
    let mut items = good();
    items.truncate(1);
    items.push(file("grammar.gbnf", "root ::= \"yes\" | \"no\"\n"));
    items[0] = file(
        "manifest.json",
        with_manifest(|manifest| {
            let adapter = &mut manifest["base_models"][0]["adapters"][0];
            (adapter["size_bytes"], adapter["sha256"]) = (json!(0), json!(""));
            manifest["training"]["decoding"]["validation"] = json!("none");
        })[0]
            .2
            .clone(),
    );
    let (_directory, path) = on_disk(&packed(&items));
    let path = path.display().to_string();
    let answer = run(&["generate", "--expert", &path, "Is it?"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(["yes", "no"].contains(&answer.out.trim()), "{}", answer.out);
    assert!(answer.err.contains("note: ") && answer.err.contains("base model"), "{}", answer.err);
    // The adapter of the fixture is one for another model.
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/models/demo");
    assert_eq!(run(&["expert", "validate", &path, "--model", demo]).code, 0);
    let (_directory, other) = on_disk(&packed(&good()));
    let other = other.display().to_string();
    refused(&["expert", "validate", &other, "--model", demo], &["lora_A.weight", "shape"]);
    refused(&["expert", "validate", &path, "--model", "no/such"], &["no/such"]);
    let (_directory, path) = on_disk(&packed(&good()));
    refused(&["generate", "--expert", &path.display().to_string(), "Is it?"], &["lora_A.weight"]);
    let (_directory, path) = on_disk(&packed(&good())[..1000]);
    refused(&["generate", "--expert", &path.display().to_string(), "Is it?"], &["cut off"]);

    let prompt = "A function add that returns the sum of two numbers, in TypeScript";
    let routed = run(&["generate", prompt]);
    assert!(routed.out.starts_with("function add"), "{}{}", routed.out, routed.err);
    assert!(routed.err.contains("expert `typescript` for this prompt"), "{}", routed.err);
    let overruled = run(&["generate", "--json", "--expert", "json", prompt]);
    let value: Value = serde_json::from_str(&overruled.out).unwrap();
    assert_eq!(value["expert"], "json");
}

#[cfg(all(feature = "candle", target_os = "linux"))]
#[test]
fn what_would_not_fit_the_memory_is_refused_with_the_sum() {
    let script = "ulimit -v 400000; exec \"$0\" \"$@\"";
    let tool = env!("CARGO_BIN_EXE_constrained-gen");
    let generate = |more: &[&str]| {
        let output = Command::new("sh")
            .args(["-c", script, tool, "generate", "--threads", "1", "--max-tokens", "1000000000"])
            .args(more)
            .arg("Which employees earn more than 50000?")
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, err) = generate(&["--model", "no/such"]);
    assert!(code == Some(2) && err.contains("no/such"), "{err}");
    // A model as large as its header says: the file itself has holes.
    let directory = tempfile::tempdir().unwrap();
    for name in ["config.json", "tokenizer.json"] {
        let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo").join(name);
        std::fs::copy(from, directory.path().join(name)).unwrap();
    }
    let bytes = 900_000_000_u64;
    let head = json!({"x": {"dtype": "U8", "shape": [bytes], "data_offsets": [0, bytes]}});
    let head = package::safetensors_of(&head.to_string(), &[]);
    let path = directory.path().join("model.safetensors");
    std::fs::write(&path, &head).unwrap();
    let holes = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    holes.set_len(head.len() as u64 + bytes).unwrap();
    let model = directory.path().display().to_string();
    let (code, err) = generate(&["--model", &model]);
    assert_eq!(code, Some(2), "{err}");
    let error = err.lines().find(|line| line.starts_with("error: ")).unwrap();
    for part in
        ["not enough memory: weights 900 + vocabulary", "automaton 17 = ", "--ignore-memory"]
    {
        assert!(error.contains(part), "no `{part}` in: {error}");
    }
    let (code, err) = generate(&["--model", &model, "--ignore-memory"]);
    assert!(code == Some(2) && err.contains("model.embed_tokens.weight"), "{err}");
}

#[cfg(feature = "candle")]
#[test]
fn claims_are_measured() {
    let measured = run(&["expert", "show", "sql", "--measure", "--steps", "3", "--threads", "1"]);
    assert_eq!(measured.code, 0, "{}", measured.err);
    for part in ["adapter, MB", "cache per token", "peak memory", "more per token", "claimed"] {
        assert!(measured.out.contains(part), "no `{part}` in: {}", measured.out);
    }
    assert!(!measured.out.contains("by chance"), "it ships: {}", measured.out);
    // The same weights from a directory are a model of which nothing is known.
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/models/demo");
    let mut arguments = vec!["expert", "show", "sql", "--measure", "--steps", "2", "--threads"];
    arguments.extend(["1", "--json", "--model", demo]);
    let value: Value = serde_json::from_str(&run(&arguments).out).unwrap();
    assert_eq!(value["adapter_by_chance"], true);
    assert_eq!(value["claimed_vram_mb"], 18.0);
    assert!(value["adapter_bytes"].as_u64().unwrap() > 100_000, "{value}");
    assert!(value["cache_bytes_per_token"].as_u64().unwrap() > 1000, "{value}");
    assert_eq!(run(&["expert", "show", "sql", "--steps", "3"]).code, 2, "only with --measure");
}
