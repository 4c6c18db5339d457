//! Errors of the compiler that users will meet, word for word.
//!
//! `TRYBUILD=overwrite cargo test -p perennial --test compile_fail` writes them anew; read what changed.

#[test]
fn errors_say_what_is_missing() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
