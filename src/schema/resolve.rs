//! Which schema does a reference name?
//!
//! Only what lies in the document is found; nothing is fetched. Identifiers count only where a schema can stand.

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use super::{
    options::Draft,
    read::document::{Document, Value, ValueId},
};

/// A schema with an identifier of its own, or the root.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Its absolute identifier, without fragment.
    uri: String,
    /// Its schema.
    pub(crate) root: ValueId,
    /// Its draft.
    pub(crate) draft: Draft,
    /// Its dynamic anchors.
    dynamic: HashMap<String, ValueId>,
    /// Whether it has `$recursiveAnchor: true`.
    recursive: bool,
}

/// A resource's number.
pub(crate) type ResourceId = u32;

/// The identifiers of a document.
#[derive(Debug)]
pub(crate) struct Index {
    resources: Vec<Resource>,
    uris: HashMap<String, ResourceId>,
    anchors: HashMap<(ResourceId, String), ValueId>,
    roots: FxHashMap<ValueId, ResourceId>,
    /// Whether any reference can depend on the way that led to it.
    dynamic: bool,
}

/// Where a reference leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The schema.
    pub(crate) value: ValueId,
    /// The resource that it belongs to.
    pub(crate) resource: ResourceId,
}

/// The keywords whose value is a schema, an array of schemas, or an object of schemas.
fn holds(keyword: &str) -> Option<u8> {
    Some(match keyword {
        "additionalItems"
        | "additionalProperties"
        | "contains"
        | "contentSchema"
        | "else"
        | "if"
        | "not"
        | "propertyNames"
        | "then"
        | "unevaluatedItems"
        | "unevaluatedProperties" => 0,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" | "items" => 1,
        "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties"
        | "properties" => 2,
        _ => return None,
    })
}

impl Index {
    /// Finds all identifiers. O(document), and O(1) for a document without any.
    ///
    /// # Errors
    /// The place of a `$schema` that names no draft.
    pub(crate) fn build(document: &Document, draft: Draft) -> Result<Self, ValueId> {
        let root = document.root();
        let mut index = Self {
            resources: Vec::new(),
            uris: HashMap::new(),
            anchors: HashMap::new(),
            roots: FxHashMap::default(),
            dynamic: false,
        };
        index.add(String::new(), root, draft);
        let mut work = Vec::new();
        for (other, name) in document.others() {
            let schema = document.as_object(*other).and_then(|members| members.get("$schema"));
            let draft = match schema.and_then(|schema| document.as_str(schema)) {
                // A document of another language is as good as none.
                Some(uri) => match Draft::from_uri(uri) {
                    Some(draft) => draft,
                    None => continue,
                },
                None => draft,
            };
            work.push((*other, index.add(join(name, "").0, *other, draft)));
        }
        // Last in, first out: the schema's own identifiers go before those of other documents.
        work.push((root, 0));
        if !document.identifies() {
            return Ok(index);
        }
        while let Some((value, resource)) = work.pop() {
            let resource = index.identify(document, value, resource)?;
            let Some(members) = document.as_object(value) else { continue };
            for (name, child) in members.iter() {
                match (holds(name), document.get(child)) {
                    (Some(0 | 1), Value::Object(_)) => work.push((child, resource)),
                    (Some(1), Value::Array(items)) => {
                        work.extend(items.iter().map(|&i| (i, resource)));
                    }
                    (Some(2), Value::Object(schemas)) => {
                        work.extend(schemas.iter().map(|(_, s)| (s, resource)));
                    }
                    _ => {}
                }
            }
        }
        Ok(index)
    }

    fn add(&mut self, uri: String, root: ValueId, draft: Draft) -> ResourceId {
        let id = u32::try_from(self.resources.len()).expect("invariant: values are u32");
        self.uris.entry(uri.clone()).or_insert(id);
        self.roots.insert(root, id);
        self.resources.push(Resource {
            uri,
            root,
            draft,
            dynamic: HashMap::new(),
            recursive: false,
        });
        id
    }

