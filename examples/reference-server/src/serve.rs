//! `serve`: runs the HTTP API until it is stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eovr_core::access::Tier;
use eovr_core::identity::Organisation;
use eovr_core::identity::alert::Alert;
use eovr_core::identity::authentication::Limits;
use eovr_core::identity::watch::SecurityLog;
use eovr_core::incident::Lessons;
use eovr_core::service::SystemClock;
use eovr_core::triage::Marks;
use eovr_core::{Result as Done, Timestamp};
use eovr_host::checkpoint::Log;
use eovr_host::http::auth::{self, Allowed, Auth, Behind, Provider, Proxies, Rates};
use eovr_host::http::kit::{self, Kit, Watched};
use eovr_host::http::meters;
use eovr_host::listen::{self, Crowd, Most};
use eovr_host::log;
use eovr_host::output::{Failure, Out};
use eovr_host::process;
use eovr_host::secrets::Secrets;
use eovr_host::settings::Place;
use eovr_host::signal::asked_to_stop;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::analyst;
use crate::check;
use crate::delivery;
use crate::engine::{self, Host, Opening};
use crate::export::fonts::LoadedFonts;
use crate::http::pages::Trial;
use crate::http::{self, App, Setup};
use crate::learner;

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    serving: Serving,
}

/// Where and how to serve.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Serving {
    /// The address to listen on; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Production behind HTTPS: no documentation pages, and HSTS for browsers
    #[arg(long)]
    pub(crate) production: bool,
    /// The public URL of the server, for posters, such as `https://reports.example.org`
    #[arg(long, value_name = "URL", env = "EOVR_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    #[command(flatten)]
    pub(crate) behind: Behind,
    /// The address for monitoring: `/health` and `/metrics`, which with --production are served only there
    #[arg(long, value_name = "ADDRESS", env = "EOVR_WATCH")]
    watch: Option<SocketAddr>,
    #[command(flatten)]
    allowed: Allowed,
    #[command(flatten)]
    most: Most,
    /// The lowest tier (1 to 5) that must have a second factor: an account without one can only set it up
    #[arg(long, value_name = "TIER", env = "EOVR_SECOND_FACTOR_FROM", value_parser = tier)]
    second_factor_from: Option<Tier>,
    /// The number of days after which people must log in again, even if active; open logins keep their limit
    #[arg(long, value_name = "DAYS", env = "EOVR_LOGIN_DAYS", default_value_t = Limits::default().login_days,
        value_parser = clap::value_parser!(i64).range(1..=90))]
    login_days: i64,
    /// A JSON file that describes an OpenID Connect provider; its tokens are accepted too
    #[arg(long, value_name = "FILE")]
    identity_provider: Option<PathBuf>,
    /// CA certificates (PEM) for that provider, instead of the public authorities
    #[arg(long, value_name = "FILE", requires = "identity_provider")]
    identity_provider_ca: Option<PathBuf>,
    /// A font with Arabic for PDFs, used before the embedded one; its bold face is looked for beside it
    #[arg(long, value_name = "FILE", env = "PDF_ARABIC_FONT_PATH")]
    font: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) log: Log,
    /// What the engine and its store log: `warn` for slow and refused operations of the store, `debug` for every operation
    #[arg(long, value_name = "LEVEL", env = "EOVR_ENGINE_LOG", value_enum, default_value_t)]
    engine_log: log::OfEngine,
    #[command(flatten)]
    pub(crate) delivery: delivery::Args,
    #[command(flatten)]
    pub(crate) analyst: analyst::Args,
    /// Learn from the reviews of suggestions, separately for each facility. The rules decide alone until the learner's
    /// predictions have been better than theirs over a hundred reviews or more. The learner never lowers the rules'
    /// score. It needs a megabyte of memory for each facility with reviews
    #[arg(long, env = "EOVR_LEARN")]
    learn: bool,
    /// The score of the rules from which a report must be read today, 1 to 100
    #[arg(long, value_name = "SCORE", env = "EOVR_READ_TODAY", default_value_t = Marks::default().today,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    read_today: u8,
    /// The score of the rules from which a report must be read now: it is high-risk, and managers are notified
    #[arg(long, value_name = "SCORE", env = "EOVR_READ_NOW", default_value_t = Marks::default().now,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    read_now: u8,
}

