//! What passes of a model cost by the tokens that they read: what is worth a guess depends on the weights' format, the machine,
//! and the threads.

/// Tokens of a pass that is looked at, at most: longer ones are work of another kind.
const LONGEST: usize = 16;

/// A pass reads all weights and multiplies them with each token. A processor does both at a time, so that a pass takes the
/// longer of the two (the roofline: Williams, Waterman and Patterson 2009), and near the place where they meet a little more.
/// One token is mostly far from there: a few more cost nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Roofline {
    /// The products of one token, in readings of the weights.
    row: f64,
}

impl Roofline {
    /// How sharp the corner is.
    const CORNER: i32 = 4;
    /// Beyond this every token costs a pass.
    const MOST: f64 = 4.0;
    /// Before a pass was measured.
    const USUAL: Self = Self { row: 0.25 };

    pub(super) fn row(self) -> f64 {
        self.row
    }

    /// A pass over so many tokens, in passes over one. Parts of a token are those that are read perhaps.
    pub(super) fn pass(self, tokens: f64) -> f64 {
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
    pub(super) costs: Roofline,
    is_measured: bool,
}

impl Default for Passes {
    fn default() -> Self {
        let lately = [(0.0, 0.0); LONGEST + 1];
        Self { lately, noted: 0, costs: Roofline::USUAL, is_measured: true }
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

    /// Passes that cost this whatever they take.
    pub(super) fn given(row: f64) -> Self {
        let costs = Roofline { row: row.clamp(0.0, Roofline::MOST) };
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
            let doubts = (0..Self::GUESSES).map(guess).map(|costs| (self.doubt(costs), costs));
            let best = doubts.min_by(|a, b| a.0.total_cmp(&b.0));
            self.costs = best.map_or(Roofline::USUAL, |best| best.1);
        }
    }

    /// How badly a guess explains what was measured: the mean square of what is left, as a part of a pass.
    fn doubt(&self, costs: Roofline) -> f64 {
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
        left + Self::DOUBT * (costs.row - Roofline::USUAL.row).powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_tokens_cost_no_more_than_one_until_products_take_longer_than_weights() {
        let costs = Roofline { row: 0.25 };
        assert_eq!(costs.pass(1.0), 1.0);
        assert!(costs.pass(2.0) < 1.02 && costs.pass(4.0) < 1.2, "{}", costs.pass(4.0));
        assert!((costs.pass(8.0) - 2.0).abs() < 0.05, "{}", costs.pass(8.0));
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
            passes.costs.row
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
        assert!(close(passes.costs.row, true_costs), "what is out of measure does not count");
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
        assert_eq!(passes.costs, Roofline { row: 0.3 });
        assert_eq!(Passes::given(f64::INFINITY).costs.row, Roofline::MOST);
    }
}
