//! `verify` and `vouch`: verify the history in a database, and authenticate events of an older release.

use eovr_core::service::{Inspection, InspectionFinding, SystemClock, Vouched};
use eovr_host::output::{Failure, Out, Paint};
use eovr_host::settings::Place;

use crate::checkpoint;
use crate::engine::{self, Opening};

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    log: checkpoint::VerifyArgs,
    #[command(flatten)]
    place: Place,
}

/// Options of `vouch`.
#[derive(Debug, clap::Args)]
pub(crate) struct VouchArgs {
    #[command(flatten)]
    place: Place,
}

/// Verifies an exported log if the arguments name one, else the database.
pub(crate) async fn run(args: &Args, out: &mut Out) -> Result<u8, Failure> {
    if let Some(code) = checkpoint::verify(&args.log, out)? {
        return Ok(code);
    }
    let host = engine::open_with(&args.place, SystemClock, opening(), out).await?;
    let inspected = match engine::setup(&host.eovr) {
        Ok(system) => system.inspect().await,
        Err(error) => Err(error),
    };
    host.close().await;
    Ok(tell(&inspected?, out))
}

/// Authenticates every chain that an older release wrote.
pub(crate) async fn vouch(args: &VouchArgs, out: &mut Out) -> Result<u8, Failure> {
    let host = engine::open_with(&args.place, SystemClock, opening(), out).await?;
    let vouched = match engine::setup(&host.eovr) {
        Ok(system) => system.vouch().await,
        Err(error) => Err(error),
    };
    host.close().await;
    let Vouched { vouched, had, broken } = vouched?;
    broken.iter().for_each(|finding| tell_one(finding, out));
    out.line(format_args!(
        "{vouched} chains were vouched for, {had} were already; from now on an event without a code is a broken chain"
    ));
    Ok(u8::from(!broken.is_empty()))
}

/// For a command that reads everything once; nothing of the demonstration is entered.
fn opening() -> Opening {
    Opening { read_once: true, for_real: true, ..Opening::default() }
}

fn tell(inspection: &Inspection, out: &mut Out) -> u8 {
    inspection.findings.iter().for_each(|finding| tell_one(finding, out));
    let kept = inspection.findings.len() as u64;
    if inspection.found > kept {
        out.line(format_args!("and {} more", inspection.found - kept));
    }
    let (mut records, mut events, mut authenticated) = (0, 0, 0);
    for kind in inspection.kinds.values() {
        records += kind.records;
        events += kind.events;
        authenticated += kind.authenticated;
    }
    let mark = match inspection.is_intact() {
        true => out.paint("ok", Paint::Good),
        false => out.paint("FAIL", Paint::Bad),
    };
    out.line(format_args!(
        "{mark}    {records} records, {events} events, {authenticated} of them with a code"
    ));
    if authenticated < events && inspection.is_intact() {
        out.line(
            "      an older release wrote the others: `vouch` seals them, once every node runs this one",
        );
    }
    u8::from(!inspection.is_intact())
}

fn tell_one(finding: &InspectionFinding, out: &mut Out) {
    let mark = out.paint("FAIL", Paint::Bad);
    let InspectionFinding { kind, record, seq, finding } = finding;
    match (kind, record) {
        (Some(kind), Some(record)) => {
            out.line(format_args!("{mark}  {kind} {record}, event {seq}: {finding}"))
        }
        _ => out.line(format_args!("{mark}  position {seq} of the feed: {finding}")),
    }
}
