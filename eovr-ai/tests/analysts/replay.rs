//! A server on this machine that imitates a provider, including its failures. It plays one queued reply for each
//! request and records the requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use eovr_ai::Dialect;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How the server answers a request.
pub(crate) enum Play {
    /// Status, headers, body.
    Reply(u16, Vec<(&'static str, String)>, String),
    /// A reply that depends on the request.
    Says(Box<dyn Fn(&Heard) -> String + Send>),
    /// This text, held back until the test releases it.
    Held(String),
    /// No reply until the client gives up.
    Stall,
    /// Half a body, then silence.
    Drip(String),
    /// Half a body, then a closed connection.
    HangUp(String),
    /// A connection that is closed at once.
    Refuse,
    /// A body without an end.
    Endless,
    /// Bytes that are not HTTP.
    Noise,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// The server. It ends with the test.
pub(crate) struct Replay {
    pub(crate) address: String,
    script: Arc<Mutex<VecDeque<Play>>>,
    ears: Ears,
    go: Arc<Notify>,
    work: JoinHandle<()>,
}

/// The recorded requests, and a signal for the test that waits for one.
#[derive(Clone, Default)]
struct Ears {
    heard: Arc<Mutex<Vec<Heard>>>,
    bell: Arc<Notify>,
}

impl Replay {
    pub(crate) async fn open(dialect: Dialect) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (script, ears) = (Arc::<Mutex<VecDeque<Play>>>::default(), Ears::default());
        let go = Arc::<Notify>::default();
        let parts = (script.clone(), ears.clone(), go.clone());
        let work = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (plays, ears, go) = parts.clone();
                tokio::spawn(async move { answer(stream, dialect, &plays, &ears, &go).await });
            }
        });
        Self { address, script, ears, go, work }
    }

    pub(crate) fn plays(&self, play: Play) {
        self.script.lock().unwrap().push_back(play);
    }

    /// Clears the queue of replies.
    pub(crate) fn forget(&self) {
        self.script.lock().unwrap().clear();
    }

    /// Takes the requests recorded since the last call.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.ears.heard.lock().unwrap())
    }

    /// The number of recorded requests.
    pub(crate) fn count(&self) -> usize {
        self.ears.heard.lock().unwrap().len()
    }

    /// A signal that fires for each request.
    pub(crate) fn listen(&self) -> Arc<Notify> {
        self.ears.bell.clone()
    }

    /// Releases the replies that are held back.
    pub(crate) fn let_go(&self) {
        self.go.notify_one();
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.work.abort();
    }
}

async fn answer(
    mut stream: TcpStream,
    dialect: Dialect,
    plays: &Mutex<VecDeque<Play>>,
    ears: &Ears,
    go: &Notify,
) -> Option<()> {
    let heard = hear(&mut stream).await?;
    ears.heard.lock().unwrap().push(heard.clone());
    ears.bell.notify_one();
    let play = plays.lock().unwrap().pop_front();
    let half = |body: &str| body.get(..body.len() / 2).unwrap_or_default().to_owned();
    let head = |length: usize| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
    };
    match play {
        None => {
            send(&mut stream, "HTTP/1.1 500 Unrehearsed\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await?;
        }
        Some(Play::Reply(status, headers, body)) => {
            let headers: String =
                headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let length = body.len();
            let reply = format!(
                "HTTP/1.1 {status} Said\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            send(&mut stream, &reply).await?;
        }
        Some(Play::Says(words)) => {
            let body = envelope(dialect, &words(&heard)).to_string();
            send(&mut stream, &format!("{}{body}", head(body.len()))).await?;
        }
        Some(Play::Held(words)) => {
            go.notified().await;
            let body = envelope(dialect, &words).to_string();
            send(&mut stream, &format!("{}{body}", head(body.len()))).await?;
        }
        Some(Play::Stall) => wait_for_the_end(&mut stream).await,
        Some(Play::Drip(body)) => {
            send(&mut stream, &format!("{}{}", head(body.len()), half(&body))).await?;
            wait_for_the_end(&mut stream).await;
        }
        Some(Play::HangUp(body)) => {
            send(&mut stream, &format!("{}{}", head(body.len()), half(&body))).await?
        }
        Some(Play::Refuse) => {}
        Some(Play::Endless) => {
            send(
                &mut stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{",
            )
            .await?;
            let spaces = " ".repeat(1 << 16);
            while send(&mut stream, &spaces).await.is_some() {}
        }
        Some(Play::Noise) => send(&mut stream, "220 mail.example.org ESMTP\r\n").await?,
    }
    let _ = stream.shutdown().await;
    Some(())
}

async fn hear(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&some[..count]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            bytes.drain(..end + 4);
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            break (head, length.unwrap_or(0));
        }
    };
    while bytes.len() < length {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&some[..count]);
    }
    let path = head.split(' ').nth(1)?.to_owned();
    Some(Heard { path, head, body: serde_json::from_slice(&bytes).ok()? })
}

