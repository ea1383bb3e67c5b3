//! Tokens of a provider: which are accepted, and with which rights.

use base64::engine::general_purpose::STANDARD;

use super::*;

/// A provider with one key, and a server that accepts its tokens.
async fn ready() -> Failing<(Played, Key, Deployment)> {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let site = beside(&played.settings()).await?;
    Ok((played, key, site))
}

/// The claims with one of them changed; `null` removes it.
fn with(claims: &Value, name: &str, to: Value) -> Value {
    let mut claims = claims.clone();
    if let Some(all) = claims.as_object_mut() {
        if to.is_null() { drop(all.remove(name)) } else { drop(all.insert(name.to_owned(), to)) }
    }
    claims
}

#[tokio::test]
async fn a_person_of_the_provider_works_as_their_role_says() -> Tested {
    let (played, key, site) = ready().await?;
    let claims = played.claims(now(&site.clock));
    let mona = bearing(&key.sign(&claims)?);
    let me = site.get(&mona, "/api/auth/me").await?.is(200)?.json()?;
    assert_eq!(
        (&me["role"], &me["human"], &me["facilities"]),
        (&json!("quality_admin"), &json!(true), &json!(["F1"]))
    );
    let id = me["id"].as_str().ok_or("an id")?;
    assert!(id.starts_with("oidc-") && !id.contains("f3c2"), "{id}");
    assert!(me["email"].is_null() && me["name"].is_null(), "{me}");
    let made = site.post(&mona, "/api/incidents", Some(serde_json::from_str(REPORT)?)).await?.is(201)?;
    let path = format!("/api/incidents/{}", made.json()?["id"].as_str().ok_or("an id")?);
    let start = Some(json!({"action": "start"}));
    site.post(&mona, &format!("{path}/transition"), start).await?.is(200)?;
    // The same person with a seat elsewhere does not see the incident; a colleague with the same seat does.
    let elsewhere = bearing(&key.sign(&with(&claims, "eovr_seat", json!("F2")))?);
    assert_eq!(site.me(&elsewhere.access).await?.json()?["id"], id);
    site.get(&elsewhere, &path).await?.problem(404, "not_found")?;
    let colleague = bearing(&key.sign(&with(&claims, "sub", json!("somebody else")))?);
    assert_ne!(site.me(&colleague.access).await?.json()?["id"], id);
    site.get(&colleague, &path).await?.is(200)?;
    // A person of the provider has no account and no login on this server.
    site.get(&mona, "/api/auth/sessions").await?.problem(403, "denied")?;
    site.post(&mona, "/api/auth/logout", None).await?.problem(403, "denied")?;
    Ok(())
}

#[tokio::test]
async fn accounts_of_this_server_still_log_in() -> Tested {
    let (played, key, site) = ready().await?;
    let mona = site.come_in(MONA).await?;
    site.get(&mona, "/api/auth/me").await?.is(200)?;
    site.refresh(&mona.cookie, &[("x-eovr", "1")]).await?.is(200)?;
    // A forged token that uses our key name and an account id of ours is refused.
    let [header, claims] = read::<2>(&mona.access)?;
    let as_ours = Key { name: header["kid"].as_str().ok_or("a name")?.to_owned(), ..Key::new("")? };
    played.publish(&[&key, &as_ours])?;
    site.pass(600).await?;
    let mona = site.come_in(MONA).await?;
    site.get(&mona, "/api/auth/me").await?.is(200)?;
    for typ in ["JWT", "at+jwt"] {
        site.me(&as_ours.sign_as(typ, &claims)?).await?.problem(401, "unauthenticated")?;
    }
    let found = with(&played.claims(now(&site.clock)), "sub", claims["sub"].clone());
    let found = site.me(&as_ours.sign(&found)?).await?.is(200)?.json()?;
    assert_ne!(found["id"], claims["sub"]);
    Ok(())
}

