//! What follows from the master key stands in the memory of the server as rarely as it must.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::served::Server;
use crate::support::{Folder, Tested};

/// The one that is used, and what a frame of the stack has left of it.
const FEW: usize = 3;

/// So much is read at a time.
const PIECE: usize = 1 << 20;

/// How often each of these stands in what a process may write to.
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
            // A part that is not there has no secrets, nor has one that nobody has written to.
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
            // What lies across two pieces is found with the second.
            before.drain(..before.len().saturating_sub(31));
        }
    }
    Ok(found)
}

#[test]
fn secrets_of_the_server_are_not_strewn_about_its_memory() -> Tested {
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
