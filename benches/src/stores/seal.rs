//! One short text, sealed in MongoDB's format: by us, by the bare ciphers, and by pymongocrypt.
//!
//! The official Rust driver needs the C library libmongocrypt to link. pymongocrypt bundles that library; a machine
//! without another copy cannot link the driver, so this benchmark leaves it out.

use std::hint::black_box;

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt as _, InnerIvInit as _, KeyInit as _};
use cbc::Encryptor;
use eovr_core::ports::EntropySource as _;
use eovr_core::seal::csfle::{CsfleRing, LocalKey};
use eovr_core::seal::{Cipher as _, Entropy, Mode, Place};
use hmac::{Hmac, Mac as _};
use sha2::Sha512;
use uuid::Uuid;

use crate::stopwatch::{take_turns, thread_cpu_each};

use crate::stores::peer::Peer;
use crate::stores::server::Server;
use crate::stores::{Database, line};
use crate::table::{self, Line};
use crate::{Outcome, Scale, world};

const TEXT: &[u8; 12] = b"MRN-00000001";

/// Blob type, key id and BSON type, which the tag covers as well.
const HEADER: usize = 18;
const BLOCK: usize = 16;
const TAG: usize = 32;

/// The rows `stores-seal`.
pub(crate) fn rows(scale: Scale, _: Option<usize>) -> Outcome<Vec<Line>> {
    table::say("not measured: encryption of the official Rust driver, whose C library is missing");
    let peer = Peer::start()?;
    let server = Server::start(Database::Mongodb)?;
    peer.tell(&format!("open mongodb-encrypted {}", server.create("peer")))?;
    let mut entropy = Entropy::from_seed(&world::Counted::default().seed()?);
    let local = LocalKey::from_bytes(&[42; 96]);
    let (ring, _) = CsfleRing::create(&local, Uuid::from_u128(7), world::NOW, &mut entropy)?;
    let bare = Bare::new()?;
    let (rounds, count, seconds) = (scale.pick(15, 3), scale.pick(100_000, 10_000), scale.pick(0.5, 0.2));
    let place = Place { kind: "incident", record: Uuid::from_u128(3), field: "file_number" };
    let mut lines = Vec::new();
    for (mode, name) in [(Mode::Deterministic, "deterministic"), (Mode::Random, "random")] {
        let mut ours = || {
            thread_cpu_each(count, |_| {
                black_box(ring.seal(&place, mode, black_box(TEXT), &mut entropy)?);
                Ok(())
            })
        };
        let mut floor = || {
            thread_cpu_each(count, |index| {
                black_box(bare.seal(mode, black_box(TEXT), index).ok_or("there is room")?);
                Ok(())
            })
        };
        let mut theirs = || peer.turn(&format!("seal {name} {seconds}"));
        let costs = take_turns(rounds, &mut [&mut ours, &mut floor, &mut theirs])?;
        let [ours, floor, theirs] = costs.as_slice() else { return Err("three took part".into()) };
        let what = format!("seal 12 bytes, {name}: CPU");
        let mine = format!("{:.2} µs", ours.cpu);
        let its = format!("{:.1} µs  pymongocrypt", theirs.cpu);
        lines.push(line(what.clone(), mine.clone(), its, theirs.cpu / ours.cpu, Some(30.0)));
        let its = format!("{:.2} µs  bare AES-CBC and HMAC", floor.cpu);
        let ratio = ours.cpu / floor.cpu;
        lines.push(Line::new(what, mine).floor(its, ratio).target("≤ 1.6 ×", ratio <= 1.6));
    }
    Ok(lines)
}

/// The keys, expanded once, without error handling and without zeroing.
struct Bare {
    mac: Hmac<Sha512>,
    cipher: Aes256,
    iv: Hmac<Sha512>,
}

impl Bare {
    fn new() -> Outcome<Self> {
        Ok(Self {
            mac: Hmac::new_from_slice(&[1; 32])?,
            cipher: Aes256::new(&[2; 32].into()),
            iv: Hmac::new_from_slice(&[3; 32])?,
        })
    }

    /// The same bytes through the same functions, into one buffer.
    fn seal(&self, mode: Mode, text: &[u8], index: usize) -> Option<Vec<u8>> {
        let length = text.len() + 5;
        let padded = length + BLOCK - length % BLOCK;
        let bits = (HEADER as u64 * 8).to_be_bytes();
        let mut out = Vec::with_capacity(HEADER + BLOCK + padded + TAG);
        out.resize(HEADER + BLOCK, 2);
        out.extend_from_slice(&u32::try_from(text.len() + 1).ok()?.to_le_bytes());
        out.extend_from_slice(text);
        out.resize(HEADER + BLOCK + padded, 0);
        let (header, body) = out.split_at_mut_checked(HEADER)?;
        let (iv, message) = body.split_first_chunk_mut::<BLOCK>()?;
        match mode {
            Mode::Deterministic => {
                let mac = self.iv.clone().chain_update(&*header).chain_update(bits);
                let mac = mac.chain_update(message.get(..length)?).finalize().into_bytes();
                iv.iter_mut().zip(mac).for_each(|(iv, byte)| *iv = byte);
            }
            // The source of random bytes is not part of the cipher's cost.
            Mode::Random => iv.iter_mut().zip(index.to_le_bytes()).for_each(|(iv, byte)| *iv = byte),
        }
        let cbc: Encryptor<&Aes256> = Encryptor::inner_iv_init(&self.cipher, (&*iv).into());
        cbc.encrypt_padded::<Pkcs7>(message, length).ok()?;
        let mac = self.mac.clone().chain_update(&out).chain_update(bits);
        out.extend(mac.finalize().into_bytes().iter().take(TAG));
        Some(out)
    }
}
