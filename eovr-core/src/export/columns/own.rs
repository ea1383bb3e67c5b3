//! The columns of a host's own kind, made from its table.

use std::borrow::Cow;

use super::{Codes, Column, Columns, Source, Title};
use crate::error::{Error, Result};
use crate::export::titles::{Words, words};
use crate::kind::Kind;
use crate::name::Name;

/// The columns that every kind has. Kinds without a number or a parent lack these two.
const ENVELOPE: &[Column] = &[
    column("number", words("Number", "الرقم"), Source::Number),
    column("id", words("Id", "المعرّف"), Source::Id),
    column("parent", words("Parent record", "السجل الأصلي"), Source::Parent),
    column("state", words("Status", "الحالة"), Source::State),
    column("facility", words("Facility code", "رمز المنشأة"), Source::Facility),
    column("facility_name", words("Facility", "المنشأة"), Source::FacilityName),
    column("administration", words("Administration", "الإدارة"), Source::Administration),
    column("governorate", words("Governorate", "المحافظة"), Source::Governorate),
    column("created_at", words("Created", "تاريخ الإنشاء"), Source::Created),
    column("updated_at", words("Last change", "آخر تعديل"), Source::Updated),
    column("version", words("Version", "النسخة"), Source::Version),
];

const fn column(code: &'static str, title: Words, source: Source) -> Column {
    Column::new(code, title, source, Codes::Own(std::collections::BTreeMap::new()))
}

impl Columns {
    /// The columns of a kind, from its table: what every record has (`number`, `id`, `state`, its place, its times and
    /// its `version`), then each facet with its type, then each sealed field, in the order of the table.
    /// [Silent](crate::kind::FacetSpec::silent) facets are left out: they are wrapped keys and digests of codes.
    ///
    /// Titles are the names made readable: `tenths_celsius` is "Tenths celsius". [`Columns::titled`] gives better ones.
    ///
    /// ```
    /// # use eovr_core::{access::*, kind::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let workflow = serde_json::from_str(r#"{
    /// #     "start": "ringing", "create": "raise", "states": [{"name": "ringing"}, {"name": "closed", "end": true}],
    /// #     "actions": [{"name": "raise", "tiers": [1, 5], "sets": ["fridge", "tenths_celsius", "cause"]},
    /// #                 {"name": "close", "tiers": [1, 5]}],
    /// #     "rules": [{"from": ["ringing"], "action": "close", "to": "closed", "needs": ["note"]}]
    /// # }"#)?;
    /// # let facets = [FacetSpec::text(name!("fridge")), FacetSpec::int(name!("tenths_celsius"))];
    /// # let table = KindTable::new(name!("fridge_alarm"), workflow).facets(facets);
    /// # let alarm = Kind::new(table.fields([FieldSpec::new(name!("cause"))]))?;
    /// # let eovr = Eovr::builder().store(MemoryStore::new()).org(testing::org()?).kind(alarm)
    /// #     .master_key(testing::master_key()).open().await?;
    /// # let nurse = testing::session(&eovr, "nurse-7", Role::Staff, "NIL")?;
    /// use eovr_core::export::{Columns, Csv, Opened};
    ///
    /// let alarm = name!("fridge_alarm");
    /// let raise = Command::new("raise").set("fridge", "blood-2").set("tenths_celsius", 112);
    /// nurse.create(&alarm, &OrgId::new("NIL")?, raise.write("cause", "=the door was open")).await?;
    ///
    /// let mut csv = Csv::of(Columns::of(eovr.catalog().kind(&alarm)?), Vec::new())?;
    /// let mut pages = nurse.pages(Query::of(alarm));
    /// while let Some(page) = pages.next().await? {
    ///     for record in page.items {
    ///         csv.push(&Opened::of(&nurse, record)?)?;
    ///     }
    /// }
    /// let text = String::from_utf8(csv.finish()?)?;
    /// assert!(text.starts_with("id,state,facility,"));
    /// assert!(text.ends_with(",blood-2,112,'=the door was open\r\n"));
    /// # Ok(()) });
    /// ```
    pub fn of(kind: &Kind) -> Self {
        let table = kind.table();
        let envelope = ENVELOPE.iter().filter(|column| match column.source {
            Source::Number => table.number.is_some(),
            Source::Parent => table.parent.is_some(),
            _ => true,
        });
        let envelope = envelope.cloned().map(|column| match column.source {
            Source::State => {
                Column { codes: codes(table.workflow.states.iter().map(|row| &row.name)), ..column }
            }
            _ => column,
        });
        let facets = table.facets.iter().filter(|facet| !facet.silent).map(|facet| Column {
            codes: codes(&facet.one_of),
            ..Column::own(&facet.name, Source::Facet(facet.value_type))
        });
        let fields = table
            .fields
            .iter()
            .filter(|field| !field.secret)
            .map(|field| Column::own(&field.name, Source::Field));
        let list = envelope.chain(facets).chain(fields).collect();
        Self {
            kind: table.name.clone(),
            title: readable(&table.name),
            list: Cow::Owned(list),
            figures: false,
        }
    }

