//! The experts that ship, and what the manifest reader refuses.

use std::path::Path;

use constrained_gen::{
    expert::{
        self, Augmentation, CaseNormalization, DEMONSTRATION, Expert, ExpertError, Manifest,
        ManifestError, Projection, RopeKind, Validation,
    },
    frontend::Options,
    validation::Validator,
};
use serde_json::{Value, json};

const SQL: &str = include_str!("../experts/sql/manifest.json");

/// The SQL manifest with the value at a JSON pointer replaced.
fn changed(pointer: &str, value: Value) -> Result<Manifest, ManifestError> {
    let mut document: Value = serde_json::from_str(SQL).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        Value::Object(object) => _ = object.insert(key.to_owned(), value),
        _ => panic!("{pointer} is in no container"),
    }
    Manifest::parse(&document.to_string())
}

#[test]
fn every_shipped_expert_loads_without_unknown_fields() {
    let directories = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("experts"));
    let mut found: Vec<String> = directories
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, expert::names().collect::<Vec<_>>(), "embedded experts and experts/");
    for name in expert::names() {
        let expert = expert::find(name).unwrap();
        assert!(expert.manifest.unknown.is_empty(), "{name}: {:?}", expert.manifest.unknown);
        assert!(!expert.system_prompt.is_empty() && !expert.system_prompt.ends_with('\n'));
        assert!(expert.validator().is_some() && expert.grammar_name().is_some());
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("experts").join(name);
        let opened = Expert::open(&directory).unwrap();
        assert_eq!(opened.manifest, expert.manifest);
    }
}

#[test]
fn the_values_of_the_sql_expert() {
    let expert = expert::find("sql").unwrap();
    assert_eq!(expert.validator(), Some(Validator::PostgreSqlStrict));
    assert_eq!(expert.grammar_name(), Some("sql-postgres"));
    let manifest = expert.manifest.clone();
    let base = &manifest.base_models[0];
    let rope = base.rope_scaling.as_ref().unwrap();
    assert_eq!(rope.kind, RopeKind::NtkByParts);
    assert_eq!(rope.factor, Some(8.0));
    assert_eq!(rope.max_position_embeddings, Some(32_768));
    assert_eq!(rope.original_max_position_embeddings, Some(8192));
    assert!(rope.fine_grained);
    let adapter = &base.adapters[0];
    assert_eq!(adapter.rank, Some((12, 24)));
    assert!(adapter.use_dora && !adapter.is_shipped());
    assert_eq!(expert.adapter_bytes(adapter), None);
    use Projection::{Down, Key, Output, Query, Up, Value};
    assert_eq!(adapter.target_modules, [Query, Key, Value, Output, Up, Down]);
    let decoding = &manifest.decoding;
    assert_eq!(decoding.validation, Validation::ParserStrict);
    assert_eq!(decoding.stop_sequences, [";", "\n\n"]);
    assert_eq!((decoding.temperature, decoding.top_p, decoding.top_k), (0.1, 0.9, 50));
    assert_eq!(manifest.perf.vram_mb_overhead, 18.0);
    assert_eq!(manifest.perf.latency_ms_overhead, 3.0);
    assert!(manifest.runtime.candle_compatible && manifest.runtime.requires_kv_cache_persistence);
    assert_eq!(manifest.runtime.attention_kernel.unwrap().as_str(), "flash-v2");
}

#[test]
fn the_values_of_the_json_expert() {
    let json = expert::find("json").unwrap();
    let sql = expert::find("sql").unwrap();
    assert_eq!(json.validator(), Some(Validator::Json));
    assert_eq!(json.manifest.decoding.temperature, 0.2);
    assert_eq!(json.manifest.base_models[0].rope_scaling, sql.manifest.base_models[0].rope_scaling);
}