/// RFC 9068, 2.2: where no person takes part, the subject of a token is the client.
#[tokio::test]
async fn a_token_of_the_client_itself_is_a_machine() -> Tested {
    let (played, key, site) = ready().await?;
    let claims = with(&played.claims(now(&site.clock)), "client_id", json!("ward-board"));
    let person = site.me(&key.sign(&claims)?).await?.is(200)?.json()?;
    assert_eq!(person["human"], true, "{person}");
    let machine = bearing(&key.sign(&with(&claims, "sub", json!("ward-board")))?);
    assert_eq!(site.me(&machine.access).await?.is(200)?.json()?["human"], false);
    let made = site.post(&machine, "/api/incidents", Some(serde_json::from_str(REPORT)?)).await?.is(201)?;
    let id = made.json()?["id"].as_str().ok_or("an id")?.to_owned();
    let start = Some(json!({"action": "start"}));
    let path = format!("/api/incidents/{id}/transition");
    site.post(&machine, &path, start).await?.problem(400, "refused")?;
    Ok(())
}

/// The shapes of Keycloak, Entra ID and Auth0, as their documentation shows them.
#[tokio::test]
async fn machine_tokens_of_each_provider_are_recognised() -> Tested {
    let (played, key, site) = ready().await?;
    let base = played.claims(now(&site.clock));
    let shaped = |more: Value| {
        let claims = more.as_object().into_iter().flatten();
        claims.fold(base.clone(), |all, (name, to)| with(&all, name, to.clone()))
    };
    let sub = base["sub"].clone();
    let human = [
        ("Keycloak, a person", json!({"preferred_username": "mona"}), true),
        (
            "Keycloak, a service account",
            json!({"client_id": "lab", "azp": "lab", "sid": null,
            "preferred_username": "service-account-lab"}),
            false,
        ),
        ("Keycloak, one with a session", json!({"preferred_username": "service-account-lab"}), false),
        ("Entra ID, a person", json!({"sid": null, "oid": "0a1b", "scp": "user", "ver": "2.0"}), true),
        ("Entra ID, an application", json!({"sid": null, "idtyp": "app"}), false),
        ("Entra ID, one that does not say so", json!({"sid": null, "oid": sub, "azp": "0a1b"}), false),
        ("Auth0, an application", json!({"gty": "client-credentials"}), false),
        ("RFC 9068, a person", json!({"sid": null, "client_id": "ward-app", "auth_time": 1}), true),
        ("RFC 9068, without a login", json!({"sid": null, "client_id": "ward-app"}), false),
    ];
    for (who, more, human) in human {
        let me = site.me(&key.sign(&shaped(more))?).await?.is(200)?.json()?;
        assert_eq!(me["human"], human, "{who}: {me}");
    }
    let machine = bearing(&key.sign(&shaped(json!({"preferred_username": "service-account-lab"})))?);
    let made = site.post(&machine, "/api/incidents", Some(serde_json::from_str(REPORT)?)).await?.is(201)?;
    let path = format!("/api/incidents/{}/transition", made.json()?["id"].as_str().ok_or("an id")?);
    site.post(&machine, &path, Some(json!({"action": "start"}))).await?.problem(400, "refused")?;
    // The host can require that a token proves a person.
    let mut settings = played.settings();
    settings["demand_person"] = json!(true);
    let strict = beside(&settings).await?;
    let base = played.claims(now(&strict.clock));
    let me = async |claims: &Value| strict.me(&key.sign(claims)?).await?.is(200)?.json();
    assert_eq!(me(&base).await?["human"], true);
    assert_eq!(me(&with(&base, "sid", Value::Null)).await?["human"], false);
    let amr = with(&with(&base, "sid", Value::Null), "amr", json!(["pwd", "otp"]));
    assert_eq!(me(&amr).await?["human"], true);
    Ok(())
}

