//! The API against its description: Schemathesis reads the description, sends requests with all of its checks, and
//! finds no difference.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::hospital::Hospital;
use crate::served::Found;
use crate::support::{Tested, run};

/// The seed of the generated requests.
const SEED: u32 = 20_261_122;

/// The number for each route and phase. More find more, and take longer.
const EXAMPLES: &str = "6";

/// Routes that end a login or count failed attempts: each has a login of its own.
const OWN: &[&str] = &[
    "/api/auth/logout",
    "/api/auth/logout-everywhere",
    "/api/auth/change-password",
    "/api/auth/prove",
    "/api/auth/mfa/setup",
    "/api/auth/mfa/enable",
    "/api/auth/mfa/disable",
    "/api/auth/sessions",
    "/api/auth/sessions/{id}",
];

fn as_described(email: &str, role: &str) -> Tested {
    let hospital = Hospital::open(|_| {})?;
    let top = hospital.known("top@eovr.test")?;
    let token = hospital.known(email)?;
    let mut tokens = BTreeMap::from([("", token.clone())]);
    for (number, path) in OWN.iter().enumerate() {
        tokens.insert(path, hospital.another(&top, role, &format!("another-{number}@eovr.test"))?);
    }
    let spared = tokens.values().map(|token| hospital.account(token)).collect::<Found<Vec<_>>>()?;

    let python = std::env::var_os("EOVR_PYTHON").ok_or("EOVR_PYTHON names a Python with schemathesis")?;
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/api_hooks.py");
    let ran = run(Command::new(python)
        .args(["-m", "schemathesis.cli", "--no-color", "run", "--checks", "all", "--workers", "1"])
        .args(["--seed", &SEED.to_string(), "--max-examples", EXAMPLES, "--generation-database", "none"])
        .args(["--request-timeout", "20", "--continue-on-failure", "--suppress-health-check", "all"])
        // A stream of events ends only with its login.
        .args(["--exclude-path", "/api/auth/events"])
        .arg(format!("http://{}/api/openapi.json", hospital.server.address))
        .env("SCHEMATHESIS_HOOKS", hooks)
        .env("EOVR_API", json!({"tokens": tokens, "spared": spared}).to_string())
        .current_dir(hospital.folder.data()))?;
    assert_eq!(ran.code, Some(0), "seed {SEED}:\n{}\n{}", ran.said, ran.complained);
    // The account is still logged in, so the requests were authenticated.
    hospital.account(&token)?;
    Ok(())
}

#[test]
fn the_top_gets_what_is_described() -> Tested {
    as_described("top@eovr.test", "top_management")
}

#[test]
fn a_quality_admin_gets_what_is_described() -> Tested {
    as_described("quality.wn-e-1@eovr.test", "quality_admin")
}