#[test]
fn the_values_of_the_typescript_expert() {
    let typescript = expert::find("typescript").unwrap();
    assert_eq!(typescript.validator(), Some(Validator::TypeScript));
    let decoding = &typescript.manifest.decoding;
    assert_eq!((decoding.temperature, decoding.top_p), (0.4, 0.95));
    assert_eq!(typescript.manifest.base_models[0].adapters[0].rank, Some((12, 24)));
}

#[test]
fn wrong_values_are_named_by_pointer_and_expectation() {
    let adapter = "/base_models/0/adapters/0";
    for (pointer, value, expected) in [
        ("/name".to_owned(), json!("sql"), "`expert-`"),
        ("/version".into(), json!("1.0"), "1.0.0"),
        ("/schema_version".into(), json!("1.0"), "\"2.0\""),
        ("/base_models".into(), json!([]), "at least one model"),
        ("/base_models/0".into(), json!(3), "an object"),
        ("/base_models/0/prompt_template".into(), json!("chat-ml"), "\"qwen3\""),
        ("/base_models/0/rope_scaling/type".into(), json!("ntk"), "\"ntk-by-parts\""),
        ("/base_models/0/rope_scaling/factor".into(), json!(0.5), "at least 1"),
        ("/base_models/0/rope_scaling/fine_grained".into(), json!("yes"), "true or false"),
        (format!("{adapter}/r"), json!(0), "from 1 to 256"),
        (format!("{adapter}/alpha"), json!(-1), "at least 1"),
        (format!("{adapter}/target_modules/1"), json!("x_proj"), "\"k_proj\""),
        (format!("{adapter}/sha256"), json!("abc"), "64 hexadecimal digits"),
        ("/perf/latency_ms_overhead".into(), json!("fast"), "a number"),
        ("/runtime/attention_kernel".into(), json!("flash"), "\"flash-v2\""),
        ("/training/decoding/temperature".into(), json!(2.5), "from 0 to 2"),
        ("/training/decoding/top_k".into(), json!(0), "from 1 to"),
        ("/training/decoding/stop_sequences/0".into(), json!(""), "not empty"),
        ("/training/decoding/validation".into(), json!("none at all"), "\"parser-strict\""),
        ("/soft_prompts".into(), json!([{"name": "a", "path": "b", "tokens": 513}]), "1 to 512"),
        ("/soft_prompts".into(), json!([{"name": "a", "path": "../b", "tokens": 8}]), "inside"),
        ("/training/dataset/augmentation/schema_injection_prob".into(), json!(1.5), "from 0 to 1"),
        ("/training/dataset/augmentation/table_aliases".into(), json!("no"), "true or false"),
        ("/training/dataset/augmentation/case_normalization".into(), json!("title"), "\"upper\""),
        ("/training/dataset/augmentation/aliases".into(), json!(true), "comment_stripping"),
        ("/training/dataset/format".into(), json!("xml"), "\"jsonl\""),
        ("/training/config".into(), json!({"rank": 0}), "from 1 to 256"),
        ("/training/config".into(), json!({"learning_rate": "5e-5"}), "from 0 to 1"),
        ("/training/config".into(), json!({"target_modules": ["x"]}), "\"k_proj\""),
        ("/integrity".into(), json!({"signature": "00"}), "128 hexadecimal digits"),
        ("/integrity".into(), json!({"signature_algorithm": "rsa"}), "\"ed25519\""),
        ("/integrity".into(), json!({"files": {"a": "x"}}), "64 hexadecimal digits"),
    ] {
        let message = changed(&pointer, value).unwrap_err().to_string();
        assert!(message.contains(&pointer), "{pointer}: {message}");
        assert!(message.contains(expected), "{pointer}: {message}");
        assert!(!message.contains('\n') && message.len() < 400, "{message}");
    }
}

