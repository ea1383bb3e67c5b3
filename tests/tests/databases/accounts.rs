//! The two accounts of a database: the owner of the tables, and the account of the server.

use eovr_core::access::Role;
use eovr_core::incident::{self, Action, KIND, Settings};
use eovr_core::kind::Catalog;
use eovr_core::ports::Store as _;
use eovr_core::record::Column;
use eovr_core::{Eovr, ErrorKind, Timestamp};
use eovr_store_sql::SqlStore;
use eovr_tests::servers::{GUEST, GUEST_PASSWORD, Mariadb, Postgres};
use eovr_tests::{actor, id, master_key, org, report};
use sqlx::{Connection as _, MySqlConnection, PgConnection};

use crate::servers::Prompt;

/// The two accounts, created with the SQL of the server's README.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_works_with_an_account_that_owns_nothing() {
    let (postgres, mariadb) = (Postgres::throw_away(), Mariadb::throw_away());
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/reference-server/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let recipe = |of: &str| {
        let (_, rest) = readme.split_once(&format!("```sql\n-- {of}")).expect("README has the recipe");
        let (recipe, _) = rest.split_once("```").unwrap();
        let lines = recipe.lines().skip(1).map(|line| {
            let line = line.replace("'eovr_service'@'%'", &format!("{GUEST}@'127.0.0.1'"));
            line.replace("eovr_service", GUEST).replace("ON eovr.", "ON hospital.")
        });
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>()
    };
    for name in ["hospital", "empty"] {
        postgres.create_database(name);
        mariadb.create_database(name);
    }
    mariadb.tell(&format!("GRANT SELECT, INSERT, UPDATE ON empty.* TO {GUEST}@'127.0.0.1'"));
    let (pg, my) = (postgres.url("hospital"), mariadb.url("hospital"));
    let places = [
        (
            Prompt::Postgres(PgConnection::connect(&pg).await.unwrap()),
            pg,
            postgres.url_as(GUEST, GUEST_PASSWORD, "hospital"),
            postgres.url_as(GUEST, GUEST_PASSWORD, "empty"),
            recipe("PostgreSQL"),
        ),
        (
            Prompt::Mariadb(MySqlConnection::connect(&my).await.unwrap()),
            my,
            mariadb.url_as(GUEST, GUEST_PASSWORD, "hospital"),
            mariadb.url_as(GUEST, GUEST_PASSWORD, "empty"),
            recipe("MariaDB"),
        ),
    ];
    // With the system's entropy, because engines of one seed would choose the same ids.
    let open = async |url: &str| {
        let store = SqlStore::open(url).await.unwrap();
        let builder = Eovr::builder().store(store).org(org()).master_key(master_key());
        builder.kinds(incident::kinds(Settings::default()).unwrap()).open().await.unwrap()
    };
    for (mut administrator, owner, service, empty, recipe) in places {
        drop(open(&owner).await);
        for line in recipe {
            administrator.say(&line).await.unwrap();
        }
        // Typical calls, with a restart between them.
        let eovr = open(&service).await;
        let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
        let told =
            nurse.incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await.unwrap();
        let eovr = open(&service).await;
        let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
        quality.incidents().act(told.written.id, Action::Start, Some("why")).await.unwrap();
        let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
        top.rotate_key(eovr_core::seal::Purpose::Fields).await.unwrap();
        let now = Timestamp::from_micros(1);
        let leased = eovr.store().lease(10, now, now).await.unwrap();
        eovr.store().acknowledge(&leased.iter().map(|parcel| parcel.id).collect::<Vec<_>>()).await.unwrap();
        eovr.store().census(&KIND, &[Column::State]).await.unwrap();
        assert!(top.inspect().await.unwrap().is_intact());

        // Rights of the owner only.
        let mut prompt = match &administrator {
            Prompt::Postgres(_) => Prompt::Postgres(PgConnection::connect(&service).await.unwrap()),
            Prompt::Mariadb(_) => Prompt::Mariadb(MySqlConnection::connect(&service).await.unwrap()),
        };
        let refused = [
            "UPDATE events SET actor = 'attacker'",
            "DELETE FROM events",
            "DELETE FROM incident",
            "DROP TABLE incident",
            "ALTER TABLE incident ADD COLUMN more bigint",
            "CREATE TABLE more (id bigint)",
        ];
        for attempt in refused {
            prompt.say(attempt).await.expect_err(attempt);
        }
        // The database is empty, and this account may create nothing: the error says so and names the fix.
        let store = SqlStore::open(&empty).await.unwrap();
        let catalog = Catalog::new(incident::kinds(Settings::default()).unwrap(), &[]).unwrap();
        let error = store.prepare(&catalog).await.expect_err("it made tables");
        assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
        assert!(error.message().contains("does not let this user"), "{error}");
    }
}
