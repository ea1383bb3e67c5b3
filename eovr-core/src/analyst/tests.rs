use super::pause::pause;
use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(0).plus_seconds(seconds)
}

#[test]
fn a_breaker_opens_after_five_failures_in_a_row_and_then_admits_one_trial() {
    let mut breaker = Breaker::default();
    for _ in 0..4 {
        breaker.failed(at(0), NoAnswerReason::Timeout, None);
        assert_eq!(breaker.admit(at(0), 60), Ok(()));
    }
    breaker.failed(at(0), NoAnswerReason::Timeout, None);
    assert_eq!((breaker.admit(at(29), 60), breaker.state()), (Err(at(30)), "open"));
    assert_eq!(breaker.admit(at(30), 60), Ok(()));
    assert_eq!((breaker.admit(at(31), 60), breaker.state()), (Err(at(90)), "half_open"));
    // The open time grows with each failure, and one answer resets it.
    breaker.failed(at(32), NoAnswerReason::ServerError, None);
    assert_eq!((breaker.admit(at(91), 60), breaker.state()), (Err(at(92)), "open"));
    assert_eq!(breaker.admit(at(92), 60), Ok(()));
    breaker.well();
    assert_eq!((breaker.admit(at(93), 60), breaker.state()), (Ok(()), "closed"));
    assert_eq!(breaker, Breaker::default());
}

#[test]
fn a_lost_trial_request_blocks_others_only_for_the_time_limit() {
    let mut breaker = Breaker::default();
    breaker.failed(at(0), NoAnswerReason::Auth, None);
    assert_eq!(
        breaker.admit(at(299), 60),
        Err(at(300)),
        "an administrator must correct the key, which takes minutes"
    );
    assert_eq!(breaker.admit(at(300), 60), Ok(()));
    assert_eq!(breaker.admit(at(359), 60), Err(at(360)));
    assert_eq!(breaker.admit(at(360), 60), Ok(()));
}

#[test]
fn the_breaker_respects_the_wait_time_of_a_provider() {
    let mut breaker = Breaker::default();
    breaker.failed(at(0), NoAnswerReason::RateLimited, Some(17));
    assert_eq!(breaker.admit(at(16), 60), Err(at(17)));
    assert_eq!(breaker.admit(at(17), 60), Ok(()));
}

#[test]
fn pauses_grow_vary_and_are_no_shorter_than_asked_for() {
    for attempts in 1..=10 {
        let whole = [60, 240, 960, 3840, 15_360, 21_600][usize::try_from(attempts - 1).unwrap().min(5)];
        for chance in [0, 1, 7919, u64::MAX] {
            let pause = pause(attempts, None, chance);
            assert!((whole / 2..=whole).contains(&pause), "{attempts}, {chance}: {pause}");
        }
        assert_ne!(pause(attempts, None, 0), pause(attempts, None, 11));
    }
    assert_eq!(pause(1, Some(1000), 0), 1000);
    assert_eq!(pause(1, Some(1), 0), 30);
    assert_eq!(pause(1, Some(u32::MAX), 0), 24 * 3600, "no pause is longer than a day");
}

#[test]
fn an_analysis_has_one_id_for_one_record() {
    let kind = |name| Name::new(name).unwrap();
    assert_eq!(analysis_of(&kind("incident"), "a"), analysis_of(&kind("incident"), "a"));
    assert_ne!(analysis_of(&kind("incident"), "a"), analysis_of(&kind("incident"), "b"));
    assert_ne!(analysis_of(&kind("incident"), "a"), analysis_of(&kind("alert"), "a"));
}
