use crate::access::danger;
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::name;
use crate::notice::{Action, Channel, KIND, State};
use crate::record::{ActorId, Column, Cursor, Page, Query, Record, RecordId, Test};
use crate::service::{Eovr, Session};
use crate::workflow::Label as _;

/// The in-app notices of one person.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// # let (of, rows) = notice_actions()?;
/// # let eovr = Eovr::builder().store(MemoryStore::new()).org(org).kinds(kinds(Settings::default())?)
/// #     .kinds(identity::kinds()?).kind(notice::kind()?).actions(of, rows)
/// #     .master_key(MasterKey::from_bytes(&[7; 32])).open().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// # use eovr_core::identity::{NewUser, user};
/// # let manager = eovr.session(member("top-1", Role::TopManagement, "CAI")?);
/// # let (email, display_name) = ("mona@example.org".to_owned(), "Mona Hassan".to_owned());
/// # let role = Role::QualityAdmin;
/// # let account = NewUser { role, email, display_name, password_hash: None, must_change: false };
/// # let mona = manager.create(&user::KIND, &nile, account.command()).await?.id;
/// use eovr_core::notice::{Channel, Inbox, Dispatcher};
///
/// let dispatcher = Dispatcher::new(&eovr, notice_rules(), &[Channel::InApp])?;
/// nurse.incidents().report(&nile, report).await?;
/// while dispatcher.route().await?.messages > 0 {}
/// let inbox = Inbox::of(&eovr, ActorId::new(&mona.to_string())?)?;
/// let notice = &inbox.unread(20, None).await?.items[0];
/// assert_eq!(notice.text("topic"), Some("incident.report"));
/// inbox.read(notice.id()).await?;
/// assert!(inbox.unread(20, None).await?.items.is_empty());
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Inbox {
    session: Session,
    owner: ActorId,
}

impl Inbox {
    /// The notices of one person. The host must have authenticated the person.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn of(eovr: &Eovr, owner: ActorId) -> Result<Self> {
        // A notice belongs to the facility of its record. The owner sees it because of the ownership, not because of
        // the scope.
        let all = danger::unrestricted("eovr.notices", "show people their own notices")?;
        Ok(Self { session: eovr.session(all), owner })
    }

    /// A page of unread notices, newest first.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn unread(&self, limit: u32, after: Option<Cursor>) -> Result<Page<Record>> {
        let query = Query::of(KIND)
            .filter(Column::Facet(name!("recipient")), Test::Is(self.owner.as_str().into()))
            .filter(Column::Facet(name!("channel")), Test::Is(Channel::InApp.into()))
            .filter(Column::State, Test::Is(State::Waiting.into()))
            .limit(limit);
        self.session.find(&query.after(after)).await
    }

    /// Marks a notice as read. Repeating the call changes nothing.
    ///
    /// # Errors
    /// `NotFound` where the notice does not exist or belongs to another person.
    pub async fn read(&self, id: RecordId) -> Result<()> {
        let record = self.session.load(&KIND, id).await?;
        let is = |facet: &str, wanted: &str| record.text(facet).is_some_and(|text| text == wanted);
        if !is("recipient", self.owner.as_str()) || !is("channel", Channel::InApp.name()) {
            return Err(Error::not_found(KIND));
        }
        match self.session.act(&KIND, id, Command::new(Action::Deliver)).await {
            Err(error) if error.kind() == ErrorKind::Refused => Ok(()),
            done => done.map(drop),
        }
    }
}
