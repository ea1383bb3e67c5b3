//! `eovr-server plan`, as a user runs it.

use eovr_core::Eovr;
use eovr_core::kind::Kind;
use eovr_core::seal::MasterKey;
use eovr_core::{Command, access::danger, name, org::OrgId};
use eovr_store_sql::SqlStore;

use crate::support::{Folder, Tested, run};

#[test]
fn an_up_to_date_database_has_no_plan() -> Tested {
    let folder = Folder::new()?;
    let absent = run(&mut folder.command("plan"))?;
    assert_eq!(absent.code, Some(2), "{}", absent.said);
    absent.says(&["there is no database at", "the first start makes it"])?;
    assert!(!folder.data().exists(), "a plan made something");

    let demo = run(folder.command("demo").arg("--once"))?;
    assert_eq!(demo.code, Some(0), "{}", demo.complained);
    let plan = run(&mut folder.command("plan"))?;
    assert_eq!((plan.code, plan.said.as_str()), (Some(0), "-- the database is up to date\n"));
    Ok(())
}

/// A database of a host whose incidents have another workflow and fewer facets.
#[test]
fn it_prints_the_statements_and_counts_stranded_records() -> Tested {
    let folder = Folder::new()?;
    std::fs::create_dir_all(folder.data())?;
    let url = format!("sqlite://{}", folder.data().join("eovr.db").display());
    let table = serde_json::json!({
        "name": "incident",
        "facets": [{"name": "category", "type": "text"}],
        "workflow": {
            "start": "created", "create": "report",
            "states": [{"name": "created"}, {"name": "held", "end": true}],
            "actions": [{"name": "report", "tiers": [1, 5]}, {"name": "hold", "tiers": [1, 5]}],
            "rules": [{"from": ["created"], "action": "hold", "to": "held"}]
        }
    });
    tokio::runtime::Runtime::new()?.block_on(async {
        let store = SqlStore::open(&url).await?;
        let builder = Eovr::builder().store(store.clone()).org(eovr_tests::org());
        let builder = builder.master_key(MasterKey::from_bytes(&[7; 32]));
        let eovr = builder.kind(Kind::new(serde_json::from_value(table)?)?).open().await?;
        let session = eovr.session(danger::unrestricted("test", "make records")?);
        let (kind, facility) = (name!("incident"), OrgId::new("CAI-1-1")?);
        for _ in 0..3 {
            session.create(&kind, &facility, Command::new("report")).await?;
        }
        let id = session.create(&kind, &facility, Command::new("report")).await?.id;
        session.act(&kind, id, Command::new("hold")).await?;
        store.close().await;
        Ok::<_, Box<dyn std::error::Error>>(())
    })?;
    let first = run(&mut folder.command("plan"))?;
    assert_eq!(first.code, Some(1), "{}{}", first.said, first.complained);
    first.says(&[
        "ALTER TABLE \"incident\" ADD COLUMN \"severity\" TEXT;",
        "CREATE TABLE IF NOT EXISTS \"user\"",
        "-- 1 record of `incident` is in the state `held`, which the kind does not have",
        "-- 3 records of `incident` have no `category`, which the kind requires",
        "-- 3 records of `incident` have no `reporter_type`, which the kind requires",
    ])?;
    assert!(!first.said.contains("CREATE TABLE IF NOT EXISTS \"incident\""), "{}", first.said);
    // It changed nothing, and made no key.
    assert_eq!(run(&mut folder.command("plan"))?.said, first.said);
    assert!(!folder.data().join("master.key").exists());
    Ok(())
}
