use zeroize::Zeroizing;

use crate::decide::Command;
use crate::error::{ErrorKind, Result};
use crate::identity::authentication::{Authenticated, Authentication, Network, Origin};
use crate::identity::device::Device;
use crate::identity::throttle::{self, Action, Pauses, Place, Standing};
use crate::identity::token::keyed;
use crate::identity::{login, user};
use crate::org::Stamp;
use crate::record::{Record, RecordId};
use crate::service::{Session, until_won};
use crate::workflow::Label;

/// The number of counts over which attempts at unknown addresses are spread.
const CROWDS: u16 = 512;

/// A known network is recorded again after this many days, and stays known for [`REMEMBERED_DAYS`].
const RENEWED_DAYS: i64 = 30;
const REMEMBERED_DAYS: i64 = 180;
const DAY_SECONDS: i64 = 24 * 3600;
/// The most accounts for which one shared browser is known.
const MOST_DEVICES: usize = 10;

/// The count to which an attempt belongs.
#[derive(Clone)]
pub(super) struct Lane {
    id: RecordId,
    place: Place,
    /// `None` where no account has the address.
    account: Option<RecordId>,
    stamp: Stamp,
}

impl Authentication {
    /// The lane of an attempt, for an account or for an unknown address. Both take the same steps.
    pub(super) async fn lane(&self, account: Option<&Record>, email: &str, origin: &Origin) -> Result<Lane> {
        let whose = match account {
            Some(account) => *account.id().as_bytes(),
            None => self.crowd(email),
        };
        if let Some(device) = self.known_device(&whose, origin) {
            return Ok(self.lane_of(account, Place::Device, &[&whose, device.id.as_bytes()]));
        }
        if let Some(network) = origin.network {
            let lane = self.network_lane(account, &whose, network);
            let kept = self.kept(&lane).await?;
            let from =
                kept.map(|kept| login::time(&kept, "came_in_at").plus_seconds(REMEMBERED_DAYS * DAY_SECONDS));
            if from.is_some_and(|until| until > self.eovr().now()) {
                return Ok(lane);
            }
        }
        Ok(self.lane_of(account, Place::Strangers, &[&whose]))
    }

    /// The device cookie of this browser for this account.
    pub(super) fn known_device(&self, account: &[u8; 16], origin: &Origin) -> Option<Device> {
        let now = self.eovr().now();
        let mut devices = origin.devices.iter().filter_map(|token| Device::read(token, self.signer(), now));
        devices.find(|device| device.account.as_bytes() == account)
    }

