"""Invented narratives of hospital incidents in English and Arabic, with the known position of each name,
number, date and address.

Names are drawn from Faker's lists, a fifth of the English ones from a short list of Arab names. About one narrative
in six has no identifier.
"""

import re
from random import Random

from faker import Faker

# A piece of a narrative and its kind, or no kind if it may stay.
Piece = tuple[str, str]

ENGLISH = """
{patient}, {file}, fell beside bed {bed} at {time} while trying to reach the bathroom; no injury was seen.
{doctor} was called at {time} and arrived twenty minutes later.
{order} was given to {patient} instead of {patient} in {ward}.
The wrong discharge letter was handed to {patient} ({nid}). It belonged to another patient in {ward}.
A blood sample from {patient} was labelled with {file}, but the wristband said {file}.
The daughter, {name}, can be reached on {phone} and would like a call back before {date}.
Complaint received by e-mail from {email} about waiting {minutes} minutes in {ward}.
{nurse} found the infusion pump running at {fast} mL/h instead of {slow} mL/h.
Patient lives alone at {address} and was sent home without a care package.
Surgery was booked for {date} and cancelled on {date} because the consent form was missing.
{patient} was moved from {ward} to the recovery room without handover; {doctor} was not informed.
Allergy to {drug} was recorded on {date}, yet it was prescribed again by {doctor}.
Next of kin: {name}, tel. {phone}, {address}.
A list with names and numbers was found in the car park, among them {name} ({phone}) and {name} ({phone}).
{nurse} reported that the resuscitation trolley in {ward} had not been checked since {date}.
The X-ray request for {patient}, {nid}, was filed under {file}.
A visitor, {name}, slipped on a wet floor near the lift at {time}. Contact: {email}.
Results ({lab}) were sent to {email} by mistake; they were meant for {email}.
Porter {name} moved the patient without checking the oxygen cylinder.
On {date} at {time} the patient pulled out a Foley catheter; {doctor} put in a new one.
Home care visited {address} but nobody opened, and the number on file, {phone}, was out of service.
{name} signed the consent form on behalf of {name}, who was still sedated.
A copy of the passport of {patient} with {nid} was left on the photocopier.
Dispensing error: {order} handed to {patient} ({file}) by pharmacist {name}. Noticed by {nurse} at {time}.
A critical result ({lab}) was phoned to {nurse} at {time} but not passed on to {doctor}.
Admitted on {date} with {icd}, seen by {doctor}, discharged four days later; the wound swab was never sent.
Please ring {phone} for the ward manager or write to {email}.
The mother, {name}, noticed that the baby's wristband carried {file} of another child.
Reviewed with {doctor} and {nurse} on {date}; the duty of candour letter went to {address}.
The ambulance was sent to {address} instead of {address}, which delayed care by {minutes} minutes.
The MRI of {name} (DOB {birth}) was reported under {file} of somebody else.
{patient} became aggressive towards {nurse} when {drug} was withheld.
The ward clerk gave {phone} to a caller who claimed to be the brother of {patient}.
The implant of {patient} was recorded on {date}; lot {lot} was recalled the next day.
The date of birth on the request, {birth}, did not match {nid} in the system.
Handover: {name}, {icd}, seen by {doctor}, to have {order} at {time}.
"""
ENGLISH_PLAIN = """
Patient fell from bed {bed} in {ward} at {time}; GCS 15, no visible injury.
{order} was given at {time} instead of {time}; blood pressure {pressure}, pulse 72.
The syringe driver alarm in {ward} was silenced for {minutes} minutes.
{lab} was reported late because the sample had been left in {ward}.
Central line removed because of suspected infection, {icd}; the culture grew Klebsiella.
Lot {lot} of the Yankauer suction sets was recalled by the manufacturer.
The Waterlow score was not documented and a grade 2 pressure ulcer was found on the sacrum.
Ringer's lactate 1000 mL ran in over {minutes} minutes instead of 8 hours.
A patient with Parkinson's disease missed two doses of levodopa in {ward}.
Two nurses for twenty-eight patients in {ward} overnight.
The lift between floors 2 and 3 stopped for {minutes} minutes with a patient inside.
Apgar 7 at one minute, cord pH 7.18; the registrar on call was informed late.
MRSA screen positive, but the patient was not isolated until {time}.
The Hickman line was flushed with {drug} by mistake; no harm.
"""
ARABIC = """
سقط {patient_m} بجوار السرير رقم {bed} الساعة {time} أثناء توجهه إلى دورة المياه ولم يصب بأذى.
سقطت {patient_f} في حمام قسم {ward} وتم إبلاغ {doctor_m} فورا.
أعطيت جرعة {order} للمريض {man} بدلا من المريض {man}.
عينة الدم الخاصة بالمريضة {woman} كتب عليها {file} وهو يخص مريضة أخرى.
لم يتطابق {nid} مع السوار الموجود في يد {patient_m}.
يرجى التواصل مع ابن المريضة، {man}، على رقم {phone} قبل يوم {date}.
وردت شكوى من {email} بخصوص طول الانتظار في قسم {ward}.
وجدت {nurse_f} أن مضخة المحاليل تعمل بسرعة {fast} مل/ساعة بدلا من {slow} مل/ساعة.
المريض يقيم بمفرده في {address} وتم خروجه بدون ترتيب رعاية منزلية.
كانت العملية مقررة يوم {date} وتم تأجيلها إلى {date} لعدم توقيع الإقرار.
تم نقل {patient_m} من قسم {ward} إلى جناح العزل دون تسليم، ولم يتم إبلاغ {doctor_m}.
سجلت حساسية من {drug} بتاريخ {date} ومع ذلك وصفه {doctor_m} مرة أخرى.
بيانات ولي الأمر: {man}، جوال {phone}، العنوان: {address}.
وجدت ورقة في موقف السيارات فيها أسماء مرضى وأرقامهم، منهم {man} ({phone}) و{woman} ({phone}).
أفادت {nurse_f} بأن عربة الإنعاش في قسم {ward} لم تفحص منذ {date}.
طلب الأشعة الخاص بالمريض {man}، {nid}، حفظ تحت {file}.
انزلقت الزائرة {woman} على أرضية مبللة قرب المصعد الساعة {time}، للتواصل: {email}.
أرسلت نتيجة التحليل ({lab}) إلى {email} بالخطأ بدلا من {email}.
قام العامل {man} بنقل المريض دون التأكد من أسطوانة الأكسجين.
بتاريخ {date} الساعة {time} نزع المريض قسطرة فولي بنفسه وأعاد {doctor_m} تركيبها.
زار فريق الرعاية المنزلية {address} ولم يفتح أحد، ورقم الهاتف المسجل {phone} خارج الخدمة.
وقع {man} على إقرار العملية نيابة عن والدته {woman} وهي تحت تأثير التخدير.
تركت صورة بطاقة {patient_f} على جهاز التصوير وظهر فيها {nid}.
صرف الصيدلي {man} {order} للمريضة {woman}، {file}، واكتشفت الخطأ {nurse_f} الساعة {time}.
أبلغ المختبر {nurse_f} هاتفيا بنتيجة حرجة ({lab}) الساعة {time} ولم تصل المعلومة إلى {doctor_m}.
دخل المريض بتاريخ {date} بتشخيص {icd} وخرج بعد أربعة أيام ولم ترسل مسحة الجرح.
لمزيد من التفاصيل يرجى الاتصال على {phone} أو مراسلة {email}.
لاحظت والدة الطفل {boy} أن السوار يحمل {file} الخاص بطفل آخر.
تمت مناقشة الحادث مع {doctor_m} و{nurse_f} يوم {date}.
توجهت سيارة الإسعاف إلى {address} بدلا من {address} مما أخر الحالة {minutes} دقيقة.
تقرير الرنين الخاص بالمريضة {woman} المولودة في {birth} أضيف بالخطأ إلى {file}.
اعتدى {patient_m} لفظيا على {nurse_f} بعد رفض صرف {drug}.
أعطى موظف الاستقبال رقم {phone} لمتصل ادعى أنه شقيق {patient_m}.
الاسم: {man} - {file} - تاريخ الميلاد: {birth} - القسم: {ward}.
حضرت {doctor_f} الساعة {time} وأمرت بإيقاف {drug} فورا.
اشتكت {patient_f} من تأخر المسكن وقالت إن {doctor_m} لم يمر منذ الصباح.
تلقت الطفلة {girl} ضعف جرعة {drug} في قسم {ward} يوم {date}.
{nurse_m} لم يتحقق من هوية المريض قبل نقل الدم وكانت فصيلة الكيس مختلفة.
تم الاتصال بأهل المريضة {woman} على {phone} ولم يرد أحد.
"""
ARABIC_PLAIN = """
سقط المريض من السرير رقم {bed} في قسم {ward} الساعة {time} ولم تظهر عليه إصابات.
تم إعطاء {order} الساعة {time} بدلا من الساعة {time}، الضغط {pressure} والنبض منتظم.
تعطل جهاز التنفس في قسم {ward} لمدة {minutes} دقيقة.
تأخر إبلاغ نتيجة {lab} أكثر من ساعتين بسبب فقدان العينة.
كان المريض سعيدا بالخدمة لكنه اشتكى من الضوضاء ليلا.
لم تسجل العلامات الحيوية لمدة أربع ساعات وكان مقياس غلاسكو منخفضا.
ممرضتان فقط لثمانية وعشرين مريضا في قسم {ward}.
رفضت المريضة العلاج ووقعت على الخروج ضد المشورة الطبية.
أعطي محلول رينجر لاكتات خلال {minutes} دقيقة بدلا من ثماني ساعات.
تشخيص المريض {icd} وتم عزله متأخرا بعد ظهور نتيجة المسحة.
توقف المصعد بين الدور الثاني والثالث وبداخله مريض على كرسي متحرك.
الطبيب المناوب لم يرد على الهاتف لمدة {minutes} دقيقة.
سحبت القساطر من تشغيلة رقم {lot} بعد إنذار من الشركة.
خرج أهل المريض وكلهم أمل ورضا بعد تحسن حالته.
"""

