//! The cache of the provider's keys.

use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::*;

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it() -> Tested {
    let (old, new) = (Key::new("old")?, Key::new("new")?);
    let played = Played::new(&[&old]).await?;
    let site = beside(&played.settings()).await?;
    let by = |key: &Key| key.sign(&played.claims(now(&site.clock)));
    site.me(&by(&old)?).await?.is(200)?;
    played.publish(&[&old, &new])?;
    // The server refreshes the keys at most once in ten seconds.
    site.me(&by(&new)?).await?.problem(401, "unauthenticated")?;
    site.clock.pass_seconds(9);
    site.me(&by(&new)?).await?.problem(401, "unauthenticated")?;
    assert_eq!(played.times_described(), 1);
    site.clock.pass_seconds(1);
    site.me(&by(&new)?).await?.is(200)?;
    site.me(&by(&old)?).await?.is(200)?;
    assert_eq!((played.times_described(), played.times_given()), (2, 2));
    // A withdrawn key is refused after the next refresh, at ten minutes.
    played.publish(&[&new])?;
    site.pass(599).await?;
    site.me(&by(&old)?).await?.is(200)?;
    site.pass(1).await?;
    site.me(&by(&new)?).await?.is(200)?;
    site.me(&by(&old)?).await?.problem(401, "unauthenticated")?;
    assert_eq!(played.times_described(), 3);
    Ok(())
}

/// An empty key set withdraws all keys; the provider is not merely away.
#[tokio::test]
async fn a_provider_without_keys_authenticates_no_token() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let site = beside(&played.settings()).await?;
    assert_eq!(site.provider().await?, "ok");
    played.publish(&[])?;
    site.pass(600).await?;
    site.me(&key.sign(&played.claims(now(&site.clock)))?).await?.problem(401, "unauthenticated")?;
    assert_eq!(site.provider().await?, "unavailable");
    Ok(())
}

/// Clients can invent key names, but all of them together cause at most one refresh in ten seconds.
#[tokio::test]
async fn many_unknown_key_names_cause_one_refresh() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let site = beside(&played.settings()).await?;
    site.clock.pass_seconds(10);
    let claims = played.claims(now(&site.clock));
    let hold = played.0.hold.lock().await;
    let mut storm = JoinSet::new();
    for wave in 0..50 {
        let token = Key::new(&format!("made up {wave}"))?.sign(&claims)?;
        let request = Request::get("/api/auth/me")
            .header("host", "test")
            .header("authorization", format!("Bearer {token}"));
        storm.spawn(site.server.router.clone().oneshot(request.body(Body::empty())?));
    }
    until(|| played.times_described() > 1).await;
    // A request with a known key does not wait for the provider.
    site.me(&key.sign(&claims)?).await?.is(200)?;
    drop(hold);
    for answer in storm.join_all().await {
        assert_eq!(answer?.status(), 401);
    }
    assert_eq!((played.times_described(), played.times_given()), (2, 2));
    for wave in 0..50 {
        let token = Key::new(&format!("made up once more {wave}"))?.sign(&claims)?;
        site.me(&token).await?.problem(401, "unauthenticated")?;
    }
    // A token with another issuer, or none, never causes a refresh.
    site.clock.pass_seconds(10);
    for issuer in [json!("https://elsewhere.example.org"), json!("eovr-server"), json!(7), Value::Null] {
        let mut claims = claims.clone();
        claims["iss"] = issuer;
        site.me(&Key::new("made up")?.sign(&claims)?).await?.problem(401, "unauthenticated")?;
    }
    assert_eq!((played.times_described(), played.times_given()), (2, 2));
    Ok(())
}

/// A client that disconnects during a refresh must not stop it for the others.
#[tokio::test]
async fn a_client_that_disconnects_does_not_stop_a_refresh() -> Tested {
    let (old, new) = (Key::new("old")?, Key::new("new")?);
    let played = Played::new(&[&old]).await?;
    let site = beside(&played.settings()).await?;
    played.publish(&[&new])?;
    site.clock.pass_seconds(10);
    let token = new.sign(&played.claims(now(&site.clock)))?;
    let hold = played.0.hold.lock().await;
    let request = Request::get("/api/auth/me")
        .header("host", "test")
        .header("authorization", format!("Bearer {token}"));
    let client = tokio::spawn(site.server.router.clone().oneshot(request.body(Body::empty())?));
    until(|| played.times_described() > 1).await;
    client.abort();
    assert!(client.await.is_err_and(|ended| ended.is_cancelled()));
    drop(hold);
    until(|| played.times_given() > 1).await;
    site.me(&token).await?.is(200)?;
    assert_eq!((played.times_described(), played.times_given()), (2, 2));
    Ok(())
}