    /// The device cookies of a shared browser for other accounts, newest first.
    pub(super) fn devices_of_others<'a>(
        &'a self,
        account: &Record,
        origin: &'a Origin,
    ) -> impl Iterator<Item = Zeroizing<String>> + 'a {
        let (now, own) = (self.eovr().now(), account.id());
        let other = move |token: &&Zeroizing<String>| {
            Device::read(token, self.signer(), now).is_some_and(|device| device.account != own)
        };
        origin.devices.iter().filter(other).take(MOST_DEVICES - 1).cloned()
    }

    /// The lane for failed proofs of a logged-in user. Strangers cannot reach it.
    pub(super) fn lane_inside(&self, who: &Authenticated, account: &Record) -> Lane {
        self.lane_of(Some(account), Place::Login, &[who.login.as_bytes()])
    }

    /// Counts an attempt before its password is checked, and returns whether it may be checked. An attempt that loses
    /// every race is not checked, so it need not be counted.
    pub(super) async fn count(&self, lane: &Lane) -> Result<bool> {
        let pauses = self.pauses();
        let counted = until_won(|| async {
            let now = self.eovr().now();
            let kept = self.kept(lane).await?;
            let before = kept.as_ref().map(|kept| Standing::of(kept, now)).unwrap_or_default();
            let after = before.attempted(now, pauses);
            self.put(lane, kept.as_ref(), Action::Attempt, |command| after.set(command)).await?;
            Ok((before.is_closed(), after.is_closed()))
        });
        let Some((was_closed, is_closed)) = counted.await? else { return Ok(false) };
        if is_closed && !was_closed {
            self.tell_closed(lane).await?;
        }
        Ok(!was_closed)
    }

    /// Takes back a successful attempt. With too many concurrent attempts it stays counted.
    pub(super) async fn settle(&self, lane: &Lane) -> Result<()> {
        self.change_count(lane, Action::Settle, |standing, pauses| standing.settled(pauses)).await
    }

    /// Resets the failures after a successful authentication.
    pub(super) async fn forget(&self, lane: &Lane) -> Result<()> {
        self.change_count(lane, Action::Clear, |_, _| Standing::default()).await
    }

    /// Resets the failures of the lane after a login, and remembers the network.
    pub(super) async fn came_in(&self, account: &Record, origin: &Origin) -> Result<()> {
        self.forget(&self.lane(Some(account), "", origin).await?).await?;
        let Some(network) = origin.network else { return Ok(()) };
        let lane = self.network_lane(Some(account), account.id().as_bytes(), network);
        let remembered = until_won(|| async {
            let (now, kept) = (self.eovr().now(), self.kept(&lane).await?);
            let known = kept.as_ref().map(|kept| login::time(kept, "came_in_at"));
            if known.is_some_and(|at| at.plus_seconds(RENEWED_DAYS * DAY_SECONDS) > now) {
                return Ok(());
            }
            let command = |command: Command| command.set("came_in_at", now);
            self.put(&lane, kept.as_ref(), Action::Clear, command).await
        });
        remembered.await.map(drop)
    }

    /// Ends all lock-outs of an account.
    pub(super) async fn lift(&self, by: &Session, account: RecordId, why: &str) -> Result<()> {
        let mut pages = by.pages(throttle::of([account]));
        while let Some(page) = pages.next().await? {
            for kept in page.items.iter().filter(|kept| kept.facet("failures").is_some()) {
                let command = Standing::default().set(Command::new(Action::Lift)).note(why);
                by.act(&throttle::KIND, kept.id(), command).await?;
            }
        }
        Ok(())
    }

    async fn change_count(
        &self,
        lane: &Lane,
        action: Action,
        change: impl Fn(Standing, Pauses) -> Standing,
    ) -> Result<()> {
        let changed = until_won(|| async {
            let Some(kept) = self.kept(lane).await? else { return Ok(()) };
            let standing = change(Standing::of(&kept, self.eovr().now()), self.pauses());
            self.put(lane, Some(&kept), action, |command| standing.set(command)).await
        });
        changed.await.map(drop)
    }

    async fn put(
        &self,
        lane: &Lane,
        kept: Option<&Record>,
        action: Action,
        set: impl Fn(Command) -> Command,
    ) -> Result<()> {
        let software = self.software_for(lane)?;
        if let Some(kept) = kept {
            let command = set(Command::new(action)).expecting(kept.version());
            return software.act(&throttle::KIND, kept.id(), command).await.map(drop);
        }
        let command = set(Command::new(Action::Begin))
            .set("place", lane.place)
            .set_some("user", lane.account.map(|account| account.to_string()));
        let kind = self.eovr().catalog().kind(&throttle::KIND)?.clone();
        let commit = software.decide_new(&kind, lane.id, lane.stamp.clone(), None, command)?;
        self.eovr().commit(commit).await.map(drop)
    }

    /// Records a new lock-out. The owner is notified. For an unknown address the same amount is written.
    async fn tell_closed(&self, lane: &Lane) -> Result<()> {
        let software = self.software_for(lane)?;
        match lane.account {
            Some(account) => software.act(&user::KIND, account, Command::new(user::Action::Lock)).await,
            None => software.act(&throttle::KIND, lane.id, Command::new(Action::Lock)).await,
        }
        .map(drop)
        .or_else(|error| if error.kind() == ErrorKind::Conflict { Ok(()) } else { Err(error) })
    }

    async fn kept(&self, lane: &Lane) -> Result<Option<Record>> {
        match self.software_for(lane)?.attested(&throttle::KIND, lane.id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            kept => Ok(Some(kept?.into_record())),
        }
    }

    fn pauses(&self) -> Pauses {
        let limits = self.limits();
        Pauses {
            after: limits.attempts,
            first_seconds: limits.lock_seconds,
            longest_seconds: limits.longest_lock_seconds,
        }
    }

    fn network_lane(&self, account: Option<&Record>, whose: &[u8; 16], network: Network) -> Lane {
        self.lane_of(account, Place::Network, &[whose, network.to_string().as_bytes()])
    }

    fn lane_of(&self, account: Option<&Record>, place: Place, parts: &[&[u8]]) -> Lane {
        let parts = [&[place.name().as_bytes(), b"\n"], parts].concat();
        let id =
            RecordId::derived("eovr.throttle.v1", &[keyed(self.signer().throttle_key(), &parts).as_slice()]);
        let stamp = account.map_or_else(Stamp::national, |account| account.envelope().stamp.clone());
        Lane { id, place, account: account.map(Record::id), stamp }
    }

    /// The pseudo-account of an unknown address, always the same for the same address.
    pub(super) fn crowd(&self, email: &str) -> [u8; 16] {
        let digest = keyed(self.signer().throttle_key(), &[b"address\n", &user::email_digest(email)]);
        let [a, b, ..] = *digest;
        let mut whose = [0; 16];
        let number = u16::from_be_bytes([a, b]) % CROWDS;
        whose.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        whose
    }

    fn software_for(&self, lane: &Lane) -> Result<Session> {
        match lane.account {
            Some(account) => self.software(account),
            None => self.software_itself(),
        }
    }
}
