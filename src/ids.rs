//! Id newtypes shared by all floors.
//!
//! All are `u32`: a grammar, a vocabulary or an automaton with more than four billion parts is refused long before.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an index into the table it belongs to.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of the entry at `index`.
            ///
            /// # Panics
            /// If `index` does not fit 32 bits; tables are bounded far below that by [`Limits`](crate::Limits).
            #[inline]
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("invariant: tables hold fewer than 2^32 entries"))
            }
        }
    };
}

id!(
    /// A token of the model's vocabulary: a row of the logits.
    TokenId
);
id!(
    /// A terminal of a grammar.
    TerminalId
);
id!(
    /// A nonterminal of a grammar.
    NonterminalId
);
id!(
    /// A production of a grammar.
    ProductionId
);
