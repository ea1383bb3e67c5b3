//! Many concurrent clients, and one client with many requests: the others must not suffer.

use std::net::{IpAddr, SocketAddr};

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use eovr_core::access::{Role, danger};
use eovr_core::attachment::LARGEST;
use eovr_core::identity::password::{Password, PasswordCost};
use eovr_core::identity::{self, NewUser, user};
use eovr_core::org::OrgId;
use eovr_core::seal::Entropy;
use eovr_host::http::auth::{Allowed, Behind, Proxies};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::authentication::{Deployment, Failing, In, PASSWORD, TOP, site_behind};
use super::{ELSEWHERE, Got, NURSE, QUALITY, Server, Tested};

/// A request through the trusted proxies, or one that pretends to be.
async fn from(
    site: &Deployment,
    peer: &str,
    client: &str,
    path: &str,
    cookie: &str,
    body: Option<Value>,
) -> Failing<Got> {
    let peer: IpAddr = peer.parse()?;
    let mut request = Request::post(path)
        .extension(ConnectInfo(SocketAddr::new(peer, 40_000)))
        .header("x-forwarded-for", client)
        .header("x-eovr", "1")
        .header("cookie", cookie);
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    site.server.send(request.body(body)?).await
}

const PROXY: &str = "10.1.2.3";

async fn log_in(site: &Deployment, client: &str, email: &str, password: &str) -> Failing<Got> {
    let body = json!({"email": email, "password": password});
    from(site, PROXY, client, "/api/auth/login", "", Some(body)).await
}

/// A building with this many accounts, behind these proxies.
async fn house(people: usize, proxies: &str, allowed: Allowed) -> Failing<(Deployment, Vec<String>)> {
    let site = site_behind(behind(proxies)?, allowed).await?;
    let hash =
        PasswordCost::default().hash(&Password::typed(PASSWORD)?, &mut Entropy::from_seed(&[3; 32]))?;
    let setup = site.eovr.session(danger::unrestricted("test", "make accounts")?);
    let mut emails = Vec::new();
    for number in 0..people {
        let email = format!("nurse{number}@example.org");
        let account = NewUser {
            role: Role::Staff,
            email: email.clone(),
            display_name: "A nurse".to_owned(),
            password_hash: Some(hash.to_string()),
            must_change: false,
        };
        setup.create(&user::KIND, &OrgId::new("F1")?, account.command()).await?;
        emails.push(email);
    }
    Ok((site, emails))
}

#[derive(clap::Parser)]
struct Options {
    #[command(flatten)]
    behind: Behind,
}

/// Parses the command-line option of the server.
fn behind(proxies: &str) -> Failing<Proxies> {
    let options = ["eovr-server", "--proxy", proxies];
    Ok(<Options as clap::Parser>::try_parse_from(options)?.behind.proxies())
}

/// All people of a building share one address and know their passwords. At the start of a shift they all log in at
/// once.
#[tokio::test]
async fn forty_five_people_behind_one_address_log_in_at_once() -> Tested {
    let (site, people) = house(45, PROXY, Allowed::default()).await?;
    let came = join_all(people.iter().map(|email| log_in(&site, "203.0.113.7", email, PASSWORD))).await;
    let mut inside = Vec::new();
    for got in came {
        inside.push(In::of(got?)?);
    }
    for who in &inside {
        let again = from(&site, PROXY, "203.0.113.7", "/api/auth/refresh", &who.cookie, None).await?;
        In::of(again)?;
    }
    Ok(())
}

/// Guesses block only clients with the same address.
#[tokio::test]
async fn guesses_from_one_address_do_not_block_another_behind_the_same_proxy() -> Tested {
    let allowed = Allowed { failures_per_minute: 3, ..Allowed::default() };
    let (site, people) = house(5, "10.1.0.0/16,2001:db8:ffff::/48", allowed).await?;
    let [first, second, others @ ..] = people.as_slice() else { return Err("there are people".into()) };
    let inside = In::of(log_in(&site, "198.51.100.66", first, PASSWORD).await?)?;
    for email in others {
        log_in(&site, "198.51.100.66", email, "four boats on the nile").await?.is(401)?;
    }
    log_in(&site, "198.51.100.66", second, PASSWORD).await?.problem(429, "too_many")?;
    log_in(&site, "198.51.100.2", second, PASSWORD).await?.is(200)?;
    // A login at the blocked address can still be refreshed.
    let renewed = from(&site, PROXY, "198.51.100.66", "/api/auth/refresh", &inside.cookie, None).await?;
    In::of(renewed)?;
    // The server ignores `x-forwarded-for` from a client that is not a trusted proxy.
    let forged = json!({"email": second, "password": PASSWORD});
    from(&site, "198.51.100.66", "192.0.2.1", "/api/auth/login", "", Some(forged))
        .await?
        .problem(429, "too_many")?;
    Ok(())
}

