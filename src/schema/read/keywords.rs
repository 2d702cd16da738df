//! Which keywords does a schema have, and which of them does its draft know?

use super::document::{Members, ValueId};
use crate::schema::options::Draft;

macro_rules! keywords {
    ($($field:ident $name:literal $first:ident $last:ident,)*) => {
        /// The values of a schema's keywords that mean something to the reader.
        #[derive(Debug, Default)]
        pub(super) struct Keywords {
            $(
                #[doc = $name]
                pub(super) $field: Option<ValueId>,
            )*
        }

        impl Keywords {
            /// The keywords of a schema that its draft knows, in one pass; the first that only other drafts know.
            pub(super) fn of(members: &Members<'_>, draft: Draft) -> (Self, Option<&'static str>) {
                let mut keywords = Self::default();
                let mut foreign = None;
                for (name, value) in members.iter() {
                    match name {
                        $(
                            $name if Draft::$first <= draft && draft <= Draft::$last => {
                                keywords.$field = Some(value);
                            }
                            $name => foreign = foreign.or(Some($name)),
                        )*
                        _ => {}
                    }
                }
                (keywords, foreign)
            }
        }
    };
}

keywords! {
    reference "$ref" Draft4 Draft202012,
    recursive "$recursiveRef" Draft201909 Draft201909,
    dynamic "$dynamicRef" Draft202012 Draft202012,
    types "type" Draft4 Draft202012,
    values "enum" Draft4 Draft202012,
    constant "const" Draft6 Draft202012,
    multiple_of "multipleOf" Draft4 Draft202012,
    minimum "minimum" Draft4 Draft202012,
    maximum "maximum" Draft4 Draft202012,
    above "exclusiveMinimum" Draft4 Draft202012,
    below "exclusiveMaximum" Draft4 Draft202012,
    min_length "minLength" Draft4 Draft202012,
    max_length "maxLength" Draft4 Draft202012,
    pattern "pattern" Draft4 Draft202012,
    format "format" Draft4 Draft202012,
    prefix_items "prefixItems" Draft202012 Draft202012,
    items "items" Draft4 Draft202012,
    additional_items "additionalItems" Draft4 Draft201909,
    unevaluated_items "unevaluatedItems" Draft201909 Draft202012,
    min_items "minItems" Draft4 Draft202012,
    max_items "maxItems" Draft4 Draft202012,
    unique_items "uniqueItems" Draft4 Draft202012,
    contains "contains" Draft6 Draft202012,
    min_contains "minContains" Draft201909 Draft202012,
    max_contains "maxContains" Draft201909 Draft202012,
    properties "properties" Draft4 Draft202012,
    pattern_properties "patternProperties" Draft4 Draft202012,
    additional_properties "additionalProperties" Draft4 Draft202012,
    unevaluated_properties "unevaluatedProperties" Draft201909 Draft202012,
    property_names "propertyNames" Draft6 Draft202012,
    required "required" Draft4 Draft202012,
    min_properties "minProperties" Draft4 Draft202012,
    max_properties "maxProperties" Draft4 Draft202012,
    dependencies "dependencies" Draft4 Draft202012,
    dependent_required "dependentRequired" Draft201909 Draft202012,
    dependent_schemas "dependentSchemas" Draft201909 Draft202012,
    all_of "allOf" Draft4 Draft202012,
    any_of "anyOf" Draft4 Draft202012,
    one_of "oneOf" Draft4 Draft202012,
    not "not" Draft4 Draft202012,
    condition "if" Draft7 Draft202012,
    consequence "then" Draft7 Draft202012,
    alternative "else" Draft7 Draft202012,
}
