//! The quickstart does what the README says.

use std::process::Command;

#[test]
fn it_reports_starts_and_prints() {
    let run = Command::new(env!("CARGO_BIN_EXE_quickstart")).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{run:?}");
    assert!(said.starts_with("OVR-") && said.contains(r#"AI Some("high")"#), "{said}");
    assert!(said.contains("`evaluate`") && !said.contains("`start`"), "{said}");
}
