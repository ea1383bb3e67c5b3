//! Fills our tables: one report goes through the engine and is the template of all others.

use std::path::Path;

use eovr_core::access::Role;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};
use mongodb::{Client, Collection};
use rusqlite::params_from_iter;
use rusqlite::types::Value;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::stores::data::{COLUMNS, Data, Drawn};
use crate::stores::submit::report;
use crate::stores::{Database, Ours};
use crate::world::{self, Random};
use crate::{Outcome, bare};

/// Fills the database of a URL. The incidents have no events, because lists and figures read none.
pub(super) async fn fill(database: Database, url: &str, ours: &Ours, data: &Data) -> Outcome<()> {
    let place = world::stamp(3, 4, 5)?;
    let nurse = ours.engine(false).await?.session(world::actor(Role::Staff, &place)?);
    nurse.incidents().report(&place.facility, report(1)).await?;
    match database {
        Database::Sqlite => sqlite(url, data),
        Database::Postgres => postgres(url, data).await,
        Database::Mariadb => mariadb(url, data).await,
        Database::Mongodb => mongodb(url, data).await,
    }
}

fn sqlite(url: &str, data: &Data) -> Outcome<()> {
    let path = url.strip_prefix("sqlite://").ok_or("the URL of a file")?;
    let mut connection = bare::open(Path::new(path))?;
    let columns = bare::columns(&connection)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(&create_drawn())?;
    let mut insert =
        transaction.prepare(&format!("INSERT INTO drawn VALUES ({})", ["?"; COLUMNS.len()].join(", ")))?;
    for drawn in data.all()? {
        insert.execute(params_from_iter(values(drawn?)))?;
    }
    drop(insert);
    let digest = "randomblob(32)";
    let file_number = "unhex(hex(substr(t.\"medical_file_number\", 1, 18)) || hex(randomblob(27)))";
    let id = "unhex(replace(d.\"id\", '-', ''))";
    transaction.execute_batch(&insert_all(&columns, id, digest, file_number, "d.\"high_risk\""))?;
    transaction.execute_batch("DROP TABLE drawn; DROP TABLE template")?;
    Ok(transaction.commit()?)
}

fn values(drawn: Drawn) -> [Value; COLUMNS.len()] {
    let or_null = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    [
        Value::Text(drawn.id.to_string()),
        Value::Text(drawn.number),
        Value::Text(drawn.stamp.governorate.to_string()),
        Value::Text(drawn.stamp.administration.to_string()),
        Value::Text(drawn.stamp.facility.to_string()),
        Value::Text(drawn.author),
        Value::Text(drawn.state.to_owned()),
        Value::Integer(drawn.created_at),
        Value::Integer(drawn.updated_at),
        Value::Integer(drawn.month),
        or_null(drawn.severity),
        Value::Integer(i64::from(drawn.high_risk)),
        or_null(drawn.disposition),
    ]
}

