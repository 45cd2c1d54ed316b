//! What the derive accepts, and what it says of every mistake: `ui/<topic>/{pass,fail}/`.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/*/pass/*.rs");
    cases.compile_fail("tests/ui/*/fail/*.rs");
}