#[tokio::test]
async fn the_login_time_of_the_provider_counts_as_proof() -> Tested {
    let (played, key, site) = ready().await?;
    let at = now(&site.clock);
    let claims = with(&played.claims(at), "realm_access", json!({"roles": ["ovr-top"]}));
    let entered = identity::Site::all(&site.eovr.org()).into_iter().next().ok_or("a facility")?;
    let setup = site.eovr.session(danger::unrestricted("test", "enter a facility")?);
    let id = entered.register(&setup).await?.id;
    let path = format!("/api/facilities/{id}/link");
    let seconds = at.as_micros() / 1_000_000;
    for (auth_time, proven) in
        [(json!(seconds - 10), true), (json!(seconds - 301), false), (Value::Null, false)]
    {
        let top = bearing(&key.sign(&with(&claims, "auth_time", auth_time.clone()))?);
        let got = site.post(&top, &path, None).await?;
        if proven {
            got.is(200)?;
        } else {
            assert!(got.header("www-authenticate").contains("insufficient_user_authentication"));
            got.problem(401, "proof_needed")?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_role_is_the_highest_of_those_that_the_claim_names() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let check = async |at: &str, claims: Value, role: Option<&str>| -> Tested {
        let mut settings = played.settings();
        if !at.is_empty() {
            settings["roles_claim"] = json!(at);
        }
        let site = beside(&settings).await?;
        let mut all = with(&played.claims(now(&site.clock)), "realm_access", Value::Null);
        for (name, value) in claims.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        let got = site.me(&key.sign(&all)?).await?;
        match role {
            Some(role) => assert_eq!(got.is(200)?.json()?["role"], role, "{at} {claims}"),
            None => {
                let detail = got.problem(403, "denied")?["detail"].to_string();
                assert!(detail.contains("no role") && detail.contains("`ovr-staff`"), "{detail}");
            }
        }
        Ok(())
    };
    let keycloak = |roles: Value| json!({"realm_access": {"roles": roles}});
    check("", keycloak(json!(["ovr-staff"])), Some("staff")).await?;
    check("", keycloak(json!(["ovr-quality", "ovr-staff", "uma_authorization"])), Some("quality_admin"))
        .await?;
    check("", keycloak(json!(["offline_access"])), None).await?;
    check("", keycloak(json!(["OVR-STAFF", "staff", 7, null])), None).await?;
    check("", keycloak(json!([])), None).await?;
    check("", keycloak(json!("ovr-staff")), None).await?;
    check("", keycloak(json!({"ovr-staff": true})), None).await?;
    check("", json!({"realm_access": ["ovr-staff"]}), None).await?;
    check("", json!({}), None).await?;
    check("", json!({"realm_access.roles": ["ovr-staff"]}), Some("staff")).await?;
    let client = json!({"resource_access": {"ovr": {"roles": ["ovr-staff"]}}});
    check("resource_access.ovr.roles", client.clone(), Some("staff")).await?;
    check("resource_access.other.roles", client, None).await?;
    check("roles", json!({"roles": ["ovr-quality"]}), Some("quality_admin")).await?;
    check("roles", keycloak(json!(["ovr-quality"])), None).await?;
    let url = "https://ovr.example.org/roles";
    check(url, json!({url: ["ovr-staff"]}), Some("staff")).await
}

#[tokio::test]
async fn a_role_needs_a_seat_of_its_level() -> Tested {
    let (played, key, site) = ready().await?;
    let claims = played.claims(now(&site.clock));
    let check = async |role: &str, seat: Value, facilities: Option<Value>| -> Tested {
        let claims = with(&claims, "realm_access", json!({"roles": [role]}));
        let got = site.me(&key.sign(&with(&claims, "eovr_seat", seat.clone()))?).await?;
        let Some(facilities) = facilities else {
            let detail = got.problem(403, "denied")?["detail"].to_string();
            assert!(detail.contains("`eovr_seat`"), "{detail}");
            return Ok(());
        };
        assert_eq!(got.is(200)?.json()?["facilities"], facilities, "{role} {seat}");
        Ok(())
    };
    check("ovr-staff", json!("F2"), Some(json!(["F2"]))).await?;
    check("ovr-quality", json!("F3"), Some(json!(["F3"]))).await?;
    check("ovr-manager", json!("A"), Some(json!(["F1", "F2"]))).await?;
    check("ovr-governor", json!("H"), Some(json!(["F3"]))).await?;
    check("ovr-top", Value::Null, Some(json!(["F1", "F2", "F3"]))).await?;
    for role in ["ovr-staff", "ovr-quality", "ovr-manager", "ovr-governor"] {
        for seat in [json!("F9"), json!(""), json!(["F1"]), json!(1), json!({"id": "F1"}), Value::Null] {
            check(role, seat, None).await?;
        }
    }
    // A seat at another level is an error of the provider, and must not widen the scope.
    for (role, seat) in [
        ("ovr-staff", "A"),
        ("ovr-staff", "G"),
        ("ovr-manager", "F1"),
        ("ovr-manager", "G"),
        ("ovr-governor", "F1"),
        ("ovr-governor", "A"),
    ] {
        check(role, json!(seat), None).await?;
    }
    Ok(())
}

/// Each token is refused with the same words; an access token with the same claims is accepted.
#[tokio::test]
async fn a_token_that_is_not_an_access_token_for_this_server_is_refused() -> Tested {
    let (played, key, site) = ready().await?;
    let claims = played.claims(now(&site.clock));
    let at = now(&site.clock).as_micros() / 1_000_000;
    let changed = |name: &str, to: Value| key.sign(&with(&claims, name, to));
    let untyped = with(&claims, "typ", Value::Null);
    let both = with(&claims, "aud", json!(["account", AUDIENCE]));
    let good = [
        ("as it is", key.sign(&claims)?),
        ("RFC 9068", key.sign_as("at+jwt", &untyped)?),
        ("RFC 9068, in full", key.sign_as("application/at+jwt", &untyped)?),
        ("two audiences", key.sign(&both)?),
        ("a clock that is a little slow", changed("exp", json!(at - 29))?),
        ("a clock that is a little fast", changed("nbf", json!(at + 30))?),
    ];
    for (what, token) in &good {
        assert_eq!(site.me(token).await?.status, 200, "{what}");
    }
    let bad = [
        ("an ID token", key.sign(&untyped)?),
        ("an ID token of Keycloak", changed("typ", json!("ID"))?),
        ("a refresh token", changed("typ", json!("Refresh"))?),
        ("an offline token", changed("typ", json!("Offline"))?),
        ("a logout token", key.sign_as("logout+jwt", &untyped)?),
        ("for another program", changed("aud", json!("account"))?),
        ("for other programs", changed("aud", json!(["account", "https://ovr.example.org/"]))?),
        ("without an audience", changed("aud", Value::Null)?),
        ("for an empty audience", changed("aud", json!([]))?),
        ("of another issuer", changed("iss", json!("https://elsewhere.example.org"))?),
        ("of almost this issuer", changed("iss", json!(format!("{}/", played.0.issuer)))?),
        ("of several issuers", changed("iss", json!([played.0.issuer]))?),
        ("of no issuer", changed("iss", Value::Null)?),
        ("without a subject", changed("sub", Value::Null)?),
        ("of a number", changed("sub", json!(7))?),
        ("for ever", changed("exp", Value::Null)?),
        ("until some day", changed("exp", json!("tomorrow"))?),
        ("no more", changed("exp", json!(at - 30))?),
        ("not yet", changed("nbf", json!(at + 31))?),
        ("made tomorrow", changed("iat", json!(at + 24 * 3600))?),
        ("a book", changed("picture", json!("A".repeat(20_000)))?),
    ];
    refused(&site, &bad).await?;
    site.me(&good[0].1).await?.is(200)?;
    Ok(())
}

/// A token needs a signature by the provider's key, whatever else the attacker knows.
#[tokio::test]
async fn a_token_without_the_providers_signature_is_refused() -> Tested {
    let (signing, sealing, foreign) = (Key::new("one")?, Key::new("sealing")?, Key::new("one")?);
    let played = Played::new(&[&signing]).await?;
    let mut encrypts = sealing.public()?;
    encrypts["use"] = json!("enc");
    let shared = json!({"kty": "oct", "kid": "shared", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode([7; 32])});
    let mut other = Key::new("other")?.public()?;
    other["alg"] = json!("ES512");
    let mut nameless = sealing.public()?;
    nameless["kid"] = Value::Null;
    played.give(Answer::of(json!({"keys": [encrypts, shared, other, nameless, signing.public()?]})));
    let site = beside(&played.settings()).await?;
    let claims = played.claims(now(&site.clock));
    let good = signing.sign(&claims)?;
    site.me(&good).await?.is(200)?;

    let hmac = |kid: &str, secret: &[u8]| {
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret))
    };
    let pem = |newline: &str| {
        let text = STANDARD.encode(&signing.der);
        let (first, rest) = text.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{rest}\n-----END PUBLIC KEY-----{newline}")
    };
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let [header, _] = read::<2>(&good)?;
    let parts: Vec<&str> = good.split('.').collect();
    let head = |changes: &[(&str, Value)]| {
        let changed = changes.iter().fold(header.clone(), |all, (name, to)| with(&all, name, to.clone()));
        format!("{}.{}.{}", encoded(&changed), parts[1], parts[2])
    };
    let body =
        |name: &str, to: Value| format!("{}.{}.{}", parts[0], encoded(&with(&claims, name, to)), parts[2]);
    let brings_its_key = {
        let mut header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
        header.jwk = Some(serde_json::from_value(foreign.public()?)?);
        jsonwebtoken::encode(&header, &claims, &foreign.secret)?
    };
    let bad = [
        ("HMAC with the public key", hmac("one", pem("\n").as_bytes())?),
        ("HMAC with the public key, no end of line", hmac("one", pem("").as_bytes())?),
        ("HMAC with the public key in DER", hmac("one", &signing.der)?),
        ("HMAC with the point", hmac("one", &signing.point)?),
        ("HMAC with nothing", hmac("one", b"")?),
        ("HMAC with a key that is published", hmac("shared", &[7; 32])?),
        ("a key for encryption", sealing.sign(&claims)?),
        ("a key of that name", foreign.sign(&claims)?),
        ("a key that it brings", brings_its_key),
        ("alg none", head(&[("alg", json!("none"))])),
        ("alg none, unsigned", format!("{}.{}.", encoded(&with(&header, "alg", json!("none"))), parts[1])),
        ("alg RS256", head(&[("alg", json!("RS256"))])),
        ("alg ES384", head(&[("alg", json!("ES384"))])),
        ("no alg", head(&[("alg", Value::Null)])),
        ("no kid", head(&[("kid", Value::Null)])),
        ("another kid", head(&[("kid", json!("sealing"))])),
        ("another place", body("eovr_seat", json!("F2"))),
        ("more time", body("exp", json!(9_999_999_999_i64))),
        ("another role", body("realm_access", json!({"roles": ["ovr-top"]}))),
        ("unsigned", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{good}.{}", parts[2])),
        ("a signature of zeros", format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0; 64]))),
    ];
    refused(&site, &bad).await?;
    site.me(&good).await?.is(200)?;
    Ok(())
}

