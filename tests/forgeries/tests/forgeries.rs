//! A caller cannot forge a proof: these programs fail to compile with the expected error.

#[test]
fn forged_proofs_do_not_compile() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
