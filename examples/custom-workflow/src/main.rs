//! Two kinds of record that are no incidents, on one engine: an alarm of a blood fridge, written as JSON,
//! and a laboratory order, written in Rust. Both get scope, sealing, refusals with reasons and an audit
//! trail, and no line of the engine knows them.

mod lab_order;

use std::io::{Write, stdout};

use eovr_core::access::{Actor, Role};
use eovr_core::decide::Command;
use eovr_core::kind::{Kind, KindTable};
use eovr_core::name;
use eovr_core::org::{Org, OrgId};
use eovr_core::record::{ActorId, RecordId};
use eovr_core::seal::MasterKey;
use eovr_core::{Eovr, Error, Name, Session};
use eovr_store_sql::SqlStore;

use self::lab_order::Action;

const ALARM: &str = include_str!("../alarm.json");
const ORG: &str = r#"[{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
    {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
        {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = stdout();
    let alarm: KindTable = serde_json::from_str(ALARM)?;
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("hospital.db").display());
    let eovr = Eovr::builder()
        .store(SqlStore::open(&url).await?)
        .org(Org::new(serde_json::from_str(ORG)?)?)
        .kinds([Kind::new(alarm)?, lab_order::kind()?])
        .master_key(MasterKey::from_base64("Zm9yIHRoaXMgZXhhbXBsZSBvbmx5LCBuZXZlciByZWE=")?)
        .open()
        .await?;
    let nile = OrgId::new("NIL")?;
    let seat = eovr.org().seat(Role::Staff, &nile)?;
    let nurse = eovr.session(Actor::new(ActorId::new("nurse-7")?, Role::Staff, seat.clone())?);
    let quality = eovr.session(Actor::new(ActorId::new("quality-1")?, Role::QualityAdmin, seat)?);

    // The alarm: a machine may raise it, a person has to acknowledge it, and closing it requires a cause.
    let raise = Command::new("raise").set("fridge", "blood-2").set("tenths_celsius", 112);
    let sensor = eovr.session(nurse.actor().clone().as_machine());
    let raised = sensor.create(&name!("fridge_alarm"), &nile, raise).await?;
    writeln!(out, "{} raised", raised.number.unwrap_or_default())?;
    let silent = sensor.act(&name!("fridge_alarm"), raised.id, Command::new("check").note("seen")).await;
    refused(&mut out, silent.err())?;
    let check = Command::new("check").set("tenths_celsius", 48).note("the door was ajar");
    nurse.act(&name!("fridge_alarm"), raised.id, check).await?;
    let early = quality.act(&name!("fridge_alarm"), raised.id, Command::new("close")).await;
    refused(&mut out, early.err())?;
    let close = Command::new("close").write("cause", "a worn door seal").set("units_discarded", 6);
    quality.act(&name!("fridge_alarm"), raised.id, close).await?;

    // The order: the four-eyes rule, so the nurse who ordered does not release the result.
    let order = Command::new(Action::Order).set("test", "potassium").set("urgent", true);
    let ordered = nurse.create(&name!("lab_order"), &nile, order).await?.id;
    nurse.act(&name!("lab_order"), ordered, Command::new(Action::Collect)).await?;
    nurse
        .act(&name!("lab_order"), ordered, Command::new(Action::Result).write("value", "6.1 mmol/l"))
        .await?;
    let own = nurse.act(&name!("lab_order"), ordered, Command::new(Action::Verify)).await;
    refused(&mut out, own.err())?;
    quality.act(&name!("lab_order"), ordered, Command::new(Action::Verify)).await?;

    trail(&mut out, &quality, &name!("fridge_alarm"), raised.id).await?;
    trail(&mut out, &quality, &name!("lab_order"), ordered).await?;
    for kind in [&name!("fridge_alarm"), &name!("lab_order")] {
        writeln!(out, "\n{}", eovr.catalog().kind(kind)?.machine().diagram())?;
    }
    Ok(())
}

fn refused(out: &mut impl Write, error: Option<Error>) -> Result<(), Box<dyn std::error::Error>> {
    let error = error.ok_or("this was to be refused")?;
    writeln!(out, "  no: {}; {}", error.message(), error.help().unwrap_or_default())?;
    Ok(())
}

async fn trail(
    out: &mut impl Write,
    session: &Session,
    kind: &Name,
    id: RecordId,
) -> Result<(), Box<dyn std::error::Error>> {
    let trail = session.trail(kind, id).await?;
    writeln!(out, "\n{kind}")?;
    for entry in &trail.entries {
        let event = &entry.event;
        let note = entry.note.as_ref().map(|note| format!(": {}", note.as_str())).unwrap_or_default();
        writeln!(out, "  {} {} by {}{note}", event.seq, event.action, event.actor)?;
    }
    writeln!(out, "  {:?}", trail.verdict)?;
    if trail.verdict.is_intact() { Ok(()) } else { Err("the chain is broken".into()) }
}