fn tier(text: &str) -> Result<Tier, String> {
    let number = text.parse::<u8>().map_err(|_| "tiers run from 1 to 5".to_owned())?;
    Tier::new(number).map_err(|error| error.to_string())
}

impl Serving {
    pub(crate) fn marks(&self) -> Marks {
        Marks { today: self.read_today, now: self.read_now }
    }

    pub(crate) fn demands_a_second_factor(&self) -> bool {
        self.second_factor_from.is_some()
    }

    /// Without a proxy, responses cross the network unencrypted.
    pub(crate) fn lies_open(&self) -> Option<SocketAddr> {
        (self.behind.is_alone() && !self.listen.ip().is_loopback()).then_some(self.listen)
    }

    /// The outside identity provider, if a file describes one.
    ///
    /// # Errors
    /// As [`Provider::open`].
    pub(crate) fn provider(&self) -> Result<Option<Provider>, Failure> {
        let file = self.identity_provider.as_deref();
        file.map(|file| Provider::open(file, self.identity_provider_ca.as_deref())).transpose()
    }
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<(), Failure> {
    if args.serving.read_today > args.serving.read_now {
        return Err(Failure::usage(
            "`--read-today` is above `--read-now`",
            "a report to read now is also one to read today: give the lower score to `--read-today`",
        ));
    }
    if args.serving.production {
        check::for_real(&args.place, &args.serving).await?;
        if !args.serving.log.kept.is_on() {
            out.line(format_args!("warning: {}", check::NO_CHECKPOINTS));
        }
        if !args.serving.demands_a_second_factor() {
            out.line(format_args!("warning: {}", check::NO_SECOND_FACTOR));
        }
    }
    let learner = args.serving.learn.then(Arc::default);
    let marks = args.serving.marks();
    let opening = Opening { learner, marks, for_real: args.serving.production, ..Opening::default() };
    let host = engine::open_with(&args.place, SystemClock, opening, out).await?;
    serve(host, &args.serving, Vec::new(), out).await
}

/// Serves until asked to stop, and closes the store.
/// Serves until a signal. `trial` are accounts whose passwords anyone may know.
pub(crate) async fn serve(
    host: Host,
    serving: &Serving,
    trial: Vec<Trial>,
    out: &mut Out,
) -> Result<(), Failure> {
    let done = listen(&host, serving, trial, out).await;
    host.close().await;
    done
}

async fn listen(host: &Host, serving: &Serving, trial: Vec<Trial>, out: &mut Out) -> Result<(), Failure> {
    let (listener, address) = bound(serving.listen, "--listen").await?;
    let watching = match serving.watch {
        Some(address) => Some(bound(address, "--watch").await?),
        None => None,
    };
    let descriptors = process::open_at_most();
    let previous = host.previous.as_deref().map(Secrets::tokens);
    let limits = Limits {
        second_factor_from: serving.second_factor_from,
        login_days: serving.login_days,
        ..Limits::default()
    };
    let authentication = auth::doors_after(&host.eovr, host.secrets.tokens(), previous, limits).await?;
    let mut auth = Auth::new(authentication, Rates::new(serving.allowed), serving.behind.proxies());
    if let Some(provider) = serving.provider()? {
        auth = auth.accepting(provider);
    }
    let auth = Arc::new(auth);
    let analysed = serving.analyst.is_on();
    let delivery =
        delivery::Delivery::new(&host.eovr, &serving.delivery, serving.public_url.as_deref(), analysed)?;
    let analyst = serving.analyst.runner(&host.eovr).await?;
    let state = Watched { writes: host.writes.clone(), ..Watched::default() };
    let kit = Kit::new(kit::Setup {
        eovr: host.eovr.clone(),
        callers: auth.clone(),
        auth,
        files: host.files.clone(),
        signals: delivery.signals(),
        kept: serving.log.kept.clone(),
        production: serving.production,
        public_url: serving.public_url.clone(),
        secrets: host.secrets.clone(),
        keys: host.keys.clone(),
        watched: state.clone(),
        meters: meters::install(),
        pages: http::pages::PAGES,
    });
    let app = App::new(Setup {
        kit,
        worker: analyst.as_ref().map(analyst::Runner::worker),
        learner: host.learner.clone(),
        marks: serving.marks(),
        fonts: LoadedFonts::new(serving.font.clone()),
        trial: if serving.production { Vec::new() } else { trial },
    });
    log::begin(env!("CARGO_CRATE_NAME"), serving.engine_log);
    if serving.production && !serving.log.kept.is_on() {
        tracing::warn!("{}", check::NO_CHECKPOINTS);
    }
    let log = SecurityLog::of(&host.eovr)?;
    let mut beside = JoinSet::new();
    beside.spawn(upkeep(app.clone(), log.clone()));
    beside.spawn(delivery.work(app.kit.auth.clone()));
    beside.spawn(serving.log.kept.clone().work(
        serving.log.keeper(&host.eovr, &host.secrets)?,
        state.log,
        app.kit.auth.clone(),
    ));
    beside.spawn(follow(host.organisation.clone()));
    beside.spawn(host.keys.clone().follow(host.eovr.clone()));
    if let Some(analyst) = analyst {
        beside.spawn(analyst.work(app.kit.auth.clone()));
    }
    if let Some(learner) = host.learner.clone() {
        beside.spawn(learner::work(Lessons::new(&host.eovr, learner)?));
    }
    if let Some(provider) = app.kit.auth.provider.clone() {
        // Once before the first client; if the provider is unavailable, the server retries.
        provider.look(app.kit.auth.authentication.now()).await;
        beside.spawn(provider.watch(app.kit.auth.authentication.clone()));
    }
    let stop = asked_to_stop();
    if let Some((listener, address)) = watching {
        let crowd = Crowd::new(Most::WATCHING, descriptors, Proxies::default());
        beside.spawn(listen::serve(listener, http::watched(&app), crowd, std::future::pending(), || {}));
        out.line(format_args!("watched on http://{address}"));
    }
    out.line(format_args!("listening on http://{address}"));
    if !app.trial.is_empty() {
        out.line(format_args!("open http://{address}/try in a browser: one press signs in"));
    }
    let crowd = Crowd::new(serving.most, descriptors, serving.behind.proxies());
    listen::serve(listener, http::router(&app), crowd, stop, || app.kit.stop()).await;
    beside.shutdown().await;
    drop(watched(&app, &log, &mut None).await);
    Ok(())
}

/// Listens, and prints the address.
async fn bound(address: SocketAddr, option: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::usage(format!("cannot listen on {address}: {error}"), format!("name another with {option}"))
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::broken(format!("the system does not report the address: {error}")))?;
    Ok((listener, address))
}