    /// Notes the identifiers of one schema; the resource that it belongs to.
    fn identify(
        &mut self,
        document: &Document,
        value: ValueId,
        outer: ResourceId,
    ) -> Result<ResourceId, ValueId> {
        let Some(members) = document.as_object(value) else { return Ok(outer) };
        let mut draft = self.resources[outer as usize].draft;
        let get = |name: &str| members.get(name).and_then(|v| document.as_str(v));
        let own = |draft| if draft == Draft::Draft4 { "id" } else { "$id" };
        if (members.get("$id").is_some() || members.get("id").is_some())
            && let Some(schema) = members.get("$schema")
            && value != self.resources[outer as usize].root
            && let Some(uri) = document.as_str(schema)
        {
            draft = Draft::from_uri(uri).ok_or(schema)?;
        }
        let mut resource = outer;
        let overridden = draft < Draft::Draft201909 && members.get("$ref").is_some();
        if let Some(id) = get(own(draft)).filter(|_| !overridden) {
            let (uri, fragment) = join(&self.resources[outer as usize].uri, id);
            let fragment = fragment.unwrap_or_default().to_owned();
            let anchor_only = id.starts_with('#');
            if !anchor_only {
                if value == self.resources[outer as usize].root {
                    self.uris.entry(uri.clone()).or_insert(outer);
                    self.resources[outer as usize].uri = uri;
                } else {
                    resource = self.add(uri, value, draft);
                }
            }
            if !fragment.is_empty() && draft < Draft::Draft201909 {
                self.anchors.entry((resource, fragment)).or_insert(value);
            }
        }
        if draft >= Draft::Draft201909 {
            if let Some(name) = get("$anchor") {
                self.anchors.entry((resource, name.to_owned())).or_insert(value);
            }
            if let Some(name) = get("$dynamicAnchor").filter(|_| draft == Draft::Draft202012) {
                self.anchors.entry((resource, name.to_owned())).or_insert(value);
                self.resources[resource as usize].dynamic.insert(name.to_owned(), value);
                self.dynamic = true;
            }
            let recursive = members.get("$recursiveAnchor");
            if draft == Draft::Draft201909
                && recursive.is_some_and(|v| matches!(document.get(v), Value::Bool(true)))
            {
                self.resources[resource as usize].recursive = true;
                self.dynamic = true;
            }
        }
        Ok(resource)
    }

    /// A resource.
    pub(crate) fn resource(&self, id: ResourceId) -> &Resource {
        &self.resources[id as usize]
    }

    /// The resource that begins at a schema.
    pub(crate) fn starting_at(&self, value: ValueId) -> Option<ResourceId> {
        if self.resources.len() == 1 {
            return None;
        }
        self.roots.get(&value).copied()
    }

    /// Whether references can depend on the way that led to a resource.
    pub(crate) fn matters(&self, id: ResourceId) -> bool {
        self.dynamic && {
            let resource = self.resource(id);
            resource.recursive || !resource.dynamic.is_empty()
        }
    }

    /// The target of `$ref`. `None`: it is not in the document.
    pub(crate) fn target(
        &self,
        document: &Document,
        base: ResourceId,
        reference: &str,
    ) -> Option<Target> {
        let (resource, fragment) = if let Some(fragment) = reference.strip_prefix('#') {
            (base, Some(fragment))
        } else {
            let (uri, fragment) = join(&self.resource(base).uri, reference);
            (*self.uris.get(&uri)?, fragment)
        };
        let fragment = unescape(fragment.unwrap_or_default())?;
        if fragment.is_empty() {
            return Some(Target { value: self.resource(resource).root, resource });
        }
        if let Some(pointer) = fragment.strip_prefix('/') {
            return self.follow(document, resource, pointer);
        }
        let value = *self.anchors.get(&(resource, fragment))?;
        Some(Target { value, resource })
    }

    fn follow(&self, document: &Document, resource: ResourceId, pointer: &str) -> Option<Target> {
        let mut at = Target { value: self.resource(resource).root, resource };
        for step in pointer.split('/') {
            at.value = match document.get(at.value) {
                Value::Object(members) if step.contains('~') => {
                    members.get(&step.replace("~1", "/").replace("~0", "~"))?
                }
                Value::Object(members) => members.get(step)?,
                Value::Array(items) => {
                    let canonical = step == "0" || !step.starts_with(['0', '+']);
                    *items.get(step.parse::<usize>().ok().filter(|_| canonical)?)?
                }
                _ => return None,
            };
            if let Some(inner) = self.starting_at(at.value) {
                at.resource = inner;
            }
        }
        Some(at)
    }

    /// The target of `$dynamicRef`, in a scope: resources from the outermost on.
    pub(crate) fn dynamic_target(
        &self,
        document: &Document,
        base: ResourceId,
        reference: &str,
        scope: &[ResourceId],
    ) -> Option<Target> {
        let target = self.target(document, base, reference)?;
        let name = reference.split_once('#').map_or("", |(_, f)| f);
        if self.resource(target.resource).dynamic.get(name) != Some(&target.value) {
            return Some(target);
        }
        let outermost = scope.iter().find_map(|&resource| {
            let value = *self.resource(resource).dynamic.get(name)?;
            Some(Target { value, resource })
        });
        outermost.or(Some(target))
    }