WARDS = {
    "en": "Ward 7B|the ICU|the emergency department|Nightingale Ward|theatre 4|the dialysis unit|the labour ward"
    "|Fleming Ward|Ward 12|CCU|the surgical ward|the burns unit",
    "ar": "الباطنة|الجراحة|الطوارئ|العناية المركزة|النساء والولادة|العظام|الكلى|القلب|المسالك البولية|الأورام",
}
ORDERS = {
    "en": "Heparin 5000 units|Insulin 10 units|Morphine 10 mg|Paracetamol 1 g|Vancomycin 1.5 g|Warfarin 5 mg"
    "|Potassium chloride 40 mmol|Digoxin 0.25 mg|Augmentin 1.2 g|Enoxaparin 80 mg|Salbutamol 2.5 mg",
    "ar": "هيبارين 5000 وحدة|إنسولين 10 وحدات|مورفين 10 ملغ|باراسيتامول 1 جم|فانكومايسين 1 جم|وارفارين 5 ملغ"
    "|كلوريد البوتاسيوم 40 ملي مكافئ|ديجوكسين 0.25 ملغ|أوجمنتين 1.2 جم|إينوكسابارين 80 ملغ",
}
DRUGS = {
    "en": "penicillin|ibuprofen|diclofenac|tramadol|heparin|metformin|ceftriaxone|diazepam|codeine|latex",
    "ar": "البنسلين|الإيبوبروفين|الديكلوفيناك|الترامادول|الهيبارين|الميتفورمين|السيفترياكسون|الديازيبام|الكودايين",
}
LABS = {
    "en": "Potassium 6.8 mmol/L|Hb 6.4 g/dL|Troponin 0.42 ng/mL|INR 7.1|Glucose 2.1 mmol/L|Sodium 118 mmol/L"
    "|Creatinine 412 µmol/L|Lactate 5.6",
    "ar": "البوتاسيوم 6.8|الهيموجلوبين 6.4|INR 7.1|السكر 45|الكرياتينين 4.2|الصوديوم 118|التروبونين 0.42",
}
CODES = "J18.9|I21.4|E11.65|S72.0|T81.4|N17.9|A41.9|K35.8"

