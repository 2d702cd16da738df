//! The pairs of an expression to its syntax tree.

use pest::iterators::Pair;

use super::{
    super::{
        super::{
            GrammarError,
            error::quoted,
            escape::{Dialect, unescape},
            source::At,
        },
        ast::{Expr, ExprKind, Name},
    },
    Pairs, Reader, Rule,
};

/// A step of building an expression from pairs; what it needs lies on the stack of finished expressions.
enum Task<'t> {
    Read(Pairs<'t>),
    /// So many alternatives.
    Alternatives(At, usize),
    /// So many items.
    Sequence(At, usize),
    /// A reference with so many arguments.
    Arguments(Name, usize),
    Option(At),
    Quantifier(Pairs<'t>),
}

/// Several parts as one expression; one part is itself.
fn join(kind: fn(Vec<Expr>) -> ExprKind, at: At, mut parts: Vec<Expr>) -> Expr {
    if parts.len() == 1 { parts.remove(0) } else { Expr { kind: kind(parts), at } }
}

/// The empty text.
fn nothing(at: At) -> Expr {
    Expr { kind: ExprKind::Sequence(Vec::new()), at }
}

impl Reader<'_> {
    /// The expression of a pair. A work-list instead of recursion: a pair inside five others stands for one bracket.
    pub(super) fn expr(&self, pair: Pairs<'_>) -> Result<Expr, GrammarError> {
        let at = self.at(&pair);
        let mut tasks = vec![Task::Read(pair)];
        let mut done: Vec<Expr> = Vec::new();
        while let Some(task) = tasks.pop() {
            let joined = match task {
                Task::Read(pair) => {
                    done.extend(self.read(pair, &mut tasks)?);
                    continue;
                }
                Task::Alternatives(at, n) => {
                    join(ExprKind::Alternatives, at, done.split_off(done.len() - n))
                }
                Task::Sequence(at, n) => {
                    join(ExprKind::Sequence, at, done.split_off(done.len() - n))
                }
                Task::Arguments(name, n) => {
                    let arguments = done.split_off(done.len() - n);
                    Expr { kind: ExprKind::Reference { name: name.text, arguments }, at: name.at }
                }
                Task::Option(at) => {
                    let body = Box::new(done.pop().unwrap_or_else(|| nothing(at)));
                    Expr { kind: ExprKind::Repeat { body, min: 0, max: Some(1) }, at }
                }
                Task::Quantifier(pair) => {
                    let at = self.at(&pair);
                    self.quantified(done.pop().unwrap_or_else(|| nothing(at)), pair)?
                }
            };
            done.push(joined);
        }
        Ok(done.pop().unwrap_or_else(|| nothing(at)))
    }

    /// One pair: a leaf's expression, or the tasks that build it.
    fn read<'t>(
        &self,
        pair: Pairs<'t>,
        tasks: &mut Vec<Task<'t>>,
    ) -> Result<Option<Expr>, GrammarError> {
        let at = self.at(&pair);
        let rule = pair.as_rule();
        let source = pair.as_str();
        let kind = match rule {
            // An alias names the shape of a tree; there are no trees here.
            Rule::alternatives | Rule::inner | Rule::alternative | Rule::inner_alternative => {
                let parts = pair.into_inner().filter(|p| {
                    matches!(p.as_rule(), Rule::alternative | Rule::inner_alternative | Rule::item)
                });
                let parts: Vec<_> = parts.map(Task::Read).collect();
                let choice = matches!(rule, Rule::alternatives | Rule::inner);
                tasks.push(if choice {
                    Task::Alternatives(at, parts.len())
                } else {
                    Task::Sequence(at, parts.len())
                });
                tasks.extend(parts.into_iter().rev());
                return Ok(None);
            }
            Rule::item => {
                let mut parts = pair.into_inner();
                let atom = parts.next().map(Task::Read);
                tasks.extend(parts.next().map(Task::Quantifier));
                tasks.extend(atom);
                return Ok(None);
            }
            Rule::group | Rule::option | Rule::argument => {
                if rule == Rule::option {
                    tasks.push(Task::Option(at));
                }
                tasks.extend(pair.into_inner().next().map(Task::Read));
                return Ok(None);
            }
            Rule::reference => {
                let mut parts = pair.into_inner();
                let name = parts.next().map_or(Name { text: String::new(), at }, |p| self.name(&p));
                self.check_case(&name)?;
                let arguments =
                    parts.flat_map(Pair::into_inner).filter(|p| p.as_rule() == Rule::argument);
                let arguments: Vec<_> = arguments.map(Task::Read).collect();
                tasks.push(Task::Arguments(name, arguments.len()));
                tasks.extend(arguments.into_iter().rev());
                return Ok(None);
            }
            Rule::range => self.range(at, pair)?,
            Rule::string => {
                let (text, ignore_case) = self.string(&pair)?;
                ExprKind::Literal { text, ignore_case }
            }
            Rule::regex => {
                let end = source.rfind('/').unwrap_or(0).max(1);
                ExprKind::Regex {
                    pattern: source[1..end].to_string(),
                    flags: source[end + 1..].to_string(),
                }
            }
            _ => return self.error(at, "expected an item"),
        };
        Ok(Some(Expr { kind, at }))
    }

    fn range(&self, at: At, pair: Pairs<'_>) -> Result<ExprKind, GrammarError> {
        let mut ends = Vec::new();
        for end in pair.into_inner() {
            let (text, folded) = self.string(&end)?;
            let mut chars = text.chars();
            match (chars.next(), chars.next(), folded) {
                (Some(c), None, false) => ends.push(c),
                _ => {
                    return self.error(
                        self.at(&end),
                        "expected a string of one character at the end of a range",
                    );
                }
            }
        }
        match ends[..] {
            [low, high] if low <= high => Ok(ExprKind::Range(low, high)),
            _ => self.error(at, "the range is empty: its first character comes after its last"),
        }
    }

    fn quantified(&self, body: Expr, quantifier: Pairs<'_>) -> Result<Expr, GrammarError> {
        let at = self.at(&quantifier);
        let (min, max) = match quantifier.as_str() {
            "?" => (0, Some(1)),
            "*" => (0, None),
            "+" => (1, None),
            _ => {
                let counts = quantifier
                    .into_inner()
                    .filter(|p| p.as_rule() == Rule::count)
                    .map(|p| self.count(&p))
                    .collect::<Result<Vec<u32>, _>>()?;
                match counts[..] {
                    [n] => (n, Some(n)),
                    [n, m] if n <= m => (n, Some(m)),
                    [n, m] => {
                        return self.error(
                            at,
                            format!("a repetition of at least {n} and at most {m} is impossible"),
                        );
                    }
                    _ => return self.error(at, "expected a number"),
                }
            }
        };
        let at = body.at;
        Ok(Expr { kind: ExprKind::Repeat { body: Box::new(body), min, max }, at })
    }

    fn count(&self, pair: &Pairs<'_>) -> Result<u32, GrammarError> {
        match pair.as_str().parse() {
            Ok(n) if n <= self.limits.repetition => Ok(n),
            _ => {
                let what = format!("repetition of {}", quoted(pair.as_str()));
                Err(self.sources.limit(self.at(pair), &what, "repetition", self.limits.repetition))
            }
        }
    }

    /// A string's text and whether it has the `i` flag.
    pub(super) fn string(&self, pair: &Pairs<'_>) -> Result<(String, bool), GrammarError> {
        let source = pair.as_str();
        let ignore_case = source.ends_with('i');
        let body = &source[1..source.len() - 1 - usize::from(ignore_case)];
        let start = self.at(pair).offset + 1;
        unescape(body, Dialect::Lark).map(|text| (text, ignore_case)).or_else(
            |(offset, message)| self.error(At { file: self.file, offset: start + offset }, message),
        )
    }
}
