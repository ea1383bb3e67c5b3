//! Files that belong to a record: photographs and scanned papers.
//!
//! An attachment is a child record with its own audit chain, which records every download. The core seals the file,
//! and the host's [`Blobs`] store it. The chain contains the digest of the sealed bytes, so a file that was exchanged
//! does not open.
//!
//! **The bytes determine the type of a file** ([`Media`]), never its name or the browser's claim. Before a photograph
//! is stored, its metadata is removed wherever in the file it stands: location, time, device, and a thumbnail from
//! before a face was cropped out. The orientation stays. A PDF is stored unchanged, so its author's name stays in it,
//! and a server tells browsers to save a PDF and not to open it. A picture or PDF whose end is missing is refused.
//!
//! The engine knows the kind only by its table; [`kind`] makes one for any parent.

mod clean;
mod media;

use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::media::Media;
use crate::access::{Permit, Place as Where};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{FacetSpec, FieldSpec, Kind, KindTable, ParentSpec};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::ports::{Blobs, Written};
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::seal::{Mode, Place, Sealed};
use crate::service::Session;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The most bytes of one file: 10 MiB.
pub const LARGEST: usize = 10 << 20;

/// The most files that one record can have at a time.
pub const MOST: u32 = 10;

/// The most characters of a file name.
const LONGEST_NAME: usize = 255;

/// The name to which the seal of the file's bytes is bound, as the seal of a field is bound to the field's name.
const CONTENT: &str = "content";

labels! {
    /// The states of an attachment.
    pub enum State {
        /// The file is stored.
        Kept = "kept",
        /// The file was deleted, and its record stays.
        Removed = "removed",
    }
}

labels! {
    /// The actions on an attachment.
    pub enum Action {
        /// Add it.
        Attach = "attach",
        /// Read the file.
        Read = "read",
        /// Delete the file, and give the reason.
        Remove = "remove",
    }
}

struct AttachmentWorkflow;

impl Workflow for AttachmentWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Kept;
    const ENDS: &'static [State] = &[State::Removed];
    const CREATE: Action = Action::Attach;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Attach, (1, 5), &["media", "bytes", "blob", "digest", "name"]),
        May::new(Action::Read, (1, 5), &[]),
        May::new(Action::Remove, (2, 5), &[]),
    ];

    const RULES: &'static [Row<State, Action>] = &[
        Row::stay(&[State::Kept], Action::Read, &[]),
        Row::to(&[State::Kept], Action::Remove, State::Removed, &[Need::Human, Need::Note]),
    ];
}

/// The attachment kind for another kind, whose workflow names the action that adds a file. A record can have at most
/// [`MOST`] files at a time.
///
/// # Errors
/// `Bug` where the kind is not sound.
pub fn kind(name: Name, of: Name, action: Name) -> Result<Kind> {
    Kind::new(KindTable {
        parent: Some(ParentSpec { kind: of, action, most: Some(MOST) }),
        facets: vec![
            FacetSpec::choice(name!("media"), Media::ALL).required(),
            FacetSpec::int(name!("bytes")).range(1..=LARGEST as i64).required(),
            FacetSpec::text(name!("blob")).required(),
            FacetSpec::bytes(name!("digest")).required(),
        ],
        fields: vec![FieldSpec::text(name!("name"), 1..=LONGEST_NAME as u32).required().original()],
        ..KindTable::new(name, Table::of::<AttachmentWorkflow>()?)
    })
}

/// The attachments of one kind of record, through one actor's session.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// use eovr_core::attachment::{Attachments, Media};
/// use eovr_core::memory::MemoryBlobs;
///
/// # let pdf = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n9\n%%EOF\n";
/// let blobs = MemoryBlobs::new();
/// let files = Attachments::of(&nurse, ATTACHMENT, &blobs);
/// let file = files.attach(id, "drug chart.pdf", pdf).await?.id;
/// let read = files.read(id, file).await?;
/// assert_eq!((read.media, read.name.as_str()), (Media::Pdf, "drug chart.pdf"));
/// assert_eq!(*read.bytes, pdf);
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Attachments<'a> {
    session: &'a Session,
    kind: Name,
    blobs: &'a dyn Blobs,
}

