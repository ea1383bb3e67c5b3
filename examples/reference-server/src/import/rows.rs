use std::collections::HashMap;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use eovr_core::org::OrgId;
use eovr_core::record::RecordId;
use eovr_host::output::Failure;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::csv_file::{Reading, Table, hex};

/// The rows of a file, one at a time. A file of any size needs only 24 bytes of memory for each row.
pub(super) struct Rows {
    table: Table,
    text: usize,
    number: Option<usize>,
    /// The names of the two columns, as the options give them.
    names: [String; 2],
    facility: String,
    stem: PathBuf,
    count: u64,
    row: ByteRecord,
    /// The number of occurrences of each report so far, by the id of the first.
    met: HashMap<RecordId, u64>,
}

/// One row.
pub(super) struct Row {
    /// The number of the row, from 1, without the header.
    pub(super) number: u64,
    /// The line of the file on which the row begins.
    pub(super) line: u64,
    pub(super) cells: ByteRecord,
    /// The report, or the reason for the rejection.
    pub(super) told: Result<Narrative, String>,
}

/// The report of one row.
#[derive(Clone)]
pub(super) struct Narrative {
    /// The id of its incident.
    pub(super) id: RecordId,
    pub(super) text: String,
}

impl Rows {
    /// Opens the file and finds the column of the narratives and the column of the old system's numbers.
    pub(super) fn open(
        path: &Path,
        text: &str,
        number: Option<&str>,
        reading: &Reading,
    ) -> Result<Self, Failure> {
        let wanted: Vec<&str> = std::iter::once(text).chain(number).collect();
        let table = Table::open(path, reading, &wanted)?;
        let columns =
            (table.column("--text", text)?, number.map(|name| table.column("--id", name)).transpose()?);
        Ok(Self {
            table,
            text: columns.0,
            number: columns.1,
            names: [text.to_owned(), number.unwrap_or_default().to_owned()],
            facility: String::new(),
            stem: PathBuf::from(path.file_stem().unwrap_or(path.as_os_str())),
            count: 0,
            row: ByteRecord::new(),
            met: HashMap::new(),
        })
    }

    /// The rows as reports of this facility. The facility is part of the id, so another facility gives other reports.
    pub(super) fn of_facility(self, facility: &OrgId) -> Self {
        Self { facility: facility.to_string(), ..self }
    }

    /// The next row; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Failure> {
        let Some(line) = self.table.next(&mut self.row)? else { return Ok(None) };
        self.count += 1;
        let told = self.told();
        Ok(Some(Row { number: self.count, line, cells: self.row.clone(), told }))
    }

    fn told(&mut self) -> Result<Narrative, String> {
        if let Some(wrong) = self.table.wrong_with(&self.row) {
            return Err(wrong.to_owned());
        }
        let encoding = self.table.encoding();
        let cell = |place: usize| {
            let cell = std::str::from_utf8(self.row.get(place).unwrap_or_default());
            cell.map_err(|_| format!("its text is not {encoding}"))
        };
        let text = cell(self.text)?.to_owned();
        let number =
            self.number.map(|place| cell(place).map(|number| number.trim().to_owned())).transpose()?;
        let (of, content) = match &number {
            Some(number) if number.is_empty() => {
                return Err(format!("it has no number in `{}`", self.names[1]));
            }
            Some(number) => ("number", number.nfkc().collect::<String>()),
            None => ("text", in_one_form(&text)),
        };
        // The id does not depend on the row number or the file name, because a list grows and is sorted and renamed.
        let id = |tag: &str, nth: &str| {
            let parts = [self.facility.as_bytes(), of.as_bytes(), nth.as_bytes(), content.as_bytes()];
            RecordId::derived(tag, &parts)
        };
        let first = id("eovr.import.v2", "1");
        let met = self.met.entry(first).or_default();
        *met += 1;
        match (*met, number) {
            (1, _) => Ok(Narrative { id: first, text }),
            (_, Some(_)) => Err(format!("another row has the same number in `{}`", self.names[1])),
            // Two rows with the same text are two reports.
            (nth, None) => Ok(Narrative { id: id("eovr.import.v2", &nth.to_string()), text }),
        }
    }

    pub(super) fn header(&self) -> &ByteRecord {
        self.table.header()
    }

    /// Prints the detected encoding and separator.
    pub(super) fn say_what_was_found(&self) {
        self.table.say_what_was_found();
    }

    /// Whether the old system's numbers identify the reports.
    pub(super) fn have_numbers(&self) -> bool {
        self.number.is_some()
    }

    /// The file's name without its extension.
    pub(super) fn stem(&self) -> &Path {
        &self.stem
    }

    /// The name of this import. It is the same if the same file is imported again with the same options.
    pub(super) fn name(&self, category: &str) -> String {
        let Self { table, facility, names: [text, number], .. } = self;
        let separator = table.separator().to_string();
        let all = [&table.digest, table.encoding(), &separator, text, number, facility, category];
        let mut hash = Sha256::new_with_prefix("eovr.import.v3");
        for part in all {
            // The length of each part keeps the parts separate.
            hash.update(format!("\n{} {part}", part.len()));
        }
        hex(&hash.finalize()).chars().take(NAME).collect()
    }

    /// The size of the file, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.table.bytes
    }

    /// The number of bytes read so far.
    pub(super) fn read(&self) -> u64 {
        self.table.read()
    }
}

/// The id of the report that replaces this one after a take-back.
pub(super) fn again(id: RecordId) -> RecordId {
    RecordId::derived("eovr.import.again.v1", &[id.as_bytes()])
}

/// The length of an import's name.
pub(super) const NAME: usize = 12;

/// The normal form of a narrative for comparison, because programs differ in line ends and Unicode forms.
pub(super) fn in_one_form(text: &str) -> String {
    text.trim().replace("\r\n", "\n").replace('\r', "\n").nfc().collect()
}
