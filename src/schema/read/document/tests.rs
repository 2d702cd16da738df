use super::*;

fn print(document: &Document, id: ValueId) -> String {
    match document.get(id) {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.into(),
        Value::String(s) => format!("{s:?}"),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|&i| print(document, i)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(n, v)| format!("{n:?}:{}", print(document, v))).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

#[test]
fn values_keep_order_and_spelling() {
    for text in [
        "null",
        r#"{"b":1.0,"a":[1e400,-0,{},[]],"c":{"d":true,"e":false}}"#,
        r#"["",[[["x"]]],0.10]"#,
    ] {
        let document = Document::read(text, 10).unwrap();
        assert_eq!(print(&document, document.root()), text);
    }
    let document = Document::read(r#" [ "\u00e9\ud83d\ude00\n" , "é" ] "#, 10).unwrap();
    assert_eq!(print(&document, document.root()), "[\"é😀\\n\",\"é\"]");
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "01",
        "1.",
        "+1",
        "nul",
        "\"",
        "\"\\ud800\"",
        "\"\\x\"",
        "1 2",
        "{\"a\":1,\"a\":2}",
        "\"\u{1}\"",
        "[1 2]",
        "{a:1}",
        "\"\\u12\"",
        "\"\\",
    ] {
        assert!(Document::read(text, 10).is_err(), "{text}");
    }
    assert!(Document::read(&"[".repeat(100_000), 64).unwrap_err().deep);
}

#[test]
fn pointers_lead_back() {
    let document = Document::read(r#"{"a/b":[0,{"~":1}]}"#, 10).unwrap();
    let a = document.as_object(document.root()).unwrap().get("a/b").unwrap();
    let inner = document.as_array(a).unwrap()[1];
    let one = document.as_object(inner).unwrap().get("~").unwrap();
    assert_eq!(document.pointer(one), "/a~1b/1/~0");
    assert_eq!(document.pointer(document.root()), "");
}

#[test]
fn further_texts_have_roots_of_their_own() {
    let mut document = Document::read(r#"{"a":["é"]}"#, 10).unwrap();
    let other = document.append("urn:x", r#" {"b":[1,"\n"]} "#, 10).unwrap();
    assert_eq!(print(&document, document.root()), r#"{"a":["é"]}"#);
    assert_eq!(print(&document, other), r#"{"b":[1,"\n"]}"#);
    let b = document.as_object(other).unwrap().get("b").unwrap();
    assert_eq!(document.pointer(document.as_array(b).unwrap()[1]), "urn:x#/b/1");
    assert_eq!(document.append("urn:y", "[1", 10).unwrap_err().at, 2);
}