# Titles before a name, a man's and a woman's; an empty one is a name without a title.
PATIENTS = {"m": "Mr |Mr. |Mr |", "f": "Mrs |Mrs. |Ms |Miss |"}
DOCTORS = "Dr. |Dr |Dr. |Prof. |Consultant |Doctor "
NURSES = "Nurse |Staff nurse |Sister |Charge nurse "
ARABIC_TITLES = {
    "patient_m": "المريض |السيد |الحاج |الأستاذ |المريض |",
    "patient_f": "المريضة |السيدة |الحاجة |الأستاذة |المريضة |",
    "doctor_m": "د. |الدكتور |دكتور |د. |الطبيب |د/ ",
    "doctor_f": "د. |الدكتورة |دكتورة |الطبيبة ",
    "nurse_m": "الممرض ",
    "nurse_f": "الممرضة |الممرضة |السيستر |رئيسة التمريض ",
}

ARAB_GIVEN = {
    "m": "Mohamed|Ahmed|Mahmoud|Khaled|Yousef|Abdullah|Faisal|Hamad|Tamer|Sherif|Bandar|Majed|Hisham|Wael|Nasser"
    "|Mostafa|Abdulrahman|Saud|Ramy|Ziad",
    "f": "Fatma|Mona|Noura|Hala|Reem|Salma|Huda|Aisha|Dalia|Ghada|Maha|Nermin|Latifa|Shaimaa|Wafaa|Hessa|Basma"
    "|Manal|Amal|Rasha",
}
ARAB_FAMILY = (
    "El-Sayed|Al-Otaibi|Al Qahtani|Abdel Rahman|El Shafei|Al-Harbi|Ghoneim|Shaheen|Al Mutairi|Fawzy|Soliman|Barakat"
    "|Al-Dosari|Mansour|El Masry|Hegazy|Al Shehri|Naguib|Kamel|Al-Zahrani"
)