    /// Gives titles in English and Arabic, for people: `(name, English, Arabic)`. A name is that of the kind (the title
    /// of the list), of a column, of a state, or of a value of a choice. A workbook shows titles. The lists for
    /// programs keep names and codes.
    ///
    /// ```
    /// # use eovr_core::{kind::*, *};
    /// # let workflow = serde_json::from_str(r#"{
    /// #     "start": "ringing", "create": "raise", "states": [{"name": "ringing"}, {"name": "closed", "end": true}],
    /// #     "actions": [{"name": "raise", "tiers": [1, 5], "sets": ["fridge"]}, {"name": "close", "tiers": [1, 5]}],
    /// #     "rules": [{"from": ["ringing"], "action": "close", "to": "closed", "needs": ["note"]}]
    /// # }"#)?;
    /// # let facets = [FacetSpec::text(name!("fridge"))];
    /// # let alarm = Kind::new(KindTable::new(name!("fridge_alarm"), workflow).facets(facets))?;
    /// use eovr_core::export::{Columns, Lang, Look, Workbook};
    ///
    /// let columns = Columns::of(&alarm).titled(&[
    ///     ("fridge_alarm", "Alarms of fridges", "إنذارات الثلاجات"),
    ///     ("fridge", "Fridge", "الثلاجة"),
    ///     ("ringing", "Ringing", "يرن"),
    /// ])?;
    /// let workbook = Workbook::of(columns, Look::new(Lang::Ar, "2026-11-22T08:30:00Z".parse()?))?;
    /// # assert!(workbook.finish(Vec::new())?.starts_with(b"PK"));
    /// let error = Columns::of(&alarm).titled(&[("frigde", "Fridge", "الثلاجة")]).unwrap_err();
    /// assert!(error.help().is_some_and(|help| help.contains("`fridge`")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` where a title has no letter, or the list has nothing of that name; the error lists the names.
    pub fn titled(mut self, titles: &[(&str, &str, &str)]) -> Result<Self> {
        for (name, en, ar) in titles {
            if ![en, ar].iter().all(|text| text.contains(char::is_alphanumeric)) {
                let help = "give each title in English and in Arabic";
                return Err(Error::invalid("a title has no letter").with_field("titles").with_help(help));
            }
            let title = Title::Given { en: (*en).to_owned(), ar: (*ar).to_owned() };
            if !self.give(name, &title) {
                let help = format!("accepted: `{}`", self.names().join("`, `"));
                let error =
                    Error::invalid(format!("a list of `{}` has nothing of that name to title", self.kind));
                return Err(error.with_field("titles").with_help(help));
            }
        }
        Ok(self)
    }

    /// Gives a title to everything of this name, and returns whether there is anything.
    fn give(&mut self, name: &str, title: &Title) -> bool {
        let mut given = self.kind == *name;
        if given {
            self.title = title.clone();
        }
        for column in self.list.to_mut() {
            if column.code == *name {
                column.title = title.clone();
                given = true;
            }
            if let Codes::Own(codes) = &mut column.codes
                && let Some(code) = codes.get_mut(name)
            {
                *code = title.clone();
                given = true;
            }
        }
        given
    }

    /// Everything that may have a title.
    fn names(&self) -> Vec<&str> {
        let codes = self.list.iter().filter_map(|column| match &column.codes {
            Codes::Own(codes) => Some(codes.keys().map(String::as_str)),
            Codes::Incident => None,
        });
        let columns = self.list.iter().map(|column| column.code.as_str());
        [self.kind.as_str()].into_iter().chain(columns).chain(codes.flatten()).collect()
    }
}

impl Column {
    fn own(name: &Name, source: Source) -> Self {
        Self { code: name.clone(), title: readable(name), source, codes: Codes::Own([].into()) }
    }
}

/// Codes that have no titles yet.
fn codes(codes: impl IntoIterator<Item = impl ToString>) -> Codes {
    let itself = |code: String| (code.clone(), Title::Given { en: code.clone(), ar: code });
    Codes::Own(codes.into_iter().map(|code| itself(code.to_string())).collect())
}

/// A name as people read it: `tenths_celsius` is "Tenths celsius".
fn readable(name: &Name) -> Title {
    let mut text = name.as_str().replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Title::Given { en: text.clone(), ar: text }
}
