//! `serve`: the HTTP API, until somebody ends it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use eovr_core::access::Tier;
use eovr_core::identity::watch::SecurityLog;
use eovr_core::incident::Lessons;
use eovr_core::service::SystemClock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::analyst;
use crate::check;
use crate::checkpoint::Log;
use crate::engine::{self, Host, Opening};
use crate::export::fonts::Shelf;
use crate::http::{self, App, Auth, PerMinute, Provider, Proxies, Rates, Setup, meters};
use crate::learner;
use crate::listen;
use crate::log;
use crate::output::{Failure, Out};
use crate::post;
use crate::settings::Place;
use crate::signal::asked_to_stop;

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    door: Door,
}

/// Where and how to serve.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Door {
    /// The address to listen on; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Behind HTTPS, for real: no documentation pages, and browsers are told to stay with HTTPS
    #[arg(long)]
    production: bool,
    /// Where the server is found from outside, for posters, such as `https://reports.example.org`
    #[arg(long, value_name = "URL", env = "EOVR_PUBLIC_URL")]
    public_url: Option<String>,
    /// The address of a proxy that is believed when it says whom it speaks for
    #[arg(long, value_name = "ADDRESS")]
    proxy: Vec<IpAddr>,
    /// From this tier on (1 to 5) people have to have a second factor: who has none may set one up and nothing else
    #[arg(long, value_name = "TIER", env = "EOVR_SECOND_FACTOR_FROM", value_parser = tier)]
    second_factor_from: Option<Tier>,
    /// Requests a minute that somebody who is in may send; 0: any number
    #[arg(long, value_name = "NUMBER", default_value_t = PerMinute::default().api)]
    requests_per_minute: u32,
    /// A JSON file that describes an OpenID Connect provider, whose tokens are accepted too
    #[arg(long, value_name = "FILE")]
    identity_provider: Option<PathBuf>,
    /// Certificates (PEM) that vouch for that provider, in place of the public authorities
    #[arg(long, value_name = "FILE", requires = "identity_provider")]
    identity_provider_ca: Option<PathBuf>,
    /// A font with Arabic for PDFs, before the one that comes along; its bold is looked for beside it
    #[arg(long, value_name = "FILE", env = "PDF_ARABIC_FONT_PATH")]
    font: Option<PathBuf>,
    #[command(flatten)]
    log: Log,
    #[command(flatten)]
    post: post::Args,
    #[command(flatten)]
    analyst: analyst::Args,
    /// Learn from what people make of suggestions, each facility for itself. The rules speak alone until the
    /// learner's predictions have been better than theirs over a hundred reviews or more, and are never lowered. A
    /// megabyte of memory for each facility with reviews
    #[arg(long, env = "EOVR_LEARN")]
    learn: bool,
}

fn tier(text: &str) -> Result<Tier, String> {
    let number = text.parse::<u8>().map_err(|_| "tiers run from 1 to 5".to_owned())?;
    Tier::new(number).map_err(|error| error.to_string())
}

impl Door {
    fn provider(&self) -> Result<Option<Provider>, Failure> {
        let file = self.identity_provider.as_deref();
        file.map(|file| Provider::open(file, self.identity_provider_ca.as_deref())).transpose()
    }
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<(), Failure> {
    if args.door.production {
        check::for_real(&args.place, args.door.public_url.as_deref(), &args.door.analyst).await?;
    }
    let learner = args.door.learn.then(Arc::default);
    let opening = Opening { learner, for_real: args.door.production, ..Opening::default() };
    let host = engine::open_with(&args.place, SystemClock, opening, out).await?;
    serve(host, &args.door, out).await
}

/// Serves until asked to stop, and closes the store.
pub(crate) async fn serve(host: Host, door: &Door, out: &mut Out) -> Result<(), Failure> {
    let done = listen(&host, door, out).await;
    host.close().await;
    done
}

async fn listen(host: &Host, door: &Door, out: &mut Out) -> Result<(), Failure> {
    let listener = TcpListener::bind(door.listen).await.map_err(|error| {
        Failure::usage(format!("cannot listen on {}: {error}", door.listen), "name another with --listen")
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::broken(format!("the system does not say where it listens: {error}")))?;
    let rates = Rates::new(PerMinute { api: door.requests_per_minute, ..PerMinute::default() });
    let doors = http::doors(&host.eovr, &host.token_secret, door.second_factor_from).await?;
    let mut auth = Auth::new(doors, rates, Proxies(door.proxy.clone()));
    if let Some(provider) = door.provider()? {
        auth = auth.accepting(provider);
    }
    let auth = Arc::new(auth);
    let analysed = door.analyst.is_on();
    let room = post::Room::new(&host.eovr, &door.post, door.public_url.as_deref(), analysed)?;
    let analyst = door.analyst.room(&host.eovr).await?;
    let app = App::new(Setup {
        eovr: host.eovr.clone(),
        gate: auth.clone(),
        auth,
        files: host.files.clone(),
        bell: room.bell(),
        desk: analyst.as_ref().map(analyst::Room::desk),
        learner: host.learner.clone(),
        kept: door.log.kept.clone(),
        shelf: Shelf::new(door.font.clone()),
        production: door.production,
        public_url: door.public_url.clone(),
        secret: host.secret,
        meters: meters::install(),
    });
    log::begin();
    let log = SecurityLog::of(&host.eovr)?;
    let mut beside = JoinSet::new();
    beside.spawn(upkeep(app.clone(), log.clone()));
    beside.spawn(room.work());
    beside.spawn(door.log.kept.clone().work(door.log.keeper(host)?));
    if let Some(analyst) = analyst {
        beside.spawn(analyst.work());
    }
    if let Some(learner) = host.learner.clone() {
        beside.spawn(learner::work(Lessons::new(&host.eovr, learner)?));
    }
    if let Some(provider) = app.auth.provider.clone() {
        // Once before anybody comes; where it is away, it is tried again.
        provider.look(app.auth.doors.now()).await;
        beside.spawn(provider.watch(app.auth.doors.clone()));
    }
    let stop = asked_to_stop();
    out.line(format_args!("listening on http://{address}"));
    listen::serve(listener, http::router(&app), stop, || app.stop()).await;
    beside.shutdown().await;
    watched(&app, &log).await;
    Ok(())
}

async fn upkeep(app: App, log: SecurityLog) {
    let mut every = tokio::time::interval(meters::UPKEEP);
    loop {
        every.tick().await;
        app.meters.run_upkeep();
        app.auth.rates.tidy();
        app.auth.alarm.tidy();
        watched(&app, &log).await;
    }
}

/// What was turned away, into the security log. What cannot be written is kept for the next time.
async fn watched(app: &App, log: &SecurityLog) {
    if let Err(error) = app.auth.alarm.write(log).await {
        tracing::warn!(kind = error.kind().name(), "the security log waits");
    }
}
