//! The example acts and is refused, and its trails verify.

use std::process::Command;

#[test]
fn both_kinds_act_and_refuse() {
    let run = Command::new(env!("CARGO_BIN_EXE_custom-workflow")).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{run:?}");
    for expected in [
        "a person to decide, not a machine",
        "`cause` to be filled in",
        "a person other than the author of the record",
        "2 check by nurse-7: the door was ajar",
        "Intact { events: 3, authenticated: 3 }",
        "Intact { events: 4, authenticated: 4 }",
        "[*] --> ringing: raise",
        "resulted --> verified: verify",
    ] {
        assert!(said.contains(expected), "`{expected}` is not in\n{said}");
    }
}
