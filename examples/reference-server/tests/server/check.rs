//! `eovr-server check`, and `serve --production`, which runs the same checks.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Folder, Run, Tested, run};

const URL: &str = "https://reports.example.org";

fn key() -> String {
    STANDARD.encode(std::array::from_fn::<u8, 32, _>(|at| (at as u8).wrapping_mul(83) ^ 0xA5))
}

fn checked(folder: &Folder, set: impl FnOnce(&mut Command)) -> Result<Run, Box<dyn std::error::Error>> {
    let mut command = folder.command("check");
    command.env_remove("EOVR_PUBLIC_URL").env_remove("EOVR_PROXY").env_remove("EOVR_MAIL");
    std::fs::create_dir_all(folder.data())?;
    set(&mut command);
    run(&mut command)
}

#[test]
fn all_is_well_with_a_key_an_address_and_a_database() -> Tested {
    let folder = Folder::new()?;
    let run = checked(&folder, |command| {
        command.env("EOVR_MASTER_KEY", key()).env("EOVR_PUBLIC_URL", URL).env("EOVR_PROXY", "10.0.0.0/24");
    })?;
    assert_eq!(run.code, Some(0), "{}{}", run.said, run.complained);
    assert_eq!(run.said.lines().filter(|line| line.starts_with("ok ")).count(), 4, "{}", run.said);
    Ok(())
}

/// Each mistake is one line with its remedy, and never with the key.
#[test]
fn each_missing_or_weak_setting_fails_with_a_line() -> Tested {
    let folder = Folder::new()?;
    let sevens = STANDARD.encode([7; 32]);
    let typed = STANDARD.encode(b"for this example only, never rea");
    let cases: [(&str, Option<&str>, Option<&str>, &str); 8] = [
        ("no key", None, Some(URL), "key: EOVR_MASTER_KEY is not set"),
        ("no base64", Some("secret-of-mona"), Some(URL), "key:"),
        ("too short", Some("c2hvcnQ="), Some(URL), "key:"),
        ("sevens", Some(&sevens), Some(URL), "key: it repeats itself"),
        ("printed", Some("Gb4ZgH41uJmSHQZqzAcqjb9D+b0cQ7cBu9fkHUpQVQk="), Some(URL), "key: it is printed"),
        ("typed", Some(&typed), Some(URL), "key: it is typed text"),
        ("no address", Some(&key()), None, "address: it is not set"),
        (
            "no https",
            Some(&key()),
            Some("http://reports.example.org"),
            "address: it is not set, or is not https",
        ),
    ];
    for (what, key, url, wanted) in cases {
        let run = checked(&folder, |command| {
            command.envs(key.map(|key| ("EOVR_MASTER_KEY", key)));
            command.envs(url.map(|url| ("EOVR_PUBLIC_URL", url))).arg("--no-proxy");
        })?;
        assert_eq!(run.code, Some(1), "{what}: {}", run.said);
        let failed: Vec<_> = run.said.lines().filter(|line| line.starts_with("FAIL")).collect();
        assert_eq!(failed.len(), 1, "{what}: {}", run.said);
        assert!(failed.iter().all(|line| line.contains(wanted) && line.contains("; ")), "{what}: {failed:?}");
        assert!(key.is_none_or(|key| !run.said.contains(key)), "{what} tells the key");
    }
    Ok(())
}

/// Behind an undeclared proxy all clients share one address, so one attacker locks out all of them.
#[test]
fn an_undeclared_or_unlimited_proxy_is_reported() -> Tested {
    let folder = Folder::new()?;
    let silent = "proxy: the proxy setting is missing; set EOVR_PROXY";
    let too_wide = "proxy: 0.0.0.0/0 is no network of proxies";
    for (options, wanted) in [
        (&[][..], silent),
        (&["--proxy", "0.0.0.0/0"], too_wide),
        (&["--proxy", "10.0.0.1", "--proxy", "0.0.0.0/1,128.0.0.0/1"], too_wide),
        (&["--proxy", "::/0"], "proxy: ::/0 is no network of proxies"),
        // Then the connection to the server is unencrypted, too.
        (&["--no-proxy", "--listen", "0.0.0.0:0"], "line: 0.0.0.0:0 can be reached from outside"),
    ] {
        for verb in ["check", "serve"] {
            let mut command = folder.command(verb);
            std::fs::create_dir_all(folder.data())?;
            command.env("EOVR_MASTER_KEY", key()).env("EOVR_PUBLIC_URL", URL).env_remove("EOVR_PROXY");
            command.args(options).arg("--production");
            if !options.contains(&"--listen") {
                command.args(["--listen", "127.0.0.1:0"]);
            }
            let run = run(&mut command)?;
            assert_eq!(
                run.code,
                Some(if verb == "check" { 1 } else { 2 }),
                "{verb} {options:?}: {}",
                run.said
            );
            run.says(&[wanted])?;
        }
    }
    Ok(())
}

