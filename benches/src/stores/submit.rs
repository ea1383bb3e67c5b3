//! Durable reports.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eovr_core::Session;
use eovr_core::access::Role;
use eovr_core::incident::Report;
use eovr_core::ports::Clock as _;
use eovr_core::service::SystemClock;
use tokio::runtime::Runtime;

use crate::stopwatch::{Cost, Stopwatch, take_turns};
use crate::stores::peer::Peer;
use crate::stores::server::Server;
use crate::stores::{Database, LESS_CPU, Ours, cpu_line, line, rate};
use crate::table::Line;
use crate::{Outcome, Scale, world};

/// The rows `stores-submit`.
pub(crate) fn rows(scale: Scale, _: Option<usize>) -> Outcome<Vec<Line>> {
    let peer = Peer::start()?;
    let mut lines = Vec::new();
    for database in Database::ALL {
        lines.extend(on(database, &peer, scale)?);
    }
    Ok(lines)
}

/// A peer that does the same work, and our target against it, by the number of callers.
struct Rival {
    name: &'static str,
    title: &'static str,
    promises: [Option<f64>; 2],
}

fn rivals(database: Database) -> Vec<Rival> {
    let promises = match database {
        Database::Sqlite => [Some(3.0), Some(6.0)],
        Database::Postgres => [Some(3.0), Some(4.0)],
        Database::Mariadb => [None, None],
        Database::Mongodb => [Some(1.6), Some(1.6)],
    };
    let mut rivals = vec![Rival { name: database.name(), title: database.peer(), promises }];
    if database == Database::Mongodb {
        let promises = [Some(2.5), Some(2.5)];
        rivals.push(Rival { name: "mongodb-encrypted", title: "Motor, libmongocrypt", promises });
    }
    rivals
}

fn on(database: Database, peer: &Peer, scale: Scale) -> Outcome<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = Server::start(database)?;
    let rivals = rivals(database);
    for rival in &rivals {
        // A separate database for each, on the same server.
        let url = server.create(&format!("for_{}", rival.name.replace('-', "_")));
        peer.tell(&format!("open {} {url}", rival.name))?;
    }
    let session = runtime.block_on(nurse(database, &server.create("ours")))?;
    let (rounds, seconds) = (scale.pick(7, 2), scale.pick(2.0, 0.3));
    let mut lines = Vec::new();
    for (at, callers) in [1, 8].into_iter().enumerate() {
        let mut ours = || submit(&runtime, &session, callers, seconds);
        let theirs = |rival: &Rival| peer.turn(&format!("submit {} {callers} {seconds}", rival.name));
        let costs = match rivals.as_slice() {
            [one] => take_turns(rounds, &mut [&mut ours, &mut || theirs(one)])?,
            [one, two] => take_turns(rounds, &mut [&mut ours, &mut || theirs(one), &mut || theirs(two)])?,
            _ => return Err("one rival or two".into()),
        };
        let Some((ours, theirs)) = costs.split_first() else { return Err("we took part".into()) };
        let who = if callers == 1 { "1 caller".to_owned() } else { format!("{callers} callers") };
        let what = format!("submit, {}, {who}", database.title());
        for (rival, theirs) in rivals.iter().zip(theirs) {
            let (ours, theirs) = (*ours, *theirs);
            let (mine, its) =
                (format!("{:.0}/s", rate(ours)), format!("{:.0}/s  {}", rate(theirs), rival.title));
            let promise = rival.promises.get(at).copied().flatten();
            lines.push(line(what.clone(), mine, its, theirs.wall / ours.wall, promise));
            lines.push(cpu_line(&what, ours, theirs, rival.title, Some(LESS_CPU)));
        }
    }
    Ok(lines)
}

async fn nurse(database: Database, url: &str) -> Outcome<Session> {
    let eovr = Ours::open(database, url).await?.engine(false).await?;
    Ok(eovr.session(world::actor(Role::Staff, &world::stamp(3, 4, 5)?)?))
}

/// This many concurrent callers for this long, each a task as in a server.
fn submit(runtime: &Runtime, session: &Session, callers: usize, seconds: f64) -> Outcome<Cost> {
    let facility = Arc::new(world::stamp(3, 4, 5)?.facility);
    let watch = Stopwatch::start();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let caller = |_| {
        let (session, facility) = (session.clone(), facility.clone());
        runtime.spawn(async move {
            let mut done = 0_usize;
            loop {
                session.incidents().report(&facility, report(done as u64)).await?;
                done += 1;
                if Instant::now() >= end {
                    return Ok::<_, eovr_core::Error>(done);
                }
            }
        })
    };
    let tasks: Vec<_> = (0..callers).map(caller).collect();
    let mut done = 0;
    for task in tasks {
        done += runtime.block_on(task)??;
    }
    Ok(watch.each(done))
}

/// Seven sealed fields, including the scorer's findings, as many as the peer encrypts.
pub(super) fn report(number: u64) -> Report {
    Report {
        occurred_at: Some(SystemClock.now().plus_seconds(-7200)),
        responsible_manager: Some("head nurse, ward 3".to_owned()),
        ..world::report(number)
    }
}
