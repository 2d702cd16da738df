//! What passes of a model cost by the tokens that they read: what is worth a guess depends on the weights' format, the machine,
//! and the threads.

/// Tokens of a pass that is looked at, at most: longer ones are work of another kind.
const LONGEST: usize = 16;

/// What passes cost by the tokens that they read, in passes over one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Costs {
    roofline: Roofline,
    /// Passes over no token, one, and so on.
    passes: [f64; LONGEST + 1],
}

impl Costs {
    fn of(roofline: Roofline) -> Self {
        Self { roofline, passes: std::array::from_fn(|tokens| roofline.pass(tokens as f64)) }
    }

    /// The products of one token, in readings of the weights.
    pub(super) fn row(self) -> f64 {
        self.roofline.row
    }

    /// A pass over so many tokens. Parts of a token are those that are read perhaps.
    pub(super) fn pass(self, tokens: f64) -> f64 {
        let (last, fewer) = (self.passes[LONGEST], tokens as usize);
        if fewer >= LONGEST {
            return last * self.roofline.pass(tokens) / self.roofline.pass(LONGEST as f64);
        }
        let (fewer, more) = (self.passes[fewer], self.passes[fewer + 1]);
        fewer + (more - fewer) * tokens.fract()
    }
}

/// A pass reads all weights and multiplies them with each token. A processor does both at a time, so that a pass takes the
/// longer of the two (the roofline: Williams, Waterman and Patterson 2009), and near the place where they meet a little more.
/// One token is mostly far from there: a few more cost little.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Roofline {
    /// The products of one token, in readings of the weights.
    row: f64,
}

impl Roofline {
    /// How sharp the corner is.
    const CORNER: i32 = 3;
    /// Beyond this every token costs a pass.
    const MOST: f64 = 4.0;
    /// Before a pass was measured.
    const USUAL: Self = Self { row: 0.25 };

    /// A pass over so many tokens, in passes over one.
    fn pass(self, tokens: f64) -> f64 {
        let corner = |tokens: f64| 1.0 + (self.row * tokens).powi(Self::CORNER);
        (corner(tokens) / corner(1.0)).powf(1.0 / f64::from(Self::CORNER))
    }
}

/// What passes took lately.
#[derive(Debug)]
pub(super) struct Passes {
    /// By the tokens read: passes, and seconds of all of them; older ones count less.
    lately: [(f64, f64); LONGEST + 1],
    noted: usize,
    pub(super) costs: Costs,
    is_measured: bool,
}

impl Default for Passes {
    fn default() -> Self {
        let lately = [(0.0, 0.0); LONGEST + 1];
        Self { lately, noted: 0, costs: Costs::of(Roofline::USUAL), is_measured: true }
    }
}

impl Passes {
    /// What is left of older passes with each new one.
    const KEPT: f64 = 0.99;
    /// Passes that are judged, at least, and after how many they are judged again.
    const ENOUGH: usize = 8;
    /// The first guess at the products of a token, and how many there are, each this much larger.
    const FIRST: f64 = 0.02;
    const GUESSES: i32 = 48;
    const STEP: f64 = 1.12;
    /// What a guess has to explain better than the usual one, for each unit that it is away: where all passes are of one
    /// length, any guess is as good.
    const DOUBT: f64 = 0.01;
    /// For how many passes of a length the roofline speaks beside those that were measured.
    const TRUST: f64 = 4.0;

    /// Passes that cost this whatever they take.
    pub(super) fn given(row: f64) -> Self {
        let costs = Costs::of(Roofline { row: row.clamp(0.0, Roofline::MOST) });
        Self { costs, is_measured: false, ..Self::default() }
    }

    pub(super) fn note(&mut self, tokens: usize, seconds: f64) {
        let (count, all) = self.lately.iter().fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
        // Much slower ones say what else the machine does.
        let is_slow = self.noted > Self::ENOUGH && seconds > 4.0 * all / count;
        if !self.is_measured || tokens > LONGEST || is_slow {
            return;
        }
        for (count, all) in &mut self.lately {
            (*count, *all) = (*count * Self::KEPT, *all * Self::KEPT);
        }
        let own = &mut self.lately[tokens];
        *own = (own.0 + 1.0, own.1 + seconds);
        self.noted += 1;
        if self.noted.is_multiple_of(Self::ENOUGH) {
            let guess = |i| Roofline { row: Self::FIRST * Self::STEP.powi(i) };
            let doubts = (0..Self::GUESSES).map(guess).map(|guess| (self.doubt(guess), guess));
            let best = doubts.min_by(|a, b| a.0.0.total_cmp(&b.0.0));
            if let Some(((_, one), roofline)) = best {
                self.costs = self.measured(roofline, one);
            }
        }
    }

    /// What was measured, and where little was, what a roofline says; `one`: seconds of its pass over one token.
    fn measured(&self, roofline: Roofline, one: f64) -> Costs {
        let mut costs = Costs::of(roofline);
        let mut fewer = 0.0_f64;
        for (pass, (count, all)) in costs.passes.iter_mut().zip(self.lately) {
            if one > 0.0 {
                *pass = (*pass * Self::TRUST + all / one) / (Self::TRUST + count);
            }
            // What more tokens cost less by was measured on a machine that did something else.
            fewer = fewer.max(*pass);
            *pass = fewer;
        }
        costs
    }

