//! The incidents to read: generated once, the same for us and for the peer.
//!
//! 27 × 10 × 10 facilities, some of them much busier than others, because each tier is chosen by the square of a
//! uniform number. 45 months, states by age, severities spread.

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use eovr_core::Timestamp;
use eovr_core::org::Stamp;
use eovr_core::record::{Cursor, RecordId};
use tempfile::TempDir;

use crate::Outcome;
use crate::world::{self, BRANCHES, GOVERNORATES, NOW, Random};

/// 1 March 2023, 00:00 UTC.
const FIRST: i64 = 1_677_628_800_000_000;

/// The number of places and incidents that the queries cycle through; the peer has as many.
const SAMPLES: usize = 16;

/// The generated columns, with their SQL type while they are loaded.
pub(super) const COLUMNS: [(&str, &str); 13] = [
    ("id", "varchar(64)"),
    ("number", "varchar(64)"),
    ("governorate", "varchar(64)"),
    ("administration", "varchar(64)"),
    ("facility", "varchar(64)"),
    ("author", "varchar(64)"),
    ("state", "varchar(64)"),
    ("created_at", "bigint"),
    ("updated_at", "bigint"),
    ("month", "bigint"),
    ("severity", "varchar(64)"),
    ("high_risk", "bigint"),
    ("disposition", "varchar(64)"),
];

/// The individual values of one incident.
pub(super) struct Drawn {
    pub(super) id: RecordId,
    pub(super) number: String,
    pub(super) stamp: Stamp,
    pub(super) author: String,
    pub(super) state: &'static str,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) month: i64,
    pub(super) severity: Option<&'static str>,
    pub(super) high_risk: bool,
    pub(super) disposition: Option<&'static str>,
}

/// The incidents as a file, which PostgreSQL's `COPY`, MariaDB's `LOAD DATA` and the peer read unchanged, and the
/// samples for the queries.
pub(super) struct Data {
    folder: TempDir,
    pub(super) size: usize,
    /// Incidents and their places, busy ones more often.
    pub(super) samples: Vec<(RecordId, Stamp)>,
    /// The page in the middle of the country's list begins after it.
    pub(super) middle: Cursor,
}

impl Data {
    /// Generates them into a file in the system's temporary folder, where every server may read it.
    pub(super) fn draw(size: usize) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let mut data = Self {
            folder,
            size,
            samples: Vec::new(),
            middle: Cursor { created_at: Timestamp::from_micros(NOW), id: RecordId::from_bytes([255; 16]) },
        };
        let mut file = BufWriter::new(File::create(data.file())?);
        let mut line = String::new();
        let step = (size / SAMPLES).max(1);
        for (index, drawn) in data.all()?.enumerate() {
            let drawn = drawn?;
            line.clear();
            drawn.write_line(&mut line)?;
            file.write_all(line.as_bytes())?;
            if index.is_multiple_of(step) && data.samples.len() < SAMPLES {
                data.samples.push((drawn.id, drawn.stamp));
            }
            if index == size / 2 {
                let created_at = Timestamp::from_micros(drawn.created_at);
                data.middle = Cursor { created_at, id: drawn.id };
            }
        }
        file.flush()?;
        fs::set_permissions(data.file(), Permissions::from_mode(0o644))?;
        Ok(data)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("incidents.tsv")
    }

    /// The same incidents again, in the order of creation.
    pub(super) fn all(&self) -> Outcome<impl Iterator<Item = Outcome<Drawn>> + use<>> {
        let count = i64::try_from(self.size)?;
        let zone = world::org()?.zone(&world::stamp(0, 0, 0)?.facility);
        let mut random = Random(2026);
        Ok((0..count).map(move |index| {
            let created_at = Timestamp::from_micros(FIRST + (NOW - FIRST) / count * index);
            let (year, month) = created_at.year_month(&zone);
            Drawn::draw(index, created_at, (i64::from(year), i64::from(month)), &mut random)
        }))
    }
}

impl Drawn {
    fn draw(
        index: i64,
        created_at: Timestamp,
        (year, month): (i64, i64),
        random: &mut Random,
    ) -> Outcome<Self> {
        let age = NOW - created_at.as_micros();
        let stamp =
            world::stamp(skewed(random, GOVERNORATES), skewed(random, BRANCHES), skewed(random, BRANCHES))?;
        let severity = match random.below(10) {
            0..4 => None,
            4..7 => Some("minor"),
            7..9 => Some("moderate"),
            _ => Some("severe"),
        };
        Ok(Self {
            id: RecordId::from_parts(created_at, random.bytes(10).as_slice().try_into()?),
            // One digit more than the engine's numbers, so that they never collide.
            number: format!("OVR-{year}-{index:07}"),
            author: format!("usr_{}_{:02}", stamp.facility, random.below(40)),
            stamp,
            state: state(age / 86_400_000_000, random.below(100)),
            created_at: created_at.as_micros(),
            updated_at: created_at.as_micros() + age / 1000 * i64::try_from(random.below(100))?,
            month: year * 100 + month,
            severity,
            high_risk: severity == Some("severe") || random.below(20) == 0,
            disposition: match random.below(50) {
                0 => Some("duplicate"),
                1 => Some("not_reportable"),
                _ => None,
            },
        })
    }

    /// In the order of [`COLUMNS`].
    fn write_line(&self, line: &mut String) -> std::fmt::Result {
        let Stamp { governorate, administration, facility } = &self.stamp;
        write!(line, "{}\t{}\t{governorate}\t{administration}\t{facility}", self.id, self.number)?;
        write!(line, "\t{}\t{}\t{}\t{}", self.author, self.state, self.created_at, self.updated_at)?;
        let or_null = |text: Option<&'static str>| text.unwrap_or("\\N");
        let (severity, disposition) = (or_null(self.severity), or_null(self.disposition));
        writeln!(line, "\t{}\t{severity}\t{}\t{disposition}", self.month, u8::from(self.high_risk))
    }
}

/// Small numbers much more often than large ones.
fn skewed(random: &mut Random, end: u64) -> u64 {
    let even = u128::from(random.next() >> 32);
    u64::try_from((u128::from(end) * even * even) >> 64).unwrap_or_default()
}

/// Old reports are mostly completed, new ones mostly open.
fn state(days: i64, draw: u64) -> &'static str {
    let closed = if days > 60 { 90 } else { 20 };
    match draw {
        draw if draw < closed => "completed",
        draw => match draw % 5 {
            0 => "created",
            1 => "in_progress",
            2 => "evaluating",
            3 => "more_info_needed",
            _ => "action_taken",
        },
    }
}
