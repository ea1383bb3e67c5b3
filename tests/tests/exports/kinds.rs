//! Lists of a host's own kind, as other programs read them.

use eovr_core::access::Role;
use eovr_core::export::{Columns, Lang, Look, Opened, Parquet, Workbook};
use eovr_core::kind::{FacetSpec, FieldSpec, Kind, KindTable};
use eovr_core::memory::MemoryStore;
use eovr_core::org::OrgId;
use eovr_core::{Command, Eovr, Name, Timestamp, name, testing};
use serde_json::{Value, json};

use super::hospital::{Tested, made_at};
use super::{folder, python, written};

const KIND: Name = Name::from_static("transfusion");

fn transfusion() -> Tested<Kind> {
    let workflow = json!({
        "start": "hung", "create": "hang", "states": [{"name": "hung"}, {"name": "checked", "end": true}],
        "actions": [
            {"name": "hang", "tiers": [1, 5], "sets": ["product", "imputability", "delay", "bar_code", "stopped",
                "hung_at", "causes", "label", "narrative", "told"]},
            {"name": "check", "tiers": [1, 5]}
        ],
        "rules": [{"from": ["hung"], "action": "check", "to": "checked", "needs": ["note"]}]
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
    ];
    let fields = vec![FieldSpec::new(name!("narrative")), FieldSpec::new(name!("told"))];
    let table = KindTable::new(KIND, serde_json::from_value(workflow)?);
    Ok(Kind::new(table.facets(facets).fields(fields))?)
}

/// The columns, a transfusion with everything, and one with nothing.
async fn listed() -> Tested<(Columns, [Opened; 2])> {
    let builder = Eovr::builder().store(MemoryStore::new()).org(testing::org()?).kind(transfusion()?);
    let eovr = builder.master_key(testing::master_key()).open().await?;
    let nurse = testing::session(&eovr, "nurse-7", Role::Staff, "NIL")?;
    let hang = Command::new("hang")
        .set("product", "@platelets")
        .set("imputability", "not_likely")
        .set("delay", -5)
        .set("bar_code", 9_007_199_254_740_993)
        .set("stopped", true)
        .set("hung_at", "2026-11-22T08:30:00Z".parse::<Timestamp>()?)
        .set("causes", "mix_up,haste")
        .set("label", vec![0xfb, 0xef, 0xbe])
        .write("narrative", "=cmd|' /C calc'!A0")
        .write("told", "Heparin 5000 IU أُعطي للمريض");
    let (full, empty) = (hang, Command::new("hang"));
    let mut opened = Vec::new();
    for command in [full, empty] {
        let id = nurse.create(&KIND, &OrgId::new("NIL")?, command).await?.id;
        opened.push(Opened::of(&nurse, nurse.load(&KIND, id).await?)?);
    }
    let columns = Columns::of(eovr.catalog().kind(&KIND)?).titled(&[
        ("transfusion", "Transfusions: reactions", "تفاعلات نقل الدم"),
        ("delay", "Delay in minutes", "التأخير بالدقائق"),
        ("hung", "Hung", "معلق"),
        ("not_likely", "Not likely", "غير مرجح"),
    ])?;
    Ok((columns, opened.try_into().map_err(|_| "two are made")?))
}

#[tokio::test]
async fn an_analyst_gets_the_columns_of_a_kind_with_their_types() -> Tested {
    let (columns, list) = listed().await?;
    let mut table = Parquet::of(columns, Vec::new())?;
    list.iter().try_for_each(|record| table.push(record))?;
    let folder = folder();
    let path = written(&folder, "kind.parquet", &table.finish()?);
    let read = python(&["parquet", path.to_str().unwrap()]);
    let types: Vec<&str> = ["product", "delay", "stopped", "hung_at", "label", "narrative", "version"]
        .iter()
        .map(|name| read["types"][name].as_str().unwrap())
        .collect();
    assert_eq!(types, ["string", "int64", "bool", "timestamp[us, tz=UTC]", "binary", "string", "int64"]);
    let own = |row: &Value| -> Value {
        ["product", "imputability", "delay", "bar_code", "stopped", "hung_at", "causes", "label", "narrative"]
            .iter()
            .map(|name| row[name].clone())
            .collect()
    };
    let (full, empty) = (own(&read["rows"][0]), own(&read["rows"][1]));
    let hung_at = "2026-11-22T08:30:00.000000Z";
    let codes = "mix_up,haste";
    let told = "=cmd|' /C calc'!A0";
    let number = 9_007_199_254_740_993_i64;
    assert_eq!(full, json!(["@platelets", "not_likely", -5, number, true, hung_at, codes, "fbefbe", told]));
    assert!(empty.as_array().unwrap().iter().all(Value::is_null), "{empty}");
    Ok(())
}

#[tokio::test]
async fn a_workbook_of_a_kind_has_its_titles_its_types_and_no_formula() -> Tested {
    let (columns, list) = listed().await?;
    for (lang, name, delay, state, yes) in [
        (Lang::En, "Transfusions  reactions", "Delay in minutes", "Hung", "Yes"),
        (Lang::Ar, "تفاعلات نقل الدم", "التأخير بالدقائق", "معلق", "نعم"),
    ] {
        let mut book = Workbook::of(columns.clone(), Look::new(lang, made_at()))?;
        list.iter().try_for_each(|record| book.push(record))?;
        let folder = folder();
        let path = written(&folder, "kind.xlsx", &book.finish(Vec::new())?);
        let read = python(&["xlsx", path.to_str().unwrap()]);
        assert_eq!(read["sheets"].as_array().unwrap().len(), 1, "figures are for incidents");
        let sheet = &read["sheets"][0];
        assert_eq!((&sheet["name"], &sheet["rtl"]), (&name.into(), &(lang == Lang::Ar).into()));
        let rows = sheet["rows"].as_array().unwrap();
        let heads: Vec<&str> =
            rows[0].as_array().unwrap().iter().filter_map(|cell| cell["value"].as_str()).collect();
        let at =
            |title: &str| heads.iter().position(|head| *head == title).unwrap_or_else(|| panic!("{title}"));
        let cell = |title: &str| &rows[1][at(title)];
        assert_eq!((cell(delay)["value"].as_f64(), &cell(delay)["type"]), (Some(-5.0), &"n".into()));
        // Excel would round it.
        assert_eq!(cell("Bar code")["value"], "9007199254740993");
        assert_eq!(
            (&cell("Hung at")["value"], &cell("Hung at")["type"]),
            (&"2026-11-22T10:30:00".into(), &"d".into())
        );
        assert_eq!((&cell("Stopped")["value"], &cell("Label")["value"]), (&yes.into(), &"++++".into()));
        assert_eq!(rows[1][1]["value"], state);
        for title in ["Product", "Label", "Narrative"] {
            assert_eq!(
                (&cell(title)["type"], &cell(title)["quoted"]),
                (&"s".into(), &true.into()),
                "{title}"
            );
        }
        assert_eq!(cell("Told")["reading"], 2, "from right to left behind a name in Latin letters");
        assert!(rows[2].as_array().unwrap()[9..].iter().all(|cell| cell["value"].is_null()));
    }
    Ok(())
}
