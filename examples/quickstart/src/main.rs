//! The smallest host: it reports one incident and starts the review.
use std::io::Write as _;

use eovr_core::access::{Actor, Role};
use eovr_core::incident::{self, Action, Report, Settings};
use eovr_core::{Eovr, org::Org, org::OrgId, record::ActorId, seal::MasterKey};
use eovr_store_sql::SqlStore;

const ORG: &str = r#"[{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
    {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
        {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("hospital.db").display());
    let eovr = Eovr::builder()
        .store(SqlStore::open(&url).await?)
        .org(Org::new(serde_json::from_str(ORG)?)?)
        .kinds(incident::kinds(Settings::default())?)
        // An example key. Generate your own with `openssl rand -base64 32` and keep it in a secret store.
        .master_key(MasterKey::from_base64("Zm9yIHRoaXMgZXhhbXBsZSBvbmx5LCBuZXZlciByZWE=")?)
        .open()
        .await?;
    let nile = OrgId::new("NIL")?;
    let seat = eovr.org().seat(Role::Staff, &nile)?;
    let nurse = eovr.session(Actor::new(ActorId::new("nurse-7")?, Role::Staff, seat.clone())?);
    let quality = eovr.session(Actor::new(ActorId::new("quality-1")?, Role::QualityAdmin, seat)?);

    let description = "The patient was given ten times the dose and stopped breathing.".to_owned();
    let report = Report { category: "medication".to_owned(), description, ..Report::default() };
    let id = nurse.incidents().report(&nile, report).await?.written.id;
    quality.incidents().act(id, Action::Start, None).await?;

    let record = quality.incidents().load(id).await?;
    let legal: Vec<_> = quality.legal(&record).await?.into_iter().map(|legal| legal.action).collect();
    let number = record.envelope().number.as_deref().unwrap_or_default();
    Ok(writeln!(std::io::stdout(), "{number}, AI {:?}, legal {legal:?}", record.facet("ai_band"))?)
}
