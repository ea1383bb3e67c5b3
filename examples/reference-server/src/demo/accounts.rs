//! One account for every seat that the story needs.

use eovr_core::access::Role;
use eovr_core::identity::{self, NewUser, user};
use eovr_core::org::{OrgId, Stamp};
use eovr_core::workflow::Label as _;
use eovr_core::{Eovr, Error, ErrorKind, Result, Session};
use zeroize::Zeroizing;

use crate::account;
use crate::engine;
use crate::http::pages::Trial;

/// An account of the demonstration.
pub(super) struct Account {
    pub(super) role: Role,
    pub(super) stamp: Stamp,
    pub(super) email: String,
    pub(super) name: String,
    /// Set only if this run created the account; later runs cannot know it.
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) session: Session,
}

/// The accounts, highest role first.
pub(super) struct Accounts(Vec<Account>);

impl Accounts {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.0.iter()
    }

    /// The session of this role for this place.
    pub(super) fn session(&self, role: Role, place: &Stamp) -> Result<&Session> {
        let account = self.iter().find(|account| account.role == role && account.covers(place));
        account.map(|account| &account.session).ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("no account is `{role}` of `{}`", place.facility))
                .with_help("this store is not the demonstration's: name another one")
        })
    }

    /// A nurse, a reviewer and the top, whose passwords this run has drawn.
    pub(super) fn trial(&self) -> Vec<Trial> {
        let roles = [Role::Staff, Role::QualityAdmin, Role::TopManagement];
        let known = |role: Role| {
            let account = self.iter().find(|account| account.role == role)?;
            let (name, email) = (account.name.clone(), account.email.clone());
            Some(Trial { role, name, email, password: account.password.clone()? })
        };
        roles.into_iter().filter_map(known).collect()
    }

    /// The account of top management.
    pub(super) fn top(&self) -> Result<&Session> {
        let account = self.iter().find(|account| account.role == Role::TopManagement);
        account
            .map(|account| &account.session)
            .ok_or_else(|| Error::new(ErrorKind::Config, "the store has no active account of top management"))
    }
}

impl Account {
    fn covers(&self, place: &Stamp) -> bool {
        match self.role {
            Role::Staff | Role::QualityAdmin => self.stamp == *place,
            Role::AdminManager => self.stamp.administration == place.administration,
            Role::GovernorateManager => self.stamp.governorate == place.governorate,
            Role::TopManagement => true,
        }
    }
}

/// Creates missing accounts and loads the others. The software creates the account of top management, and that account
/// creates the rest, as in production; so the audit trail is realistic.
pub(super) async fn provide(eovr: &Eovr) -> Result<Accounts> {
    let setup = engine::setup(eovr)?;
    let planned = planned(eovr);
    let mut passwords = Vec::new();
    for person in &planned {
        if setup.find(&user::find_by_email(&person.email)).await?.items.is_empty() {
            let maker = match person.role {
                Role::TopManagement => setup.clone(),
                _ => boss(eovr, &setup).await?,
            };
            passwords.push((person.email.clone(), make(&maker, person).await?));
        }
    }
    let mut accounts = Vec::new();
    for record in engine::all(&setup, user::KIND).await? {
        if *record.state() != user::State::Active.name() {
            continue;
        }
        let text = |field| setup.open(&record, field).map(|text| text.unwrap_or_default().to_string());
        let email = text("email")?;
        let made = passwords.iter().position(|(made, _)| *made == email);
        accounts.push(Account {
            role: user::role(&record)?,
            stamp: record.envelope().stamp.clone(),
            name: text("display_name")?,
            password: made.map(|at| passwords.swap_remove(at).1),
            session: eovr.session(identity::actor(&record)?),
            email,
        });
    }
    accounts.sort_by(|a, b| {
        b.role
            .cmp(&a.role)
            .then_with(|| a.stamp.facility.cmp(&b.stamp.facility))
            .then_with(|| a.email.cmp(&b.email))
    });
    Ok(Accounts(accounts))
}

struct Person {
    role: Role,
    facility: OrgId,
    email: String,
    name: &'static str,
}

/// The planned accounts: one person for each seat.
fn planned(eovr: &Eovr) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    let mut add = |role: Role, seat: &str, stamp: &Stamp| {
        let address = match role {
            Role::TopManagement => "top",
            Role::GovernorateManager => "governorate",
            Role::AdminManager => "manager",
            Role::QualityAdmin => "quality",
            Role::Staff => "staff",
        };
        let seat = if seat.is_empty() { String::new() } else { format!(".{}", seat.to_lowercase()) };
        let email = format!("{address}{seat}@eovr.test");
        if people.iter().all(|person| person.email != email) {
            let name = NAMES.get(people.len() % NAMES.len()).copied().unwrap_or_default();
            people.push(Person { role, facility: stamp.facility.clone(), email, name });
        }
    };
    for role in Role::ALL.into_iter().rev() {
        for stamp in eovr.org().stamps() {
            let seat = match role {
                Role::TopManagement => "",
                Role::GovernorateManager => stamp.governorate.as_str(),
                Role::AdminManager => stamp.administration.as_str(),
                Role::QualityAdmin | Role::Staff => stamp.facility.as_str(),
            };
            add(role, seat, stamp);
        }
    }
    people
}

async fn boss(eovr: &Eovr, setup: &Session) -> Result<Session> {
    let found = setup.find(&user::find_by_email("top@eovr.test")).await?.items.into_iter().next();
    let record = found.ok_or_else(|| Error::bug("the account at the top is made first"))?;
    Ok(eovr.session(identity::actor(&record)?))
}

async fn make(maker: &Session, person: &Person) -> Result<Zeroizing<String>> {
    let user = NewUser {
        role: person.role,
        email: person.email.clone(),
        display_name: person.name.to_owned(),
        password_hash: None,
        // A user of the demonstration can log in without a change of password.
        must_change: false,
    };
    account::provide(maker, &person.facility, user).await
}

/// Invented names, put together from common ones.
const NAMES: &[&str] = &[
    "Dr Samia Elwany",
    "Dr Hassan Badawy",
    "Dr Nevine Shawky",
    "Dr Tarek Hegazy",
    "Dr Azza Mansour",
    "Dr Magdy Fouad",
    "Dr Lobna Darwish",
    "Amany Zaki",
    "Ihab Naguib",
    "Rasha Attia",
    "Walid Soliman",
    "Noha Ramzy",
    "Ayman Gaber",
    "Ghada Fahmy",
    "Osama Saleh",
    "Mona Abdelrahman",
    "Karim Elsayed",
    "Heba Naguib",
    "Yousef Mansour",
    "Dalia Hegazy",
    "Sameh Fouad",
    "Fatma Gaber",
    "Amr Badawy",
];