/// RFC 7517, 4.3: what a key may be used for stands in `use` or in `key_ops`, and both have to allow it.
#[tokio::test]
async fn a_key_verifies_where_all_that_it_says_allows_it() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    for (usage, operations, opens) in [
        (Value::Null, json!(["verify"]), true),
        (json!("sig"), json!(["sign", "verify"]), true),
        (json!("sig"), Value::Null, true),
        (Value::Null, json!(["encrypt"]), false),
        (Value::Null, json!(["sign"]), false),
        (Value::Null, json!(["deriveKey", "wrapKey"]), false),
        (Value::Null, json!([]), false),
        (json!("sig"), json!(["encrypt"]), false),
        (json!("enc"), json!(["verify"]), false),
        (json!("enc"), Value::Null, false),
    ] {
        let public = with(&with(&key.public()?, "use", usage), "key_ops", operations);
        played.give(Answer::of(json!({"keys": [public]})));
        let site = beside(&played.settings()).await?;
        let got = site.me(&key.sign(&played.claims(now(&site.clock)))?).await?;
        assert_eq!(got.status == 200, opens, "{public}: {}", got.text);
    }
    Ok(())
}

/// A key need not say its algorithm, as those of Entra ID do not: its type does.
#[tokio::test]
async fn a_key_without_an_algorithm_is_used_by_its_type() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let mut public = key.public()?;
    public["alg"] = Value::Null;
    public["use"] = Value::Null;
    played.give(Answer::of(json!({"keys": [public]})));
    let site = beside(&played.settings()).await?;
    let claims = played.claims(now(&site.clock));
    site.me(&key.sign(&claims)?).await?.is(200)?;
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
    let forged = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&key.der))?;
    site.me(&forged).await?.problem(401, "unauthenticated")?;
    Ok(())
}