#[test]
fn what_an_expert_was_trained_on_is_read() {
    let augmentation = json!({
        "schema_injection_prob": 0.5,
        "table_aliases": true,
        "comment_stripping": false,
        "case_normalization": "preserve",
    });
    let manifest = changed("/training/dataset/augmentation", augmentation).unwrap();
    let read = &manifest.training.dataset.augmentation;
    assert_eq!((read.schema_injection_prob, read.table_aliases), (0.5, true));
    assert_eq!(read.case_normalization, CaseNormalization::Preserve);
    assert!(!read.comment_stripping);
    for (word, case) in [(true, CaseNormalization::Upper), (false, CaseNormalization::Preserve)] {
        let pointer = "/training/dataset/augmentation/case_normalization";
        let manifest = changed(pointer, json!(word)).unwrap();
        assert_eq!(manifest.training.dataset.augmentation.case_normalization, case);
    }
    let config = json!({
        "method": "sft", "adapter_type": "dora", "rank": 12, "alpha": 24, "epochs": 1.5,
        "learning_rate": 5e-5, "batch_size": 2, "lr_scheduler": "cosine", "something_new": [1],
    });
    let manifest = changed("/training/config", config).unwrap();
    let config = manifest.training.config.unwrap();
    assert_eq!((config.rank, config.epochs, config.batch_size), (Some(12), Some(1.5), Some(2)));
    assert!(manifest.unknown.is_empty());
    for name in expert::names() {
        let training = expert::find(name).unwrap().manifest.training;
        assert_eq!(training.dataset.augmentation, Augmentation::default(), "{name}");
    }
}

#[test]
fn missing_fields_are_named() {
    for pointer in [
        "/name",
        "/description",
        "/license",
        "/base_models",
        "/base_models/0/adapters",
        "/base_models/0/adapters/0/alpha",
        "/capabilities",
        "/routing/keywords",
        "/constraints/load_order",
        "/perf/vram_mb_overhead",
    ] {
        // A null counts as absent.
        let message = changed(pointer, Value::Null).unwrap_err().to_string();
        assert!(message.contains(&format!("{pointer}: missing, expected")), "{message}");
    }
}

#[test]
fn unknown_fields_are_kept_and_listed() {
    let mut document: Value = serde_json::from_str(SQL).unwrap();
    document["training"]["decoding"]["a/b~c"] = json!({"x": 1});
    document["base_models"][0]["adapters"][0]["color"] = json!("blue");
    let manifest = Manifest::parse(&document.to_string()).unwrap();
    let pointers: Vec<&str> = manifest.unknown.iter().map(|u| u.pointer.as_str()).collect();
    assert_eq!(pointers, ["/base_models/0/adapters/0/color", "/training/decoding/a~1b~0c"]);
    assert_eq!(manifest.document, document);
}

#[test]
fn comments_are_fields_that_nobody_warns_of() {
    let manifest = changed("/perf/_comment", json!("measured on a laptop")).unwrap();
    assert!(manifest.unknown.is_empty());
    assert_eq!(manifest.document["perf"]["_comment"], "measured on a laptop");
}

#[test]
fn hostile_texts_are_refused_in_one_short_line() {
    let deep = "[".repeat(10_000);
    let long = format!("{{\"name\": \"{}\\u001b[31m\"}}", "x".repeat(1000));
    for text in ["", "{", "[]", "null", &deep, &long, &" ".repeat(2 << 20)] {
        let message = Manifest::parse(text).unwrap_err().to_string();
        assert!(message.len() < 300 && !message.contains(['\n', '\u{1b}']), "{message}");
    }
}

#[test]
fn a_package_reads_no_file_outside_of_it() {
    let directory = tempfile::tempdir().unwrap();
    for file in ["../secret.lark", "/etc/passwd", "a/../../b.lark"] {
        let mut document: Value = serde_json::from_str(SQL).unwrap();
        document["training"]["decoding"]["grammar_file"] = json!(file);
        std::fs::write(directory.path().join("manifest.json"), document.to_string()).unwrap();
        let error = Expert::open(directory.path()).unwrap_err();
        assert!(matches!(error, ExpertError::Manifest { .. }), "{error}");
        assert!(error.to_string().contains("/training/decoding/grammar_file"), "{error}");
    }
}

