use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::access::{Actor, Scope};
use crate::decide::Command;
use crate::error::{Error, Result};
use crate::incident::{Action, KIND, State};
use crate::name;
use crate::ports::Written;
use crate::record::{ActorId, Query, Record, Value};
use crate::seal::Entropy;
use crate::service::{Eovr, Session};
use crate::time::Timestamp;
use crate::typed;
use crate::workflow::Label;

/// The code with which a reporter follows a report without an account: 160 random bits, written as eight groups of four
/// letters and digits. The holder of the code can read the state and answer a question. It is therefore shown once, and
/// only its digest is stored.
///
/// A code can be typed or pasted in many forms: in any case, with digits of any script, any kind of dash, invisible
/// characters, its label, or in brackets. Letters that look alike are equal (Crockford's base 32): `O` and `0`, `I`,
/// `L` and `1`, `U` and `V`.
///
/// ```
/// use eovr_core::incident::ReceiptCode;
///
/// let code: ReceiptCode = "my code is 0123 4567 89ab cdef ghjk mnpq rstv wxyz".parse()?;
/// assert_eq!(code.to_string(), "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ");
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ReceiptCode([u8; 20]);

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl ReceiptCode {
    /// Makes a code from 160 unpredictable bits.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Whether this code belongs to the report.
    pub fn is_of(&self, report: &Record) -> bool {
        report.facet("receipt") == Some(&Value::Bytes(self.digest().to_vec()))
    }

    pub(super) fn draw(entropy: &mut Entropy) -> Self {
        let mut code = [0; 20];
        entropy.fill(&mut code);
        Self(code)
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"eovr.receipt.v1\n").chain_update(self.0).finalize().into()
    }
}

impl fmt::Display for ReceiptCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = |index: usize| {
            // Five bits from position 5·index; 160 is a multiple of 5, so no bits remain.
            let at = |byte: usize| u16::from(self.0.get(byte).copied().unwrap_or(0));
            let window = at(index * 5 / 8) << 8 | at(index * 5 / 8 + 1);
            usize::from(window >> (11 - index * 5 % 8) & 31)
        };
        for index in 0..32 {
            if index > 0 && index % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(ALPHABET.get(bits(index)).copied().unwrap_or(b'?')))?;
        }
        Ok(())
    }
}

impl fmt::Debug for ReceiptCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceiptCode(redacted)")
    }
}

impl FromStr for ReceiptCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let not_one = || {
            Error::invalid("not a receipt code")
                .with_field("code")
                .with_help("a receipt code is eight groups of four letters and digits, such as `7K2M-…`")
        };
        // The longest text that is searched for a code.
        const MOST: usize = 1000;
        if text.chars().nth(MOST).is_some() {
            return Err(not_one());
        }
        // A shown code is one word without blanks; a code typed with blanks is searched for among other words.
        let in_one = || {
            let bare =
                |word: &str| Self::alone(typed::code(word.trim_matches(|c: char| !c.is_alphanumeric())));
            text.split_whitespace().find_map(bare)
        };
        let found = Self::alone(typed::code(text)).or_else(in_one);
        found.or_else(|| Self::among(&typed::groups(text))).ok_or_else(not_one)
    }
}

/// The number of letters and digits of a code.
const SYMBOLS: usize = 32;

impl ReceiptCode {
    /// Parses a text of exactly 32 letters and digits.
    fn alone(symbols: impl Iterator<Item = char>) -> Option<Self> {
        let mut code = [0_u8; 20];
        let mut count = 0_usize;
        for c in symbols.map(typed::look_alike) {
            let value = ALPHABET.iter().position(|letter| char::from(*letter) == c)?;
            for bit in 0..5 {
                let position = count * 5 + bit;
                let byte = code.get_mut(position / 8)?;
                *byte |= u8::from(value >> (4 - bit) & 1 == 1) << (7 - position % 8);
            }
            count += 1;
        }
        (count == SYMBOLS).then_some(Self(code))
    }

    /// Finds the code in a text with other words: the last groups that form a code, because a label stands in front.
    /// Groups of four, as a code is shown, take precedence.
    fn among(groups: &[String]) -> Option<Self> {
        let of_four =
            groups.windows(SYMBOLS / 4).filter(|window| window.iter().all(|group| group.len() == 4));
        let symbols = |window: &[String]| Self::alone(window.iter().flat_map(|group| group.chars()));
        let mut found = of_four.rev().find_map(symbols);
        for first in 0..groups.len() {
            if found.is_some() {
                break;
            }
            // Extends a window of other groups until it has 32 symbols or more.
            let mut symbols = Zeroizing::new(String::with_capacity(SYMBOLS * 2));
            for group in groups.iter().skip(first) {
                if symbols.len() + group.len() > SYMBOLS {
                    break;
                }
                symbols.push_str(group);
            }
            found = Self::alone(symbols.chars());
        }
        found
    }
}

