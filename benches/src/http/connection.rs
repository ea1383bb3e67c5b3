//! A keep-alive connection with minimal HTTP, because the servers do not get the CPU time that a caller uses.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::Outcome;

/// A connection to one server.
pub(super) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// The response of a server.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Connection {
    pub(super) async fn open(to: SocketAddr) -> Outcome<Self> {
        Self::open_from(Ipv4Addr::LOCALHOST, to).await
    }

    /// Connects from this client address; the machine has all of 127.0.0.0/8.
    pub(super) async fn open_from(from: Ipv4Addr, to: SocketAddr) -> Outcome<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddrV4::new(from, 0).into())?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::new() })
    }

    pub(super) async fn ask(&mut self, request: &[u8]) -> Outcome<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let head = loop {
            self.more().await?;
            if let Some(at) = self.read.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = std::str::from_utf8(self.read.get(..head).unwrap_or_default())?;
        let (status, length) = (status(text)?, length(text)?);
        while self.read.len() < head + length {
            self.more().await?;
        }
        let body = self.read.get(head..).unwrap_or_default();
        Ok(Answer { status, body })
    }

    async fn more(&mut self) -> Outcome<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err("a server closed a connection".into()),
            _ => Ok(()),
        }
    }
}

impl Answer<'_> {
    /// The body of a successful response.
    ///
    /// # Errors
    /// The response's own text if it failed.
    pub(super) fn good(&self) -> Outcome<&[u8]> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        Err(format!("{}: {}", self.status, String::from_utf8_lossy(self.body)).into())
    }
}

fn status(head: &str) -> Outcome<u16> {
    Ok(head.split(' ').nth(1).ok_or("an answer has a status")?.parse()?)
}

fn length(head: &str) -> Outcome<usize> {
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let length = headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok(length.ok_or("an answer says its length")?.1.parse()?)
}
