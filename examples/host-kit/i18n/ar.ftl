### The kit's own words. What a host says is in the host's files.

## The frame of each page
skip = الانتقال إلى المحتوى
menu = القائمة الرئيسية
sign-out = تسجيل الخروج
session-ends = ستنتهي الجلسة خلال دقيقتين
session-nothing-lost = ما كتبته يبقى في هذه الصفحة.
session-stay = البقاء في الجلسة
error-prefix = خطأ:

## Forms
problem = توجد مشكلة
does-not-fit = هذه الإجابة غير مناسبة
optional = اختياري
choose = يُرجى الاختيار
day = اليوم
month = الشهر
year = السنة
cancel = إلغاء

## Lists
filters = عوامل التصفية
filter = تصفية
filters-clear = عرض الكل
all = الكل
pages = الصفحات
page-first = الصفحة الأولى
page-next = الصفحة التالية

## Steps and charts
steps = المراحل
step-done = تمت
step-now = الحالية
show-as-table = عرض كجدول
no-data = لا توجد بيانات

## Signing in
sign-in = تسجيل الدخول
email = البريد الإلكتروني
password = كلمة المرور
login-wrong = البريد الإلكتروني أو كلمة المرور غير صحيحة
second-step = الخطوة الثانية
code = رمز التحقق
code-hint = الأرقام الستة من تطبيق المصادقة، أو أحد رموز الاسترداد
code-wrong = هذا الرمز غير صحيح أو سبق استخدامه
choose-password = اختيار كلمة مرور جديدة
new-password = كلمة المرور الجديدة
new-password-hint = خمسة عشر حرفًا على الأقل، أو ثمانية مع وسيلة تحقق ثانية. من الأفضل اختيار كلمات يسهل تذكرها.
password-weak = يُرجى اختيار كلمة مرور أطول، لا يرد فيها اسمك أو اسم المستشفى
proceed = متابعة
signed-out-title = انتهت الجلسة
signed-out = يُرجى تسجيل الدخول مرة أخرى.

## The own account
account = حسابي
name = الاسم
role = الدور
logins = الأجهزة المسجَّل دخولها
login-since = منذ { $moment }
this-login = هذا الجهاز
end-login = إنهاء الجلسة
change-password = تغيير كلمة المرور
password-changed = تم تغيير كلمة المرور، وأُنهيت الجلسات على الأجهزة الأخرى.
password-wrong = كلمة المرور الحالية غير صحيحة
factor = التحقق بخطوتين
factor-on = مفعَّل
factor-off = غير مفعَّل
factor-set-up = تفعيل
factor-why = مع التحقق بخطوتين لا تكفي كلمة مرور مسروقة لقراءة البلاغات. ستحتاج إلى تطبيق مصادقة على هاتفك.
factor-by-hand = كتابة الرمز يدويًا
first-code-hint = امسح الصورة بتطبيق المصادقة، ثم اكتب الأرقام الستة التي تظهر فيه
factor-done = تم تفعيل التحقق بخطوتين.
recovery-codes = احتفظ بهذه الرموز مكتوبة على ورق. كل رمز يسمح بالدخول مرة واحدة إذا فُقد الهاتف، ولن تظهر مرة أخرى.
codes-written-down = كتبتُها
prove = تأكيد هويتك
prove-why = يتطلب هذا الإجراء إدخال كلمة المرور مرة أخرى.
prove-elsewhere = أكِّد هويتك في نافذة جديدة ثم عُد إلى هنا
code-where-set-up = إذا كان التحقق بخطوتين مفعَّلًا
proof-wrong = كلمة المرور أو الرمز غير صحيح

## Refusals
to-the-start = الانتقال إلى الصفحة الرئيسية
sign-in-elsewhere = سجِّل الدخول في نافذة جديدة ثم عُد إلى هنا
nothing-lost = لم يُفقد شيء مما كتبته.
send-again = إعادة الإرسال
denied-title = لا تملك صلاحية هذا الإجراء
denied = صلاحياتك لا تسمح بذلك. يُرجى مراجعة مكتب الجودة عند الحاجة.
not-found-title = لا يوجد شيء هنا
not-found = السجل غير موجود، أو ليس ضمن نطاق صلاحياتك.
conflict-title = تم تعديل السجل
conflict = عدّل شخص آخر هذا السجل. يُرجى فتحه من جديد للاطلاع على التعديل.
too-many-title = طلبات كثيرة
too-many = يُرجى الانتظار دقيقة ثم المحاولة مرة أخرى.
too-large-title = الحجم أكبر من المسموح
too-large = يُرجى إرسال نص أقصر أو ملفات أقل.
unavailable-title = الخدمة غير متاحة حاليًا
unavailable = لم يُفقد شيء. يُرجى التأكد من حفظ التعديل قبل إرساله مرة أخرى.
internal-title = حدث خطأ لدينا
internal = تم تسجيل الخطأ. يُرجى المحاولة لاحقًا.
refused-title = هذا غير ممكن الآن
refused = حالة السجل الحالية لا تسمح بذلك، أو ينقصه شيء.

## Samples of /ui
sample-new = جديد
sample-open = مفتوح
sample-closed = مغلق
sample-number = العدد
sample-sentence = يُرجى فحص المضخة في الغرفة ١٢.

## Pages of a kind
number = الرقم
state = الحالة
made-on = تاريخ الإنشاء
facts = البيانات الأساسية
actions = الإجراءات المتاحة الآن
history = السجل
reason = السبب
nothing-here = لا يوجد شيء هنا.
needed = يجب ملء هذا الحقل
yes = نعم
no = لا
unreadable = لا يمكن قراءة هذا النص لأن مفتاحه أُتلف.
trail-broken = سجل هذا القيد تالف، وقد أُخطرت الإدارة.
changed-meanwhile = عدّل شخص آخر هذا القيد في هذه الأثناء. ما كتبته ما زال أدناه؛ راجع التعديل ثم أعد الإرسال.
