//! `key`: lists, rotates, destroys and rewraps the keys that seal, in the name of a person.
//!
//! An account of tier 5 logs in with password and second factor. An operator without an account, on a machine with the
//! master key, gives a name; the audit entry of the change holds that name and the reason.

use std::io::{self, BufRead as _, IsTerminal as _};

use clap::ValueEnum;
use console::Term;
use eovr_core::access::{Actor, Role, Seat};
use eovr_core::identity::Authentication;
use eovr_core::identity::authentication::{Authenticated, LoginStep, Origin};
use eovr_core::identity::key_change::{KeyChanges, KeyOperation};
use eovr_core::identity::password::Password;
use eovr_core::record::{ActorId, RecordId};
use eovr_core::seal::Purpose;
use eovr_core::service::SystemClock;
use eovr_core::{Error, ErrorKind, Session};
use eovr_host::checkpoint::Log;
use eovr_host::database::KeyText;
use eovr_host::http::auth;
use eovr_host::output::{Failure, Out, Paint};
use eovr_host::settings::{PREVIOUS_KEY, Place};
use zeroize::Zeroizing;

use crate::engine::{self, Host, MasterKeys, Opening};

/// The client name in the login of an account.
const CLIENT: &str = "eovr-server key";
/// The actor of an operator without an account.
const OPERATOR: &str = "eovr-server.operator";

/// Options of `key`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The action
    #[arg(value_enum)]
    verb: Verb,
    /// Destroy: the key, by its id
    #[arg(value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Rotate: the purpose of the key
    #[arg(long, value_enum, default_value_t = For::Fields)]
    purpose: For,
    /// The reason; required for destroying a key
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The address of an account of tier 5, which logs in at the prompt
    #[arg(long = "as", value_name = "EMAIL", conflicts_with = "operator")]
    who: Option<String>,
    /// The name of an operator without an account
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// Rewrap: signs one more checkpoint, so that checkpoints under the new key continue those under the old one
    #[command(flatten)]
    log: Log,
}

/// The actions on keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Verb {
    /// Show every key, and its state
    List,
    /// Create a new key, which seals from now on
    Rotate,
    /// Destroy a retired key; everything that it sealed becomes unreadable
    Destroy,
    /// Wrap all keys again under EOVR_MASTER_KEY that are wrapped under EOVR_PREVIOUS_MASTER_KEY
    Rewrap,
}

/// The purpose of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum For {
    /// Sealing texts
    Fields,
    /// Searching for file numbers
    Search,
    /// Authenticating events; older keys stay, and are never destroyed
    Events,
}

impl From<For> for Purpose {
    fn from(purpose: For) -> Self {
        match purpose {
            For::Fields => Self::Fields,
            For::Search => Self::Search,
            For::Events => Self::Events,
        }
    }
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<(), Failure> {
    args.check()?;
    if args.verb == Verb::Rewrap {
        return rewrap(&args, out).await;
    }
    let host = engine::open_with(&args.place, SystemClock, existing(None), out).await?;
    let done = match args.verb {
        Verb::List => list(&host, out).await,
        _ => change(&args, &host, out).await,
    };
    host.close().await;
    done
}

/// Opens an existing store only; no facility of the demonstration is entered.
fn existing(keys: Option<MasterKeys>) -> Opening {
    Opening { for_real: true, keys, ..Opening::default() }
}

impl Args {
    fn check(&self) -> Result<(), Failure> {
        if self.verb == Verb::List {
            return Ok(());
        }
        if self.who.is_none() && self.operator.as_ref().is_none_or(|name| name.trim().is_empty()) {
            return Err(Failure::usage(
                "the change needs a responsible person",
                "give `--as EMAIL` for an account of tier 5, or `--operator NAME`",
            ));
        }
        if self.verb == Verb::Destroy && self.key.is_none() {
            return Err(Failure::usage("no key is named", "`key list` shows them: `key destroy KEY`"));
        }
        if self.verb == Verb::Destroy && self.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
            return Err(Failure::usage("destroying a key needs a reason", "give it: `--reason TEXT`"));
        }
        Ok(())
    }

    /// The reason in the audit entry.
    fn said(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or("no reason was given");
        match &self.operator {
            Some(name) => format!("{name}, at the command line: {reason}"),
            None => reason.to_owned(),
        }
    }
}

async fn list(host: &Host, out: &mut Out) -> Result<(), Failure> {
    for key in host.keys.list(&engine::setup(&host.eovr)?).await? {
        let line = format!("{}  {:<6}  {}  {}", key.id, key.purpose, key.created_at, key.state.name());
        out.line(line);
    }
    Ok(())
}

async fn change(args: &Args, host: &Host, out: &mut Out) -> Result<(), Failure> {
    let by = By::of(args, host).await?;
    let done = match (args.verb, &args.key) {
        (Verb::Destroy, Some(key)) => {
            let id: RecordId = key.parse().map_err(Failure::from)?;
            host.keys.destroy(by.session(), id, args.said()).await.map(|()| format!("destroyed: {id}"))
        }
        _ => {
            let made = host.keys.rotate(by.session(), args.purpose.into(), args.said()).await;
            made.map(|id| format!("{id} seals from now on"))
        }
    };
    by.leave().await;
    out.line(done?);
    Ok(())
}

