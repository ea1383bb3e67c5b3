### The words of the pages of E·OVR. Titles of codes are the engine's.

product = بلاغات الأحداث العارضة
incidents = البلاغات
incident = البلاغ { $number }

## The list
number = رقم البلاغ
reported-on = تاريخ الإبلاغ
facility = المنشأة
category = التصنيف
state = الحالة
risk = الخطر
suggested = اقتراح الذكاء الاصطناعي
not-rated = بانتظار مراجعة بشرية
search = رقم البلاغ أو الملف الطبي
excel = ملف Excel
no-incidents = لا توجد بلاغات مطابقة.
list-count = { $count ->
    [zero] لا بلاغات في هذه الصفحة
    [one] بلاغ واحد في هذه الصفحة
    [two] بلاغان في هذه الصفحة
    [few] { NUMBER($count) } بلاغات في هذه الصفحة
    [many] { NUMBER($count) } بلاغًا في هذه الصفحة
   *[other] { NUMBER($count) } بلاغ في هذه الصفحة
}

## One incident
facts = البيانات الأساسية
what-happened = وصف الحدث
occurred-on = تاريخ الحدث
place = مكان الحدث
reporter = المبلِّغ
file-number = رقم الملف الطبي
involved = الشخص المعني
immediate-action = الإجراء الفوري
unreadable = لا يمكن قراءة هذا النص لأن مفتاحه أُتلف.
not-said = غير مذكور
risk-by-person = تقييم بشري
risk-by-ai = اقتراح الذكاء الاصطناعي
out-of-hundred = { NUMBER($score) } من ١٠٠
what-next = الإجراءات المتاحة الآن
nothing-to-do = لا توجد إجراءات متاحة لك حاليًا.
note = ملاحظة

subtype = التصنيف الفرعي
disclosed = هل أُبلغ المريض؟
factors = العوامل المساهمة
specific-error = الخطأ المحدد
notes = ملاحظات
yes = نعم
no = لا
why-flagged = لماذا ميّز النظام هذا البلاغ
risk-by-analyst = اقتراح نموذج خارجي
incident-taken = تم استلام بلاغك.
changed-meanwhile = عدّل شخص آخر هذا البلاغ في هذه الأثناء. ما كتبته ما زال أدناه؛ راجع التعديل ثم أعد الإرسال.
trail-broken = سجل التدقيق لهذا البلاغ تالف، وقد أُخطرت الإدارة.
conversation = التواصل مع المبلِّغ
quality-asks = قسم الجودة
reporter-says = المبلِّغ

## What can be done
question = سؤالك إلى المبلِّغ
question-hint = يقرؤه المبلِّغ برمز المتابعة أو في صفحته.
your-answer = إجابتك
kept-in-trail = تُحفظ في سجل التدقيق.
reason = السبب
dispose-as = سبب الاستبعاد
needs-follow-ups-closed = يجب أولًا إنهاء كل إجراءات المتابعة أو إلغاؤها
save = حفظ
do-start = بدء المتابعة
do-evaluate = بدء التقييم
do-ask = سؤال المبلِّغ
do-answer = الإجابة عن السؤال
do-take-action = تسجيل اتخاذ إجراء
do-complete = إغلاق البلاغ
do-complete-early = إغلاق مع بقاء إجراءات مفتوحة
do-add-remark = إضافة ملاحظة
do-dispose = استبعاد البلاغ
do-restore = استعادة البلاغ
do-assess = تقييم الخطر
do-review-ai = مراجعة تقدير الذكاء الاصطناعي
ai-right = هل تقدير الذكاء الاصطناعي صحيح؟

## The matrix
matrix-caption = الشدة في الصفوف والاحتمالية في الأعمدة
matrix-cell = الشدة { $severity }، الاحتمالية { $probability }
lower-is-worse = كلما قلّ الرقم زادت الخطورة.
higher-is-worse = كلما زاد الرقم زادت الخطورة.

## The accreditation panel
jci = اعتماد JCI
jci-empty = لم تُملأ أي بيانات بعد.
jci-chapter = الفصل
jci-proposed = مقترح بناءً على التصنيف، ويمكن اختيار غيره
jci-standard = المعيار
jci-element = عنصر القياس
jci-status = حالة الاستيفاء
jci-evidence = الأدلة
jci-gap = الفجوة
jci-plan = الخطة
do-edit-jci = تعبئة البيانات

