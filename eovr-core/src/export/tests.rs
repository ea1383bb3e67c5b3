//! Lists of a host's own kind, and records that an export is not made for.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::columns::Cell;
use super::crosswalk::Mim;
use super::fhir::{Bundle, Release};
use super::pdf::{Fonts, Incident};
use super::*;
use crate::access::Role;
use crate::decide::Command;
use crate::error::ErrorKind;
use crate::incident::{self, Settings};
use crate::kind::{FacetSpec, FieldSpec, Kind, KindTable};
use crate::memory::MemoryStore;
use crate::org::OrgId;
use crate::record::{Value, ValueType};
use crate::service::{Eovr, Session};
use crate::testing;
use crate::time::Timestamp;

const STEP: Name = Name::from_static("transfusion");

fn transfusion() -> Kind {
    let workflow = json!({
        "start": "hung", "create": "hang", "states": [{"name": "hung"}, {"name": "checked_twice", "end": true}],
        "actions": [
            {"name": "hang", "tiers": [1, 5], "sets": ["product", "imputability", "delay", "bar_code", "stopped",
                "hung_at", "causes", "label", "secret", "narrative", "patient_file"]},
            {"name": "check", "tiers": [1, 5]}
        ],
        "rules": [{"from": ["hung"], "action": "check", "to": "checked_twice", "needs": ["note"]}]
    });
    let facets = vec![
        FacetSpec::text(name!("product")),
        FacetSpec::choice(name!("imputability"), ["likely", "not_likely"]),
        FacetSpec::int(name!("delay")),
        FacetSpec::int(name!("bar_code")),
        FacetSpec::bool(name!("stopped")),
        FacetSpec::time(name!("hung_at")),
        FacetSpec::text(name!("causes")),
        FacetSpec::bytes(name!("label")),
        FacetSpec::bytes(name!("secret")).silent(),
    ];
    let fields =
        vec![FieldSpec::new(name!("narrative")), FieldSpec::text(name!("patient_file"), 1..=64).searchable()];
    let workflow = serde_json::from_value(workflow).unwrap();
    Kind::new(KindTable { facets, fields, ..KindTable::new(STEP, workflow) }).unwrap()
}

/// A nurse, a transfusion with everything, one with nothing, an incident.
struct Ward {
    nurse: Session,
    kind: Arc<Kind>,
    full: Opened,
    empty: Opened,
    incident: Opened,
}

/// The bytes of a label whose base64 begins with a sign.
const LABEL: [u8; 3] = [0xfb, 0xef, 0xbe];

fn ward() -> Ward {
    testing::run(async {
        let kinds = incident::kinds(Settings::default())?.into_iter().chain([transfusion()]);
        let builder = Eovr::builder().store(MemoryStore::new()).org(testing::org()?).kinds(kinds);
        let eovr = builder.master_key(testing::master_key()).open().await?;
        let nurse = testing::session(&eovr, "nurse-7", Role::Staff, "NIL")?;
        let nile = OrgId::new("NIL")?;
        let hang = Command::new("hang")
            .set("product", "@platelets")
            .set("imputability", "not_likely")
            .set("delay", -5)
            .set("bar_code", 9_007_199_254_740_993)
            .set("stopped", true)
            .set("hung_at", "2026-11-22T08:30:00Z".parse::<Timestamp>()?)
            .set_some("causes", Value::codes(["mix_up", "haste"]))
            .set("label", LABEL.to_vec())
            .set("secret", vec![1, 2, 3])
            .write("narrative", "=cmd|' /C calc'!A0, \"stopped\"")
            .write("patient_file", "سقط المريض؛ 20 mg");
        let full = nurse.create(&STEP, &nile, hang).await?.id;
        let empty = nurse.create(&STEP, &nile, Command::new("hang")).await?.id;
        let incident = nurse.incidents().report(&nile, testing::report()).await?.written.id;
        let incident = Opened::of(&nurse, nurse.incidents().load(incident).await?)?;
        let full = Opened::of(&nurse, nurse.load(&STEP, full).await?)?;
        let empty = Opened::of(&nurse, nurse.load(&STEP, empty).await?)?;
        let kind = Arc::clone(eovr.catalog().kind(&STEP)?);
        Ok(Ward { nurse, kind, full, empty, incident })
    })
}

impl Ward {
    fn columns(&self) -> Columns {
        Columns::of(&self.kind)
    }

    fn csv(&self) -> String {
        let mut csv = Csv::of(self.columns(), Vec::new()).unwrap();
        csv.push(&self.full).unwrap();
        csv.push(&self.empty).unwrap();
        String::from_utf8(csv.finish().unwrap()).unwrap()
    }
}

const OWN: &str = "product,imputability,delay,bar_code,stopped,hung_at,causes,label,narrative,patient_file";

