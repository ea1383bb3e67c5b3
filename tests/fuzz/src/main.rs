//! libFuzzer with the target that `EOVR_FUZZ` names.

#![no_main]
#![expect(clippy::panic, reason = "a fuzzer tells of a fault by a panic")]

use std::sync::OnceLock;

use eovr_fuzz::{TARGETS, Target, target};
use libfuzzer_sys::fuzz_target;

static CHOSEN: OnceLock<Target> = OnceLock::new();

fn chosen() -> Target {
    *CHOSEN.get_or_init(|| {
        let name = std::env::var("EOVR_FUZZ").unwrap_or_default();
        target(&name)
            .unwrap_or_else(|| panic!("EOVR_FUZZ names one of {:?}", TARGETS.map(|target| target.name)))
    })
}

fuzz_target!(
    // A run of all tests starts every program; without a target this one does nothing.
    init: if std::env::var_os("EOVR_FUZZ").is_none() {
        std::process::exit(0);
    },
    |bytes: &[u8]| (chosen().check)(bytes)
);