## Follow-up actions
follow-ups = إجراءات المتابعة
no-follow-ups = لا توجد إجراءات بعد.
task = الإجراء المطلوب
owner = المسؤول
due = تاريخ الاستحقاق
purpose = الغرض
strength = قوة الإجراء
strength-hint = الإجراء القوي لا يعتمد على الذاكرة، بل يغيّر المكان أو الجهاز.
evidence = ما يثبت التنفيذ
evidence-hint = صورة أو نموذج جديد أو قياس
overdue = متأخر
do-open-follow-up = إضافة إجراء متابعة
do-finish = إنهاء الإجراء

## Files and papers
files = الصور والمستندات
no-files = لا توجد ملفات بعد.
choose-files = اختيار الملفات
files-hint = صور JPEG أو PNG أو ملف PDF بحد أقصى ١٠ ميجابايت. تُحذف بيانات المكان والجهاز من الصور.
do-attach = إضافة
file-refused = لم يُقبل أحد الملفات: يجب أن يكون JPEG أو PNG أو PDF بحد أقصى ١٠ ميجابايت. أُضيفت بقية الملفات.
papers = للطباعة
pdf-in-arabic = التقرير PDF بالعربية
pdf-in-english = التقرير PDF بالإنجليزية
trail = سجل التدقيق
trail-whole = { $count ->
    [zero] لا توجد أحداث.
    [one] حدث واحد، والسلسلة سليمة.
    [two] حدثان، والسلسلة سليمة.
    [few] { NUMBER($count) } أحداث، والسلسلة سليمة.
    [many] { NUMBER($count) } حدثًا، والسلسلة سليمة.
   *[other] { NUMBER($count) } حدث، والسلسلة سليمة.
}
what-was-done = الإجراء
by-whom = المنفِّذ
changed = ما تغيّر
last-seal = بصمة المحتوى بعد آخر حدث:

## A report
report-title = أخبرنا بما حدث
report-welcome = ما تكتبه يصل إلى قسم الجودة في هذا المستشفى. لا تحتاج إلى حساب، ولا يلزم أن تذكر من أنت.
report-emergency = في الحالات الطارئة نادِ الطاقم: لن يُقرأ هذا فورًا.
new-report = بلاغ جديد
describe = ماذا حدث؟
describe-hint = بكلماتك. الحقائق هي الأهم: ما حدث، ومن كان حاضرًا، وما الذي تم عمله. لا حاجة إلى ذكر أسماء.
describe-more = اكتب عشرة أحرف على الأقل عمّا حدث
which-category = ما نوع الحدث؟
choose-category = اختر النوع الأقرب
when = متى
today = اليوم
yesterday = أمس
earlier = قبل ذلك
which-day = في أي يوم؟
which-day-hint = مثال: ٢٧ ٣ ٢٠٢٦
day-wrong = اكتب يومًا مضى، مثل ٢٧ ٣ ٢٠٢٦
where-in = أين؟
where-hint = القسم أو الغرفة
who = كيف تُبلِّغ؟
who-patient = بصفتي مريضًا أو قريبًا له
who-unsaid = لا أذكر من أنا
who-named = باسمي، ولا يراه إلا قسم الجودة
who-anonymous = دون ذكر هويتي
why-anonymous = لا يُحفظ أي شيء يدل عليك، ويمكنك الإجابة عن الأسئلة برمز المتابعة.
harm = ما الضرر الذي حدث؟
more-details = تفاصيل إضافية، الآن أو لاحقًا
send-report = إرسال البلاغ
look-first = مراجعة قبل الإرسال
before-you-send = قبل الإرسال
names-found = لا حاجة إلى الأسماء، ويمكن حذفها: { $names }
blame-found = كلمات تُلقي اللوم على شخص، ويمكن صياغتها كحقائق: { $words }
rules-say = يتوقع النظام من كلماتك أن يكون الخطر
similar = بلاغات سابقة مشابهة:
sent-before = لم يُستلم هذا. إن كنت قد أرسلته من قبل بكلمات أخرى فسيبقى ذلك البلاغ كما كان. وإن كان هذا بلاغًا آخر فأرسله الآن.
no-poster = لا تُستقبل البلاغات على هذا العنوان. اسأل في الاستقبال.