#[test]
fn csv_has_every_column_of_a_kind_and_no_formula() {
    let ward = ward();
    let text = ward.csv();
    let rows: Vec<&str> = text.split_terminator("\r\n").collect();
    let envelope =
        "id,state,facility,facility_name,administration,governorate,created_at,updated_at,version,";
    assert_eq!(rows[0], format!("{envelope}{OWN}"));
    let record = ward.full.record().envelope();
    let (id, at) = (record.id, record.created_at);
    assert_eq!(
        rows[1],
        format!(
            "{id},hung,NIL,Nile,CAI-E,CAI,{at},{at},1,'@platelets,not_likely,-5,9007199254740993,true,\
             2026-11-22T08:30:00Z,\"mix_up,haste\",'++++,\"'=cmd|' /C calc'!A0, \"\"stopped\"\"\",سقط المريض؛ 20 mg"
        )
    );
    assert!(rows[2].ends_with(",1,,,,,,,,,,"), "{}", rows[2]);
    assert_eq!(rows.len(), 3);
}

#[test]
fn ndjson_has_every_column_of_a_kind_in_order() {
    let ward = ward();
    let mut lines = Ndjson::of(ward.columns(), Vec::new());
    lines.push(&ward.full).unwrap();
    lines.push(&ward.empty).unwrap();
    let text = String::from_utf8(lines.finish().unwrap()).unwrap();
    let (full, empty) = text.split_once('\n').unwrap();
    let own = r#""version":1,"product":"@platelets","imputability":"not_likely","delay":-5,"bar_code":9007199254740993,"stopped":true,"hung_at":"2026-11-22T08:30:00Z","causes":"mix_up,haste","label":"++++","narrative":"=cmd|' /C calc'!A0, \"stopped\"","patient_file":"سقط المريض؛ 20 mg","unreadable":[]}"#;
    assert!(full.ends_with(own), "{full}");
    let empty: Json = serde_json::from_str(empty).unwrap();
    assert!(OWN.split(',').all(|name| empty.get(name) == Some(&Json::Null)), "{empty}");
}

/// Parquet and Excel take types and cells as they are here; `tests/tests/exports/kinds.rs` reads both files back.
#[test]
fn a_cell_has_the_type_of_its_facet() {
    let ward = ward();
    let columns = ward.columns();
    let own = columns.list().iter().filter(|column| OWN.split(',').any(|own| column.code == own));
    let cells: Vec<_> = own.map(|column| (column.value_type(), column.read(&ward.full))).collect();
    let code = |code: &'static str| (ValueType::Text, Cell::Code(code.into()));
    let wanted = [
        code("@platelets"),
        code("not_likely"),
        (ValueType::Int, Cell::Int(-5)),
        (ValueType::Int, Cell::Int(9_007_199_254_740_993)),
        (ValueType::Bool, Cell::Bool(true)),
        (ValueType::Time, Cell::Time("2026-11-22T08:30:00Z".parse().unwrap())),
        code("mix_up,haste"),
        (ValueType::Bytes, Cell::Bytes(&LABEL)),
        (ValueType::Text, Cell::Text("=cmd|' /C calc'!A0, \"stopped\"")),
        (ValueType::Text, Cell::Text("سقط المريض؛ 20 mg")),
    ];
    assert_eq!(cells, wanted);
    let mut table = Parquet::of(ward.columns(), Vec::new()).unwrap();
    let mut book = Workbook::of(ward.columns(), Look::new(Lang::Ar, Timestamp::from_micros(0))).unwrap();
    for record in [&ward.full, &ward.empty] {
        table.push(record).unwrap();
        book.push(record).unwrap();
    }
    let table = table.finish().unwrap();
    assert!(table.windows(LABEL.len()).any(|bytes| bytes == LABEL), "the bytes are as they are");
    assert!(book.finish(Vec::new()).unwrap().starts_with(b"PK"));
}

#[test]
fn titles_are_readable_names_or_those_of_the_host() {
    let ward = ward();
    let titles = |columns: &Columns, lang| -> Vec<String> {
        let last = columns.list().iter().rev().take(4).rev();
        last.map(|column| column.title(lang).into_owned()).collect()
    };
    let plain = ward.columns();
    assert_eq!(titles(&plain, Lang::Both), ["Causes", "Label", "Narrative", "Patient file"]);
    assert_eq!(plain.title(Lang::Ar), "Transfusion");
    let given = [
        ("transfusion", "Transfusions", "نقل الدم"),
        ("label", "Label of the bag", "ملصق الكيس"),
        ("hung", "Hung", "معلق"),
        ("not_likely", "Not likely", "غير مرجح"),
    ];
    let titled = plain.clone().titled(&given).unwrap();
    assert_eq!(titles(&titled, Lang::Ar)[1], "ملصق الكيس");
    assert_eq!(titled.title(Lang::Both), "Transfusions · نقل الدم");
    let words = |columns: &Columns, code: &str, of: &str| {
        let column = columns.list().iter().find(|column| column.code == of).unwrap();
        column.words(&ward.full, code, Lang::Ar).into_owned()
    };
    assert_eq!(words(&titled, "hung", "state"), "معلق");
    assert_eq!(words(&titled, "not_likely", "imputability"), "غير مرجح");
    assert_eq!(words(&titled, "NIL", "facility_name"), "النيل");
    // A title is for the codes of states and choices, and not for a text that happens to be the same.
    assert_eq!(words(&titled, "hung", "product"), "hung");
    assert_eq!(words(&plain, "not_likely", "imputability"), "not_likely");
    // Nothing of an incident is read into another kind.
    assert_eq!(words(&plain, "completed", "state"), "completed");

    let error = plain.clone().titled(&[("labl", "Label", "ملصق")]).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("titles")));
    assert!(
        ["`label`", "`checked_twice`", "`likely`"].iter().all(|name| error.help().unwrap().contains(name))
    );
    assert_eq!(plain.titled(&[("label", " ", "ملصق")]).unwrap_err().kind(), ErrorKind::InvalidInput);
    let incidents = Columns::incidents().titled(&[("location", "Ward", "القسم")]).unwrap();
    assert!(incidents.list().iter().any(|column| column.title(Lang::En) == "Ward"));
}