async fn send(stream: &mut TcpStream, text: &str) -> Option<()> {
    stream.write_all(text.as_bytes()).await.ok()
}

async fn wait_for_the_end(stream: &mut TcpStream) {
    let mut some = [0; 64];
    while stream.read(&mut some).await.is_ok_and(|count| count > 0) {}
}

/// A model's text in the provider's envelope.
pub(crate) fn envelope(dialect: Dialect, text: &str) -> Value {
    match dialect {
        Dialect::OpenAi => {
            json!({"id": "resp_1", "object": "response", "status": "completed", "model": "m-1",
            "output": [{"type": "reasoning", "summary": []}, {"type": "message", "role": "assistant",
            "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": []}]}],
            "usage": {"input_tokens": 310, "output_tokens": 42, "total_tokens": 352}})
        }
        Dialect::Anthropic => json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1",
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {"input_tokens": 310, "output_tokens": 42}}),
        Dialect::Google => json!({"candidates": [{"index": 0, "finishReason": "STOP",
            "content": {"role": "model", "parts": [{"text": text}]}}], "modelVersion": "m-1",
            "usageMetadata": {"promptTokenCount": 310, "candidatesTokenCount": 42, "totalTokenCount": 352}}),
        Dialect::Local => {
            json!({"id": "chatcmpl-1", "object": "chat.completion", "model": "m-1", "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 310, "completion_tokens": 42, "total_tokens": 352}})
        }
    }
}

/// A refusal in the provider's format.
pub(crate) fn refusal(dialect: Dialect) -> Value {
    match dialect {
        Dialect::OpenAi => json!({"status": "completed", "output": [{"type": "message", "content": [
            {"type": "refusal", "refusal": "HACKED-BY-MODEL cannot help"}]}]}),
        Dialect::Anthropic => json!({"type": "message", "content": [], "stop_reason": "refusal",
            "stop_details": {"type": "refusal", "category": "bio", "explanation": "HACKED-BY-MODEL"}}),
        Dialect::Google => json!({"candidates": [{"finishReason": "SPII"}]}),
        Dialect::Local => json!({"choices": [{"finish_reason": "stop", "message": {"role": "assistant",
            "content": null, "refusal": "HACKED-BY-MODEL cannot help"}}]}),
    }
}

/// A truncated answer in the provider's format.
pub(crate) fn truncated(dialect: Dialect) -> Value {
    let text = "{\"score\": 10, \"level\": \"lo";
    match dialect {
        Dialect::OpenAi => {
            json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
            "output": [{"type": "message", "content": [{"type": "output_text", "text": text}]}]})
        }
        Dialect::Anthropic => json!({"type": "message", "content": [{"type": "text", "text": text}],
            "stop_reason": "max_tokens"}),
        Dialect::Google => json!({"candidates": [{"finishReason": "MAX_TOKENS",
            "content": {"parts": [{"text": text}]}}]}),
        Dialect::Local => json!({"choices": [{"finish_reason": "length", "message": {"content": text}}]}),
    }
}

/// A question or an answer blocked by a filter, in the provider's format.
pub(crate) fn blocked(dialect: Dialect) -> Play {
    let body = match dialect {
        Dialect::OpenAi => {
            json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}})
        }
        // Anthropic has no separate filter; a proxy in front of it has.
        Dialect::Anthropic => {
            return Play::Reply(400, Vec::new(), json!({"error": {"code": "content_filter"}}).to_string());
        }
        Dialect::Google => json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
        Dialect::Local => {
            json!({"choices": [{"finish_reason": "content_filter", "message": {"content": null}}]})
        }
    };
    Play::Reply(200, Vec::new(), body.to_string())
}
