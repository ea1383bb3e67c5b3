//! The demonstration: a hospital group, its users, a year of incidents, and a view of all of it.

mod accounts;
mod clock;
pub(crate) mod organisation;
mod refusals;
mod show;
mod story;
mod words;

use std::time::Instant;

use eovr_core::{Eovr, Timestamp};
use eovr_host::output::{Failure, Out, Paint};
use eovr_host::settings::Place;

pub(crate) use self::clock::DemoClock;
use crate::engine;
use crate::http::pages::Trial;
use crate::serve::{Serving, serve};

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Build and show, then exit
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    serving: Serving,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<(), Failure> {
    let title = out.paint("E·OVR demonstration", Paint::Bold);
    out.line(title);
    let clock = DemoClock::default();
    let host = engine::open(&args.place, clock.clone(), out).await?;
    let done = build_and_show(&args, &host.eovr, &clock, out).await;
    if args.once || done.is_err() {
        host.close().await;
        return done.map(drop);
    }
    out.line("");
    serve(host, &args.serving, done?, out).await
}

/// Gives the accounts to try.
async fn build_and_show(
    args: &Args,
    eovr: &Eovr,
    clock: &DemoClock,
    out: &mut Out,
) -> Result<Vec<Trial>, Failure> {
    let started = Instant::now();
    let path = args.place.database()?.to_string();

    let told = story::told(eovr).await?;
    if told == 0 {
        // The accounts must be older than the first report.
        clock.pretend(story::first_day(clock.system()));
        out.line(format_args!("building in {path}"));
    } else {
        out.line(format_args!("{path} is there already: nothing is built, everything below is read from it"));
        if told < story::COUNT as u64 {
            out.line("the first run was stopped before its end: delete the folder to begin anew");
        }
    }
    let accounts = accounts::provide(eovr).await?;
    if told == 0 {
        story::tell(eovr, &accounts, clock).await?;
    }
    clock.follow_the_system();
    if told == 0 {
        discard_notifications(eovr, clock.system()).await?;
        out.line(format_args!("built in {:.1} s", started.elapsed().as_secs_f64()));
    }

    show::organisation(eovr, out);
    show::accounts(eovr, &accounts, out);
    show::summary(&accounts, out).await?;
    show::lists(eovr, &accounts, out).await?;
    show::one_trail(eovr, &accounts, out).await?;
    refusals::show(eovr, &accounts, out).await?;
    show::verify(&accounts, out).await?;
    Ok(accounts.trial())
}

/// Empties the outbox, so that no mail about the invented year is sent.
async fn discard_notifications(eovr: &Eovr, now: Timestamp) -> Result<(), Failure> {
    loop {
        let parcels = eovr.store().lease(1000, now, now.plus_seconds(60)).await?;
        if parcels.is_empty() {
            return Ok(());
        }
        let ids: Vec<u64> = parcels.iter().map(|parcel| parcel.id).collect();
        eovr.store().acknowledge(&ids).await?;
    }
}
