### The kit's own words. What a host says is in the host's files.

## The frame of each page
skip = الانتقال إلى المحتوى
menu = القائمة الرئيسية
sign-out = تسجيل الخروج
error-prefix = خطأ:

## Forms
problem = توجد مشكلة
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