async fn postgres(url: &str, data: &Data) -> Outcome<()> {
    let mut connection = PgConnection::connect(url).await?;
    let columns = "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'incident'";
    let columns: Vec<String> = sqlx::query_scalar(columns).fetch_all(&mut connection).await?;
    let digest = "sha256(convert_to(d.\"id\", 'UTF8'))";
    let file_number = format!("substring(t.\"medical_file_number\", 1, 18) || substring({digest}, 1, 27)");
    for statement in [
        create_drawn(),
        format!("COPY drawn FROM '{}'", data.file().display()),
        insert_all(&columns, "d.\"id\"::uuid", digest, &file_number, "d.\"high_risk\" = 1"),
        "DROP TABLE drawn; DROP TABLE template".to_owned(),
        // As the server does itself after some time; figures then read an index alone.
        "VACUUM ANALYZE incident".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

async fn mariadb(url: &str, data: &Data) -> Outcome<()> {
    let mut connection = MySqlConnection::connect(url).await?;
    let columns = "SELECT column_name FROM information_schema.columns \
                   WHERE table_schema = database() AND table_name = 'incident'";
    let columns: Vec<String> = sqlx::query_scalar(columns).fetch_all(&mut connection).await?;
    let (id, digest) = ("UNHEX(REPLACE(d.\"id\", '-', ''))", "UNHEX(SHA2(d.\"id\", 256))");
    let file_number =
        format!("CONCAT(SUBSTRING(t.\"medical_file_number\", 1, 18), SUBSTRING({digest}, 1, 27))");
    for statement in [
        "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'".to_owned(),
        create_drawn(),
        format!("LOAD DATA INFILE '{}' INTO TABLE drawn", data.file().display()),
        insert_all(&columns, id, digest, &file_number, "d.\"high_risk\""),
        "DROP TABLE drawn; DROP TABLE template".to_owned(),
        "ANALYZE TABLE incident".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

fn create_drawn() -> String {
    let columns: Vec<_> = COLUMNS.iter().map(|(name, sql)| format!("\"{name}\" {sql}")).collect();
    format!("CREATE TABLE drawn ({})", columns.join(", "))
}

/// Statements that take the generated values from `drawn` and the rest from the one report. A sealed file number keeps
/// its header, which says how it is sealed; the sealed bytes differ in each row.
fn insert_all(columns: &[String], id: &str, digest: &str, file_number: &str, high_risk: &str) -> String {
    let value = |column: &String| match column.as_str() {
        "id" => id.to_owned(),
        "head" | "receipt" => digest.to_owned(),
        "medical_file_number" => file_number.to_owned(),
        "high_risk" => high_risk.to_owned(),
        name if COLUMNS.iter().any(|(drawn, _)| *drawn == name) => format!("d.\"{name}\""),
        name => format!("t.\"{name}\""),
    };
    let values: Vec<_> = columns.iter().map(value).collect();
    format!(
        "CREATE TABLE template AS SELECT * FROM incident; \
         INSERT INTO incident ({}) SELECT {} FROM drawn d CROSS JOIN template t",
        bare::quoted(columns),
        values.join(", ")
    )
}

async fn mongodb(url: &str, data: &Data) -> Outcome<()> {
    let client = Client::with_uri_str(url).await?;
    let database = client.default_database().ok_or("the URL names a database")?;
    let incidents: Collection<Document> = database.collection("incidents");
    let template = incidents.find_one(doc! {}).await?.ok_or("one was reported")?;
    let mut random = Random(7);
    let mut batch = Vec::new();
    for drawn in data.all()? {
        batch.push(document(&template, drawn?, &mut random));
        if batch.len() == 5000 {
            incidents.insert_many(std::mem::take(&mut batch)).ordered(false).await?;
        }
    }
    if !batch.is_empty() {
        incidents.insert_many(batch).ordered(false).await?;
    }
    client.shutdown().await;
    Ok(())
}

fn document(template: &Document, drawn: Drawn, random: &mut Random) -> Document {
    let mut document = template.clone();
    let binary = |subtype, bytes| Bson::Binary(Binary { subtype, bytes });
    let header = match template.get("medical_file_number") {
        Some(Bson::Binary(sealed)) => sealed.bytes.iter().take(18),
        _ => [].iter().take(0),
    };
    let file_number = header.copied().chain(random.bytes(64));
    document.extend(doc! {
        "_id": binary(BinarySubtype::Uuid, drawn.id.as_bytes().to_vec()),
        "number": drawn.number,
        "governorate": drawn.stamp.governorate.to_string(),
        "administration": drawn.stamp.administration.to_string(),
        "facility": drawn.stamp.facility.to_string(),
        "author": drawn.author,
        "state": drawn.state,
        "created_at": drawn.created_at,
        "updated_at": drawn.updated_at,
        "month": drawn.month,
        "high_risk": drawn.high_risk,
        "head": binary(BinarySubtype::Generic, random.bytes(32)),
        "receipt": binary(BinarySubtype::Generic, random.bytes(32)),
        "medical_file_number": binary(BinarySubtype::Encrypted, file_number.collect()),
    });
    // An unset value is absent.
    for (name, value) in [("severity", drawn.severity), ("disposition", drawn.disposition)] {
        match value {
            Some(value) => drop(document.insert(name, value)),
            None => drop(document.remove(name)),
        }
    }
    document
}
