//! Fetches documents from servers that are slow, broken, unencrypted or have a wrong certificate.

use rcgen::CertifiedKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::*;

type Tested = Result<(), Box<dyn std::error::Error>>;

const QUICK: Duration = Duration::from_millis(300);
const PATIENT: Duration = Duration::from_secs(20);
const DOCUMENT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"a\": 1}";

/// A server that answers every request with these bytes and then waits or closes the connection.
async fn said(bytes: Vec<u8>, hangs_up: bool, tls: Option<TlsAcceptor>) -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            match &tls {
                None => drop(tokio::spawn(answer(stream, bytes.clone(), hangs_up))),
                Some(tls) => {
                    let (tls, bytes) = (tls.clone(), bytes.clone());
                    tokio::spawn(async move { answer(tls.accept(stream).await?, bytes, hangs_up).await });
                }
            }
        }
    });
    Ok(port)
}

async fn answer<S>(mut stream: S, bytes: Vec<u8>, hangs_up: bool) -> std::io::Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(stream.read_u8().await?);
    }
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    if !hangs_up {
        std::future::pending::<()>().await;
    }
    stream.shutdown().await
}

async fn got(bytes: impl Into<Vec<u8>>, hangs_up: bool, patience: Duration) -> Result<Bytes, String> {
    let port = said(bytes.into(), hangs_up, None).await.map_err(|error| error.to_string())?;
    Fetch::new(None, patience)?.get(&Address::new(&format!("http://127.0.0.1:{port}/keys?of=all"))?).await
}

#[tokio::test]
async fn a_document_comes_whole_or_not_at_all() -> Tested {
    let check = async |what: &str, bytes: Vec<u8>, hangs_up: bool, why: &str| {
        let got = got(bytes, hangs_up, if why == "in time" { QUICK } else { PATIENT }).await;
        assert!(got.as_ref().is_err_and(|said| said.contains(why)), "{what}: {got:?}");
    };
    assert_eq!(got(DOCUMENT, false, PATIENT).await?, "{\"a\": 1}");
    assert_eq!(got(DOCUMENT, true, PATIENT).await?, "{\"a\": 1}");
    assert_eq!(got("HTTP/1.1 200 OK\r\n\r\n{}", true, PATIENT).await?, "{}");
    let most =
        |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{}", " ".repeat(bytes));
    assert_eq!(got(most(MOST_BYTES), false, PATIENT).await?.len(), MOST_BYTES);
    check("too large", most(MOST_BYTES + 1).into(), false, "cannot be read").await;
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(MOST_BYTES + 1));
    check("too large, and not said", endless.into(), false, "cannot be read").await;
    check("cut off", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}".into(), true, "cannot be read").await;
    check("never ends", b"HTTP/1.1 200 OK\r\n\r\n{".into(), false, "in time").await;
    check("silent", Vec::new(), false, "in time").await;
    check("gone", Vec::new(), true, "the connection failed").await;
    check("no HTTP", b"SSH-2.0-OpenSSH_9.2\r\n".into(), false, "the connection failed").await;
    check("gone elsewhere", b"HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n".into(), true, "302").await;
    check("not there", b"HTTP/1.1 404 Not Found\r\n\r\n".into(), true, "404").await;
    check("empty", b"HTTP/1.1 204 No Content\r\n\r\n".into(), true, "204").await;
    Ok(())
}

#[tokio::test]
async fn an_unreachable_server_is_reported() -> Tested {
    let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    let got = Fetch::new(None, PATIENT)?.get(&Address::new(&format!("http://127.0.0.1:{port}/"))?).await;
    assert!(got.as_ref().is_err_and(|why| why.contains("cannot connect")), "{got:?}");
    Ok(())
}

/// The client accepts a certificate if a trusted authority has signed it for this host name.
#[tokio::test]
async fn over_tls_the_certificate_must_be_right() -> Tested {
    let certified = || rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let CertifiedKey { cert, signing_key } = certified()?;
    let (own, other) = (cert.pem(), certified()?.cert.pem());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![cert.into()], signing_key.into())?;
    let port = said(DOCUMENT.into(), false, Some(TlsAcceptor::from(Arc::new(config)))).await?;
    let get = async |host: &str, vouching: Option<&str>| {
        let fetch = Fetch::new(vouching.map(str::as_bytes), PATIENT)?;
        fetch.get(&Address::new(&format!("https://{host}:{port}/"))?).await
    };
    assert_eq!(get("localhost", Some(&own)).await?, "{\"a\": 1}");
    assert_eq!(get("localhost", Some(&format!("{other}{own}"))).await?, "{\"a\": 1}");
    for (host, vouching) in [("127.0.0.1", Some(&own)), ("localhost", Some(&other)), ("localhost", None)] {
        let got = get(host, vouching.map(String::as_str)).await;
        assert!(got.as_ref().is_err_and(|why| why.contains("no TLS")), "{host}: {got:?}");
    }
    for bad in ["", "a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(Fetch::new(Some(bad.as_bytes()), QUICK).is_err(), "{bad}");
    }
    Ok(())
}