    /// How badly a guess explains what was measured: the mean square of what is left, as a part of a pass. And seconds
    /// of a pass over one token.
    fn doubt(&self, costs: Roofline) -> (f64, f64) {
        let means = self.lately.iter().enumerate().filter(|(_, (count, _))| *count > 0.0);
        let means =
            means.map(|(tokens, (count, all))| (costs.pass(tokens as f64), *count, all / count));
        let [mut both, mut squares, mut total, mut count] = [0.0; 4];
        for (pass, passes, seconds) in means {
            both += passes * pass * seconds;
            squares += passes * pass * pass;
            total += passes * seconds * seconds;
            count += passes;
        }
        // Seconds of a pass over one token, by least squares.
        let one = both / squares;
        let left = (total - one * both) / (count * one * one);
        (left + Self::DOUBT * (costs.row - Roofline::USUAL.row).powi(2), one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_tokens_cost_little_more_than_one_until_products_take_longer_than_weights() {
        let costs = Roofline { row: 0.25 };
        assert_eq!(costs.pass(1.0), 1.0);
        assert!(costs.pass(2.0) < 1.05 && costs.pass(4.0) < 1.26, "{}", costs.pass(4.0));
        assert!((costs.pass(8.0) - 2.0).abs() < 0.08, "{}", costs.pass(8.0));
        let dear = Roofline { row: Roofline::MOST };
        assert!((dear.pass(2.0) - 2.0).abs() < 0.01, "{}", dear.pass(2.0));
        assert_eq!(Roofline { row: 0.0 }.pass(8.0), 1.0);
    }

    #[test]
    fn costs_are_those_that_were_measured() {
        let mut passes = Passes::default();
        let true_costs = Roofline { row: 0.5 };
        let pass = |passes: &mut Passes, tokens: usize, costs: Roofline| {
            passes.note(tokens, 0.04 * costs.pass(tokens as f64));
            passes.costs.row()
        };
        let close = |row: f64, costs: Roofline| (row / costs.row - 1.0).abs() < 0.07;
        for _ in 0..100 {
            let row = pass(&mut passes, 1, true_costs);
            assert!(close(row, Roofline::USUAL), "passes of one length say nothing: {row}");
        }
        let row = (0..40).map(|i| pass(&mut passes, 1 + i % 3, true_costs)).last().unwrap();
        assert!(close(row, true_costs), "{row}");
        passes.note(2, 30.0);
        passes.note(500, 9.0);
        assert!(close(passes.costs.row(), true_costs), "what is out of measure does not count");
        let cheap = Roofline { row: 0.1 };
        let row = (0..800).map(|i| pass(&mut passes, 1 + i % 8, cheap)).last().unwrap();
        assert!(close(row, cheap), "{row}");
        let dear = Roofline { row: 4.0 };
        (0..800).for_each(|i| _ = pass(&mut passes, 1 + i % 2, dear));
        assert!(passes.costs.pass(2.0) > 1.75, "every token costs nearly a pass");
        (0..400).for_each(|_| passes.note(1, 0.0));
        assert!(passes.costs.pass(3.0).is_finite());
    }

    #[test]
    fn what_is_given_stays() {
        let mut passes = Passes::given(0.3);
        (0..40).for_each(|i| passes.note(1 + i % 4, 0.01 * i as f64));
        assert_eq!(passes.costs, Costs::of(Roofline { row: 0.3 }));
        assert_eq!(Passes::given(f64::INFINITY).costs.row(), Roofline::MOST);
    }

    #[test]
    fn a_step_that_no_roofline_has_is_measured() {
        let mut passes = Passes::default();
        // As kernels are that take four tokens at a time.
        let cost = |tokens: usize| 0.9 + 0.4 * tokens.div_ceil(4) as f64;
        (0..400).for_each(|i| passes.note(1 + i % 6, cost(1 + i % 6)));
        let costs = passes.costs;
        for tokens in [2, 3, 4, 5, 6] {
            let (cost, is) = (cost(tokens) / cost(1), costs.pass(tokens as f64) / costs.pass(1.0));
            assert!((is / cost - 1.0).abs() < 0.06, "{tokens}: {is} is not {cost}");
        }
        assert_eq!(costs.pass(2.5), (costs.pass(2.0) + costs.pass(3.0)) / 2.0);
        let beyond = [costs.pass(LONGEST as f64 - 0.5), costs.pass(LONGEST as f64 + 0.5)];
        assert!(beyond.is_sorted() && beyond[1] < 1.1 * beyond[0], "{beyond:?}");
        // One odd pass does not make many tokens cheaper than fewer.
        passes.note(6, 0.01);
        (0..7).for_each(|_| passes.note(1, cost(1)));
        assert!((1..40).map(|tokens| passes.costs.pass(f64::from(tokens))).is_sorted());
    }
}
