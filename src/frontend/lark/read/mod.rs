//! Text to syntax tree: the pest parse, and the walk over the pairs of statements. [`expr`] walks those of expressions.

mod expr;

use pest::{Parser as _, iterators::Pair};

use super::{
    super::{
        GrammarError,
        error::quoted,
        nearest::nearest,
        source::{At, SourceMap},
        syntax,
    },
    ast::{Definition, Expr, ExprKind, Import, Name, Statement, is_terminal},
    scan,
};
use crate::{Limits, grammar::Lexing};

// The derive makes a public enum of the pest grammar's rules; nothing outside this file needs it.
#[allow(missing_docs, unreachable_pub, missing_debug_implementations)]
mod syntax_rules {
    #[derive(pest_derive::Parser)]
    #[grammar = "frontend/lark/grammar.pest"]
    pub struct LarkParser;
}

use syntax_rules::{LarkParser, Rule};

const DIRECTIVES: [&str; 19] = [
    "%ignore",
    "%import",
    "%declare",
    "%override",
    "%extend",
    "%lexing",
    "%ignore_case",
    "%reserve",
    "%not_followed_by",
    "%not_before",
    "%word",
    "%reject",
    "%display",
    "%start",
    "%list",
    "%without",
    "%if",
    "%hint",
    "%slot",
];

/// The statements of a file that is in the source map already.
pub(super) fn read(
    sources: &SourceMap,
    file: usize,
    limits: &Limits,
) -> Result<Vec<Statement>, GrammarError> {
    let (name, text) = (sources.name(file), sources.text(file));
    scan::check(name, text, limits)?;
    syntax::bound_pest();
    let pairs = LarkParser::parse(Rule::file, text)
        .map_err(|error| syntax::explain(name, text, &error, word))?;
    let reader = Reader { sources, file, limits };
    let mut statements = Vec::new();
    for pair in pairs {
        reader.statement(pair, &mut statements)?;
    }
    Ok(statements)
}

/// What a rule of the pest grammar is in a message.
fn word(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::definition | Rule::name => "a name",
        Rule::colon => "`:`",
        Rule::comma => "`,`",
        Rule::close => "`}`",
        Rule::close_round => "`)`",
        Rule::bar | Rule::inner_bar => "`|`",
        Rule::line_end => "the end of the line",
        Rule::EOI => "the end of the text",
        Rule::item | Rule::string | Rule::regex | Rule::reference | Rule::group | Rule::option => {
            "an item (name, string, regular expression, bracket)"
        }
        Rule::range => "a range",
        Rule::argument => "an argument (name, string, regular expression)",
        Rule::count | Rule::signed => "a number",
        Rule::quantifier | Rule::one_mark => "a repetition (`?`, `*`, `+`, `~`)",
        Rule::alias | Rule::import_alias => "`->`",
        Rule::module => "a module (`common`, `.file`)",
        Rule::import_list => "`(`",
        Rule::parameters | Rule::arguments => "`{`",
        Rule::priority => "a priority (`.2`)",
        Rule::unknown => "a directive",
        rule if is_directive_word(rule) => "a directive",
        _ => return None,
    })
}

/// The words that begin directives.
fn is_directive_word(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::directive_word
            | Rule::kw_ignore
            | Rule::kw_import
            | Rule::kw_declare
            | Rule::kw_override
            | Rule::kw_extend
            | Rule::kw_lexing
            | Rule::kw_ignore_case
            | Rule::kw_reserve
            | Rule::kw_not_followed_by
            | Rule::kw_not_before
            | Rule::kw_word
            | Rule::kw_reject
            | Rule::kw_display
            | Rule::kw_start
            | Rule::kw_list
            | Rule::kw_without
            | Rule::kw_if
            | Rule::kw_hint
            | Rule::kw_slot
    )
}

type Pairs<'a> = Pair<'a, Rule>;

struct Reader<'a> {
    sources: &'a SourceMap,
    file: usize,
    limits: &'a Limits,
}

