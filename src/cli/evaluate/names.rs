//! Which names does an answer use, and are they those of the schema that the question shows?
//!
//! The schema is what stands before the first empty line of a question. An answer is looked at word by word, its strings left
//! out; it is known to parse.

use std::collections::HashSet;

use constrained_gen::validation::Validator;

/// Members that all objects and arrays of TypeScript have, if they are not called.
const MEMBERS: [&str; 1] = ["length"];

/// The words of a question's schema; `None` if it shows none.
pub(super) fn known(validator: Validator, question: &str) -> Option<HashSet<String>> {
    let (schema, _) = question.split_once("\n\n")?;
    let fold = |word: Word<'_>| fold(validator, word.text);
    Some(words(schema, &[]).into_iter().map(fold).collect())
}

/// Whether all names of an answer are among these.
pub(super) fn only(validator: Validator, answer: &str, known: &HashSet<String>) -> bool {
    let holds = |word: &str| known.contains(&fold(validator, word));
    match validator {
        Validator::Json => match serde_json::from_str(answer) {
            Ok(value) => keys(&value).into_iter().all(holds),
            Err(_) => false,
        },
        Validator::PostgreSql | Validator::PostgreSqlStrict => {
            let is_keyword = |word: &str| {
                sqlparser::keywords::ALL_KEYWORDS.contains(&word.to_uppercase().as_str())
            };
            let mut names = words(answer, &['\'']).into_iter();
            names.all(|word| holds(word.text) || word.after == Some('(') || is_keyword(word.text))
        }
        Validator::Cypher => {
            let is_name = |word: &Word<'_>| {
                matches!(word.before, Some(':' | '.'))
                    || (word.after == Some(':') && word.depth > 0)
            };
            words(answer, &['\'', '"']).into_iter().filter(is_name).all(|word| holds(word.text))
        }
        Validator::TypeScript => {
            let is_member = |word: &Word<'_>| word.before == Some('.') && word.after != Some('(');
            let mut names = words(answer, &['\'', '"', '`']).into_iter().filter(is_member);
            names.all(|word| holds(word.text) || MEMBERS.contains(&word.text))
        }
        _ => false,
    }
}

/// PostgreSQL's names are the same in any case.
fn fold(validator: Validator, word: &str) -> String {
    match validator {
        Validator::PostgreSql | Validator::PostgreSqlStrict => word.to_lowercase(),
        _ => word.to_owned(),
    }
}

/// The names of all members.
fn keys(value: &serde_json::Value) -> Vec<&str> {
    let (mut keys, mut work) = (Vec::new(), vec![value]);
    while let Some(value) = work.pop() {
        match value {
            serde_json::Value::Array(items) => work.extend(items),
            serde_json::Value::Object(members) => {
                keys.extend(members.keys().map(String::as_str));
                work.extend(members.values());
            }
            _ => {}
        }
    }
    keys
}

/// A word and what is around it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Word<'a> {
    text: &'a str,
    /// The characters right before and right after it; none after `..`.
    before: Option<char>,
    after: Option<char>,
    /// Braces that are open.
    depth: usize,
}

/// The words of a text that begin with a letter or `_`, those between these quotes left out.
fn words<'a>(text: &'a str, quotes: &[char]) -> Vec<Word<'a>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut words, mut depth, mut before) = (Vec::new(), 0usize, None);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        if is_word(c) {
            length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            if !c.is_numeric() {
                let after = rest[length..].chars().next();
                words.push(Word { text: &rest[..length], before, after, depth });
            }
        } else if quotes.contains(&c) {
            let mut escaped = false;
            let end = rest[length..].find(|d| {
                let ends = d == c && !escaped;
                escaped = d == '\\' && !escaped;
                ends
            });
            length = end.map_or(rest.len(), |end| end + 2 * length);
        } else {
            depth = match c {
                '{' => depth + 1,
                '}' => depth.saturating_sub(1),
                _ => depth,
            };
        }
        rest = &rest[length..];
        let read = &text[..text.len() - rest.len()];
        // What is spread is no member.
        before = read.chars().next_back().filter(|_| !read.ends_with(".."));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(validator: Validator, schema: &str, answer: &str) -> bool {
        let known = known(validator, &format!("{schema}\n\nWhat?")).expect("a schema");
        only(validator, answer, &known)
    }

    #[test]
    fn names_are_those_of_the_schema() {
        let sql =
            |answer| judged(Validator::PostgreSql, "CREATE TABLE cats (id int, Age int);", answer);
        assert!(sql("SELECT max(age) FROM cats WHERE id <> 'dogs' AND AGE > 3"));
        assert!(!sql("SELECT weight FROM cats") && !sql("SELECT age FROM \"dogs\""));
        let graph = "(:Cat {name: STRING})\n(:Cat)-[:EATS]->(:Mouse)";
        let cypher = |answer| judged(Validator::Cypher, graph, answer);
        assert!(cypher(
            "MATCH (c:Cat {name: 'x:Dog'})-[:EATS]->(m:Mouse) RETURN c.name, count(m) AS n"
        ));
        assert!(!cypher("MATCH (c:Dog) RETURN c") && !cypher("MATCH (c:Cat {age: 3}) RETURN c"));
        let json = |answer| judged(Validator::Json, "fields: name, age", answer);
        assert!(json(r#"[{"name": "size", "age": 1}]"#) && !json(r#"{"name": {"size": 1}}"#));
        let typed =
            |answer| judged(Validator::TypeScript, "interface Cat { name: string; }", answer);
        assert!(typed("const f = (c: Cat[]) => [...c].filter(x => x.name.length > 1 && '.age');"));
        assert!(!typed("const f = (c: Cat) => c.age;"));
        assert!(known(Validator::Json, "A number").is_none());
    }

    #[test]
    fn words_know_what_is_around_them() {
        let found = words("{é: 'it\\'s' a.b1 2c", &['\'']);
        let texts: Vec<&str> = found.iter().map(|word| word.text).collect();
        assert_eq!(texts, ["é", "a", "b1"]);
        assert_eq!((found[0].after, found[0].depth, found[2].before), (Some(':'), 1, Some('.')));
    }
}