/// What the holder of a receipt sees: the state of the report and the questions. Reviewers' notes and names are not
/// included.
#[derive(Clone, Serialize)]
pub struct ReceiptView {
    /// The incident's number.
    pub number: Option<String>,
    /// Its state.
    pub state: String,
    /// When it was reported.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The questions and answers so far.
    pub exchange: Vec<Exchange>,
    /// Whether a question waits for an answer.
    pub waiting: bool,
}

impl fmt::Debug for ReceiptView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiptView({:?} {}, {} texts)", self.number, self.state, self.exchange.len())
    }
}

/// A question to the reporter, or an answer or addition by the reporter.
#[derive(Clone, Serialize)]
pub struct Exchange {
    /// When it was written.
    pub at: Timestamp,
    /// `ask`, `answer` or `add_remark`.
    pub action: String,
    /// The text.
    pub text: Zeroizing<String>,
}

/// The operations of a reporter who has no account and holds a receipt code.
#[derive(Clone, Debug)]
pub struct ByReceipt {
    eovr: Eovr,
    code: ReceiptCode,
}

impl Eovr {
    /// The report with this receipt code, for its reporter. The code is looked up at each operation.
    pub fn by_receipt(&self, code: &ReceiptCode) -> ByReceipt {
        ByReceipt { eovr: self.clone(), code: code.clone() }
    }
}

impl ByReceipt {
    /// The report's number and state, and the questions and answers about it.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// let report = Report { reporter: Reporter::Anonymous, ..report };
    /// let shown = nurse.incidents().report(&nile, report).await?.receipt.to_string();
    /// let view = eovr.by_receipt(&shown.parse()?).view().await?;
    /// assert_eq!((view.state.as_str(), view.waiting), ("created", false));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `NotFound` where no report has this code.
    pub async fn view(&self) -> Result<ReceiptView> {
        let (session, record) = self.held().await?;
        let mut exchange = Vec::new();
        for stored in session.chain(&record).await? {
            let entry = session.entry(&record, &stored)?;
            let action = entry.event.action.as_str();
            // An answer or remark can be a reviewer's; the reporter sees only the reporter's own.
            let author = entry.event.capacity == "staff" && entry.event.actor == record.envelope().author;
            let own = author || entry.event.capacity == "holder";
            let told = action == Action::Answer.name() || action == Action::AddRemark.name();
            if action == Action::Ask.name() || (own && told) {
                let text = entry.note.unwrap_or_default();
                exchange.push(Exchange { at: entry.event.at, action: action.to_owned(), text });
            }
        }
        let envelope = record.envelope();
        Ok(ReceiptView {
            number: envelope.number.clone(),
            state: envelope.state.to_string(),
            created_at: envelope.created_at,
            updated_at: envelope.updated_at,
            exchange,
            waiting: envelope.state == State::MoreInfoNeeded.name(),
        })
    }

    /// Answers the open question of the report.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// let filed = nurse.incidents().report(&nile, report).await?;
    /// let id = filed.written.id;
    /// # quality.incidents().act(id, Action::Start, None).await?;
    /// # quality.incidents().act(id, Action::Evaluate, None).await?;
    /// quality.incidents().act(id, Action::Ask, Some("Which ward was it?")).await?;
    /// let reporter = eovr.by_receipt(&filed.receipt);
    /// assert!(reporter.view().await?.waiting);
    /// reporter.answer("It was ward 3, at night.").await?;
    /// let view = reporter.view().await?;
    /// let told: Vec<_> = view.exchange.iter().map(|told| told.text.as_str()).collect();
    /// assert_eq!(told, ["Which ward was it?", "It was ward 3, at night."]);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `NotFound` where no report has this code; `Refused` where the report has no open question.
    pub async fn answer(&self, answer: &str) -> Result<Written> {
        let (session, record) = self.held().await?;
        session.act(&KIND, record.id(), Command::new(Action::Answer).note(answer)).await
    }