/// Connections must be encrypted, and files private.
#[test]
fn open_lines_and_open_files_fail() -> Tested {
    let folder = Folder::new()?;
    let run = checked(&folder, |command| {
        command.env("EOVR_MASTER_KEY", key()).env("EOVR_PUBLIC_URL", URL).arg("--no-proxy");
        command.args(["--store", "postgres://eovr:verysecret@db.hospital.example/eovr"]);
        command.env("EOVR_MAIL", "smtp://eovr:verysecret@mail.hospital.example");
        command.env("EOVR_MAIL_FROM", "E·OVR <eovr@hospital.example>");
    })?;
    assert_eq!(run.code, Some(1), "{}", run.said);
    run.says(&["FAIL  database", "sslmode=verify-full", "FAIL  mail", "?tls=required"])?;
    assert!(!run.said.contains("verysecret"), "{}", run.said);
    Ok(())
}

#[cfg(unix)]
#[test]
fn new_files_are_private_and_open_ones_are_reported() -> Tested {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    let folder = Folder::new()?;
    let demo = run(folder.command("demo").arg("--once"))?;
    assert_eq!(demo.code, Some(0), "{}", demo.complained);
    let rights = |name: &str| Ok::<_, std::io::Error>(folder.data().join(name).metadata()?.mode() & 0o777);
    assert_eq!((rights("")?, rights("eovr.db")?, rights("files")?), (0o700, 0o600, 0o700));
    std::fs::set_permissions(folder.data().join("eovr.db"), Permissions::from_mode(0o644))?;
    let run = checked(&folder, |command| {
        command.env("EOVR_MASTER_KEY", key()).env("EOVR_PUBLIC_URL", URL).arg("--no-proxy");
    })?;
    assert_eq!(run.code, Some(1), "{}", run.said);
    run.says(&["FAIL  files: every account of this machine may enter", "chmod 600"])
}

/// A key of the documentation is public, so the server refuses it.
#[test]
fn no_key_of_the_documentation_is_taken() -> Tested {
    let folder = Folder::new()?;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut printed = 0;
    for file in ["README.md", "eovr-core/src/seal/mod.rs", "examples/quickstart/src/main.rs"] {
        let text = std::fs::read_to_string(root.join(file))?;
        let keys = text.split("MasterKey::from_base64(\"").skip(1).filter_map(|rest| rest.split('"').next());
        for key in keys {
            printed += 1;
            let run = checked(&folder, |command| {
                command.env("EOVR_MASTER_KEY", key).env("EOVR_PUBLIC_URL", URL).arg("--no-proxy");
            })?;
            assert_eq!(run.code, Some(1), "{file}: {}", run.said);
            run.says(&["FAIL  key"])?;
        }
    }
    assert!(printed >= 3, "no key was found: {printed}");
    Ok(())
}

/// Without checkpoints nothing outside of the database proves the history, and a password alone is one factor. Both
/// commands print a warning.
#[test]
fn missing_checkpoints_are_reported() -> Tested {
    let folder = Folder::new()?;
    let well = |command: &mut Command| {
        command.env("EOVR_MASTER_KEY", key()).env("EOVR_PUBLIC_URL", URL).arg("--no-proxy");
    };
    let without = checked(&folder, well)?;
    assert_eq!(without.code, Some(0), "{}", without.said);
    without.says(&["warn  checkpoints: none are made", "--checkpoints"])?;
    without.says(&["warn  second factor: not required", "--second-factor-from"])?;
    let with = checked(&folder, |command| {
        well(command);
        command.arg("--checkpoints").arg(folder.file("checkpoints.txt")).args(["--second-factor-from", "4"]);
    })?;
    assert!(!with.said.contains("warn"), "{}", with.said);
    Ok(())
}

#[test]
fn a_database_that_is_away_is_named_without_its_password() -> Tested {
    let folder = Folder::new()?;
    let run = checked(&folder, |command| {
        command.env("EOVR_MASTER_KEY", key()).env("EOVR_PUBLIC_URL", URL).arg("--no-proxy");
        command.args(["--store", "postgres://eovr:verysecret@127.0.0.1:1/eovr"]);
    })?;
    assert_eq!(run.code, Some(1), "{}", run.said);
    assert!(run.said.contains("FAIL  database"), "{}", run.said);
    assert!(!run.said.contains("verysecret"), "{}", run.said);
    Ok(())
}

#[test]
fn a_server_for_real_does_not_start_with_a_weak_key() -> Tested {
    let folder = Folder::new()?;
    let mut command = folder.command("serve");
    command.args(["--production", "--listen", "127.0.0.1:0"]).env("EOVR_PUBLIC_URL", URL);
    command.env("EOVR_MASTER_KEY", STANDARD.encode([7; 32]));
    let run = run(&mut command)?;
    assert_eq!(run.code, Some(2), "{}", run.complained);
    assert!(run.complained.contains("repeats itself"), "{}", run.complained);
    Ok(())
}
