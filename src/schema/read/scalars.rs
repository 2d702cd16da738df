//! What do the keywords for types, numbers and strings say?

use super::{
    Context, Draft, Formats, Keywords, Reader, Result, SchemaErrorKind, Value, ValueId, quoted,
};
use crate::schema::{
    number::{Decimal, NumberSet},
    shape,
    text::{TextSet, format},
};

/// The types that a schema allows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Types {
    pub(super) null: bool,
    pub(super) truth: bool,
    pub(super) number: bool,
    pub(super) integer: bool,
    pub(super) text: bool,
    pub(super) array: bool,
    pub(super) object: bool,
}

impl Types {
    const ALL: Self = Self {
        null: true,
        truth: true,
        number: true,
        integer: true,
        text: true,
        array: true,
        object: true,
    };

    /// Allows one more. False: there is no such type.
    fn add(&mut self, name: &str) -> bool {
        match name {
            "null" => self.null = true,
            "boolean" => self.truth = true,
            "number" => self.number = true,
            "integer" => self.integer = true,
            "string" => self.text = true,
            "array" => self.array = true,
            "object" => self.object = true,
            _ => return false,
        }
        true
    }
}

impl Reader {
    /// `type`.
    pub(super) fn types(&mut self, keywords: &Keywords) -> Result<Types> {
        let Some(value) = keywords.types else { return Ok(Types::ALL) };
        self.at("type");
        let mut types = Types::default();
        let known = match self.document().get(value) {
            Value::String(name) => types.add(name),
            Value::Array(names) if !names.is_empty() => names
                .iter()
                .all(|&name| self.document().as_str(name).is_some_and(|name| types.add(name))),
            _ => false,
        };
        if known {
            return Ok(types);
        }
        self.malformed(
            "`null`, `boolean`, `number`, `integer`, `string`, `array` or `object`, or an array of them",
        )
    }

    /// A number, exactly.
    pub(super) fn decimal(&self, value: ValueId) -> Result<Decimal> {
        let Value::Number(spelled) = self.document().get(value) else {
            return self.malformed("a number");
        };
        Decimal::parse(spelled).ok_or_else(|| {
            self.error(
                SchemaErrorKind::Unsupported,
                format!("{} has too many digits or too large an exponent", quoted(spelled)),
            )
        })
    }

    /// The numbers of a schema.
    pub(super) fn numbers(
        &mut self,
        keywords: &Keywords,
        context: Context,
        integers: bool,
    ) -> Result<NumberSet> {
        let mut set = if integers { NumberSet::integers() } else { NumberSet::all() };
        let old = self.draft(context) == Draft::Draft4;
        for (bound, strict, lower) in
            [(keywords.minimum, keywords.above, true), (keywords.maximum, keywords.below, false)]
        {
            let mut inclusive = true;
            if let Some(strict) = strict {
                self.at(if lower { "exclusiveMinimum" } else { "exclusiveMaximum" });
                match self.document().get(strict) {
                    Value::Bool(b) if old => inclusive = !b,
                    Value::Number(_) if !old => {
                        let limit = self.decimal(strict)?;
                        set = self.bounded(&set, limit, lower, false)?;
                    }
                    _ if old => return self.malformed("`true` or `false` in draft 4"),
                    _ => return self.malformed("a number"),
                }
            }
            if let Some(bound) = bound {
                self.at(if lower { "minimum" } else { "maximum" });
                let limit = self.decimal(bound)?;
                set = self.bounded(&set, limit, lower, inclusive)?;
            }
        }
        if let Some(divisor) = keywords.multiple_of {
            self.at("multipleOf");
            let divisor = self.decimal(divisor)?;
            let multiples =
                NumberSet::multiple_of(divisor).map_err(|e| self.canon.part_error(&e))?;
            set = self.canon.meet_numbers(&set, &multiples)?;
        }
        Ok(set)
    }

    fn bounded(
        &self,
        set: &NumberSet,
        limit: Decimal,
        lower: bool,
        inclusive: bool,
    ) -> Result<NumberSet> {
        let side = if lower {
            NumberSet::at_least(limit, inclusive)
        } else {
            NumberSet::at_most(limit, inclusive)
        };
        self.canon.meet_numbers(set, &side)
    }

    /// The strings of a schema, and those of which it is not known. A format that is unknown matters only where there can
    /// be strings.
    pub(super) fn texts(
        &mut self,
        keywords: &Keywords,
        context: Context,
        wanted: bool,
    ) -> Result<(TextSet, Option<Box<TextSet>>)> {
        let mut set = TextSet::all();
        let mut doubtful = None;
        if keywords.min_length.is_some() || keywords.max_length.is_some() {
            self.at("minLength");
            let min = keywords.min_length.map(|v| self.count(v)).transpose()?.unwrap_or(0);
            self.at("maxLength");
            let max = keywords.max_length.map(|v| self.count(v)).transpose()?;
            let Ok(min) = u32::try_from(min) else {
                let kind = SchemaErrorKind::Limit { name: "minLength", value: u32::MAX.into() };
                return Err(self.error(kind, "no string is that long"));
            };
            // No string has more characters than the largest bound that is kept.
            let max = max.and_then(|max| u32::try_from(max).ok());
            set = if max.is_some_and(|max| max < min) {
                TextSet::none()
            } else {
                TextSet::length(min, max)
            };
        }
        if let Some(pattern) = keywords.pattern {
            self.at("pattern");
            let pattern = self.text(pattern, "a regular expression")?.to_owned();
            if let Some(matching) = self.pattern(&pattern)? {
                set = self.canon.meet_texts(&set, &matching)?;
            }
        }
        if let Some(format) = keywords.format {
            self.at("format");
            let format = self.text(format, "a format's name")?.to_owned();
            if self.options.formats != Formats::Annotate && wanted {
                let old = self.draft(context) < Draft::Draft7;
                match format::find(&format, old) {
                    Some((known, possible)) => {
                        if let Some(possible) = possible {
                            if self.options.formats == Formats::Exact {
                                let name = quoted(&format);
                                self.unsupported(format!(
                                    "the format {name} is known only in part"
                                ))?;
                            }
                            doubtful = shape::doubtful(self.canon.meet_texts(&set, &possible)?);
                        }
                        set = self.canon.meet_texts(&set, &known)?;
                    }
                    None => {
                        self.unsupported(format!("the format {} is unknown", quoted(&format)))?
                    }
                }
            }
        }
        Ok((set, doubtful))
    }

    /// The strings in which a pattern is found; `None`: it cannot be followed, and is ignored.
    pub(super) fn pattern(&mut self, pattern: &str) -> Result<Option<TextSet>> {
        if let Some(known) = self.patterns.get(pattern) {
            return Ok(Some(known.clone()));
        }
        match TextSet::pattern(pattern, &self.canon.limits) {
            Ok(set) => {
                self.patterns.insert(pattern.to_owned(), set.clone());
                Ok(Some(set))
            }
            Err(error) => {
                let error = self.canon.part_error(&error);
                if !self.options.lenient {
                    return Err(error);
                }
                self.warnings.push(error);
                Ok(None)
            }
        }
    }
}
