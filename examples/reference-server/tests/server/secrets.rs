//! The server's memory holds as few copies of the derived secrets as possible.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::served::Server;
use crate::support::{Folder, Tested};

/// The copy in use, and copies that a stack frame may have left.
const FEW: usize = 3;

/// The block size for reading memory.
const PIECE: usize = 1 << 20;

/// How many copies of each secret are in a process's writable memory.
fn copies(process: u32, wanted: &[Vec<u8>]) -> Result<Vec<usize>, Box<dyn std::error::Error>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let mut memory = File::open(format!("/proc/{process}/mem"))?;
    let mut found = vec![0; wanted.len()];
    let (nothing, mut piece) = (vec![0; PIECE], vec![0; PIECE]);
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        let Some((from, to)) = range.split_once('-') else { continue };
        if !rights.starts_with("rw") {
            continue;
        }
        let (mut at, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
        let mut before = Vec::new();
        while at < to {
            let length = usize::try_from(to - at)?.min(PIECE);
            let piece = piece.get_mut(..length).ok_or("a piece is as long as that")?;
            memory.seek(SeekFrom::Start(at))?;
            at += length as u64;
            // An unmapped page contains no secret, and a page of zeros neither.
            if memory.read_exact(piece).is_err() || nothing.starts_with(piece) {
                before.clear();
                continue;
            }
            before.extend_from_slice(piece);
            for (found, wanted) in found.iter_mut().zip(wanted) {
                let first = wanted.first().ok_or("a secret has bytes")?;
                let begins = before.iter().enumerate().filter(|(_, byte)| *byte == first);
                *found += begins
                    .filter(|(at, _)| before.get(*at..).is_some_and(|rest| rest.starts_with(wanted)))
                    .count();
            }
            // The overlap finds a secret that lies across two blocks.
            before.drain(..before.len().saturating_sub(31));
        }
    }
    Ok(found)
}

#[test]
fn the_servers_memory_holds_few_copies_of_its_secrets() -> Tested {
    let folder = Folder::new()?;
    let key = STANDARD.encode(std::array::from_fn::<u8, 32, _>(|at| (at as u8).wrapping_mul(83) ^ 0xA5));
    let mut command = folder.command("serve");
    let server = Server::start(command.env("EOVR_MASTER_KEY", &key))?;
    for path in ["/health", "/api/incidents", "/api/report/receipt"] {
        server.ask(&format!("GET {path} HTTP/1.1"), "")?;
    }
    let purposes = ["eovr.server.v1", "eovr.tokens.v1", "eovr.log.v1"];
    let secrets = purposes.map(|purpose| Sha256::digest(format!("{purpose}\n{key}")).to_vec());
    for (purpose, copies) in purposes.iter().zip(copies(server.id(), &secrets)?) {
        assert!((1..=FEW).contains(&copies), "{purpose} stands {copies} times in memory");
    }
    Ok(())
}
