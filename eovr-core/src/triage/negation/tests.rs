use super::super::lexicon::lexicon;
use super::*;

/// Checks the standings of the findings of a text: `+` stated, `~` nearly, `-` negated.
#[track_caller]
fn check(text: &str, expected: &str) {
    let read = Text::read(text);
    let hits = lexicon().find(&read);
    let seen: String = (hits.iter().zip(standings(&read, &hits)))
        .filter(|(hit, _)| hit.entry.role.is_finding())
        .map(|(_, standing)| match standing {
            Standing::Stated => '+',
            Standing::Doubtful => '?',
            Standing::Nearly => '~',
            Standing::Negated => '-',
        })
        .collect();
    let terms: Vec<&str> = hits.iter().map(|hit| hit.entry.term.as_str()).collect();
    assert_eq!(seen, expected, "{text} {terms:?}");
}

#[test]
fn denied_lists() {
    check("There was no report of death, serious injury or mistreatment.", "---");
    check("No death, injury, fall or burn", "----");
    check("no injuries and no deaths", "--");
    check("No injury. Patient died.", "-+");
    check("No injury, patient died", "-+");
    check("no injury and died", "-+");
    check("no injury (patient fell)", "-+");
    check("Patient denies fall, seizure or fracture", "---");
    check("without bleeding", "-");
    check("no injury but the patient died", "-+");
    check("no injury; however fire", "-+");
    check("no injury after the fall", "-+");
    check("no one two three four five six seven eight nine fire", "+");
    check("no injury\n\nfire", "-+");
    check("nil injury noted, no burn", "--");
    check("negative for fracture", "-");
}

#[test]
fn denied_statements() {
    check("did not fall", "-");
    check("didn't fall", "-");
    check("did not fall or bleed", "--");
    check("The event did not result in or contribute to a death or serious injury", "--");
    check("not breathing", "+");
    check("could not be resuscitated", "+");
    check("did not eat and died", "+");
    check("did not eat & died in the afternoon", "+");
    check("wasn't hungry next day died", "+");
    check("has not yet fallen", "-");
    check("no response no pulse started cpr", "++");
    check("did not use the bell when he fell", "+");
    check("not only a fall, a fracture", "++");
    check("fracture not excluded", "+");
    check("the fall was not reported", "+");
    check("staff did not notice the fall", "+");
    check("never had a seizure", "-");
}

#[test]
fn denied_afterwards() {
    check("fracture was ruled out", "-");
    check("fracture and dislocated hip were ruled out", "--");
    check("Patient fell but fracture was ruled out", "+-");
    check("fire. fracture ruled out", "+-");
    check("Injuries: none", "-");
    check("a fracture was not found", "-");
}

#[test]
fn near_misses() {
    check("almost fell", "~");
    check("nearly given to the wrong patient", "~");
    check("could have led to an overdose", "~");
    check("risk of death", "~");
    check("wrong blood was caught before transfusion", "~");
    check("wrong patient prevented by the nurse", "~");
    check("Near miss: wrong site marked", "~");
    check("wrong blood hung, but the nurse noticed before it was given", "~");
    check("the death could have been prevented", "+");
    check("the patient died, the error was caught before the next dose", "+");
    check("no risk of fall", "-");
    check("bleeding was not prevented", "+");
}

#[test]
fn arabic() {
    check("لا يوجد نزيف", "-");
    check("بدون وفاة أو إصابة أو حريق", "---");
    check("لم تحدث وفاة، إصابة أو كسر", "---");
    check("لم يحدث نزيف ولا كسر", "--");
    check("لم يستجب وتوفي", "+");
    check("لم يسقط المريض", "-");
    check("لا يوجد كسر لكن يوجد نزيف", "-+");
    check("لا يوجد كسر بينما حدث نزيف", "-+");
    check("لا يوجد كسر إلا أن المريض توفي", "-+");
    check("مفيش نزيف", "-");
    check("المريض مش واقع ومفيش كسر", "-");
    check("تم استبعاد الكسر", "+");
    check("الكسر تم استبعاده", "-");
    check("ليس فقط كسر", "+");
    check("كاد المريض أن يسقط", "~");
    check("تم منع سقوط المريض", "~");
    check("تم اكتشاف الخطأ قبل إعطاء الدواء الخاطئ", "~");
    check("أمسكته الممرضة قبل أن يسقط", "~");
    check("توفي قبل أن يصل الطبيب", "+");
    check("نفى المريض السقوط", "-");
}

#[test]
fn a_lack_beside_an_event_does_not_negate_the_event() {
    for text in HAPPENED {
        assert!(grave(text).contains(&Standing::Stated), "{text}");
    }
}

#[test]
fn events_that_did_not_happen_are_negated() {
    for text in DENIED {
        assert!(
            grave(text).iter().all(|&standing| matches!(standing, Standing::Negated | Standing::Nearly)),
            "{text} {:?}",
            grave(text)
        );
    }
}

#[test]
fn near_misses_are_neither_stated_nor_negated() {
    for text in NEARLY {
        let found = grave(text);
        assert!(
            !found.is_empty() && found.iter().all(|&standing| standing == Standing::Nearly),
            "{text} {found:?}"
        );
    }
}

