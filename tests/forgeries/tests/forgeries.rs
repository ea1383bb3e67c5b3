//! Proof that cannot be forged: these do not compile, and say why.

#[test]
fn what_must_not_compile_does_not() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
