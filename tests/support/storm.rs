//! Submits incidents without pause from eight concurrent callers, and prints a line `ID VERSION` for each one that the
//! store acknowledged. The tests kill this process and inspect the data, or kill the server behind it. With
//! `--stubborn` the process continues after a failed commit and reports it.

use std::io::Write as _;

use eovr_core::access::Role;
use eovr_core::incident::{self, Action, Settings};
use eovr_core::{Eovr, Error, ErrorKind, Result};
use eovr_tests::{actor, id, master_key, open_store, org, report};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let url = std::env::args().nth(1).unwrap_or_default();
    let stubborn = std::env::args().nth(2).is_some_and(|word| word == "--stubborn");
    match storm(&url, stubborn).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error {} {}", error.kind().name(), error.message()));
            std::process::ExitCode::FAILURE
        }
    }
}

async fn storm(url: &str, stubborn: bool) -> Result<()> {
    let eovr = Eovr::builder()
        .shared_store(open_store(url).await?)
        .org(org())
        .kinds(incident::kinds(Settings::default())?)
        .master_key(master_key())
        .open()
        .await?;
    say("ready");
    let callers: Vec<_> = (0..8).map(|caller| tokio::spawn(submit(eovr.clone(), caller, stubborn))).collect();
    for caller in callers {
        caller.await.map_err(|error| Error::bug("a caller fell over").because(error))??;
    }
    Ok(())
}

async fn submit(eovr: Eovr, caller: u32, stubborn: bool) -> Result<()> {
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    for count in 0_u64.. {
        let text = format!("Caller {caller}, report {count}: the wrong syringe was picked up and put back.");
        let one = async {
            let written = nurse.incidents().report(&id("CAI-1-1"), report(&text)).await?.written;
            say(&format!("{} {}", written.id, written.version));
            let written = quality.incidents().act(written.id, Action::Start, Some("taken up")).await?;
            say(&format!("{} {}", written.id, written.version));
            Ok::<_, Error>(())
        };
        match one.await {
            Err(error)
                if stubborn && matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Uncertain) =>
            {
                say(&format!("error {} {}", error.kind().name(), error.message()));
            }
            done => done?,
        }
    }
    Ok(())
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The reader may be gone; then the line is lost.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