impl Reader<'_> {
    fn at(&self, pair: &Pairs<'_>) -> At {
        At { file: self.file, offset: pair.as_span().start() }
    }

    fn name(&self, pair: &Pairs<'_>) -> Name {
        Name { text: pair.as_str().to_string(), at: self.at(pair) }
    }

    fn error<T>(&self, at: At, message: impl Into<String>) -> Result<T, GrammarError> {
        Err(self.sources.error(at, message))
    }

    fn statement(&self, pair: Pairs<'_>, out: &mut Vec<Statement>) -> Result<(), GrammarError> {
        let at = self.at(&pair);
        let rule = pair.as_rule();
        let source = pair.as_str();
        // The directive's own word and the line ends carry nothing.
        let mut parts = pair.into_inner().filter(|p| {
            !is_directive_word(p.as_rule()) && !matches!(p.as_rule(), Rule::line_end | Rule::colon)
        });
        // The pest grammar sees to it that what is asked for is there.
        let need = |part: Option<_>| {
            part.ok_or_else(|| self.sources.error(at, "expected more of this statement"))
        };
        match rule {
            Rule::definition => {
                out.push(Statement::Definition(self.definition(at, parts.collect())?));
            }
            Rule::override_one => {
                let inner = need(parts.next())?;
                let definition = self.definition(self.at(&inner), inner.into_inner().collect())?;
                out.push(Statement::Override(definition));
            }
            Rule::extend => {
                let inner = need(parts.next())?;
                let definition = self.definition(self.at(&inner), inner.into_inner().collect())?;
                out.push(Statement::Extend(definition));
            }
            Rule::ignore => out.push(Statement::Ignore(self.expr(need(parts.next())?)?)),
            Rule::import => {
                let module = self.name(&need(parts.next())?);
                let rest = parts.next();
                self.import(module, rest, out)?;
            }
            Rule::declare => {
                return self.error(
                    at,
                    "%declare is not taken from Lark: a terminal without a definition matches nothing here; define it",
                );
            }
            Rule::lexing => {
                let rule = self.name(&need(parts.next())?);
                let lexing = match rule.text.as_str() {
                    "longest" => Lexing::Longest,
                    "contextual" => Lexing::Contextual,
                    other => {
                        let what =
                            format!("expected `longest` or `contextual`, found {}", quoted(other));
                        return self.error(rule.at, what);
                    }
                };
                out.push(Statement::Lexing(lexing, at));
            }
            Rule::ignore_case => out.push(Statement::IgnoreCase),
            Rule::reserve => {
                let name = self.terminal_name(&need(parts.next())?)?;
                let mut items = Vec::new();
                self.flat_list(self.expr(need(parts.next())?)?, &mut items)?;
                out.push(Statement::Reserve(name, items));
            }
            Rule::not_followed_by => {
                let name = self.terminal_name(&need(parts.next())?)?;
                out.push(Statement::NotFollowedBy(name, self.expr(need(parts.next())?)?));
            }
            Rule::not_before => {
                let name = self.terminal_name(&need(parts.next())?)?;
                let mut items = Vec::new();
                self.flat_list(self.expr(need(parts.next())?)?, &mut items)?;
                out.push(Statement::NotBefore(name, items));
            }
            Rule::word => out.push(Statement::Word(self.expr(need(parts.next())?)?)),
            Rule::reject => {
                for name in parts {
                    out.push(Statement::Reject(self.terminal_name(&name)?));
                }
            }
            Rule::display => {
                let name = self.name(&need(parts.next())?);
                self.check_case(&name)?;
                let (text, _) = self.string(&need(parts.next())?)?;
                out.push(Statement::Display(name, text));
            }
            Rule::start => {
                let name = self.rule_name(&need(parts.next())?)?;
                let (about, _) = self.string(&need(parts.next())?)?;
                out.push(Statement::Start(name, about));
            }
            Rule::list => {
                let name = self.rule_name(&need(parts.next())?)?;
                let of = self.terminal_name(&need(parts.next())?)?;
                let (about, _) = self.string(&need(parts.next())?)?;
                out.push(Statement::List(name, of, about));
            }
            Rule::hint => {
                let mut parts: Vec<_> = parts.collect();
                let (text, _) = self.string(&need(parts.pop())?)?;
                let mut parts = parts.into_iter();
                let found = self.terminal_name(&need(parts.next())?)?;
                let mut expected = Vec::new();
                for part in parts {
                    let at = self.at(&part);
                    let kind = match part.as_rule() {
                        Rule::name => {
                            let name = self.terminal_name(&part)?.text;
                            ExprKind::Reference { name, arguments: Vec::new() }
                        }
                        _ => {
                            let (text, ignore_case) = self.string(&part)?;
                            ExprKind::Literal { text, ignore_case }
                        }
                    };
                    expected.push(Expr { kind, at });
                }
                out.push(Statement::Hint { found, expected, text });
            }
            Rule::without => {
                for name in parts {
                    out.push(Statement::Without(self.rule_name(&name)?));
                }
            }
            Rule::conditional => {
                let (mut names, mut guarded) = (Vec::new(), Vec::new());
                for part in parts {
                    match part.as_rule() {
                        Rule::name => names.push(self.name(&part)),
                        _ => self.statement(part, &mut guarded)?,
                    }
                }
                out.push(Statement::If(names, guarded));
            }
            Rule::slot => {
                let mut parts: Vec<_> = parts.collect();
                let (about, _) = self.string(&need(parts.pop())?)?;
                let mut parts = parts.into_iter();
                let name = self.rule_name(&need(parts.next())?)?;
                let of = parts.map(|part| self.terminal_name(&part)).collect::<Result<_, _>>()?;
                out.push(Statement::Slot(name, of, about));
            }
            Rule::unknown => {
                let word = source.split(|c: char| c.is_whitespace()).next().unwrap_or(source);
                let mut what = format!("unknown directive {}", quoted(word));
                if let Some(near) = nearest(word, DIRECTIVES.into_iter()) {
                    what.push_str(&format!("; the nearest one is `{near}`"));
                }
                return self.error(at, what);
            }
            _ => {} // the end of input
        }
        Ok(())
    }

    fn definition(&self, at: At, parts: Vec<Pairs<'_>>) -> Result<Definition, GrammarError> {
        let mut name = Name { text: String::new(), at };
        let (mut parameters, mut priority) = (Vec::new(), 0);
        let mut body = Expr { kind: ExprKind::Sequence(Vec::new()), at };
        let mut modified = None;
        for part in parts {
            match part.as_rule() {
                Rule::modifier => modified = Some(self.at(&part)),
                Rule::name => {
                    name = self.name(&part);
                    self.check_case(&name)?;
                }
                Rule::parameters => {
                    for parameter in part.into_inner().filter(|p| p.as_rule() == Rule::name) {
                        let parameter = self.name(&parameter);
                        let limit = self.limits.parameters;
                        if parameters.len() >= limit {
                            let what = "parameters of a template";
                            return Err(self.sources.limit(
                                parameter.at,
                                what,
                                "parameters",
                                limit,
                            ));
                        }
                        if parameters.iter().any(|p: &Name| p.text == parameter.text) {
                            let what =
                                format!("parameter {} is there twice", quoted(&parameter.text));
                            return self.error(parameter.at, what);
                        }
                        parameters.push(parameter);
                    }
                }
                Rule::priority => priority = self.priority(&part)?,
                Rule::alternatives => body = self.expr(part)?,
                _ => {}
            }
        }
        if is_terminal(&name.text) {
            if let Some(at) = modified {
                return self
                    .error(at, "`?` and `!` stand before the name of a rule, not of a terminal");
            }
            if let Some(parameter) = parameters.first() {
                return self.error(
                    parameter.at,
                    "a terminal has no parameters; templates are rules (lower case)",
                );
            }
        }
        Ok(Definition { name, parameters, priority, body })
    }

    /// A name is all lower case (a rule) or all upper case (a terminal).
    fn check_case(&self, name: &Name) -> Result<(), GrammarError> {
        let mixed = name.text.contains(|c: char| c.is_ascii_lowercase())
            && name.text.contains(|c: char| c.is_ascii_uppercase());
        let letterless =
            !name.text.trim_start_matches('_').starts_with(|c: char| c.is_ascii_alphabetic());
        if mixed || letterless {
            let what = format!(
                "{} is neither the name of a rule (lower case: `item_list`) nor of a terminal (UPPER case: `NUMBER`)",
                quoted(&name.text)
            );
            return self.error(name.at, what);
        }
        Ok(())
    }

    fn terminal_name(&self, pair: &Pairs<'_>) -> Result<Name, GrammarError> {
        let name = self.name(pair);
        if is_terminal(&name.text) {
            Ok(name)
        } else {
            self.error(
                name.at,
                format!(
                    "expected the name of a terminal (UPPER case), found {}",
                    quoted(&name.text)
                ),
            )
        }
    }

    fn rule_name(&self, pair: &Pairs<'_>) -> Result<Name, GrammarError> {
        let name = self.name(pair);
        if is_terminal(&name.text) {
            let what = format!("expected the name of a rule, found {}", quoted(&name.text));
            return self.error(name.at, what);
        }
        Ok(name)
    }

    fn priority(&self, pair: &Pairs<'_>) -> Result<i32, GrammarError> {
        let text = pair.as_str().trim_start_matches('.').trim();
        text.parse().or_else(|_| {
            self.error(self.at(pair), format!("priority {} is not a 32-bit number", quoted(text)))
        })
    }

    fn import(
        &self,
        module: Name,
        rest: Option<Pairs<'_>>,
        out: &mut Vec<Statement>,
    ) -> Result<(), GrammarError> {
        let (module, names) = match rest {
            Some(list) if list.as_rule() == Rule::import_list => {
                let names = list.into_inner().filter(|p| p.as_rule() == Rule::name);
                (module, names.map(|p| (self.name(&p), p.as_str().to_string())).collect())
            }
            alias => {
                let Some(dot) = module.text.rfind('.').filter(|&dot| dot > 0) else {
                    return self.error(
                        module.at,
                        "expected the names to import: `module.NAME` or `module (NAME, …)`",
                    );
                };
                let last = module.text[dot + 1..].to_string();
                let name =
                    Name { text: last, at: At { offset: module.at.offset + dot + 1, ..module.at } };
                let alias = alias
                    .and_then(|a| a.into_inner().find(|p| p.as_rule() == Rule::name))
                    .map_or_else(|| name.text.clone(), |p| p.as_str().to_string());
                (Name { text: module.text[..dot].to_string(), at: module.at }, vec![(name, alias)])
            }
        };
        for (name, alias) in names {
            self.check_case(&Name { text: alias.clone(), at: name.at })?;
            if is_terminal(&alias) != is_terminal(&name.text) {
                let what = format!(
                    "{} and {} differ in kind: a rule stays lower case, a terminal UPPER case",
                    quoted(&name.text),
                    quoted(&alias)
                );
                return self.error(name.at, what);
            }
            out.push(Statement::Import(Import { module: module.clone(), name, alias }));
        }
        Ok(())
    }

    /// The atoms of a list, however it is grouped.
    fn flat_list(&self, expr: Expr, out: &mut Vec<Expr>) -> Result<(), GrammarError> {
        match expr.kind {
            ExprKind::Alternatives(parts) | ExprKind::Sequence(parts) => {
                parts.into_iter().try_for_each(|part| self.flat_list(part, out))
            }
            ExprKind::Repeat { .. } => self.error(
                expr.at,
                "expected a list of terminals, strings and regular expressions, found a repetition",
            ),
            _ => {
                out.push(expr);
                Ok(())
            }
        }
    }
}
