//! The organisation and the accounts, as every host stores them.

use eovr_core::access::{Role, Seat, Standing, danger};
use eovr_core::decide::Command;
use eovr_core::identity::{self, NewUser, Site, facility, org_from, user};
use eovr_core::memory::MemoryStore;
use eovr_core::org::{Org, OrgId};
use eovr_core::record::{Query, Record};
use eovr_core::seal::MasterKey;
use eovr_core::{Eovr, ErrorKind, Name, Session};

use crate::support::Tested;

const ORG: &str = r#"[{"id": "G", "title": {"en": "g", "ar": "م"}, "administrations": [{"id": "A",
    "title": {"en": "a", "ar": "إ"}, "facilities": [
    {"id": "F1", "title": {"en": "one", "ar": "واحد"}, "time_zone": "Africa/Cairo"},
    {"id": "F2", "title": {"en": "two", "ar": "اثنان"}, "time_zone": "UTC"}]}]}]"#;

async fn opened() -> Result<(Eovr, Session), Box<dyn std::error::Error>> {
    let eovr = Eovr::builder()
        .store(MemoryStore::new())
        .org(Org::new(serde_json::from_str(ORG)?)?)
        .kinds(identity::kinds()?)
        .master_key(MasterKey::from_bytes(&[7; 32]))
        .open()
        .await?;
    let setup = eovr.session(danger::unrestricted("test.setup", "enter facilities and accounts")?);
    Ok((eovr, setup))
}

async fn all(session: &Session, kind: Name) -> Result<Vec<Record>, Box<dyn std::error::Error>> {
    Ok(session.find(&Query::of(kind)).await?.items)
}

async fn provision(by: &Session, role: Role, email: &str) -> eovr_core::Result<Record> {
    let new = NewUser {
        role,
        email: email.to_owned(),
        display_name: "Mona Zaki".to_owned(),
        password_hash: Some("$argon2id$".to_owned()),
        must_change: false,
    };
    let id = by.create(&user::KIND, &OrgId::new("F1")?, new.command()).await?.id;
    by.load(&user::KIND, id).await
}

#[tokio::test]
async fn the_organisation_comes_back_as_it_was_entered() -> Tested {
    let (eovr, setup) = opened().await?;
    for site in Site::all(&eovr.org()) {
        site.clone().register(&setup).await?;
        let again = site.register(&setup).await;
        assert_eq!(again.err().map(|error| error.kind()), Some(ErrorKind::Conflict));
    }
    let sites = all(&setup, facility::KIND).await?;
    assert_eq!(org_from(&sites)?.governorates(), eovr.org().governorates());
    assert_eq!(org_from(&[]).err().map(|error| error.kind()), Some(ErrorKind::Config));

    // Only an account of tier 5 closes a facility; it leaves the tree, and its record stays.
    let top = provision(&setup, Role::TopManagement, "top@example.org").await?;
    let top = eovr.session(identity::actor(&top)?);
    let two =
        sites.iter().find(|site| site.envelope().stamp.facility.as_str() == "F2").ok_or("F2 is there")?;
    let close = Command::new(facility::Action::Close).note("moved into the new building");
    let machine = setup.act(&facility::KIND, two.id(), close.clone()).await;
    assert_eq!(machine.err().map(|error| error.kind()), Some(ErrorKind::Refused));
    top.act(&facility::KIND, two.id(), close).await?;
    let left: Vec<String> = org_from(&all(&top, facility::KIND).await?)?
        .stamps()
        .map(|stamp| stamp.facility.to_string())
        .collect();
    assert_eq!(left, ["F1"]);
    Ok(())
}

#[tokio::test]
async fn the_seat_is_the_stamp_cut_off_at_the_level_of_the_role() -> Tested {
    let (eovr, setup) = opened().await?;
    let stamp = eovr.org().stamp(&OrgId::new("F1")?).cloned().ok_or("F1 is there")?;
    let (governorate, administration) = (stamp.governorate.clone(), stamp.administration.clone());
    let check = async |role: Role, level: &str, expected: Seat| -> Tested {
        let record = provision(&setup, role, &format!("{role}@example.org")).await?;
        assert_eq!(record.facet("seat").and_then(|seat| seat.as_text()), Some(level));
        assert_eq!(*identity::actor(&record)?.standing(), Standing::Member { role, seat: expected });
        Ok(())
    };
    check(Role::Staff, "facility", Seat::Facility(stamp.clone())).await?;
    check(Role::QualityAdmin, "facility", Seat::Facility(stamp)).await?;
    let seat = Seat::Administration { governorate: governorate.clone(), administration };
    check(Role::AdminManager, "administration", seat).await?;
    check(Role::GovernorateManager, "governorate", Seat::Governorate(governorate)).await?;
    check(Role::TopManagement, "country", Seat::Country).await
}

#[tokio::test]
async fn accounts_are_for_the_top_alone_and_addresses_are_unique() -> Tested {
    let (eovr, setup) = opened().await?;
    let top = provision(&setup, Role::TopManagement, "top@example.org").await?;
    let top = eovr.session(identity::actor(&top)?);
    let nurse = provision(&top, Role::Staff, "mona@example.org").await?;
    let twice = provision(&top, Role::Staff, " Mona@EXAMPLE.org").await;
    assert_eq!(twice.err().map(|error| error.kind()), Some(ErrorKind::Conflict));
    let found = top.find(&user::find_by_email("MONA@example.org")).await?.items;
    assert_eq!(found.iter().map(Record::id).collect::<Vec<_>>(), [nurse.id()]);

    let staff = eovr.session(identity::actor(&nurse)?);
    assert_eq!(staff.load(&user::KIND, nurse.id()).await.err().map(|e| e.kind()), Some(ErrorKind::Denied));
    let more = provision(&staff, Role::TopManagement, "me@example.org").await;
    assert_eq!(more.err().map(|error| error.kind()), Some(ErrorKind::Denied));

    top.act(&user::KIND, nurse.id(), Command::new(user::Action::Disable).note("on leave")).await?;
    let disabled = identity::actor(&top.load(&user::KIND, nurse.id()).await?);
    assert_eq!(disabled.err().map(|error| error.kind()), Some(ErrorKind::Denied));
    top.act(&user::KIND, nurse.id(), Command::new(user::Action::Enable).note("back again")).await?;
    assert!(identity::actor(&top.load(&user::KIND, nurse.id()).await?).is_ok());
    assert!(top.trail(&user::KIND, nurse.id()).await?.verdict.is_intact());
    Ok(())
}