/// An opened file.
pub struct File {
    /// Its original name, without folders and control characters, and with an extension of its type.
    pub name: Zeroizing<String>,
    /// Its type.
    pub media: Media,
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl<'a> Attachments<'a> {
    /// The attachments of this kind, through this session.
    pub fn of(session: &'a Session, kind: Name, blobs: &'a dyn Blobs) -> Self {
        Self { session, kind, blobs }
    }

    /// Adds a file to a record.
    ///
    /// # Errors
    /// `InvalidInput` where the file is too large, is not one of [`Media`], or exceeds [`MOST`]; `NotFound` where the
    /// record is out of scope; `Refused` where its workflow does not allow a file now.
    pub async fn attach(&self, to: RecordId, name: &str, bytes: &[u8]) -> Result<Written> {
        let eovr = self.session.eovr();
        let id = eovr.new_id(eovr.now(), &mut eovr.entropy()?);
        self.attach_as(to, id, name, bytes).await
    }

    /// The same with an id chosen by the caller, so that sending the same file again is a `Conflict`.
    ///
    /// # Errors
    /// As [`Attachments::attach`].
    pub async fn attach_as(&self, to: RecordId, id: RecordId, name: &str, bytes: &[u8]) -> Result<Written> {
        // The permission check comes before the file is stored, so that a denied caller cannot fill the disk.
        self.may_attach(to).await?;
        let media = Media::of(bytes)?;
        let clean = media.cleaned(bytes)?;
        let eovr = self.session.eovr();
        let mut entropy = eovr.entropy()?;
        // The blob has its own id and not the record's. If the same file is sent twice at once, one attempt fails and
        // deletes only its own blob.
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let blob = uuid::Builder::from_random_bytes(random).into_uuid();
        let sealed = eovr.cipher().seal(&self.place(id), Mode::Random, &clean, &mut entropy)?;
        let bytes = i64::try_from(clean.len()).map_err(|_| too_large())?;
        let command = Command::new(Action::Attach)
            .set("media", media.name())
            .set("bytes", bytes)
            .set("blob", blob.to_string())
            .set("digest", Value::Bytes(Sha256::digest(sealed.as_bytes()).to_vec()))
            .write("name", media.named(&plain_name(name)))
            .sealed_beside(sealed.key_id());
        self.blobs.put(blob, &sealed).await?;
        let attached = self.session.create_child_as(&self.kind, to, id, command).await;
        match &attached {
            Ok(_) => {}
            // The record may have been made, and a record without its file would be worse than an unused blob.
            Err(error) if error.kind() == ErrorKind::Uncertain => {}
            // A blob that cannot be deleted is only waste, and the caller must see the first error.
            Err(_) => drop(self.blobs.remove(blob).await),
        }
        attached
    }

    /// The files of a record, newest first, including deleted ones.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn list(&self, of: RecordId) -> Result<Vec<Record>> {
        let query = Query::of(self.kind.clone()).limit(Query::LARGEST_PAGE);
        Ok(self.session.find(&query.filter(Column::Parent, Test::Is(Value::from(of)))).await?.items)
    }

    /// Opens a file of a record. Before the function returns the file, the audit chain records who downloads it and
    /// when.
    ///
    /// # Errors
    /// `NotFound` where the record has no such file; `Refused` where the file was deleted; `Tampered` where the file
    /// is not the one that was stored; `Key` where its key was destroyed.
    pub async fn read(&self, of: RecordId, id: RecordId) -> Result<File> {
        let record = self.one(of, id).await?;
        self.session.act(&self.kind, id, Command::new(Action::Read)).await?;
        let bytes = self.kept(&record).await?;
        Ok(File { name: name(self.session, &record)?, media: media(&record)?, bytes })
    }

    /// Whether these bytes are a file's content. The caller gets no content, so the audit chain records no download.
    ///
    /// # Errors
    /// As [`Attachments::read`].
    pub async fn holds(&self, of: RecordId, id: RecordId, bytes: &[u8]) -> Result<bool> {
        let record = self.one(of, id).await?;
        if *record.state() == State::Removed.name() {
            return Err(Error::new(ErrorKind::Refused, "the file was deleted").with("record", id));
        }
        let kept = self.kept(&record).await?;
        Ok(*kept == Media::of(bytes)?.cleaned(bytes)?)
    }

    /// Deletes a file, and gives the reason. The file is gone for good; its record stays.
    ///
    /// # Errors
    /// The errors of [`Session::act`]; `Unavailable` where the record is already marked as removed and the blob store
    /// cannot be reached. Then the same call again deletes the file.
    pub async fn remove(&self, of: RecordId, id: RecordId, reason: &str) -> Result<Written> {
        let record = self.one(of, id).await?;
        let removed = *record.state() == State::Removed.name();
        let written = match removed {
            true => Written { id, version: record.version(), number: None },
            false => self.session.act(&self.kind, id, Command::new(Action::Remove).note(reason)).await?,
        };
        self.blobs.remove(blob(&record)?).await?;
        Ok(written)
    }

    /// One file of a record.
    async fn one(&self, of: RecordId, id: RecordId) -> Result<Record> {
        let record = self.session.load(&self.kind, id).await?;
        match record.envelope().parent {
            Some(parent) if parent == of => Ok(record),
            _ => Err(Error::not_found(&self.kind)),
        }
    }