/// RFC 7517, 5: an unreadable key is skipped, so it does not invalidate the rest of the set.
#[tokio::test]
async fn an_unreadable_key_does_not_invalidate_the_others() -> Tested {
    let key = Key::new("one")?;
    let played = Played::new(&[&key]).await?;
    let changed =
        |member: &str, to: Value| Ok::<_, Box<dyn std::error::Error>>(with(&key.public()?, member, to));
    for strange in [
        changed("kid", json!(7))?,
        changed("x5c", json!("a text"))?,
        changed("key_ops", json!("verify"))?,
        changed("use", json!(["sig"]))?,
        changed("kty", json!("LATTICE"))?,
        changed("kty", Value::Null)?,
        changed("crv", json!("P-999"))?,
        changed("x", json!({"point": 1}))?,
        Value::Null,
        json!([]),
        json!("a key"),
        json!(1),
        json!({}),
    ] {
        for keys in [json!([strange, key.public()?]), json!([key.public()?, strange])] {
            played.give(Answer::of(json!({ "keys": keys })));
            let site = beside(&played.settings()).await?;
            let got = site.me(&key.sign(&played.claims(now(&site.clock)))?).await?;
            assert_eq!(got.status, 200, "{strange}");
        }
    }
    for none in ["[]", "{}", r#"{"keys": {}}"#, r#"{"keys": null}"#, "nonsense"] {
        played.give(Answer::of(none));
        let site = beside(&played.settings()).await?;
        let token = key.sign(&played.claims(now(&site.clock)))?;
        site.me(&token).await?.problem(503, "unavailable").map_err(|error| format!("{none}: {error}"))?;
    }
    Ok(())
}

