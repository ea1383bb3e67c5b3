//! The initial inputs of each parser.

use eovr_core::attachment;
use eovr_core::audit::log::Signer;
use eovr_core::identity::token::Purpose;
use eovr_core::incident::{self, ReceiptCode, Settings};
use eovr_core::kind::Kind;
use eovr_core::name;
use eovr_core::record::{Cursor, RecordId};
use eovr_core::triage::Case;
use eovr_core::triage::local::LocalLearner;

use crate::fixture::NOW;
use crate::targets::{attachment as files, events, key_set, kind, log, model, note, tokens};

/// A seed: the parser's name, and bytes.
pub type Seed = (&'static str, Vec<u8>);

/// All seeds, the same in every run.
pub fn seeds() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = Vec::new();
    let mut seed = |name: &'static str, bytes: &[u8]| seeds.push((name, bytes.to_vec()));
    files::SAMPLES.iter().for_each(|sample| seed("attachment", sample));
    for (bson_type, value) in [
        (0x01, [0_u8; 8].as_slice()),
        (0x02, b"\x06\0\0\0words\0"),
        (0x03, b"\x05\0\0\0\0"),
        (0x05, b"\x02\0\0\0\0ab"),
        (0x07, &[7; 12]),
        (0x08, &[1]),
        (0x0b, b"a.*\0i\0"),
        (0x0c, b"\x02\0\0\0a\0bbbbbbbbbbbb"),
        (0x0e, b"\x02\0\0\0a\0"),
        (0x10, &[1, 0, 0, 0]),
        (0x13, &[3; 16]),
    ] {
        seed("bson", &[&[0, bson_type], value].concat());
    }
    seed("codes", b"JBSW Y3DP-EHPK 3PXP JBSWY3DPEHPK3PXP====");
    seed("codes", ReceiptCode::from_bytes([7; 20]).to_string().as_bytes());
    seed("codes", "7k2mq-oil00-٠١٢٣٤-abcde-fghjk0".as_bytes());
    seed("events", &[0, 3, 0, 20, b'x', 0, 1, 1, 0, 0, 0, 2]);
    events::bodies().iter().for_each(|body| seed("events", body.as_bytes()));
    seed("key_set", key_set::KEYS.as_bytes());
    seed("key_set", key_set::TOKEN.trim().as_bytes());
    let ours = [incident::kinds(Settings::default()), eovr_core::identity::kinds()];
    let ours = ours.into_iter().flatten().flatten().chain(attachment::kind(
        name!("paper"),
        name!("bench"),
        name!("test"),
    ));
    let table = |kind: Kind| serde_json::to_vec(kind.table()).expect("a kind is JSON");
    ours.map(table).for_each(|table| seed("kind", &table));
    kind::SAMPLES.iter().for_each(|sample| seed("kind", sample.as_bytes()));
    let mut learner = LocalLearner::default();
    for high in [true, false, true] {
        learner.review(&Case { narrative: "a vial was dropped", ..Case::default() }, high);
    }
    let learner = learner.to_bytes();
    seed("learner", learner.get(..learner.len() - 32).unwrap_or_default());
    seed("log", &log::whole());
    seed("model", model::HEAD.as_bytes());
    seed("model", &[model::HEAD.as_bytes(), b"\0\x00\x00\x80\x3f\x01\x02\x03"].concat());
    seed("model", b"{}");
    seed("note", note::sample().as_bytes());
    seed("note", Signer::new("a.example/log", &[1; 32]).expect("a name").public().to_string().as_bytes());
    seed("place", Cursor { created_at: NOW, id: RecordId::from_bytes([7; 16]) }.to_string().as_bytes());
    seed("rows", "narrative,level\nfell,1\n\"a \"\"vial\"\", broken\",2\n".as_bytes());
    seed("rows", "\u{FEFF}text;level\r\nوقع;1\r\n\r\nfell;2;3\r\n".as_bytes());
    seed("rows", "id,text\n1,\"Stat\" was said\n2,\"never closed\n3,fell\n".as_bytes());
    seed("rows", "sep=;\r\nid;text\r\n1;fell\r\n".as_bytes());
    seed("rows", b"\xFF\xFEt\0;\0x\0\r\0\n\0");
    (0..4).for_each(|which| seed("sealed", &[which, 0, 0]));
    for purpose in [Purpose::Access, Purpose::SecondStep, Purpose::NewPassword] {
        seed("tokens", tokens::sample(purpose).as_bytes());
    }
    seed("tokens", &[b"eovr_".as_slice(), &[b'A'; 64]].concat());
    seed("tokens", &[b'A'; 64]);
    seeds
}
