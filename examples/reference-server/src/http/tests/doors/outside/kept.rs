//! The keys of a provider: fetched, kept, fetched anew.

use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::*;

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it() -> Tested {
    let (old, new) = (Key::new("old")?, Key::new("new")?);
    let played = Played::new(&[&old]).await?;
    let door = beside(&played.settings()).await?;
    let by = |key: &Key| key.sign(&played.claims(now(&door.clock)));
    door.me(&by(&old)?).await?.is(200)?;
    played.publish(&[&old, &new])?;
    // Nobody is asked twice in ten seconds.
    door.me(&by(&new)?).await?.problem(401, "unauthenticated")?;
    door.clock.pass_seconds(9);
    door.me(&by(&new)?).await?.problem(401, "unauthenticated")?;
    assert_eq!(played.times_described(), 1);
    door.clock.pass_seconds(1);
    door.me(&by(&new)?).await?.is(200)?;
    door.me(&by(&old)?).await?.is(200)?;
    assert_eq!((played.times_described(), played.times_given()), (2, 2));
    // Withdrawn: at the next look after ten minutes it opens nothing any more.
    played.publish(&[&new])?;
    door.pass(599).await?;
    door.me(&by(&old)?).await?.is(200)?;
    door.pass(1).await?;
    door.me(&by(&new)?).await?.is(200)?;
    door.me(&by(&old)?).await?.problem(401, "unauthenticated")?;
    assert_eq!(played.times_described(), 3);
    Ok(())
}

/// All keys can be withdrawn, and that is not the same as being away.
#[tokio::test]
async fn a_provider_without_keys_lets_nobody_in() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let door = beside(&played.settings()).await?;
    assert_eq!(door.provider().await?, "ok");
    played.publish(&[])?;
    door.pass(600).await?;
    door.me(&key.sign(&played.claims(now(&door.clock)))?).await?.problem(401, "unauthenticated")?;
    assert_eq!(door.provider().await?, "unavailable");
    Ok(())
}

/// Anybody can make up names of keys: they reach the provider once in ten seconds, all together.
#[tokio::test]
async fn a_storm_of_unknown_names_reaches_the_provider_once() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let door = beside(&played.settings()).await?;
    door.clock.pass_seconds(10);
    let claims = played.claims(now(&door.clock));
    let hold = played.0.hold.lock().await;
    let mut storm = JoinSet::new();
    for wave in 0..50 {
        let token = Key::new(&format!("made up {wave}"))?.sign(&claims)?;
        let request = Request::get("/api/auth/me")
            .header("host", "test")
            .header("authorization", format!("Bearer {token}"));
        storm.spawn(door.server.router.clone().oneshot(request.body(Body::empty())?));
    }
    until(|| played.times_described() > 1).await;
    // Who has a key that is known does not wait for the provider.
    door.me(&key.sign(&claims)?).await?.is(200)?;
    drop(hold);
    for answer in storm.join_all().await {
        assert_eq!(answer?.status(), 401);
    }
    assert_eq!((played.times_described(), played.times_given()), (2, 2));
    for wave in 0..50 {
        let token = Key::new(&format!("made up once more {wave}"))?.sign(&claims)?;
        door.me(&token).await?.problem(401, "unauthenticated")?;
    }
    // What names another issuer, or none, is not the provider's business at any time.
    door.clock.pass_seconds(10);
    for issuer in [json!("https://elsewhere.example.org"), json!("eovr-server"), json!(7), Value::Null] {
        let mut claims = claims.clone();
        claims["iss"] = issuer;
        door.me(&Key::new("made up")?.sign(&claims)?).await?.problem(401, "unauthenticated")?;
    }
    assert_eq!((played.times_described(), played.times_given()), (2, 2));
    Ok(())
}

/// Whoever hangs up while the provider is asked takes nothing from those who come after.
#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_the_fetching() -> Tested {
    let (old, new) = (Key::new("old")?, Key::new("new")?);
    let played = Played::new(&[&old]).await?;
    let door = beside(&played.settings()).await?;
    played.publish(&[&new])?;
    door.clock.pass_seconds(10);
    let token = new.sign(&played.claims(now(&door.clock)))?;
    let hold = played.0.hold.lock().await;
    let request = Request::get("/api/auth/me")
        .header("host", "test")
        .header("authorization", format!("Bearer {token}"));
    let client = tokio::spawn(door.server.router.clone().oneshot(request.body(Body::empty())?));
    until(|| played.times_described() > 1).await;
    client.abort();
    assert!(client.await.is_err_and(|ended| ended.is_cancelled()));
    drop(hold);
    until(|| played.times_given() > 1).await;
    door.me(&token).await?.is(200)?;
    assert_eq!((played.times_described(), played.times_given()), (2, 2));
    Ok(())
}