STREETS = "Street|Road|Avenue|Lane|Drive|Close|Court|Way|Terrace|Crescent|Boulevard|Place"
ARAB_STREETS = "El Tahrir|Ahmed Orabi|King Fahd|Al Olaya|Abdel Nasser|Prince Sultan|Abbas El Akkad|Al Khaleej"
CITIES = {
    "en_US": "Boston|Denver|Houston|Tulsa",
    "en_GB": "Leeds|Bristol|Glasgow|Coventry",
    "ar": "Cairo|Giza|Alexandria|Jeddah|Riyadh",
}
# Streets, districts and cities of Egypt and of Saudi Arabia.
ARABIC_PLACES = (
    (
        "النيل|الجمهورية|جمال عبد الناصر|الهرم|عباس العقاد|بورسعيد|طلعت حرب|الثورة|مصطفى النحاس|الجامعة|صلاح سالم",
        "الزمالك|المعادي|الدقي|شبرا|مدينة نصر|المهندسين|السيدة زينب|حلوان",
        "القاهرة|الجيزة|الإسكندرية|المنصورة|طنطا",
    ),
    (
        "الملك فهد|التحلية|الأمير سلطان|العليا|خالد بن الوليد|الستين|فلسطين|الملك عبد العزيز|الأربعين",
        "العليا|الروضة|النخيل|السلامة|الملز|السويدي|الورود|الياسمين",
        "الرياض|جدة|الدمام|مكة المكرمة|أبها",
    ),
)
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
ARABIC_MONTHS = "يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"
HIJRI = "محرم|صفر|ربيع الأول|جمادى الأولى|رجب|شعبان|رمضان|شوال|ذو القعدة|ذو الحجة"
LEVANT = "كانون الثاني|شباط|آذار|نيسان|أيار|حزيران|تموز|آب|أيلول|تشرين الأول|تشرين الثاني|كانون الأول"

INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
MARKS = re.compile("[\u064b-\u0652\u0640]")


