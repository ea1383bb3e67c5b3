//! The example reports, closes, opens and finds the report again.

use std::process::Command;

#[test]
fn a_report_survives_the_night() {
    let run = Command::new(env!("CARGO_BIN_EXE_custom-store")).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{run:?}");
    let number = said.split_whitespace().next().unwrap();
    assert!(number.starts_with("OVR-") && number.ends_with("-000001"), "{said}");
    for expected in ["reported\n", " by nurse-7, Intact { events: 1, authenticated: 1 }", "all of it in "] {
        assert!(said.contains(expected), "`{expected}` is not in\n{said}");
    }
    assert_eq!(said.matches(number).count(), 2, "{said}");
}
