//! Adapters of experts on a model: applied when the package holds one, refused when it is not what manifest and model say.

#![cfg(feature = "candle")]

mod package;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use constrained_gen::{
    TokenId,
    decoding::{Decoder, Logits, Options, Sampling},
    expert::{self, Expert, ExpertError, Lineup, PackageError, Roster},
    model::{Adapter, ChatPrompt, Model, ModelError, ModelOptions, Part, Qwen3, RopeRule, Session},
};
use package::{
    DORA, Item, dora, file, good, hash, manifest, on_disk, packed, random_text, safetensors,
    safetensors_of, unpacked, with_manifest,
};
use serde_json::json;

fn tiny() -> Qwen3 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3/tiny");
    Qwen3::open(&path, &ModelOptions::default().threads(1)).unwrap()
}

/// A package with these weights, its manifest true to them.
fn with_weights(weights: Vec<u8>) -> Vec<Item> {
    let mut items = good();
    items[0].2 = manifest(&weights).to_string().into_bytes();
    items[2].2 = weights;
    items
}

fn hidden(model: &Qwen3, adapter: Option<&Adapter>) -> Vec<f32> {
    let mut cache = model.cache().unwrap();
    let part = Part { tokens: &[1, 2, 3, 4], cache: &mut cache, adapter };
    model.forward_batch(&mut [part]).unwrap().remove(0).values().unwrap()
}

#[test]
fn the_adapter_of_a_package_is_that_of_its_directory() {
    let model = tiny();
    let (_directory, path) = on_disk(&packed(&good()));
    let expert = Expert::open(&path).unwrap();
    let ours = expert.adapter_for(&model).unwrap().expect("the package holds one");
    let theirs = Adapter::open(Path::new(DORA), &model).unwrap();
    assert_eq!(hidden(&model, Some(&ours)), hidden(&model, Some(&theirs)));
    assert_ne!(hidden(&model, Some(&ours)), hidden(&model, None));
    assert!(expert.has_adapter(false));
    // A directory that was changed after it was looked at.
    let directory = tempfile::tempdir().unwrap();
    unpacked(&good(), directory.path());
    let expert = Expert::open(directory.path()).unwrap();
    std::fs::write(directory.path().join("adapter_model.safetensors"), "another").unwrap();
    let error = expert.adapter_for(&model).unwrap_err();
    assert!(matches!(error, ExpertError::Package(PackageError::Changed { .. })), "{error}");
    // Those that ship hold one for the demonstration model alone.
    let sql = constrained_gen::expert::find("sql").unwrap();
    assert!(
        !sql.has_adapter(false)
            && sql.has_adapter(true)
            && sql.adapter_for(&model).unwrap().is_none()
    );
}