#[tokio::test]
async fn while_the_provider_is_away_its_keys_stay_valid_for_a_day() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let site = beside(&played.settings()).await?;
    let token = || key.sign(&played.claims(now(&site.clock)));
    played.go_away();
    site.pass(599).await?;
    assert_eq!((site.provider().await?.as_str(), played.times_described()), ("ok", 1));
    site.pass(1).await?;
    assert_eq!((site.provider().await?.as_str(), played.times_described()), ("unavailable", 2));
    site.me(&token()?).await?.is(200)?;
    // The server retries every ten seconds.
    site.pass(9).await?;
    assert_eq!(played.times_described(), 2);
    site.pass(1).await?;
    assert_eq!(played.times_described(), 3);
    site.pass(24 * 3600 - 610).await?;
    site.me(&token()?).await?.is(200)?;
    site.pass(1).await?;
    let got = site.me(&token()?).await?;
    assert_eq!(got.header("retry-after"), "10");
    got.problem(503, "unavailable")?;
    // Accounts of this server can still log in.
    let mona = site.come_in(MONA).await?;
    site.get(&mona, "/api/auth/me").await?.is(200)?;
    played.come_back();
    site.pass(10).await?;
    assert_eq!(site.provider().await?, "ok");
    site.me(&token()?).await?.is(200)?;
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_away_at_the_start_is_retried() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    played.go_away();
    let site = beside(&played.settings()).await?;
    let token = || key.sign(&played.claims(now(&site.clock)));
    assert_eq!(site.provider().await?, "unavailable");
    site.me(&token()?).await?.problem(503, "unavailable")?;
    site.get(&site.come_in(MONA).await?, "/api/auth/me").await?.is(200)?;
    played.come_back();
    site.me(&token()?).await?.problem(503, "unavailable")?;
    // The next request causes a refresh.
    site.clock.pass_seconds(10);
    site.me(&token()?).await?.is(200)?;
    assert_eq!(site.provider().await?, "ok");
    Ok(())
}

/// A clock that is set back, for example because it was wrong at the start, must not block refreshes.
#[tokio::test]
async fn a_clock_that_is_set_back_does_not_block_refreshes() -> Tested {
    let (old, new) = (Key::new("old")?, Key::new("new")?);
    let played = Played::new(&[&old]).await?;
    let site = beside(&played.settings()).await?;
    site.clock.pass_seconds(-3600);
    site.me(&old.sign(&played.claims(now(&site.clock)))?).await?.is(200)?;
    played.publish(&[&new])?;
    site.me(&new.sign(&played.claims(now(&site.clock)))?).await?.is(200)?;
    Ok(())
}

/// None of these answers is valid. The server uses nothing of them and keeps the last valid answer.
#[tokio::test]
async fn an_invalid_answer_of_the_provider_changes_nothing() -> Tested {
    let (key, other) = (Key::new("one")?, Key::new("one")?);
    let played = Played::new(&[&key]).await?;
    let foreign = Played::new(&[&other]).await?;
    let issuer = played.0.issuer.as_str();
    let at = |path: &str| format!("{issuer}{path}");
    let good = || described(issuer, &at("/jwks"));
    let keys = || Ok::<_, Box<dyn std::error::Error>>(Answer::of(json!({"keys": [key.public()?]})));
    let large = " ".repeat(300 << 10);
    let table = [
        ("another issuer", described(&foreign.0.issuer, &at("/jwks")), keys()?),
        ("almost its issuer", described(&at("/"), &at("/jwks")), keys()?),
        ("an issuer in capitals", described(&issuer.to_uppercase(), &at("/jwks")), keys()?),
        ("no issuer", Answer::of(json!({"jwks_uri": at("/jwks")})), keys()?),
        ("no address of keys", Answer::of(json!({"issuer": issuer})), keys()?),
        ("keys over an open line", described(issuer, "http://keys.example.org/jwks"), keys()?),
        ("keys in a file", described(issuer, "file:///etc/jwks"), keys()?),
        ("another's description", Answer::elsewhere(&format!("{}/jwks", foreign.0.issuer)), keys()?),
        ("another's keys", good(), Answer::elsewhere(&format!("{}/jwks", foreign.0.issuer))),
        ("a page", Answer::of("<html>Sign in</html>"), keys()?),
        ("a page of keys", good(), Answer::of("<html>Sign in</html>")),
        ("not a set", good(), Answer::of(json!({"keys": "none"}))),
        ("an error", Answer { status: 500, ..good() }, keys()?),
        ("keys with an error", good(), Answer { status: 404, ..keys()? }),
        ("too large", Answer { body: format!("{}{large}", good().body), ..good() }, keys()?),
        ("too large keys", good(), Answer { body: format!("{}{large}", keys()?.body), ..good() }),
    ];
    for (what, discovery, keys_given) in table {
        played.describe(discovery);
        played.give(keys_given);
        let site = beside(&played.settings()).await?;
        let token = key.sign(&played.claims(now(&site.clock)))?;
        assert_eq!(site.provider().await?, "unavailable", "{what}");
        assert_eq!(site.me(&token).await?.status, 503, "{what}");
        let (discovery, keys_given) = (
            std::mem::replace(&mut *played.0.discovery.lock().unwrap(), good()),
            std::mem::replace(&mut *played.0.keys.lock().unwrap(), keys()?),
        );
        site.pass(10).await?;
        assert_eq!(site.provider().await?, "ok", "{what}");
        played.describe(discovery);
        played.give(keys_given);
        site.pass(600).await?;
        assert_eq!(site.provider().await?, "unavailable", "{what}");
        let claims = played.claims(now(&site.clock));
        assert_eq!(site.me(&key.sign(&claims)?).await?.status, 200, "{what}");
        assert_eq!(site.me(&other.sign(&claims)?).await?.status, 401, "{what}");
    }
    assert_eq!(
        (foreign.times_described(), foreign.times_given()),
        (0, 0),
        "the server asked another provider"
    );
    Ok(())
}

#[tokio::test]
async fn a_server_without_a_provider_reports_off() -> Tested {
    assert_eq!(site().await?.provider().await?, "off");
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let site = site().await?;
    site.me(&key.sign(&played.claims(now(&site.clock)))?).await?.problem(401, "unauthenticated")?;
    assert_eq!(played.times_described(), 0);
    Ok(())
}

/// Waits for a condition that another task fulfils.
async fn until(happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.unwrap();
}
