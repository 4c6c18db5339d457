//! mastery
fn main() {}