## The receipt
thank-you = شكرًا لك
report-taken = تم استلام بلاغك.
receipt-code = رمز المتابعة
receipt-keep = اكتب هذا الرمز، فلن يظهر مرة أخرى. به ترى ما تم في بلاغك وتجيب عن الأسئلة وتضيف إليه دون حساب.
receipt-written-down = كتبتُه
receipt-title = بلاغي
receipt-hint = ثماني مجموعات من أربعة أحرف وأرقام
receipt-look = عرض بلاغي
receipt-unknown = لا يوجد بلاغ بهذا الرمز. راجع كل حرف ورقم.
changed-on = آخر تعديل
question-waits = هناك سؤال ينتظر إجابتك.
your-remark = هل تريد إضافة شيء؟
send-answer = إرسال الإجابة
send-remark = إضافة
said-thanks = شكرًا لك. أُضيف ما كتبته إلى بلاغك.
write-something = اكتب شيئًا هنا

## The first page, and the board
dashboard = اليوم
questions-for-you = أسئلة موجهة إليك
your-reports = بلاغاتك
no-reports-yet = لم تقدّم أي بلاغ بعد.
figure-high = خطر مرتفع
figure-new = لم تبدأ متابعتها
figure-overdue = متأخرة
figure-all = الإجمالي
high-first = الخطر المرتفع أولًا
not-taken-up = لم تبدأ متابعتها بعد
nothing-waits = لا شيء ينتظر هنا.
board = لوحة المتابعة
all-of-them = عرض الكل

## Figures
analytics = الإحصاءات
by-month = البلاغات حسب الشهر
by-place = البلاغات حسب المنشأة
month = الشهر
reports = البلاغات
no-figures = لا توجد إحصاءات بعد.
shift = جزء من تحوّل
months-sentence = { $total ->
    [zero] لا بلاغات
    [one] بلاغ واحد
    [two] بلاغان
    [few] { NUMBER($total) } بلاغات
    [many] { NUMBER($total) } بلاغًا
   *[other] { NUMBER($total) } بلاغ
} في هذه الأشهر؛ أكثرها في { $month }: { NUMBER($most) }.
median-says = الخط الأوسط هو الوسيط، { $median }. تُميَّز ستة أشهر متتالية أو أكثر على جانب واحد منه، لأن شيئًا قد تغيّر.

## Facilities
facilities = المنشآت
facility-count = { $count ->
    [zero] لا منشآت
    [one] منشأة واحدة
    [two] منشأتان
    [few] { NUMBER($count) } منشآت
    [many] { NUMBER($count) } منشأة
   *[other] { NUMBER($count) } منشأة
}
code = الرمز
administration = الإدارة
title-en = الاسم بالإنجليزية
title-ar = الاسم بالعربية
administration-code = رمز الإدارة
administration-en = الإدارة بالإنجليزية
administration-ar = الإدارة بالعربية
governorate-code = رمز المحافظة
governorate-en = المحافظة بالإنجليزية
governorate-ar = المحافظة بالعربية
time-zone = المنطقة الزمنية
time-zone-hint = مثال: Africa/Cairo أو Asia/Riyadh
facility-add = إضافة منشأة
facility-open = مفتوحة
facility-closed = مغلقة
facility-close = إغلاق
code-taken = هذا الرمز مستخدم، ولو كانت منشأته مغلقة
poster = الملصق
poster-hint = اطبع هذه الصفحة: ورقة للحائط (A4) وأخرى للمكتب (A6).
poster-title = هل حدث خطأ ما؟
poster-text = امسح الرمز وأخبرنا. لا يلزم أن تذكر من أنت.
no-link = لا يوجد عنوان للزوار في هذه المنشأة بعد.
give-link = إنشاء عنوان جديد
link-replaced = لن تعمل الملصقات المطبوعة التي تحمل العنوان القديم.

## The demonstration
try-title = العرض التوضيحي
try-about = هؤلاء الأشخاص ومستشفياتهم من الخيال. اختر شخصًا لترى ما يراه دوره.
try-enter = تسجيل الدخول