/// A published RSA key and the key that signs.
fn rsa(name: &str) -> Failing<(Value, EncodingKey)> {
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048)?;
    let der = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair)?;
    // The PKCS #8 header of an RSA key has a fixed length.
    let secret = EncodingKey::from_rsa_der(der.as_ref().get(26..).ok_or("a key")?);
    let mut public = serde_json::to_value(Jwk::from_encoding_key(&secret, Algorithm::RS256)?)?;
    public["kid"] = json!(name);
    Ok((public, secret))
}

/// RFC 7517, 4.5: keys of different types may share a name, where they are alternatives.
#[tokio::test]
async fn keys_with_the_same_name_are_distinguished_by_algorithm() -> Tested {
    let point = Key::new("one")?;
    let (public, secret) = rsa("one")?;
    let played = Played::new(&[]).await?;
    for keys in [[point.public()?, public.clone()], [public.clone(), point.public()?]] {
        played.give(Answer::of(json!({ "keys": keys })));
        let site = beside(&played.settings()).await?;
        let claims = played.claims(now(&site.clock));
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::RS256) };
        site.me(&point.sign(&claims)?).await?.is(200)?;
        site.me(&jsonwebtoken::encode(&header, &claims, &secret)?).await?.is(200)?;
    }
    // Two keys share a name and an algorithm, as in the middle of a careless rotation; either may have signed.
    let other = Key::new("one")?;
    played.give(Answer::of(json!({"keys": [point.public()?, other.public()?]})));
    let site = beside(&played.settings()).await?;
    let claims = played.claims(now(&site.clock));
    site.me(&point.sign(&claims)?).await?.is(200)?;
    site.me(&other.sign(&claims)?).await?.is(200)?;
    refused(&site, &[("a third", Key::new("one")?.sign(&claims)?)]).await
}

/// Key names are optional for keys and tokens (RFC 7515, 4.1.4). Without one the choice must be unambiguous.
#[tokio::test]
async fn without_a_key_name_the_only_key_of_the_algorithm_is_used() -> Tested {
    let (one, other) = (Key::new("one")?, Key::new("other")?);
    let (rsa, _) = rsa("rsa")?;
    let nameless = |key: &Key| Ok::<_, Box<dyn std::error::Error>>(with(&key.public()?, "kid", Value::Null));
    let unnamed =
        |key: &Key, claims: &Value| jsonwebtoken::encode(&Header::new(Algorithm::ES256), claims, &key.secret);
    let played = Played::new(&[]).await?;
    for (keys, named, without) in [
        (json!([one.public()?, rsa]), 200, 200),
        (json!([nameless(&one)?]), 200, 200),
        (json!([one.public()?, other.public()?]), 200, 401),
        (json!([nameless(&one)?, other.public()?]), 401, 401),
    ] {
        played.give(Answer::of(json!({ "keys": keys })));
        let site = beside(&played.settings()).await?;
        let claims = played.claims(now(&site.clock));
        let said = [site.me(&one.sign(&claims)?).await?, site.me(&unnamed(&one, &claims)?).await?];
        assert_eq!(said.map(|got| got.status.as_u16()), [named, without], "{keys}");
    }
    Ok(())
}

