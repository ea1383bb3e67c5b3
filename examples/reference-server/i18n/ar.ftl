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
needs = ينقصه: { $wants }
note = ملاحظة
note-hint = تُحفظ في سجل التدقيق.
