//! A caller cannot forge a proof: these programs fail to compile with the expected error.

#[test]
fn what_must_not_compile_does_not() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