/// Gives the engine the facilities that other processes register, once a second.
async fn follow(mut organisation: Organisation) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = organisation.refresh().await {
            tracing::warn!(kind = error.kind().name(), "the facilities could not be read");
        }
    }
}

async fn upkeep(app: App, log: SecurityLog) {
    let mut every = tokio::time::interval(meters::UPKEEP);
    let mut told = None;
    loop {
        every.tick().await;
        app.kit.meters.tidy();
        app.kit.auth.rates.tidy();
        app.kit.auth.alarm.tidy();
        // A failed write is reported elsewhere, and the entries are kept.
        drop(watched(&app, &log, &mut told).await);
    }
}

/// Writes refused requests and findings into the security log. Entries that cannot be written are kept for the next
/// attempt. `told`: since when writes have failed, if that was reported.
///
/// # Errors
/// The store's errors.
pub(crate) async fn watched(app: &App, log: &SecurityLog, told: &mut Option<Timestamp>) -> Done<()> {
    // Once for each period of failing writes. The entry about it is retried until it is written, so a server without
    // requests also notices when writes work again.
    let failing = app.kit.watched.writes.failing_since();
    if let Some(since) = failing.filter(|since| *told != Some(*since)) {
        app.kit.auth.alarm.alert(Alert::WriteFailed, Some(&since.to_string()), None);
        *told = failing;
    }
    let written = app.kit.auth.alarm.write(log).await;
    if let Err(error) = &written {
        tracing::warn!(kind = error.kind().name(), "the security log waits");
    }
    written
}