/// The standings of the findings of weight 4.
fn grave(text: &str) -> Vec<Standing> {
    let read = Text::read(text);
    let hits = lexicon().find(&read);
    let standings = standings(&read, &hits);
    hits.iter()
        .zip(standings)
        .filter(|(hit, _)| hit.entry.weight == 4)
        .map(|(_, standing)| standing)
        .collect()
}

/// Each text states a death, an arrest or a never event next to something that was missing.
const HAPPENED: &[&str] = &[
    "Overdose 0.5 mg digoxin instead of 0.05 mg",
    "Wrong blood group 0",
    "Maternal death 0 hrs",
    "Cardiac arrest was not identified for ten minutes",
    "Overdose not identified until the morning",
    "Wrong blood was not identified by the second checker",
    "Retained swab was not found until the second operation",
    "Death in bed was not noted for two hours",
    "Patient death no. 2 on this ward",
    "Wrong site surgery no. 3 this year",
    "The patient was found in cardiac arrest no\nnurse was there",
    "He would not have died if the doctor had come",
    "She would not be dead if you had listened",
    "لو وصل الطبيب بدري ما ماتت امي",
    "ما كان مات لو اهتميتوا",
    "لولا التأخير ما مات أبوي",
    "ماكانش مات لو الدكتور جه",
    "ما مات إلا بسببكم",
    "لم يمت إلا بعد ساعة",
    "ليست وفاة طبيعية",
    "مش موت طبيعي",
    "الوفاة غير مؤكدة السبب",
    "الوفاة غير موجودة في السجل",
    "Non STEMI cardiac arrest",
    "Death was excluded from the monthly figures",
    "My mother died when she was in your ICU",
    "My father died from covid in your ICU",
    "Found without a pulse",
    "No palpable pulse",
    "ما عنده نبض",
    "No longer alive",
    "Retained swab found before discharge needing laparotomy",
    "Patient hanged himself, found before breakfast",
    "Wrong blood transfused, error discovered before the second bag",
    "Doctor was prevented from entering and the patient had a cardiac arrest",
    "Prevented from leaving, he hanged himself in the toilet",
    "Wrong patient given insulin, barcode scanner not used",
    "Wrong blood given, wristband was not used to check",
    "Wrong blood transfused and adrenaline not given",
    "جرعة زائدة قاتلة ولم يعط الترياق",
    "After nearly two hours in the waiting room he died",
    "Almost immediately the patient arrested",
    "Almost the whole unit of wrong blood was transfused",
    "قبل ما الدكتور ييجي المريض مات",
    "Not seen by anyone since 2200 and found dead",
    "لقيناه ميت من زمان",
    "No crash trolley was checked, cardiac arrest was handled with a borrowed one.",
    "No one answered the bell; the patient was found dead at 6.",
    "There was nobody at the desk when he arrested.",
    "In the absence of an interpreter consent was not understood and she died in theatre.",
    "For lack of a ventilator the baby died.",
    "For want of a bed, the patient died in the corridor.",
    "Unmonitored, without a nurse escort, he arrested in the lift.",
    "No sooner had he sat down than he arrested.",
    "No doubt the patient died because of the delay.",
    "Not long after the injection she was dead.",
    "It was not until 5 am that staff found him dead.",
    "We were not able to save him; death at 03:20.",
    "This is not the first death on this ward.",
    "Not one but two patients died.",
    "No antidote in stock - fatal overdose.",
    "No consent form signed / wrong side operated.",
    "The death was not reported to the coroner.",
    "The family were never told how she died.",
    "Nothing could be done and the patient died.",
    "No other option was left; patient died.",
    "He had no history of heart disease, died suddenly.",
    "Patient with no known heart disease had a cardiac arrest.",
    "Previously well, no medical history, cardiac arrest in the waiting room.",
    "No allergies documented. Anaphylaxis after first dose and cardiac arrest.",
    "The patient with a history of falls was found dead on the floor.",
    "Patient at risk of falls died after falling from bed.",
    "The wrong patient received the blood although there was no name on the bag.",
    "Without the second signature the wrong blood was given.",
    "no ecg done pt arrested",
    "no obs for 6 hrs pt found dead",
    "No troponin sent, no ECG done, patient died at home",
    "No blood available for patient who bled to death",
    "The staff did nothing, the patient died",
    "He was not given oxygen and suffered cardiac arrest",
    "Nobody noticed the cardiac arrest for ten minutes",
    "Nothing was recorded about the death",
    "There is no mention of the arrest in the notes",
    "No debrief took place after the death",
    "No senior review before death",
    "من غير أكسجين المريض مات",
    "من غير ما حد ياخد باله المريض مات",
    "محدش خد باله إن المريض مات",
    "مفيش أكسجين في الأسطوانة والمريض توفى",
    "مكانش فيه دكتور والحالة ماتت",
    "ماكانش في دكتور لما المريض مات",
    "ما فيه دكتور مناوب وتوفى المريض",
    "ما حد رد على الجرس والمريض مات",
    "ماحد كان موجود يوم مات المريض",
    "بعد ما مات المريض جاء الطبيب",
    "المريض مات من غير ما حد يعرف",
    "بلا أي مراقبة توفي المريض",
    "لم يحضر الطبيب فمات المريض",
    "لم يكن هناك دم فتوفيت",
    "لم نتمكن من إنقاذه وتوفي",
    "لم يبلغ أحد عن وفاة المريض",
    "لا يوجد سجل لوقت الوفاة",
    "نسيت الممرضة تفتح الأكسجين ومفيش حد لاحظ لحد ما مات",
    "مب أول مرة يموت مريض عندنا بسبب التأخير",
    "مو أول حالة وفاة في القسم",
    "مش أول حالة وفاة عندنا",
    "ما حصل هو وفاة المريض",
    "لم يكن السرير مرفوع الحواجز وتوفي بعد السقوط",
    "بدون سبب واضح توقف قلب المريض",
    "بدون سابق إنذار توقف قلب المريض",
    "عدم وجود فني التخدير أدى لوفاة المريضة",
    "غير معروف سبب الوفاة",
    "لم تعرف الأسرة بالوفاة إلا بعد يومين",
    "لم يتوقف النزيف حتى توفي المريض",
    "The patient could not be saved and died",
    "Staff could see the patient was dead",
    "No fracture, patient died two hours later",
    "No chest pain, cardiac arrest in the waiting room",
    "No fever, rash or itching, cardiac arrest 5 minutes after the dose",
    "No bleeding seen, death at 4 am",
    "Not breathing and no pulse",
    "Patient denied pain, found dead one hour later",
    "No suicide watch was ordered and he hanged himself",
    "There was no line of sight; patient hanged himself in the toilet",
    "Suicide risk was not assessed, patient hanged himself",
    "No staff were with the patient during the cardiac arrest",
    "no one witnessed the cardiac arrest",
    "Relatives deny being told of the death",
    "Death, the relatives were not found",
    "Found dead, none with him",
];