#[test]
fn adapters_that_are_broken_or_do_not_fit_are_refused() {
    const A: &str = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
    let model = tiny();
    let header = |info: &str| format!("{{\"{A}\":{info}}}");
    let weights = dora("adapter_model.safetensors");
    let mut nan = weights.clone();
    let last = nan.len() - 4;
    nan[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    let mut infinite = weights.clone();
    infinite[last..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let long_name = format!("{{\"{}\":0}}", random_text(9 << 20));
    let many: Vec<_> = (0..20_000).map(|i| (format!("tensor{i}"), vec![0], Vec::new())).collect();
    for (name, weights, said) in [
        ("empty", Vec::new(), "too few"),
        ("cut off", weights[..weights.len() - 1].to_vec(), "cut off"),
        ("too long", [weights.clone(), vec![0]].concat(), "too long"),
        ("not safetensors", b"PK\x03\x04 a zip of pickles".to_vec(), "not a safetensors file"),
        ("header of 2^64 bytes", vec![0xFF; 64], "not a safetensors file"),
        ("long header", safetensors_of(&long_name, &[]), "not a safetensors file"),
        ("not JSON", safetensors_of("{\"a\":", &[]), "header is broken"),
        (
            "shape overflows",
            safetensors_of(
                &header(r#"{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}"#),
                &[],
            ),
            "header is broken",
        ),
        (
            "offsets overflow",
            safetensors_of(
                &header(r#"{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551615,3]}"#),
                &[],
            ),
            "header is broken",
        ),
        (
            "offsets outside",
            safetensors_of(&header(r#"{"dtype":"F32","shape":[99],"data_offsets":[0,396]}"#), &[]),
            "cut off",
        ),
        (
            "another rank",
            safetensors(&[(A.to_owned(), vec![8, 64], vec![0.0; 512])]),
            "shape [8, 64], but the model and the adapter's rank ask for [12, 64]",
        ),
        ("other tensors", safetensors(&many), "missing"),
        ("not a number", nan, "NaN"),
        ("infinite", infinite, "inf"),
    ] {
        let (_directory, path) = on_disk(&packed(&with_weights(weights)));
        let begin = Instant::now();
        // An empty file is one that the manifest does not state.
        let error = match Expert::open(&path) {
            Ok(expert) => expert.adapter_for(&model).unwrap_err(),
            Err(error) if name == "empty" => {
                assert!(error.to_string().contains("size_bytes"), "{error}");
                continue;
            }
            Err(error) => panic!("{name}: {error}"),
        };
        assert!(begin.elapsed() < Duration::from_secs(1), "{name}: {:?}", begin.elapsed());
        let message = error.to_string();
        assert!(matches!(error, ExpertError::Model(_)), "{name}: {error:?}");
        assert!(message.contains(said), "{name}: {message}");
        assert!(message.contains("x.expert/adapter_model.safetensors"), "{name}: {message}");
        assert!(!message.contains('\n') && message.len() < 500, "{name}: {message}");
    }
    // Configurations that manifest and weights agree about, and the model does not.
    for (key, value) in [
        ("layers_to_transform", json!([0])),
        ("modules_to_save", json!(["lm_head"])),
        ("fan_in_fan_out", json!(true)),
        ("rank_pattern", json!({"q_proj": 3})),
        ("use_rslora", json!("yes")),
    ] {
        let mut items = good();
        let mut config: serde_json::Value =
            serde_json::from_slice(&dora("adapter_config.json")).unwrap();
        config[key] = value;
        items[1].2 = config.to_string().into_bytes();
        let (_directory, path) = on_disk(&packed(&items));
        let error = Expert::open(&path).unwrap().adapter_for(&model).unwrap_err();
        assert!(matches!(error, ExpertError::Model(_)), "{key}: {error}");
    }
    // An adapter for another shape of model.
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3/tiny-untied");
    let other = Qwen3::open(&other, &ModelOptions::default().threads(1)).unwrap();
    let (_directory, path) = on_disk(&packed(&good()));
    let error = Expert::open(&path).unwrap().adapter_for(&other).unwrap_err();
    let fits_not = matches!(
        error,
        ExpertError::Model(ModelError::AdapterShape { .. } | ModelError::Weights { .. })
    );
    assert!(fits_not, "{error}");
}

#[test]
fn two_adapters_are_one_too_many() {
    let weights = dora("adapter_model.safetensors");
    let mut items = with_manifest(|manifest| {
        let adapters = manifest["base_models"][0]["adapters"].as_array_mut().unwrap();
        let mut second = adapters[0].clone();
        adapters[0]["path"] = json!("one");
        second["path"] = json!("two");
        adapters.push(second);
    });
    items.truncate(1);
    for folder in ["one", "two"] {
        items.push(file(&format!("{folder}/adapter_config.json"), dora("adapter_config.json")));
        items.push(file(&format!("{folder}/adapter_model.safetensors"), weights.clone()));
    }
    let (_directory, path) = on_disk(&packed(&items));
    let error = Expert::open(&path).unwrap().adapter_for(&tiny()).unwrap_err();
    assert!(error.to_string().contains("second adapter"), "{error}");
    let mut one = with_manifest(|m| m["base_models"][0]["adapters"][0]["path"] = json!("one"));
    one.truncate(1);
    one.extend_from_slice(&items[1..3]);
    let (_directory, path) = on_disk(&packed(&one));
    assert!(Expert::open(&path).unwrap().adapter_for(&tiny()).unwrap().is_some());
}

/// LoRA of the embedded model's query projections: strong enough that answers change.
fn lora(model: &Model, strength: f32) -> Vec<Item> {
    let config = model.qwen3().config();
    let (hidden, rows) = (config.hidden_size, config.num_attention_heads * config.head_dim);
    let mut tensors = Vec::new();
    for layer in 0..config.num_hidden_layers {
        let name = |part: &str| {
            format!("base_model.model.model.layers.{layer}.self_attn.q_proj.lora_{part}.weight")
        };
        let wave = |n: usize, scale: f32| (0..n).map(|i| scale * (i as f32).sin()).collect();
        tensors.push((name("A"), vec![2, hidden], wave(2 * hidden, 0.3)));
        tensors.push((name("B"), vec![rows, 2], wave(2 * rows, strength)));
    }
    let weights = safetensors(&tensors);
    let config = json!({
        "peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "bias": "none",
    });
    let mut manifest = manifest(&weights);
    let adapter = &mut manifest["base_models"][0]["adapters"][0];
    adapter["type"] = json!("lora");
    adapter["use_dora"] = json!(false);
    (adapter["r"], adapter["alpha"]) = (json!(2), json!(4));
    adapter["target_modules"] = json!(["q_proj"]);
    adapter["scaling"] = json!("standard");
    vec![
        file("manifest.json", manifest.to_string()),
        file("adapter_config.json", config.to_string()),
        file("adapter_model.safetensors", weights),
        file("prompt.txt", "Answer with one PostgreSQL statement."),
    ]
}

fn renamed(mut items: Vec<Item>, name: &str) -> (tempfile::TempDir, PathBuf) {
    let mut manifest: serde_json::Value = serde_json::from_slice(&items[0].2).unwrap();
    manifest["name"] = name.into();
    items[0].2 = manifest.to_string().into_bytes();
    on_disk(&packed(&items))
}

fn scores(session: &mut Session) -> Vec<f32> {
    session.advance(&[TokenId(5), TokenId(6), TokenId(7)]).unwrap();
    session.logits().unwrap().to_vec()
}

#[test]
fn experts_on_one_model_are_a_pointer_apart() {
    let model = Model::embedded(&ModelOptions::default().threads(1)).unwrap();
    let (_one, first) = renamed(lora(&model, 0.5), "expert-one");
    let (_two, second) = renamed(lora(&model, -0.5), "expert-two");
    let mut experts = vec![Expert::open(&first).unwrap(), Expert::open(&second).unwrap()];
    experts.push(constrained_gen::expert::find("json").unwrap());
    let lineup = Lineup::new(&model, Roster::new(experts).unwrap()).unwrap();
    let start = |name: &str| lineup.session(name).unwrap().unwrap();
    let plain = scores(&mut model.session().unwrap());
    let one = scores(&mut start("expert-one"));
    let two = scores(&mut start("expert-two"));
    let json = scores(&mut start("json"));
    let all = [&plain, &one, &two, &json];
    assert!((0..4).all(|i| (0..i).all(|k| all[i] != all[k])), "each has an adapter of its own");
    // Again, and in one batch, in another order.
    assert_eq!(scores(&mut start("expert-one")), one);
    let (mut a, mut b) = (start("expert-two"), start("expert-one"));
    let tokens = [TokenId(5), TokenId(6), TokenId(7)];
    Session::advance_all(&mut [(&mut a, &tokens), (&mut b, &tokens)]).unwrap();
    assert_eq!(a.logits().unwrap(), two);
    assert_eq!(b.logits().unwrap(), one);
    assert!(lineup.session("expert-three").is_none());
}

#[test]
fn positions_are_those_of_the_manifest() {
    let rule = |scaling: serde_json::Value| {
        let (_directory, path) = on_disk(&packed(&with_manifest(|manifest| {
            manifest["base_models"][0]["rope_scaling"] = scaling;
        })));
        let expert = Expert::open(&path).unwrap();
        let doubts = expert.doubts();
        (expert.rope_rule(), doubts.iter().any(|doubt| doubt.contains("rope_scaling")))
    };
    let original = json!(32_768);
    for (scaling, expected, doubt) in [
        (json!(null), RopeRule::Model, false),
        (
            json!({"type": "ntk-by-parts", "factor": 8, "max_position_embeddings": 65_536}),
            RopeRule::NtkByParts { limit: 65_536 },
            false,
        ),
        (
            json!({"type": "yarn", "factor": 4, "original_max_position_embeddings": original}),
            RopeRule::Yarn { factor: 4.0, original: Some(32_768) },
            false,
        ),
        (
            json!({"type": "dynamic", "factor": 2}),
            RopeRule::Dynamic { factor: 2.0, original: None },
            false,
        ),
        (json!({"type": "linear", "factor": 2}), RopeRule::Linear { factor: 2.0 }, false),
        (json!("yarn"), RopeRule::Model, true),
        (json!({"type": "linear"}), RopeRule::Model, true),
    ] {
        assert_eq!(rule(scaling.clone()), (expected, doubt), "{scaling}");
    }
    // A model loaded under a rule, and one that is put under it later, are the same.
    let yarn = RopeRule::Yarn { factor: 4.0, original: Some(64) };
    let loaded = Model::embedded(&ModelOptions::default().threads(1).rope(yarn)).unwrap();
    let plain = Model::embedded(&ModelOptions::default().threads(1)).unwrap();
    let later = plain.with_rope(yarn).unwrap();
    let expected = scores(&mut loaded.session().unwrap());
    assert_eq!(scores(&mut later.session().unwrap()), expected);
    assert_ne!(scores(&mut plain.session().unwrap()), expected);
    let back = later.with_rope(RopeRule::Model).unwrap();
    assert_eq!(scores(&mut back.session().unwrap()), scores(&mut plain.session().unwrap()));
}

#[test]
fn the_tokenizer_of_a_package_is_the_models() {
    let model = Model::embedded(&ModelOptions::default().threads(1)).unwrap();
    let own = std::fs::read(package_file("models/demo/tokenizer.json")).unwrap();
    let mut items = lora(&model, 0.5);
    items.push(file("tokenizer.json", own.clone()));
    let (_directory, path) = on_disk(&packed(&items));
    assert!(Expert::open(&path).unwrap().adapter(&model).unwrap().is_some());
    let mut other: serde_json::Value = serde_json::from_slice(&own).unwrap();
    let vocab = other["model"]["vocab"].as_object_mut().unwrap();
    let (a, b) = (vocab["a"].clone(), vocab["b"].clone());
    (vocab["a"], vocab["b"]) = (b, a);
    for (tokenizer, said) in [
        (other.to_string().into_bytes(), "belongs to another tokenizer"),
        (b"{}".to_vec(), "tokenizer.json"),
    ] {
        items.pop();
        items.push(file("tokenizer.json", tokenizer));
        let (_directory, path) = on_disk(&packed(&items));
        let error = Expert::open(&path).unwrap().adapter(&model).unwrap_err();
        assert!(matches!(error, ExpertError::Tokenizer { .. }), "{error:?}");
        assert!(error.to_string().contains(said), "{error}");
    }
    assert_eq!(hash(&own).len(), 64);
}

fn package_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What the demonstration model answers to a question under an expert, greedily, if nothing tells it what to answer in.
fn answered(model: &Model, expert: Option<&Expert>, question: &str) -> String {
    let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
    let options = Options { max_tokens: 60, ..Options::default() };
    let decoder = Decoder::new(model.vocabulary(), &greedy, &options).unwrap();
    let prompt = ChatPrompt { system: None, context: None, question, thinking: false };
    let prompt = model.prompts().chat(&prompt).unwrap();
    let adapter = expert.map(|expert| expert.adapter(model).unwrap().expect("it ships"));
    let mut session = match &adapter {
        Some(adapter) => model.session_under(adapter).unwrap(),
        None => model.session().unwrap(),
    };
    decoder.run(&mut session, &prompt, None, &mut |_| {}).unwrap().text
}

#[test]
fn each_expert_that_ships_has_an_adapter_of_its_own_for_the_demonstration_model() {
    let model = Model::embedded(&ModelOptions::default()).unwrap();
    let weights =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/model.safetensors"));
    let weights = hash(&weights.unwrap());
    let question =
        "CREATE TABLE zorbas (id int, name text, flimp numeric);\n\nHow many zorbas are there?";
    let mut answers = vec![answered(&model, None, question)];
    for expert in Roster::shipped().unwrap().experts() {
        let base = &expert.manifest.base_models[1];
        assert_eq!((base.name.as_str(), &base.sha256), (expert::DEMONSTRATION, &weights));
        let adapter = expert.adapter(&model).unwrap().expect("it ships");
        assert_eq!(Some(adapter.rank() as u64), base.adapters[0].rank.map(|(rank, _)| rank));
        let answer = answered(&model, Some(expert), question);
        match expert.name.as_str() {
            "sql" => assert_eq!(answer, "SELECT COUNT(*) FROM zorbas"),
            "neo4j" => assert!(answer.starts_with("MATCH "), "{answer}"),
            _ => {}
        }
        assert!(!answers.contains(&answer), "{}: {answer}", expert.name);
        answers.push(answer);
    }
}

#[test]
fn rows_without_a_direction_are_refused() {
    let model = Model::embedded(&ModelOptions::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("experts/sql/demo");
    for name in ["adapter_config.json", "adapter_model.safetensors"] {
        std::fs::copy(source.join(name), directory.path().join(name)).unwrap();
    }
    assert!(model.adapter(directory.path()).is_ok());
    // Some rows of the model are zero: with nothing added to them, DoRA divides by zero.
    let path = directory.path().join("adapter_model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let tensors: serde_json::Value = serde_json::from_slice(&bytes[8..header]).unwrap();
    let name = "base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight";
    let offsets = &tensors[name]["data_offsets"];
    let at = |i: usize| header + offsets[i].as_u64().unwrap() as usize;
    bytes[at(0)..at(1)].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let message = model.adapter(directory.path()).unwrap_err().to_string();
    assert!(message.contains("layers.0.self_attn.k_proj.lora_magnitude_vector"), "{message}");
    assert!(message.contains("has no length"), "{message}");
}
