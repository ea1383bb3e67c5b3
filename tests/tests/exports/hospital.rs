//! A hospital with bilingual incidents that cover every case of an export.

use std::sync::Arc;

use eovr_core::access::Role;
use eovr_core::export::Opened;
use eovr_core::incident::{Action, FollowUp, FollowUpKind, Harm, KIND, Report, Strength};
use eovr_core::memory::MemoryStore;
use eovr_core::record::RecordId;
use eovr_core::service::Trail;
use eovr_core::{Command, Eovr, Session, Timestamp};
use eovr_tests::{TestClock, actor, hospital, id};

pub(super) type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// An engine, and its users.
pub(super) struct Hospital {
    pub(super) eovr: Eovr,
    pub(super) clock: TestClock,
    pub(super) staff: Session,
    pub(super) quality: Session,
}

/// The time of every export of these tests.
pub(super) fn made_at() -> Timestamp {
    "2026-11-27T10:00:00Z".parse().expect("a moment")
}

pub(super) const ARABIC: &str = "أُعطيت المريضة 20 mg من Morphine بدلًا من 2 mg في 2026-11-21 الساعة 08:45، وكان ضغط \
     الدم 90/60 وتشبع الأكسجين SpO2 ≥ 90 % طوال 5-10 دقائق. سقطت المريضة بعد ذلك بجوار السرير رقم (12) في قسم \
     ICU-2، وتم إبلاغ الطبيب المناوب على الرقم +20 2 2345 6789.\nتم إعطاء Naloxone 0.4 mg IV فورًا، ولم يُلاحظ \
     ضرر دائم. لاحظت الممرضة أن العبوتين متشابهتان تمامًا، وأن درجة الحرارة كانت 37.5 °C.";
/// A longer narrative.
pub(super) const MORE: &str = "عند استلام الوردية المسائية وجدت الممرضة المسؤولة أن مضخة التسريب متوقفة عن العمل منذ نحو ساعة، \
     ولم يكن هناك أي تنبيه صوتي. تم استبدال الجهاز بجهاز آخر من غرفة العناية، وأعيد ضبط معدل التسريب حسب أمر الطبيب. \
     أبلغ فني الصيانة أن البطارية تالفة وأن الجهاز لم يخضع للفحص الدوري في موعده. لم تظهر على المريض أي أعراض، واستقرت \
     العلامات الحيوية طوال الليل. طلبت إدارة القسم مراجعة جميع المضخات ووضع ملصق بتاريخ آخر فحص على كل جهاز، مع تدريب \
     العاملين على اختبار الإنذار قبل الاستخدام وتسجيل النتيجة في نموذج التسليم.";
pub(super) const ENGLISH: &str = "The patient was given 20 mg of morphine instead of 2 mg on 2026-11-21 at 08:45. \
     SpO2 stayed ≥ 90 % for 5-10 minutes. The daughter said \"نعم\" when asked whether she had seen it.";

impl Hospital {
    pub(super) async fn new() -> Self {
        let (eovr, clock) = hospital(Arc::new(MemoryStore::default())).await;
        let staff = eovr.session(actor("nurse.amal", Role::Staff, "CAI-1-1"));
        let quality = eovr.session(actor("quality.samia", Role::QualityAdmin, "CAI-1-1"));
        Self { eovr, clock, staff, quality }
    }

    /// Reports an incident with every field filled.
    pub(super) async fn report(&self, description: &str) -> Tested<RecordId> {
        let some = |text: &str| Some(text.to_owned());
        let report = Report {
            category: "medication".to_owned(),
            subtype: some("wrong_dose"),
            description: description.to_owned(),
            specific_error: some("خطأ عشري في الجرعة: 20 بدلًا من 2"),
            occurred_at: Some("2026-11-21T06:45:00Z".parse()?),
            location: some("ICU-2"),
            involved_person: some("مها عبد الرحمن"),
            medical_file_number: some("MF-77231-B"),
            immediate_action: some("أُوقف التسريب وأُعطي Naloxone 0.4 mg IV خلال 3 دقائق."),
            responsible_manager: some("Dr Hassan Badawy"),
            disclosed: Some(true),
            disclosure_responsible: some("د. نيفين شوقي"),
            notes: some("-- see the pump log"),
            factors: vec!["communication".to_owned(), "workload".to_owned()],
            actual_harm: Some(Harm::Moderate),
            potential_harm: Some(Harm::Death),
            ..Report::default()
        };
        self.clock.pass_seconds(600);
        Ok(self.staff.incidents().report(&id("CAI-1-1"), report).await?.written.id)
    }

    /// Works on the incident up to the state "action taken".
    pub(super) async fn work(&self, incident: RecordId) -> Tested {
        let quality = self.quality.incidents();
        quality.act(incident, Action::Start, None).await?;
        self.clock.pass_seconds(600);
        quality.act(incident, Action::Evaluate, None).await?;
        quality.act(incident, Action::Ask, Some("من كان موجودًا في القسم في تلك اللحظة؟")).await?;
        self.clock.pass_seconds(3600);
        self.staff
            .incidents()
            .act(incident, Action::Answer, Some("One colleague; I told the doctor at once."))
            .await?;
        quality.assess(incident, None, "severe", "occasional").await?;
        let accept = Command::new(Action::ReviewAi).set("ai_review", "accepted");
        self.quality.act(&KIND, incident, accept).await?;
        let panel = Command::new(Action::EditJci)
            .set("jci_edition", "jci8")
            .set("jci_chapter", "MMU")
            .set("jci_standard", "MMU.05.01")
            .set("jci_status", "partially_met")
            .write("jci_evidence", "Double check sheet of 2026-11, 14 of 20 signed (70%)")
            .write("jci_gap", "السياسة موجودة وغير معروفة بالقسم.")
            .write("jci_plan", "شرحها عند التسليم لمدة أسبوعين ثم مراجعة 10 ملفات قبل 2026-12-15.");
        self.quality.act(&KIND, incident, panel).await?;
        let task = FollowUp {
            task: "حفظ العبوتين المتشابهتين في درجين مختلفين".to_owned(),
            owner: "pharm.ihab".to_owned(),
            due_at: "2026-12-01T10:00:00Z".parse()?,
            kind: FollowUpKind::Preventive,
            strength: Some(Strength::Stronger),
        };
        let follow_up = quality.follow_up(incident, task).await?;
        quality.finish_follow_up(follow_up.id, "أُعيدت عنونة الأدراج وصُوّرت").await?;
        quality.act(incident, Action::TakeAction, None).await?;
        Ok(())
    }

    /// Completes it early.
    pub(super) async fn finish(&self, incident: RecordId) -> Tested {
        let manager = self.eovr.session(actor("manager.adel", Role::AdminManager, "CAI-1-1"));
        manager.incidents().act(incident, Action::CompleteEarly, Some("nothing is left to do")).await?;
        Ok(())
    }

    pub(super) async fn opened(&self, incident: RecordId) -> Tested<Opened> {
        Ok(Opened::of(&self.quality, self.quality.incidents().load(incident).await?)?)
    }

    /// Every part of an incident that a report shows.
    pub(super) async fn whole(&self, incident: RecordId) -> Tested<(Opened, Vec<Opened>, Trail)> {
        let opened = self.opened(incident).await?;
        let follow_ups = self.quality.incidents().follow_ups(incident).await?;
        let follow_ups = follow_ups.into_iter().map(|record| Opened::of(&self.quality, record));
        let follow_ups = follow_ups.collect::<Result<_, _>>()?;
        Ok((opened, follow_ups, self.quality.incidents().trail(incident).await?))
    }
}