#[test]
fn numbers_and_parents_are_columns_where_a_kind_has_them() {
    let kinds = incident::kinds(Settings::default()).unwrap();
    let first = |kind: &str| -> Vec<String> {
        let columns = Columns::of(kinds.iter().find(|one| *one.name() == *kind).unwrap());
        columns.list().iter().take(3).map(|column| column.code.to_string()).collect()
    };
    assert_eq!(first("incident"), ["number", "id", "state"]);
    assert_eq!(first("follow_up"), ["id", "parent", "state"]);
}

#[track_caller]
fn refused(done: Result<()>, made_for: &str, got: &str) {
    let error = done.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    let said = error.message();
    assert_eq!(said, format!("this export is made for `{made_for}`, and the record is of the kind `{got}`"));
    assert!(error.help().is_some_and(|help| help.contains("`Columns::of`") && help.contains(got)), "{error}");
}

#[test]
fn what_is_made_for_incidents_refuses_another_record() {
    let ward = ward();
    let (other, at) = (&ward.full, "2026-11-22T08:30:00Z".parse().unwrap());
    let refused = |done| refused(done, "incident", "transfusion");
    let mut csv = Csv::new(Vec::new()).unwrap();
    let head = csv.push(&ward.incident).map(|()| csv_len(&ward.incident)).unwrap();
    refused(csv.push(other));
    assert_eq!(csv.finish().unwrap().len(), head, "nothing of the refused record is written");
    refused(Ndjson::new(Vec::new()).push(other));
    refused(Parquet::new(Vec::new()).unwrap().push(other));
    refused(Workbook::new(Look::new(Lang::En, at)).unwrap().push(other));
    refused(Deidentified::default().push(other));
    refused(Labelled::ndjson(Vec::new()).push(other, None).map(drop));
    refused(Bundle::new(Vec::new(), Release::R4, at).unwrap().push(other, None));
    refused(Mim::of(other).map(drop));
    let report = |incident, follow_ups| {
        let (trail, scheme, checkpoint) = (None, None, None);
        let report =
            Incident { incident, follow_ups, trail, scheme, checkpoint, made_by: "quality", made_at: at };
        let mut bytes = Vec::new();
        let done = report.write(&Fonts::embedded()?, Lang::En, &mut bytes);
        assert!(done.is_ok() || bytes.is_empty());
        done
    };
    refused(report(other, &[]));
    assert!(report(&ward.incident, &[]).is_ok());
    super::tests::refused(report(&ward.incident, std::slice::from_ref(other)), "follow_up", "transfusion");
}

/// The length of the list of one incident.
fn csv_len(incident: &Opened) -> usize {
    let mut csv = Csv::new(Vec::new()).unwrap();
    csv.push(incident).unwrap();
    csv.finish().unwrap().len()
}

#[test]
fn a_list_of_a_kind_refuses_an_incident() {
    let ward = ward();
    let (other, at) = (&ward.incident, "2026-11-22T08:30:00Z".parse().unwrap());
    let refused = |done| refused(done, "transfusion", "incident");
    refused(Csv::of(ward.columns(), Vec::new()).unwrap().push(other));
    refused(Ndjson::of(ward.columns(), Vec::new()).push(other));
    refused(Parquet::of(ward.columns(), Vec::new()).unwrap().push(other));
    refused(Workbook::of(ward.columns(), Look::new(Lang::En, at)).unwrap().push(other));
}

#[test]
fn a_field_that_was_not_opened_is_empty() {
    let ward = ward();
    let closed = Opened::only(&ward.nurse, ward.full.record().clone(), &[]).unwrap();
    let mut csv = Csv::of(ward.columns(), Vec::new()).unwrap();
    csv.push(&closed).unwrap();
    let text = String::from_utf8(csv.finish().unwrap()).unwrap();
    assert!(text.ends_with(",'++++,,\r\n") && !text.contains("calc"), "{text}");
}