#[tokio::test]
async fn while_the_provider_is_away_its_keys_go_on_for_a_day() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let door = beside(&played.settings()).await?;
    let token = || key.sign(&played.claims(now(&door.clock)));
    played.go_away();
    door.pass(599).await?;
    assert_eq!((door.provider().await?.as_str(), played.times_described()), ("ok", 1));
    door.pass(1).await?;
    assert_eq!((door.provider().await?.as_str(), played.times_described()), ("unavailable", 2));
    door.me(&token()?).await?.is(200)?;
    // It is asked again and again, ten seconds apart.
    door.pass(9).await?;
    assert_eq!(played.times_described(), 2);
    door.pass(1).await?;
    assert_eq!(played.times_described(), 3);
    door.pass(24 * 3600 - 610).await?;
    door.me(&token()?).await?.is(200)?;
    door.pass(1).await?;
    let got = door.me(&token()?).await?;
    assert_eq!(got.header("retry-after"), "10");
    got.problem(503, "unavailable")?;
    // Our own doors stand open.
    let mona = door.come_in(MONA).await?;
    door.get(&mona, "/api/auth/me").await?.is(200)?;
    played.come_back();
    door.pass(10).await?;
    assert_eq!(door.provider().await?, "ok");
    door.me(&token()?).await?.is(200)?;
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_away_at_the_start_is_waited_for() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    played.go_away();
    let door = beside(&played.settings()).await?;
    let token = || key.sign(&played.claims(now(&door.clock)));
    assert_eq!(door.provider().await?, "unavailable");
    door.me(&token()?).await?.problem(503, "unavailable")?;
    door.get(&door.come_in(MONA).await?, "/api/auth/me").await?.is(200)?;
    played.come_back();
    door.me(&token()?).await?.problem(503, "unavailable")?;
    // Whoever comes first has it asked.
    door.clock.pass_seconds(10);
    door.me(&token()?).await?.is(200)?;
    assert_eq!(door.provider().await?, "ok");
    Ok(())
}

/// A clock that is set back, as one that was wrong at the start, stops nothing.
#[tokio::test]
async fn a_clock_that_is_set_back_keeps_nobody_waiting() -> Tested {
    let (old, new) = (Key::new("old")?, Key::new("new")?);
    let played = Played::new(&[&old]).await?;
    let door = beside(&played.settings()).await?;
    door.clock.pass_seconds(-3600);
    door.me(&old.sign(&played.claims(now(&door.clock)))?).await?.is(200)?;
    played.publish(&[&new])?;
    door.me(&new.sign(&played.claims(now(&door.clock)))?).await?.is(200)?;
    Ok(())
}

/// None of these is a provider's answer. It is believed in nothing, and its last good answer stands.
#[tokio::test]
async fn what_is_not_the_providers_answer_changes_nothing() -> Tested {
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
        let door = beside(&played.settings()).await?;
        let token = key.sign(&played.claims(now(&door.clock)))?;
        assert_eq!(door.provider().await?, "unavailable", "{what}");
        assert_eq!(door.me(&token).await?.status, 503, "{what}");
        let (discovery, keys_given) = (
            std::mem::replace(&mut *played.0.discovery.lock().unwrap(), good()),
            std::mem::replace(&mut *played.0.keys.lock().unwrap(), keys()?),
        );
        door.pass(10).await?;
        assert_eq!(door.provider().await?, "ok", "{what}");
        played.describe(discovery);
        played.give(keys_given);
        door.pass(600).await?;
        assert_eq!(door.provider().await?, "unavailable", "{what}");
        let claims = played.claims(now(&door.clock));
        assert_eq!(door.me(&key.sign(&claims)?).await?.status, 200, "{what}");
        assert_eq!(door.me(&other.sign(&claims)?).await?.status, 401, "{what}");
    }
    assert_eq!((foreign.times_described(), foreign.times_given()), (0, 0), "somebody else was asked");
    Ok(())
}

#[tokio::test]
async fn a_server_without_a_provider_says_so() -> Tested {
    assert_eq!(door().await?.provider().await?, "off");
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let door = door().await?;
    door.me(&key.sign(&played.claims(now(&door.clock)))?).await?.problem(401, "unauthenticated")?;
    assert_eq!(played.times_described(), 0);
    Ok(())
}

/// Waits until something has happened in another task.
async fn until(happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.unwrap();
}