/// Texts of events that did not happen.
const DENIED: &[&str] = &[
    "No death, injury or fall.",
    "nobody died",
    "There were no deaths reported",
    "No patient has died",
    "No falls, no injuries, no deaths this month",
    "The patient was never in cardiac arrest",
    "He did not have a cardiac arrest",
    "There was neither death nor injury",
    "No evidence of cardiac arrest was found",
    "No one was killed or injured",
    "no signs of cardiac arrest",
    "The device did not cause or contribute to a death",
    "Cardiac arrest was ruled out",
    "It wasn't a cardiac arrest",
    "Staff did not observe any cardiac arrest",
    "without death, injury or any other harm",
    "Nil deaths",
    "Deaths: none",
    "Deaths: 0",
    "Cardiac arrest: no. Faint: yes.",
    "Faint: yes. Died: no.",
    "ماكانتش ميتة لما دخلنا عليها",
    "توقف القلب: لا. إغماء: نعم",
    "There has been no cardiac arrest",
    "No LOC, no vomiting, no cardiac arrest",
    "No patient harm and no death resulted",
    "no pain, fever, bleeding or cardiac arrest",
    "The wrong blood was not given",
    "No wrong dose was given",
    "the event didn't lead to the patient's death",
    "There was no cardiac arrest or need for CPR",
    "لم تحدث أي حالة وفاة",
    "لا وفيات ولا إصابات",
    "لم تسجل أي وفيات",
    "ولم ينتج عن ذلك وفاة",
    "محدش مات ولا حد اتصاب",
    "مفيش حد مات",
    "المريض ما ماتش",
    "الحمد لله مماتش",
    "ماحصلتش وفاة",
    "مفيش وفيات",
    "ما في وفيات",
    "ما صار وفاة",
    "ما مات أحد",
    "محد مات",
    "ماكو وفيات",
    "لا توجد وفيات أو إصابات أو حرائق",
    "دون حدوث وفاة",
    "من دون وفيات",
    "لم يتوف أي مريض",
    "لم يتوقف قلب المريض",
    "لم يؤد الخطأ إلى وفاة المريض",
    "المريض مب ميت",
    "Patient denied pain, fever or bleeding",
    "No suicide attempt",
    "No one witnessed any cardiac arrest",
];

/// Texts of events that nearly happened.
const NEARLY: &[&str] = &[
    "كان المريض ممكن يموت",
    "كان هيموت",
    "لولا تدخل التمريض لمات المريض",
    "كان يمكن أن تحدث وفاة",
    "nearly died",
    "The patient almost died",
    "Had the nurse not noticed, he would be dead",
    "Wrong blood was brought but not transfused",
];

#[test]
fn a_grave_finding_that_a_person_denies_is_doubtful() {
    for text in [
        "The reporter denied any death",
        "She denied suicide attempt",
        "Hospital denies wrong blood",
        "Rape was denied by staff",
    ] {
        let found = grave(text);
        assert!(!found.is_empty() && !found.contains(&Standing::Negated), "{text} {found:?}");
    }
}