#[tokio::test]
async fn guesses_from_one_ipv6_network_share_a_limit() -> Tested {
    let allowed = Allowed { failures_per_minute: 3, ..Allowed::ANY };
    let (site, people) = house(2, PROXY, allowed).await?;
    for last in 1..=3 {
        let client = format!("2001:db8:1:2::{last}");
        log_in(&site, &client, &people[0], "four boats on the nile").await?.is(401)?;
    }
    log_in(&site, "2001:db8:1:2:ffff::9", &people[1], PASSWORD).await?.problem(429, "too_many")?;
    log_in(&site, "2001:db8:1:3::9", &people[1], PASSWORD).await?.is(200)?;
    Ok(())
}

#[tokio::test]
async fn refreshes_of_one_login_are_limited() -> Tested {
    let allowed = Allowed { renewals_per_minute: 2, ..Allowed::ANY };
    let (site, people) = house(2, PROXY, allowed).await?;
    let mut first = In::of(log_in(&site, "203.0.113.7", &people[0], PASSWORD).await?)?;
    let second = In::of(log_in(&site, "203.0.113.7", &people[1], PASSWORD).await?)?;
    for _ in 0..2 {
        first = In::of(site.refresh(&first.cookie, &[("x-eovr", "1")]).await?)?;
    }
    site.refresh(&first.cookie, &[("x-eovr", "1")]).await?.problem(429, "too_many")?;
    In::of(site.refresh(&second.cookie, &[("x-eovr", "1")]).await?)?;
    Ok(())
}

/// The path of a facility's poster.
async fn poster(site: &Deployment, facility: &str) -> Failing<String> {
    let top = site.come_in(TOP).await?;
    let sites = identity::Site::all(&site.eovr.org());
    let entered =
        sites.into_iter().find(|site| site.stamp.facility.as_str() == facility).ok_or("a facility")?;
    let setup = site.eovr.session(danger::unrestricted("test", "enter a facility")?);
    let id = entered.register(&setup).await?.id;
    let given = site.post(&top, &format!("/api/facilities/{id}/link"), None).await?.is(200)?.json()?;
    Ok(format!("/api/report/{}", given["link"].as_str().ok_or("a link")?))
}

/// Reports are permanent, so a facility accepts a limited number, whatever their origin.
#[tokio::test]
async fn reports_of_a_poster_are_limited_whatever_their_origin() -> Tested {
    for (allowed, what) in [
        (Allowed { reports_per_minute_and_poster: 5, ..Allowed::ANY }, "the poster"),
        (Allowed { reports_per_hour_and_facility: 5, ..Allowed::ANY }, "the facility"),
    ] {
        let site = site_behind(behind(PROXY)?, allowed).await?;
        let (here, elsewhere) = (poster(&site, "F1").await?, poster(&site, "F2").await?);
        let told = json!({"category": "medication", "description": "A visitor was given somebody's pills."});
        let mut taken = 0;
        for number in 0..12 {
            let got =
                from(&site, PROXY, &format!("198.51.100.{number}"), &here, "", Some(told.clone())).await?;
            match got.status.as_u16() {
                201 => taken += 1,
                _ => {
                    let seconds: u32 = got.header("retry-after").parse()?;
                    assert!(seconds > 0, "{what}");
                    got.problem(429, "too_many")?;
                }
            }
        }
        assert_eq!(taken, 5, "{what}");
        from(&site, PROXY, "198.51.100.1", &elsewhere, "", Some(told)).await?.is(201)?;
    }
    Ok(())
}