    /// Adds a remark; possible in every state.
    ///
    /// # Errors
    /// `NotFound` where no report has this code.
    pub async fn remark(&self, remark: &str) -> Result<Written> {
        let (session, record) = self.held().await?;
        session.act(&KIND, record.id(), Command::new(Action::AddRemark).note(remark)).await
    }

    /// Corrects the report within the 30 minutes that every reporter has. The command must be of the action
    /// [`Action::Correct`].
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// let report = Report { reporter: Reporter::Anonymous, ..report };
    /// let filed = nurse.incidents().report(&nile, report).await?;
    /// let correction = Command::new(Action::Correct).set("location", "ward-3");
    /// eovr.by_receipt(&filed.receipt).correct(correction).await?;
    /// let record = quality.incidents().load(filed.written.id).await?;
    /// assert_eq!(IncidentFacets::of(&record).location(), Some("ward-3"));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `NotFound` where no report has this code; `Refused` after the 30 minutes.
    pub async fn correct(&self, correction: Command) -> Result<Written> {
        let (session, record) = self.held().await?;
        session.act(&KIND, record.id(), correction).await
    }

    async fn held(&self) -> Result<(Session, Record)> {
        let actor = Actor::holder(ActorId::new("receipt")?, name!("receipt"), self.code.digest());
        let scope = Scope::of(&actor);
        let page = self.eovr.store().find(&scope, &Query::of(KIND).limit(1)).await?;
        let stored = page
            .items
            .into_iter()
            .next()
            .ok_or_else(|| Error::new(crate::ErrorKind::NotFound, "no report has this receipt code"))?;
        Ok((self.eovr.session(actor), stored.try_into()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_in_every_typed_or_pasted_form() -> Result<()> {
        // 0123 4567 89AB CDEF GHJK MNPQ RSTV WXYZ: every symbol once.
        let shown = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ";
        let code: ReceiptCode = shown.parse()?;
        assert_eq!(code.to_string(), shown);
        let spaced = shown.replace('-', " ");
        for typed in [
            shown.to_lowercase(),
            shown.replace('-', ""),
            format!("  {spaced}\n"),
            shown.replace('-', "–"),
            shown.replace('-', "—"),
            shown.replace('-', "\u{2011}"),
            shown.replace('-', "−"),
            shown.replace('-', "ـ"),
            shown.replace('-', "."),
            shown.replace('-', "\u{A0}"),
            shown.replace("0123", "٠١٢٣").replace("4567", "۴۵۶۷").replace("89", "८९"),
            "０１２３－４５６７－８９ＡＢ－ＣＤＥＦ－ＧＨＪＫ－ＭＮＰＱ－ＲＳＴＶ－ＷＸＹＺ".to_owned(),
            shown.replace('V', "u").replace('0', "o").replace('1', "l"),
            format!("\u{202A}{shown}\u{202C}"),
            shown.replace("CD", "C\u{200B}\u{200F}D"),
            format!("\"{shown}\""),
            format!("“{shown}”."),
            format!("({shown})"),
            format!("Receipt: {shown}"),
            format!("receipt code {spaced}"),
            format!("Code is {spaced}"),
            format!("Your code is {shown}. Keep it."),
            format!("رمز المتابعة: {shown}"),
            format!("رمز البلاغ {}", shown.replace('-', "")),
            format!("https://hospital.example/receipts/{shown}"),
        ] {
            assert!(typed.parse::<ReceiptCode>().is_ok_and(|read| read == code), "{typed:?}");
        }
        for wrong in [
            "".to_owned(),
            shown.replace('Z', ""),
            format!("{shown}Z"),
            shown.replace('Z', "é"),
            shown.replace('A', "ش"),
            shown.replace("WXYZ", "WXY*"),
            "is ".repeat(500),
        ] {
            let error = wrong.parse::<ReceiptCode>().map(drop).unwrap_err();
            assert!(error.help().is_some_and(|help| help.contains("eight groups")), "{wrong:?}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn a_shown_code_is_read(bytes: [u8; 20], label in "[a-zA-Zء-ي :]{0,30}: ") {
            let code = ReceiptCode::from_bytes(bytes);
            let read = format!("{label}{code}").parse::<ReceiptCode>();
            prop_assert!(read.is_ok_and(|read| read == code));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Ok(code) = text.parse::<ReceiptCode>() {
                prop_assert!(code.to_string().parse::<ReceiptCode>().is_ok_and(|again| again == code));
            }
        }
    }
}
