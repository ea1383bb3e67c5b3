//! Checks each heavy word of the lists on labelled narratives: the share of high-risk reports among its hits, against
//! the share among all reports. Also checks the recall of the two marks on the rows of the split `test`. The folder
//! `EOVR_DATA` holds CSV files with the columns `text`, `split` and, where labels exist, `high_risk`. To print the
//! tables:
//!
//! `EOVR_DATA=… cargo test --workspace --all-features --test rules -- word_lists --nocapture`

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use eovr_core::triage::metrics::Flags;
use eovr_core::triage::{Case, EmbeddedRules, Marks, Scorer as _, Suggestion};

/// Points of a stated term of weight 3. Lighter terms order a list and raise no band.
const HEAVY: u8 = 26;
/// Fewer hits than this may be chance.
const ENOUGH: u32 = 30;
/// The default scores from which a reviewer should read a report today, and now.
const MARKS: [u8; 2] = [Marks::DEFAULT.today, Marks::DEFAULT.now];

fn score(narrative: &str) -> Suggestion {
    EmbeddedRules.score(&Case { narrative, ..Case::default() })
}

struct Narrative {
    text: String,
    /// `None` in a set without labels.
    grave: Option<bool>,
    died: bool,
}

/// The narratives of one file: the rows that the authors tuned the lists on, or the rows of the split `test`. A set
/// without a split has only tuning rows.
fn narratives(path: &Path, test: bool) -> Vec<Narrative> {
    let mut rows = csv::Reader::from_path(path).unwrap();
    let headers = rows.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name);
    let Some(text) = column("text") else { return Vec::new() };
    let (grave, split, name) = (column("high_risk"), column("split"), column("label_name"));
    let mut narratives = Vec::new();
    for row in rows.records() {
        let row = row.unwrap();
        if split.is_some_and(|split| row.get(split) == Some("test")) == test {
            let died = name.is_some_and(|name| row.get(name) == Some("died"));
            let grave = grave.map(|grave| row.get(grave) == Some("1"));
            narratives.push(Narrative { text: row.get(text).unwrap().to_owned(), grave, died });
        }
    }
    narratives
}

#[derive(Clone, Copy, Default)]
struct Found {
    hits: u32,
    grave: u32,
}

impl Found {
    fn count(&mut self, grave: Option<bool>) {
        self.hits += 1;
        self.grave += u32::from(grave == Some(true));
    }

    fn share(self) -> f64 {
        f64::from(self.grave) / f64::from(self.hits.max(1))
    }
}

/// A concept of the lists and the wording found of it, folded to lower case.
type Wording = (String, String);

/// The heavy wordings stated in a report: the strongest of each concept, from the reasons.
fn heavy(narrative: &str, suggestion: &Suggestion, alone: &mut HashMap<String, u8>) -> HashSet<Wording> {
    let mut seen = HashSet::new();
    for reason in &suggestion.reasons {
        let (Some(idea), Some(span)) = (reason.rule.strip_prefix("flag."), reason.span.clone()) else {
            continue;
        };
        let words = narrative.get(span).unwrap().to_lowercase();
        let points = *alone.entry(words.clone()).or_insert_with(|| score(&words).score);
        if points >= HEAVY {
            seen.insert((idea.to_owned(), words));
        }
    }
    seen
}

fn sets() -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os("EOVR_DATA").map(PathBuf::from) else {
        println!("EOVR_DATA is not set: no word and no mark was judged");
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
    paths.sort();
    paths
}

/// Checks the statement of `docs::triage` on the two marks: in sets with labels of severe harm and death, the marks
/// find most of both.
#[test]
fn the_marks_have_the_documented_recall() {
    for path in sets() {
        let rows = narratives(&path, true);
        let scores: Vec<f64> = rows.iter().map(|row| f64::from(score(&row.text).score)).collect();
        let grave: Vec<bool> = rows.iter().map(|row| row.grave == Some(true)).collect();
        let auroc = Flags::new(&grave, &scores).unwrap().auroc();
        println!("\n{}: {} rows of `test`, AUROC {auroc:.4?}", path.display(), rows.len());
        for from in MARKS {
            let of = |which: &dyn Fn(&Narrative) -> bool| {
                let those = rows.iter().zip(&scores).filter(|(row, _)| which(row));
                let (all, marked) = those.fold((0_u32, 0_u32), |(all, marked), (_, &score)| {
                    (all + 1, marked + u32::from(score >= f64::from(from)))
                });
                (all, marked, f64::from(marked) / f64::from(all.max(1)))
            };
            let ((_, marked, load), (_, hits, found)) = (of(&|_| true), of(&|row| row.grave == Some(true)));
            let (deaths, _, died) = of(&|row| row.died);
            let right = f64::from(hits) / f64::from(marked.max(1));
            println!(
                "  from {from}: load {load:.3}, found {found:.3}, right {right:.3}, died {died:.3} of {deaths}"
            );
            if from == Marks::DEFAULT.today && deaths > 0 {
                assert!(found >= 0.60 && load <= 0.14 && died >= 0.88, "{}", path.display());
            }
        }
    }
}

#[test]
fn no_heavy_word_misleads() {
    let mut misleading = Vec::new();
    for path in sets() {
        let narratives = narratives(&path, false);
        let (mut all, mut found, mut alone) = (Found::default(), BTreeMap::new(), HashMap::new());
        let mut marked = [Found::default(); MARKS.len()];
        for narrative in &narratives {
            let suggestion = score(&narrative.text);
            all.count(narrative.grave);
            for (mark, from) in marked.iter_mut().zip(MARKS) {
                if suggestion.score >= from {
                    mark.count(narrative.grave);
                }
            }
            for wording in heavy(&narrative.text, &suggestion, &mut alone) {
                found.entry(wording).or_insert_with(Found::default).count(narrative.grave);
            }
        }
        print(&path, all, &marked, &found);
        let labelled = narratives.iter().any(|narrative| narrative.grave == Some(true));
        let worse =
            found.iter().filter(|(_, seen)| seen.hits >= ENOUGH && seen.share() < all.share() && labelled);
        misleading.extend(worse.map(|((idea, words), _)| format!("{idea}: {words} in {}", path.display())));
    }
    assert_eq!(misleading, [""; 0], "heavier than what they find");
}

/// One line for each mark, then one for each wording, most frequent first.
fn print(path: &Path, all: Found, marked: &[Found], found: &BTreeMap<Wording, Found>) {
    let share = all.share();
    println!("\n{}: {} narratives, {:.3} grave", path.display(), all.hits, share);
    for (mark, from) in marked.iter().zip(MARKS) {
        let load = f64::from(mark.hits) / f64::from(all.hits.max(1));
        let sensitivity = f64::from(mark.grave) / f64::from(all.grave.max(1));
        println!("  from {from}: load {load:.3}, sensitivity {sensitivity:.3}, PPV {:.3}", mark.share());
    }
    println!("    hits  grave   lift  idea: words");
    let mut rows: Vec<_> = found.iter().collect();
    rows.sort_by_key(|(wording, seen)| (std::cmp::Reverse(seen.hits), *wording));
    for ((idea, words), seen) in rows {
        let lift = if share > 0.0 { seen.share() / share } else { 0.0 };
        println!("  {:6}  {:.3}  {lift:5.2}  {idea}: {words}", seen.hits, seen.share());
    }
}