class Writer:
    """Fills the slots of one language's templates."""

    def __init__(self, random: Random, seed: int) -> None:
        self.random = random
        codes = ("en_US", "en_GB", "en_IN", "ar_AA", "ar_SA", "ar_PS", "ar_DZ")
        self.fakers = {code: Faker(code) for code in codes}
        for faker in self.fakers.values():
            faker.seed_instance(seed)
        self.lang = "en"
        self.indic = False

    def one(self, words: str) -> str:
        return self.random.choice(words.split("|"))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def number(self, pattern: str) -> str:
        """A digit for each #, one that is not zero for each %."""
        digit = {"#": (0, 9), "%": (1, 9)}
        return "".join(str(self.random.randint(*digit[c])) if c in digit else c for c in pattern)

    def narrative(self, lang: str) -> tuple[str, list[tuple[int, int, str]]]:
        self.lang, self.indic = lang, lang == "ar" and self.chance(0.5)
        told, plain = (ARABIC, ARABIC_PLAIN) if lang == "ar" else (ENGLISH, ENGLISH_PLAIN)
        told, plain = told.strip().split("\n"), plain.strip().split("\n")
        chosen = [self.random.choice(plain if self.chance(0.25) else told)]
        if self.chance(0.35):
            rest = [line for line in told + plain if line not in chosen]
            chosen.append(self.random.choice(rest))
        text, gold = "", []
        for place, part in enumerate(re.split(r"\{(\w+)\}", " ".join(chosen))):
            for piece, kind in self.slot(part) if place % 2 else [(part, "")]:
                if kind:
                    gold.append((len(text), len(text) + len(piece), kind))
                text += piece
        return text, gold

    def slot(self, name: str) -> list[Piece]:
        if name in ARABIC_TITLES:
            return self.titled(name)
        pieces = getattr(self, name)()
        pieces = [(pieces, "")] if isinstance(pieces, str) else pieces
        # Latin letters and Arabic digits do not go together in one word.
        indic = self.indic and not any(re.search("[A-Za-z+@]", piece) for piece, _ in pieces)
        return [(piece.translate(INDIC) if indic else piece, kind) for piece, kind in pieces]

    # English names.

    def given_and_family(self, sex: str) -> tuple[str, str]:
        if self.chance(0.2):
            return self.one(ARAB_GIVEN[sex]), self.one(ARAB_FAMILY)
        faker = self.fakers[self.random.choices(("en_US", "en_GB", "en_IN"), (4, 4, 2))[0]]
        given = faker.first_name_male() if sex == "m" else faker.first_name_female()
        return given, faker.last_name()

    def name(self) -> list[Piece]:
        return [(" ".join(self.given_and_family(self.random.choice("mf"))), "name")]

    def after(self, title: str, sex: str, family_only: float) -> list[Piece]:
        given, family = self.given_and_family(sex)
        only = bool(title) and self.chance(family_only)
        return [(title, ""), (family if only else f"{given} {family}", "name")]

    def patient(self) -> list[Piece]:
        sex = self.random.choice("mf")
        return self.after(self.one(PATIENTS[sex]), sex, 0.5)

    def doctor(self) -> list[Piece]:
        return self.after(self.one(DOCTORS), self.random.choice("mf"), 0.5)

    def nurse(self) -> list[Piece]:
        title = self.one(NURSES)
        return self.after(title, "f" if title == "Sister " else self.random.choice("mf"), 0.4)

    # Arabic names: one's own, often the father's, mostly the family's.

    def arabic_given(self, sex: str) -> str:
        faker = self.fakers[self.random.choice(("ar_AA", "ar_DZ"))]
        return MARKS.sub("", faker.first_name_male() if sex == "m" else faker.first_name_female())

    def arabic_family(self) -> str:
        while True:
            family = MARKS.sub("", self.fakers[self.random.choice(("ar_AA", "ar_SA", "ar_PS"))].last_name())
            # Without tribes and famous families.
            known = ("بنو", "بني", "قبيلة", "البقوم", "آل سعود", "بن لادن")
            if len(family.split()) <= 2 and not any(word in family for word in known):
                return family

    def arabic_name(self, sex: str) -> str:
        names = [self.arabic_given(sex)]
        form = self.random.choices(("family", "father", "both"), (45, 20, 35))[0]
        if form != "family":
            names.append(self.arabic_given("m"))
        if form != "father":
            names.append(self.arabic_family())
        return " ".join(names)

    def titled(self, slot: str) -> list[Piece]:
        role, sex = slot.split("_")
        given_only = {"patient": 0.0, "doctor": 0.25, "nurse": 0.4}[role]
        name = self.arabic_given(sex) if self.chance(given_only) else self.arabic_name(sex)
        return [(self.one(ARABIC_TITLES[slot]), ""), (name, "name")]

    def man(self) -> list[Piece]:
        return [(self.arabic_name("m"), "name")]

    def woman(self) -> list[Piece]:
        return [(self.arabic_name("f"), "name")]

    def boy(self) -> list[Piece]:
        return [(f"{self.arabic_given('m')} {self.arabic_given('m')}", "name")]

    def girl(self) -> list[Piece]:
        return [(f"{self.arabic_given('f')} {self.arabic_given('m')}", "name")]

    # Numbers and addresses of persons.

    def egyptian(self) -> str:
        year = self.random.randint(1940, 2015)
        day = f"{self.random.randint(1, 12):02}{self.random.randint(1, 28):02}"
        place = self.random.choice(("01", "02", "03", "12", "16", "21", "88"))
        number = f"{2 if year < 2000 else 3}{year % 100:02}{day}{place}{self.number('####')}"
        weighed = sum(int(digit) * weight for digit, weight in zip(number, (2, 7, 6, 5, 4, 3) * 2 + (2,)))
        return number + str((11 - weighed % 11) % 10)

    def saudi(self, first: str) -> str:
        number = first + self.number("########")
        doubled = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(number))
        return number + str(-doubled % 10)

    def nhs(self) -> str:
        while True:
            number = self.number("%########")
            check = -sum(int(digit) * (10 - place) for place, digit in enumerate(number)) % 11
            if check < 10:
                return f"{number[:3]} {number[3:6]} {number[6:]}{check}"

    def nid(self) -> list[Piece]:
        arabic = self.lang == "ar"
        of = self.random.choices(("eg", "sa", "nhs", "ssn"), (5, 5, 0, 0) if arabic else (35, 35, 20, 10))[0]
        if of == "eg":
            cue = "الرقم القومي |الرقم القومي: " if arabic else "national ID |national ID no. |NID "
            return [(self.one(cue), ""), (self.egyptian(), "national_id")]
        if of == "sa":
            first = self.random.choice("12")
            if arabic:
                cue = "رقم الهوية |رقم الهوية الوطنية " if first == "1" else "رقم الإقامة |إقامة رقم "
            else:
                cue = "national ID |ID number " if first == "1" else "Iqama no. |Iqama number "
            return [(self.one(cue), ""), (self.saudi(first), "national_id")]
        if of == "nhs":
            return [(self.one("NHS number |NHS no. "), ""), (self.nhs(), "national_id")]
        return [(self.one("SSN |social security number "), ""), (self.fakers["en_US"].ssn(), "national_id")]

    def file(self) -> list[Piece]:
        if self.lang == "ar":
            cue, form = "رقم الملف |ملف رقم |رقم الملف الطبي |الملف رقم ", self.one("%#####|%####|%######")
            return [(self.one(cue), ""), (self.number(form), "file_number")]
        cue = "MRN |MRN |MRN: |file no. |file number |hospital number |medical record number |chart no. |UHID "
        form = self.one("%#####|%#####|00%#####|%######|H%#####|%####-#")
        return [(self.one(cue), ""), (self.number(form), "file_number")]

    def phone(self) -> list[Piece]:
        egypt = "01{}# ### ####|01{}########|+20 1{}# ### ####|+201{}########|00201{}########"
        saudi = "05{} ### ####|05{}#######|+966 5{} ### ####|+9665{}#######|009665{}#######"
        if self.lang == "ar":
            countries, shares = ("eg", "sa"), (5, 5)
        else:
            countries, shares = ("eg", "sa", "gb", "us"), (1, 1, 1, 1)
        country = self.random.choices(countries, shares)[0]
        if country == "eg":
            number = self.one(egypt).format(self.random.choice("0125"))
        elif country == "sa":
            number = self.one(saudi).format(self.random.choice("03456"))
        elif country == "gb":
            # Numbers that are reserved for fiction.
            number = self.one("020 7946 0###|0161 496 0###|01134960###|+44 20 7946 0###|+44 161 496 0###")
        else:
            area = self.random.choice(("212", "415", "617", "713", "312"))
            forms = "({}) 555-01##|{}-555-01##|+1 {} 555 01##|+1-{}-555-01##|{}.555.01##"
            number = self.one(forms).format(area)
        return [(self.number(number), "phone")]

    def email(self) -> list[Piece]:
        given, family = self.given_and_family(self.random.choice("mf"))
        given, family = (re.sub("[^a-z]", "", part.lower()) for part in (given, family))
        forms = (f"{given}.{family}", f"{given[0]}{family}", f"{family}-{given}", f"{given}_{self.number('##')}")
        host = self.one("example.com|example.org|mail.example.net")
        return [(f"{self.random.choice(forms)}@{host}", "email")]

    def birth(self) -> list[Piece]:
        return self.day(self.random.randint(1935, 2018), with_year=True)

    def date(self) -> list[Piece]:
        return self.day(self.random.randint(2021, 2025), with_year=False)

    def day(self, year: int, with_year: bool) -> list[Piece]:
        """A written date, with or without its year."""
        day, month = self.random.randint(1, 28), self.random.randint(1, 12)
        numbers = [f"{day:02}/{month:02}/{year}", f"{day}/{month}/{year}", f"{year}-{month:02}-{day:02}"]
        if self.lang == "ar":
            name = ARABIC_MONTHS.split("|")[month - 1]
            hijri = f"{day} {self.one(HIJRI)} {year - 579}"
            words = [f"{day} {name} {year}", f"{day} {LEVANT.split('|')[month - 1]} {year}", hijri]
            words += [] if with_year else [f"{day} {name}"]
            numbers.append(f"{year}/{month}/{day}")
            after = {numbers[1]: self.one("م|"), hijri: self.one(" هـ|")}
        else:
            name = MONTHS.split("|")[month - 1]
            th = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(day, "th")
            words = [f"{day} {name} {year}", f"{name} {day}, {year}", f"{day} {name[:3]} {year}"]
            words += [] if with_year else [f"{day}{th} {name}", f"{name} {day}{th}"]
            numbers += [f"{day:02}-{month:02}-{year}", f"{day:02}.{month:02}.{year}", f"{day:02}-{name[:3]}-{year}"]
            after = {}
        date = self.random.choice(self.random.choice((numbers, words)))
        return [(date, "date"), (after.get(date, ""), "")]

    def address(self) -> list[Piece]:
        house, flat = self.random.randint(1, 180), self.random.randint(1, 40)
        if self.lang == "ar":
            street, district, city = map(self.one, self.random.choice(ARABIC_PLACES))
            forms = (
                f"{house} شارع {street}",
                f"{house} شارع {street}، {district}",
                f"شارع {street}، حي {district}، {city}",
                f"حي {district}، شارع {street}",
                f"شقة {flat}، {house} شارع {street}، {city}",
                f"عمارة {house} شارع {street}، {district}",
                f"فيلا {flat}، حي {district}",
            )
            return [(self.random.choice(forms), "address")]
        where = self.random.choice(("en_US", "en_GB", "en_US", "en_GB", "ar"))
        if where == "ar":
            street = f"{self.one(ARAB_STREETS)} {self.one('Street|Street|Road')}"
        elif self.chance(0.3):
            return [(self.fakers[where].street_address().replace("\n", ", "), "address")]
        else:
            street = f"{self.fakers[where].last_name()} {self.one(STREETS)}"
        before = f"Flat {flat}, " if self.chance(0.2) else ""
        after = f", {self.one(CITIES[where])}" if self.chance(0.3) else ""
        return [(f"{before}{house} {street}{after}", "address")]

    # Slots that identify no person.

    def ward(self) -> str:
        return self.one(WARDS[self.lang])

    def order(self) -> str:
        return self.one(ORDERS[self.lang])

    def drug(self) -> str:
        return self.one(DRUGS[self.lang])

    def lab(self) -> str:
        return self.one(LABS[self.lang])

    def icd(self) -> str:
        return self.one("ICD-10 |") + self.one(CODES)

    def bed(self) -> str:
        return str(self.random.randint(1, 40))

    def lot(self) -> str:
        return self.number("%#####")

    def slow(self) -> str:
        return self.one("5|8|10|21")

    def fast(self) -> str:
        return self.one("50|83|100|125")

    def minutes(self) -> str:
        return self.one("15|20|25|40|45")

    def pressure(self) -> str:
        return self.one("120/80|85/50|170/95|140/90|98/61")

    def time(self) -> str:
        hour, minute = self.random.randint(1, 11), self.random.randrange(0, 60, 5)
        ends = (" صباحا", " مساء", " ص", " م") if self.lang == "ar" else (" am", " pm")
        half = self.random.choice(ends)
        return self.random.choice((f"{hour:02}:{minute:02}", f"{hour + 12}:{minute:02}", f"{hour}:{minute:02}{half}"))