#[test]
fn the_values_of_the_neo4j_expert() {
    let expert = expert::find("neo4j").unwrap();
    assert_eq!(expert.validator(), Some(Validator::Cypher));
    assert_eq!(expert.grammar_name(), Some("cypher"));
    let manifest = expert.manifest;
    assert_eq!(manifest.base_models[0].adapters[0].rank, Some((16, 32)));
    let decoding = &manifest.decoding;
    assert_eq!(decoding.validation, Validation::ParserStrict);
    assert_eq!(decoding.stop_sequences, ["\n\n", "```", "};", ");"]);
    assert_eq!((decoding.temperature, decoding.top_p, decoding.top_k), (0.6, 0.95, 20));
    assert_eq!((manifest.perf.vram_mb_overhead, manifest.perf.latency_ms_overhead), (25.0, 3.5));
}

#[test]
fn unknown_experts_are_refused_with_the_names_there_are() {
    let message = expert::find("no\nsuch").unwrap_err().to_string();
    assert_eq!(
        message,
        "no expert `no\\nsuch`: expected one of json, neo4j, sql, typescript, a directory with a manifest.json, or a .expert file"
    );
    let directory = tempfile::tempdir().unwrap();
    let error = Expert::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("manifest.json"), "{error}");
}

/// Leaves out the model whose adapter must lie beside the manifest.
fn without_files(document: &mut Value) {
    document["base_models"].as_array_mut().unwrap().retain(|base| base["name"] != DEMONSTRATION);
}

#[test]
fn a_manifest_names_a_start_of_a_grammar() {
    let directory = tempfile::tempdir().unwrap();
    let open = |grammar: &str| {
        let mut document: Value = serde_json::from_str(SQL).unwrap();
        without_files(&mut document);
        document["training"]["decoding"]["grammar_type"] = json!(grammar);
        std::fs::write(directory.path().join("manifest.json"), document.to_string()).unwrap();
        Expert::open(directory.path())
    };
    let expert = open("sql-postgres:dml").unwrap();
    assert_eq!(expert.manifest.decoding.grammar_start.as_deref(), Some("dml"));
    assert_eq!(expert.validator(), Some(Validator::PostgreSqlStrict));
    let grammar = expert.grammar(&Default::default()).unwrap().unwrap();
    assert_eq!(grammar.name(), "sql-postgres:dml");
    let options = Options::default().start("full");
    let grammar = expert.grammar_with(&options, &Default::default()).unwrap().unwrap();
    assert_eq!(grammar.name(), "sql-postgres:full");
    let error = open("sql-postgres:none").unwrap().grammar(&Default::default()).unwrap_err();
    assert!(error.to_string().contains("no rule `none`"), "{error}");
    assert!(open("cobol:dml").is_err());
}

#[test]
fn the_lenient_validation_is_another_one_than_the_strict() {
    for (mode, validator) in [
        ("parser", Some(Validator::PostgreSql)),
        ("parser-strict", Some(Validator::PostgreSqlStrict)),
        ("none", None),
    ] {
        let mut document = changed("/training/decoding/validation", json!(mode)).unwrap().document;
        without_files(&mut document);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("manifest.json"), document.to_string()).unwrap();
        assert_eq!(Expert::open(directory.path()).unwrap().validator(), validator, "{mode}");
    }
    // What sqlparser reads and the server does not.
    let text = "SELECT TOP 3 a FROM t";
    assert!(Validator::PostgreSql.check(text).is_ok());
    assert_eq!(Validator::PostgreSqlStrict.check(text).is_err(), cfg!(feature = "libpg-query"));
    let strict =
        if cfg!(feature = "libpg-query") { "sqlparser, libpg_query 18" } else { "sqlparser" };
    assert_eq!(Validator::PostgreSqlStrict.guarantee().as_str(), strict);
    assert_eq!(Validator::PostgreSql.guarantee().as_str(), "sqlparser");
}