/// Wraps every key again. The change is entered while the old master key still opens the store. After an interrupted
/// attempt, when the old key no longer opens it, the change is entered under the new key.
async fn rewrap(args: &Args, out: &mut Out) -> Result<(), Failure> {
    let config = args.place.database()?;
    let keys = |out: &mut Out| {
        let before = args.place.previous_master_key(&config)?.ok_or_else(|| {
            Failure::usage(
                format!("{PREVIOUS_KEY} is not set"),
                "it is the master key that wraps the keys now",
            )
        })?;
        Ok::<_, Failure>((args.place.master_key(&config, out)?, before))
    };
    let (_, before) = keys(out)?;
    let begun = match engine::open_with(&args.place, SystemClock, existing(only(before)), out).await {
        Err(failure) if failure.kind() == Some(ErrorKind::Key) => None,
        opened => Some(begin(args, opened?).await?),
    };
    let (now, before) = keys(out)?;
    let both = MasterKeys { now, before: Some(before) };
    let host = engine::open_with(&args.place, SystemClock, existing(Some(both)), out).await?;
    let done = finish(args, &host, begun, out).await;
    host.close().await;
    done
}

fn only(now: KeyText) -> Option<MasterKeys> {
    Some(MasterKeys { now, before: None })
}

/// The audit entry, and its author.
type Begun = (RecordId, Actor);

async fn begin(args: &Args, host: Host) -> Result<Begun, Failure> {
    let done = async {
        let by = By::of(args, &host).await?;
        let intent = host.keys.intent(KeyOperation::Rewrap, None, None, args.said());
        let entry = KeyChanges::of(by.session()).begin(intent).await;
        let actor = by.session().actor().clone();
        by.leave().await;
        Ok((entry?, actor))
    };
    let done = done.await;
    host.close().await;
    done
}

async fn finish(args: &Args, host: &Host, begun: Option<Begun>, out: &mut Out) -> Result<(), Failure> {
    let (entry, actor) = match begun {
        Some(begun) => begun,
        None => {
            let by = By::of(args, host).await?;
            let intent = host.keys.intent(KeyOperation::Rewrap, None, None, args.said());
            let entry = KeyChanges::of(by.session()).begin(intent).await;
            let actor = by.session().actor().clone();
            by.leave().await;
            (entry?, actor)
        }
    };
    KeyChanges::of(&host.eovr.session(actor)).end(entry, &Ok(()), None).await?;
    if let Some(previous) = &host.previous {
        args.log.follow_on(&host.eovr, &host.secrets, previous).await?;
    }
    out.line("every key is wrapped under the new master key; start every node with it");
    let warn = out.paint("note", Paint::Warn);
    out.line(format_args!(
        "{warn}: give `serve` {PREVIOUS_KEY} as well until people have logged in anew and keys for machines were made \
         anew, then destroy the old master key"
    ));
    Ok(())
}

/// The person responsible for a change.
enum By {
    /// An account, logged in while the command runs.
    Account(Authentication, Box<Authenticated>),
    /// An operator without one.
    Operator(Session),
}

impl By {
    async fn of(args: &Args, host: &Host) -> Result<Self, Failure> {
        let Some(email) = &args.who else {
            let operator = Actor::new(ActorId::new(OPERATOR)?, Role::TopManagement, Seat::Country)?;
            return Ok(Self::Operator(host.eovr.session(operator)));
        };
        let authentication = auth::authentication(&host.eovr, host.secrets.tokens(), None).await?;
        let admitted = proven(&authentication, email).await?;
        Ok(Self::Account(authentication, Box::new(admitted)))
    }

    fn session(&self) -> &Session {
        match self {
            Self::Account(_, admitted) => &admitted.session,
            Self::Operator(session) => session,
        }
    }

    /// Ends the login. If that fails, it expires by itself, because its tokens are lost.
    async fn leave(self) {
        if let Self::Account(authentication, admitted) = self {
            drop(authentication.logout(&admitted).await);
        }
    }
}

/// Logs an account in by password and second factor, like a browser.
async fn proven(authentication: &Authentication, email: &str) -> Result<Authenticated, Failure> {
    let password = asked("password: ")?;
    let password = Password::typed(&password).or_else(|_| Password::typed(""));
    let password = password.map_err(|flaw| Failure::broken(flaw.to_string()))?;
    let origin = Origin::client(CLIENT);
    let tried = authentication.begin(email, origin.clone()).await?.try_password(&password)?;
    let mut entry = authentication.login(tried).await?;
    if let LoginStep::SecondStep(token) = &entry {
        entry =
            authentication.second_step(token, asked("code of the second factor: ")?.trim(), &origin).await?;
    }
    match entry {
        LoginStep::Open(opened) => Ok(authentication.authenticate(&opened.access).await?),
        _ => Err(Error::new(ErrorKind::Denied, "the password must be changed first")
            .with_help("log in once in a browser")
            .into()),
    }
}

/// Reads a secret without echo at a terminal, or else a line of standard input.
fn asked(what: &str) -> Result<Zeroizing<String>, Failure> {
    let unread = |error: io::Error| Failure::broken(format!("cannot read what is typed: {error}"));
    if io::stdin().is_terminal() {
        let term = Term::stderr();
        term.write_str(what).map_err(unread)?;
        return term.read_secure_line().map(Zeroizing::new).map_err(unread);
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line).map_err(unread)?;
    while line.ends_with(['\n', '\r']) {
        line.pop();
    }
    Ok(line)
}
