//! Text sets against other judges.

mod corpus;
mod laws;
mod suite;
