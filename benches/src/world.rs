//! A country for benchmarks: 27 governorates, ten administrations each, ten facilities each; a clock and an entropy
//! source that are the same in every run.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::incident::{self, Harm, Report, Settings};
use eovr_core::org::{Administration, Facility, Governorate, Org, OrgId, Stamp, Title};
use eovr_core::ports::{Clock, EntropySource, Store};
use eovr_core::record::ActorId;
use eovr_core::seal::MasterKey;
use eovr_core::{Eovr, Result, Timestamp};

use crate::Outcome;

/// 22 November 2026, 10:00 in Cairo: the last moment of the large file, the first of every other.
pub(crate) const NOW: i64 = 1_795_334_400_000_000;

pub(crate) const GOVERNORATES: u64 = 27;
pub(crate) const BRANCHES: u64 = 10;

/// Advances by a millisecond at each reading.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1000, Ordering::Relaxed))
    }
}

/// A counter, so that no two seeds of a run are equal.
#[derive(Debug, Default)]
pub(crate) struct Counted(AtomicU64);

impl EntropySource for Counted {
    fn seed(&self) -> Result<[u8; 32]> {
        let mut seed = [7; 32];
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        seed.iter_mut().zip(count).for_each(|(byte, count)| *byte = count);
        Ok(seed)
    }
}

/// SplitMix64: small, quick and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_be_bytes()).flatten().take(count).collect()
    }

    pub(crate) fn stamp(&mut self) -> Outcome<Stamp> {
        let places = (self.below(GOVERNORATES), self.below(BRANCHES), self.below(BRANCHES));
        stamp(places.0, places.1, places.2)
    }
}

/// The facility with these numbers.
pub(crate) fn stamp(governorate: u64, administration: u64, facility: u64) -> Outcome<Stamp> {
    Ok(Stamp {
        governorate: OrgId::new(&format!("G{governorate:02}"))?,
        administration: OrgId::new(&format!("G{governorate:02}-{administration}"))?,
        facility: OrgId::new(&format!("G{governorate:02}-{administration}-{facility}"))?,
    })
}

/// The whole country.
pub(crate) fn org() -> Outcome<Org> {
    let title = || Title { en: "a place".to_owned(), ar: "مكان".to_owned() };
    let mut governorates = Vec::new();
    for g in 0..GOVERNORATES {
        let mut administrations = Vec::new();
        for a in 0..BRANCHES {
            let mut facilities = Vec::new();
            for f in 0..BRANCHES {
                let time_zone = "Africa/Cairo".to_owned();
                facilities.push(Facility { id: stamp(g, a, f)?.facility, title: title(), time_zone });
            }
            let id = stamp(g, a, 0)?.administration;
            administrations.push(Administration { id, title: title(), facilities });
        }
        governorates.push(Governorate { id: stamp(g, 0, 0)?.governorate, title: title(), administrations });
    }
    Ok(Org::new(governorates)?)
}

/// An actor with this role, in the part of the country that contains this facility.
pub(crate) fn actor(role: Role, place: &Stamp) -> Outcome<Actor> {
    let seat = Seat::of(role, place);
    Ok(Actor::new(ActorId::new("usr_0193a7f2c1d4")?, role, seat)?)
}

/// The master key of every file of the benchmarks.
pub(crate) fn master_key() -> MasterKey {
    MasterKey::from_bytes(&[42; 32])
}

/// An engine with incidents on this store.
pub(crate) async fn engine(store: Arc<dyn Store>) -> Outcome<Eovr> {
    let eovr = Eovr::builder()
        .shared_store(store)
        .org(org()?)
        .kinds(incident::kinds(Settings::default())?)
        .master_key(master_key())
        .clock(Ticking(AtomicI64::new(NOW)))
        .entropy(Counted::default())
        .open()
        .await?;
    Ok(eovr)
}

/// A typical report of a nurse: five sealed fields, one of them searchable.
pub(crate) fn report(number: u64) -> Report {
    let text = |text: &str| Some(text.to_owned());
    Report {
        category: "medication".to_owned(),
        description: NARRATIVE.to_owned(),
        specific_error: text("Two labels with similar names were stored in the same drawer."),
        occurred_at: Some(Timestamp::from_micros(NOW).plus_seconds(-7200)),
        location: text("ward-3-west"),
        involved_person: text("charge nurse, night shift"),
        medical_file_number: Some(format!("MF-{number:08}")),
        immediate_action: text(
            "Stopped the infusion, called the physician on duty, watched the patient for four hours.",
        ),
        disclosed: Some(true),
        factors: vec!["communication".to_owned(), "workload".to_owned()],
        actual_harm: Some(Harm::Mild),
        potential_harm: Some(Harm::Severe),
        ..Report::default()
    }
}

/// A text of the same length without a term that the rules rate as high risk.
pub(crate) const ORDINARY: &str = "At 02:40 the patient in bed 12 was given 10 mg of the drug of the patient in bed \
    14, which she takes at home as well. The packs look alike and the second check was left out because the \
    ward was short of two nurses. She had no complaint, the pulse and the blood pressure stayed as they were, \
    and the physician on duty saw no need to treat. She was watched until the morning, and the family was told \
    when they came. The two packs are now kept apart.";

pub(crate) const NARRATIVE: &str = "At 02:40 the patient in bed 12 was given 10 mg of the wrong drug by \
    infusion pump. The vials look alike and the second check was skipped because the ward was short of \
    two nurses. The patient became drowsy and the blood pressure fell to 85/50; no loss of consciousness. \
    The infusion was stopped after about ten minutes, fluids were given, and the pressure was normal again \
    within the hour. The family was told in the morning.";