    /// The target of `$recursiveRef`, in a scope.
    pub(crate) fn recursive_target(&self, base: ResourceId, scope: &[ResourceId]) -> Target {
        let mut resource = base;
        if self.resource(base).recursive {
            resource = scope.iter().copied().find(|&r| self.resource(r).recursive).unwrap_or(base);
        }
        Target { value: self.resource(resource).root, resource }
    }
}

/// Percent escapes of a fragment, decoded. `None`: they are no UTF-8.
fn unescape(fragment: &str) -> Option<String> {
    if !fragment.contains('%') {
        return Some(fragment.to_owned());
    }
    let bytes = fragment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |n: usize| bytes.get(at + n).and_then(|&b| char::from(b).to_digit(16));
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(1), digit(2))
        {
            out.push(u8::try_from(high * 16 + low).ok()?);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

/// The parts of an identifier (RFC 3986, appendix B): scheme, authority, path, query.
fn split(uri: &str) -> (Option<&str>, Option<&str>, &str, Option<&str>) {
    let scheme_end = uri.find([':', '/', '?']).filter(|&n| n > 0 && uri[n..].starts_with(':'));
    let (scheme, rest) = match scheme_end {
        Some(n) => (Some(&uri[..n]), &uri[n + 1..]),
        None => (None, uri),
    };
    let (authority, rest) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            (Some(&rest[..end]), &rest[end..])
        }
        None => (None, rest),
    };
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    (scheme, authority, path, query)
}

/// A reference against a base (RFC 3986, section 5.2): the absolute identifier and the fragment.
fn join<'r>(base: &str, reference: &'r str) -> (String, Option<&'r str>) {
    let (reference, fragment) = match reference.split_once('#') {
        Some((reference, fragment)) => (reference, Some(fragment)),
        None => (reference, None),
    };
    let (scheme, authority, path, query) = split(reference);
    let (base_scheme, base_authority, base_path, base_query) = split(base);
    let mut out = String::new();
    let mut put =
        |scheme: Option<&str>, authority: Option<&str>, path: &str, query: Option<&str>| {
            if let Some(scheme) = scheme {
                out += &scheme.to_ascii_lowercase();
                out += ":";
            }
            if let Some(authority) = authority {
                out += "//";
                out += &authority.to_ascii_lowercase();
            }
            out += path;
            if let Some(query) = query {
                out += "?";
                out += query;
            }
        };
    if scheme.is_some() {
        put(scheme, authority, &without_dots(path), query);
    } else if authority.is_some() {
        put(base_scheme, authority, &without_dots(path), query);
    } else if path.is_empty() {
        put(base_scheme, base_authority, base_path, query.or(base_query));
    } else if path.starts_with('/') {
        put(base_scheme, base_authority, &without_dots(path), query);
    } else {
        let merged = match base_path.rfind('/') {
            _ if base_authority.is_some() && base_path.is_empty() => format!("/{path}"),
            Some(end) => format!("{}{path}", &base_path[..=end]),
            None => path.to_owned(),
        };
        put(base_scheme, base_authority, &without_dots(&merged), query);
    }
    (out, fragment)
}

/// A path without `.` and `..` (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    if !path.contains('.') {
        return path.to_owned();
    }
    let mut out: Vec<&str> = Vec::new();
    let steps: Vec<&str> = path.split('/').collect();
    for (n, &step) in steps.iter().enumerate() {
        let last = n + 1 == steps.len();
        match step {
            "." if last => out.push(""),
            "." => {}
            ".." => {
                if out.len() > 1 || out.first().is_some_and(|s| !s.is_empty()) {
                    out.pop();
                }
                if last {
                    out.push("");
                }
            }
            _ => out.push(step),
        }
    }
    out.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_join_as_the_rfc_says() {
        for (base, reference, expected) in [
            ("http://a/b/c/d;p?q", "g", "http://a/b/c/g"),
            ("http://a/b/c/d;p?q", "./g/", "http://a/b/c/g/"),
            ("http://a/b/c/d;p?q", "/g", "http://a/g"),
            ("http://a/b/c/d;p?q", "//G", "http://g"),
            ("http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"),
            ("http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"),
            ("http://a/b/c/d;p?q", "../../g", "http://a/g"),
            ("http://a/b/c/d;p?q", "../../../g", "http://a/g"),
            ("http://a/b/c/d;p?q", "..", "http://a/b/"),
            ("http://a/b/c/d;p?q", "urn:x:y", "urn:x:y"),
            ("http://a", "b.json", "http://a/b.json"),
            ("", "b.json", "b.json"),
            ("urn:uuid:1", "", "urn:uuid:1"),
        ] {
            assert_eq!(join(base, reference).0, expected, "{base} {reference}");
        }
        assert_eq!(join("http://a/b", "c#d").1, Some("d"));
    }
}