#[tokio::test]
async fn a_set_may_have_any_number_of_keys() -> Tested {
    let last = Key::new("the last")?;
    let mut keys = Vec::new();
    for number in 0..200 {
        let mut public = Key::new(&format!("key {number}"))?.public()?;
        public["use"] = json!(if number % 2 == 0 { "enc" } else { "sig" });
        keys.push(public);
    }
    keys.push(last.public()?);
    let played = Played::new(&[]).await?;
    played.give(Answer::of(json!({ "keys": keys })));
    let site = beside(&played.settings()).await?;
    site.me(&last.sign(&played.claims(now(&site.clock)))?).await?.is(200)?;
    Ok(())
}

/// RFC 7515, 4.1.11: a critical header that the server does not understand makes the token invalid.
#[tokio::test]
async fn a_critical_extension_is_refused_even_if_signed() -> Tested {
    let (played, key, site) = ready().await?;
    let claims = played.claims(now(&site.clock));
    let signed = |crit: Value| {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": "one", "crit": crit, "exp": 1, "b64": true});
        let said = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = jsonwebtoken::crypto::sign(said.as_bytes(), &key.secret, Algorithm::ES256)?;
        Failing::Ok(format!("{said}.{signature}"))
    };
    let bad = [
        ("one that is known to others", signed(json!(["b64"]))?),
        ("one that is made up", signed(json!(["urn:example:fresh"]))?),
        ("one that is usual", signed(json!(["exp"]))?),
        ("none", signed(json!([]))?),
        ("nothing", signed(Value::Null)?),
    ];
    refused(&site, &bad).await
}

/// Entra ID's access tokens have no type claim. A host can accept them by a setting; ID tokens are still refused.
#[tokio::test]
async fn an_access_token_without_a_type_is_accepted_if_the_host_allows_it() -> Tested {
    let (played, key, site) = ready().await?;
    let plain = with(&played.claims(now(&site.clock)), "typ", Value::Null);
    let delegated = with(&plain, "scp", json!("reports.write"));
    refused(&site, &[("not said", key.sign(&delegated)?)]).await?;
    let mut settings = played.settings();
    settings["plain_jwt"] = json!(true);
    let site = beside(&settings).await?;
    let application = with(&plain, "idtyp", json!("app"));
    assert_eq!(site.me(&key.sign(&delegated)?).await?.is(200)?.json()?["human"], true);
    assert_eq!(site.me(&key.sign(&application)?).await?.is(200)?.json()?["human"], false);
    site.me(&key.sign_as("at+jwt", &plain)?).await?.is(200)?;
    let bad = [
        ("an ID token", key.sign(&plain)?),
        ("an ID token with a nonce", key.sign(&with(&delegated, "nonce", json!("n")))?),
        ("an ID token beside an access token", key.sign(&with(&delegated, "at_hash", json!("h")))?),
        ("an ID token beside a code", key.sign(&with(&delegated, "c_hash", json!("h")))?),
        ("a refresh token", key.sign(&with(&delegated, "typ", json!("Refresh")))?),
        ("a logout token", key.sign_as("logout+jwt", &delegated)?),
    ];
    refused(&site, &bad).await
}

async fn refused(site: &Deployment, tokens: &[(&str, String)]) -> Tested {
    let mut said = std::collections::BTreeSet::new();
    for (what, token) in tokens {
        let got = site.me(token).await?;
        assert_eq!(got.status, 401, "{what}: {}", got.text);
        let problem = got.problem(401, "unauthenticated")?;
        said.insert(problem["detail"].to_string());
    }
    assert_eq!(said.len(), 1, "{said:?}");
    Ok(())
}

/// The first parts of a token.
fn read<const PARTS: usize>(token: &str) -> Failing<[Value; PARTS]> {
    let parts = token.split('.').take(PARTS);
    let parts =
        parts.map(|part| -> Failing<Value> { Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?) });
    let parts = parts.collect::<Failing<Vec<Value>>>()?;
    parts.try_into().map_err(|_| "a token has more parts".into())
}