    /// The stored file, opened.
    async fn kept(&self, record: &Record) -> Result<Zeroizing<Vec<u8>>> {
        let id = record.id();
        let lost =
            || Error::new(ErrorKind::Tampered, "the file is missing in the blob store").with("record", id);
        let bytes = self.blobs.get(blob(record)?).await?.ok_or_else(lost)?;
        let digest = Value::Bytes(Sha256::digest(&bytes).to_vec());
        if record.facet("digest") != Some(&digest) {
            return Err(
                Error::new(ErrorKind::Tampered, "the file is not the one that was stored").with("record", id)
            );
        }
        let sealed = Sealed::from_stored(bytes)?;
        let eovr = self.session.eovr();
        eovr.meet([sealed.key_id()].into_iter()).await;
        eovr.cipher().open(&self.place(id), &sealed)
    }

    async fn may_attach(&self, to: RecordId) -> Result<()> {
        let kind = self.session.eovr().catalog().kind(&self.kind)?;
        let parent = kind.table().parent.as_ref();
        let parent = parent.ok_or_else(|| Error::bug("an attachment belongs to a record"))?;
        let row = kind.machine().action(Action::Attach.name());
        let row = row.ok_or_else(|| Error::bug("an attachment can be made"))?;
        Permit::of(self.session.actor(), kind.name(), row, Where::Seen)?;
        self.session.record(&parent.kind, to).await.map(drop)
    }

    fn place(&self, id: RecordId) -> Place<'_> {
        Place { kind: self.kind.as_str(), record: id.uuid(), field: CONTENT }
    }
}

/// The type of an attachment's file.
///
/// # Errors
/// `Tampered` where the record has no valid type.
pub fn media(record: &Record) -> Result<Media> {
    let name = record.text("media").unwrap_or_default();
    Media::ALL.into_iter().find(|media| media.name() == name).ok_or_else(|| {
        Error::new(ErrorKind::Tampered, "an attachment has no valid media type").with("record", record.id())
    })
}

/// The name of an attachment's file, with an extension of its type. Releases before this rule stored names without
/// one, so the function adds it here.
///
/// # Errors
/// The errors of [`Session::open`]; `Tampered` where the record has no valid type.
pub fn name(session: &Session, record: &Record) -> Result<Zeroizing<String>> {
    let name = session.open(record, "name")?.unwrap_or_default();
    Ok(media(record)?.named(&name).into())
}

fn blob(record: &Record) -> Result<Uuid> {
    let text = record.text("blob").unwrap_or_default();
    Uuid::try_parse(text).map_err(|_| {
        Error::new(ErrorKind::Tampered, "an attachment has no valid blob id").with("record", record.id())
    })
}

fn too_large() -> Error {
    Error::invalid("the file is too large").with_help(format!("at most {LARGEST} bytes"))
}

/// The last part of a path, without invisible characters, which could make `gpj.exe` look like `exe.jpg`.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen = |c: &char| !c.is_control() && !is_steering(*c);
    let name: String = last.chars().filter(seen).take(LONGEST_NAME).collect();
    match name.trim() {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

/// Marks of text direction and other characters without a width.
fn is_steering(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Prints type and size, and no content.
impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({}, {} bytes)", self.media, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_folders_and_no_direction_marks() {
        assert_eq!(plain_name("../../etc/passwd"), "passwd");
        assert_eq!(plain_name(r"C:\Users\mona\photo.jpg"), "photo.jpg");
        assert_eq!(plain_name("invoice\u{202E}gpj.exe"), "invoicegpj.exe");
        assert_eq!(plain_name("صورة.jpg"), "صورة.jpg");
        assert_eq!(plain_name("..\n"), "..");
        assert_eq!(plain_name("\u{200F}/"), "file");
        assert_eq!(plain_name(&"ن".repeat(400)).chars().count(), 255);
    }

    #[test]
    fn the_extension_follows_the_type() {
        for (media, given, named) in [
            (Media::Png, "gpj.exe", "gpj.exe.png"),
            (Media::Pdf, "x.hta", "x.hta.pdf"),
            (Media::Pdf, "photo.jpg", "photo.jpg.pdf"),
            (Media::Pdf, "chart.PDF", "chart.PDF"),
            (Media::Jpeg, "photo.jpeg", "photo.jpeg"),
            (Media::Jpeg, "photo", "photo.jpg"),
            (Media::Png, ".png", ".png.png"),
            (Media::Pdf, "x.hta. .", "x.hta.pdf"),
            (Media::Pdf, "..", "file.pdf"),
            (Media::Jpeg, "صورة.jpg", "صورة.jpg"),
        ] {
            assert_eq!(media.named(given), named);
            assert_eq!(media.named(named), named, "naming twice changes nothing");
        }
        assert_eq!(Media::Pdf.named(&"ن".repeat(LONGEST_NAME)).chars().count(), LONGEST_NAME);
    }
}