/// Rendering a report takes a hundred megabytes, so the server renders one at a time and limits each caller.
#[tokio::test(flavor = "multi_thread")]
async fn forty_concurrent_reports_are_rendered_one_at_a_time() -> Tested {
    let server = Server::new().await?;
    let incident = server.reported().await?;
    let pdf = format!("/api/exports/incidents/{}.pdf", incident.rsplit('/').next().ok_or("an id")?);
    let all = join_all((0..40).map(|_| server.get(NURSE, &pdf))).await;
    let (mut printed, mut refused) = (0, 0);
    for got in all {
        let got = got?;
        match got.status.as_u16() {
            200 => printed += 1,
            _ => {
                assert!(got.header("retry-after").parse::<u32>()? > 0);
                got.problem(429, "too_many")?;
                refused += 1;
            }
        }
    }
    assert!((1..=10).contains(&printed) && refused >= 30, "{printed} printed, {refused} refused");
    // The queue is empty again.
    server.get(NURSE, &pdf).await?.is(200)?;
    server.get(QUALITY, &pdf).await?.is(200)?;
    Ok(())
}

/// A body whose rest does not arrive while the sender exists.
fn stalled() -> (tokio::sync::mpsc::Sender<Bytes>, Body) {
    let (sender, mut rest) = tokio::sync::mpsc::channel(1);
    let parts = futures_util::stream::poll_fn(move |context| rest.poll_recv(context));
    (sender, Body::from_stream(futures_util::StreamExt::map(parts, Ok::<_, std::io::Error>)))
}

#[tokio::test]
async fn uploads_are_limited_in_total_and_per_caller() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/attachments", server.reported().await?);
    let send = |who: &'static str, body: Body| {
        // A client that sends `Expect` is answered before it sends the body.
        let request = Request::post(&path).header("x-test-actor", who).header("expect", "100-continue");
        request.body(body).map(|request| Box::pin(server.send(request)))
    };
    let mut on_their_way = Vec::new();
    for _ in 0..60 {
        let (sender, body) = stalled();
        let mut sending = send(NURSE, body)?;
        match futures_util::FutureExt::now_or_never(&mut sending) {
            None => on_their_way.push((sender, sending)),
            Some(got) => drop(got?.problem(429, "too_many")?),
        }
    }
    assert!((1..=4).contains(&on_their_way.len()), "{}", on_their_way.len());
    let small = || Body::from("%PDF-1.7 a chart %%EOF");
    send(QUALITY, small())?.await?.is(201)?;
    // Cancelled uploads release their room.
    drop(on_their_way);
    let large = [b"%PDF-1.7".as_slice(), &vec![b' '; LARGEST - 13], b"%%EOF"].concat();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while send(NURSE, large.clone().into())?.await?.status != 201 {
        assert!(std::time::Instant::now() < end, "room is given back");
        tokio::task::yield_now().await;
    }
    send(ELSEWHERE, small())?.await?.problem(404, "not_found")?;
    Ok(())
}

/// A client that requests files and does not receive them holds its share of the memory, and no more.
#[tokio::test]
async fn downloads_that_stall_are_limited() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/attachments", server.reported().await?);
    let large = [b"%PDF-1.7".as_slice(), &vec![b' '; LARGEST - 13], b"%%EOF"].concat();
    let made =
        server.send(Request::post(&path).header("x-test-actor", NURSE).body(large.into())?).await?.is(201)?;
    let place = made.header("location").to_owned();
    let ask = async |who: &str| {
        let request = Request::get(&place).header("host", "test").header("x-test-actor", who);
        Ok::<_, Box<dyn std::error::Error>>(
            server.router.clone().oneshot(request.body(Body::empty())?).await?,
        )
    };
    let mut given = Vec::new();
    for _ in 0..40 {
        let response = ask(QUALITY).await?;
        match response.status().as_u16() {
            200 => given.push(response),
            status => assert_eq!((status, response.headers().contains_key("retry-after")), (429, true)),
        }
    }
    assert!((1..=4).contains(&given.len()), "{}", given.len());
    assert_eq!(ask(NURSE).await?.status(), 200, "another caller has its own share");
    drop(given);
    assert_eq!(ask(QUALITY).await?.status(), 200);
    Ok(())
}
