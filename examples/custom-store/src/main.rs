//! A host with a store of its own. The engine accepts any store that keeps the contract, and no line below depends on
//! redb.

use std::io::{Write, stdout};

use custom_store::RedbStore;
use eovr_core::access::{Actor, Role};
use eovr_core::incident::{self, Report, Settings};
use eovr_core::org::{Org, OrgId};
use eovr_core::record::ActorId;
use eovr_core::seal::MasterKey;
use eovr_core::{Eovr, Result as Answer};

const ORG: &str = r#"[{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
    {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
        {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]"#;

async fn open(store: RedbStore, org: Org) -> Answer<Eovr> {
    Eovr::builder()
        .store(store)
        .org(org)
        .kinds(incident::kinds(Settings::default())?)
        .master_key(MasterKey::from_base64("Zm9yIHRoaXMgZXhhbXBsZSBvbmx5LCBuZXZlciByZWE=")?)
        .open()
        .await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = stdout();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("hospital.redb");
    let org = Org::new(serde_json::from_str(ORG)?)?;
    let nile = OrgId::new("NIL")?;
    let seat = org.seat(Role::Staff, &nile)?;
    let nurse = Actor::new(ActorId::new("nurse-7")?, Role::Staff, seat.clone())?;
    let quality = Actor::new(ActorId::new("quality-1")?, Role::QualityAdmin, seat)?;

    let eovr = open(RedbStore::open(&file).await?, org.clone()).await?;
    let description = "The patient was given ten times the dose and stopped breathing.".to_owned();
    let report = Report { category: "medication".to_owned(), description, ..Report::default() };
    let reported = eovr.session(nurse).incidents().report(&nile, report).await?;
    writeln!(out, "{} reported", reported.written.number.unwrap_or_default())?;
    drop(eovr);

    // The file is opened again, as on the next day: it has the report, and its trail verifies.
    let eovr = open(RedbStore::open(&file).await?, org).await?;
    let quality = eovr.session(quality);
    for record in quality.incidents().newest(10).await?.items {
        let number = record.envelope().number.as_deref().unwrap_or_default();
        let verdict = quality.incidents().trail(record.id()).await?.verdict;
        writeln!(out, "{number} {} by {}, {verdict:?}", record.state(), record.envelope().author)?;
    }
    let size = std::fs::metadata(&file)?.len() / 1024;
    Ok(writeln!(out, "all of it in {size} KiB")?)
}
