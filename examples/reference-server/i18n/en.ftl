### The words of the pages of E·OVR. Titles of codes are the engine's.

product = E·OVR
incidents = Incidents
incident = Incident { $number }

## The list
number = Number
reported-on = Reported on
facility = Facility
category = Category
state = State
risk = Risk
suggested = Suggested by AI
not-rated = not rated yet
search = Number of incident or file
excel = Excel workbook
no-incidents = No incident fits.
list-count = { $count ->
    [one] One incident on this page
   *[other] { NUMBER($count) } incidents on this page
}

## One incident
facts = Facts
what-happened = What happened
occurred-on = Happened on
place = Place
reporter = Reporter
file-number = Medical file number
involved = Person involved
immediate-action = Immediate action
unreadable = This text cannot be read: its key was destroyed.
not-said = not said
risk-by-person = Rated by a person
risk-by-ai = Suggested by AI
out-of-hundred = { NUMBER($score) } out of 100
what-next = What can be done now
nothing-to-do = Nothing can be done by you at present.
note = Note

subtype = More exactly
disclosed = The patient was told
factors = What contributed
specific-error = What exactly went wrong
notes = Notes
yes = Yes
no = No
why-flagged = Why the software marked this
risk-by-analyst = Suggested by an outside model
incident-taken = Your report was taken.
changed-meanwhile = Another person has changed this incident meanwhile. What you typed is still below; look at the change, then send it again.
trail-broken = The audit trail of this incident is damaged. Management has been told.
conversation = Conversation with the reporter
quality-asks = Quality department
reporter-says = Reporter

## What can be done
question = Your question to the reporter
question-hint = The reporter reads it by the receipt code or on the own page.
your-answer = Your answer
kept-in-trail = It is kept in the audit trail.
reason = Reason
dispose-as = Set aside as
needs-follow-ups-closed = first every follow-up action must be finished or cancelled
save = Save
do-start = Take up
do-evaluate = Begin the evaluation
do-ask = Ask the reporter
do-answer = Answer the question
do-take-action = Record that action was taken
do-complete = Close the incident
do-complete-early = Close although follow-ups are open
do-add-remark = Add a remark
do-dispose = Set aside
do-restore = Restore
do-assess = Rate the risk
do-review-ai = Judge the AI score
ai-right = Is the AI score right?

## The matrix
matrix-caption = Severity in rows, probability in columns
matrix-cell = Severity { $severity }, probability { $probability }
lower-is-worse = The lower the number, the graver.
higher-is-worse = The higher the number, the graver.

## The accreditation panel
jci = JCI accreditation
jci-empty = Nothing is filled in yet.
jci-chapter = Chapter
jci-proposed = Proposed from the category; choose another if it does not fit
jci-standard = Standard
jci-element = Measurable element
jci-status = Compliance
jci-evidence = Evidence
jci-gap = Gap
jci-plan = Plan
do-edit-jci = Fill in

## Follow-up actions
follow-ups = Follow-up actions
no-follow-ups = None yet.
task = What is to be done
owner = Responsible
due = Due
purpose = Purpose
strength = Strength
strength-hint = A stronger action does not depend on memory: it changes the place or the device.
evidence = What shows that it was done
evidence-hint = A photograph, a new form, a measurement
overdue = overdue
do-open-follow-up = Add a follow-up action
do-finish = Finish

## Files and papers
files = Photographs and documents
no-files = None yet.
choose-files = Choose files
files-hint = JPEG, PNG or PDF, at most 10 MB. Place and device are removed from photographs.
do-attach = Add
file-refused = A file was not taken: it must be a JPEG, PNG or PDF of at most 10 MB. The others were added.
papers = On paper
pdf-in-arabic = Report as PDF, Arabic
pdf-in-english = Report as PDF, English
trail = Audit trail
trail-whole = { $count ->
    [one] One event, and the chain is whole.
   *[other] { NUMBER($count) } events, and the chain is whole.
}
what-was-done = What was done
by-whom = By
changed = Changed
last-seal = Digest of the content after the last event:

## A report
report-title = Tell us what went wrong
report-welcome = What you write goes to the quality department of this hospital. You need no account, and you need not say who you are.
report-emergency = In an emergency call the staff: this is not read at once.
new-report = New report
describe = What happened?
describe-hint = In your own words. Facts help most: what, who was there, what was done. No names are needed.
describe-more = Write at least ten letters about what happened
which-category = What kind of event was it?
choose-category = Choose the kind that fits best
when = When
today = Today
yesterday = Yesterday
earlier = Earlier
which-day = Which day?
which-day-hint = For example 27 3 2026
day-wrong = Type a day that has been, such as 27 3 2026
where-in = Where?
where-hint = The ward or room
who = How do you report?
who-patient = As patient or relative
who-unsaid = I do not say who I am
who-named = With my name, which only the quality department sees
who-anonymous = Anonymously
why-anonymous = Nothing is stored that leads to you. You can still answer questions by the receipt code.
harm = What harm was done?
more-details = More details, now or later
send-report = Send the report
look-first = Look over it first
before-you-send = Before you send it
names-found = Names are not needed, and could be left out: { $names }
blame-found = Words that blame a person could be said as facts: { $words }
rules-say = From your words, the software expects the risk to be
similar = Similar reports of the past:
sent-before = This was not taken. If you have sent it before in other words, that report stands as it was. If this is another report, send it now.
no-poster = Nothing is taken at this address. Ask at the desk.

## The receipt
thank-you = Thank you
report-taken = Your report was taken.
receipt-code = Receipt code
receipt-keep = Write this code down. It is shown this once. With it you see what became of your report, answer questions and add to it, without an account.
receipt-written-down = I have written it down
receipt-title = My report
receipt-hint = Eight groups of four letters and digits
receipt-look = Show my report
receipt-unknown = No report has this code. Check each letter and digit.
changed-on = Last change
question-waits = A question waits for your answer.
your-remark = Is there something to add?
send-answer = Send the answer
send-remark = Add it
said-thanks = Thank you. It was added to your report.
write-something = Write something here

## The first page, and the board
dashboard = Today
questions-for-you = Questions for you
your-reports = Your reports
no-reports-yet = You have reported nothing yet.
figure-high = high risk
figure-new = not taken up
figure-overdue = overdue
figure-all = in all
high-first = High risk first
not-taken-up = Not taken up yet
nothing-waits = Nothing waits here.
board = Board
all-of-them = All of them

## Figures
analytics = Figures
by-month = Reports by month
by-place = Reports by facility
month = Month
reports = Reports
no-figures = There are no figures yet.
shift = part of a shift
months-sentence = { $total ->
    [one] One report
   *[other] { NUMBER($total) } reports
} in these months; most in { $month }: { NUMBER($most) }.
median-says = The middle line is the median, { $median }. Six or more months in a row on one side of it are marked: something has changed.

## Facilities
facilities = Facilities
facility-count = { $count ->
    [one] One facility
   *[other] { NUMBER($count) } facilities
}
code = Code
administration = Administration
title-en = Name in English
title-ar = Name in Arabic
administration-code = Code of the administration
administration-en = Administration in English
administration-ar = Administration in Arabic
governorate-code = Code of the governorate
governorate-en = Governorate in English
governorate-ar = Governorate in Arabic
time-zone = Time zone
time-zone-hint = For example Africa/Cairo or Asia/Riyadh
facility-add = Add a facility
facility-open = open
facility-closed = closed
facility-close = Close
code-taken = This code is taken, also where its facility is closed
poster = Poster
poster-hint = Print this page: one sheet for a wall (A4), one for a desk (A6).
poster-title = Did something go wrong?
poster-text = Scan the code and tell us. You need not say who you are.
no-link = This facility has no address for visitors yet.
give-link = Give a new address
link-replaced = Printed posters with the old address will no longer work.

## The demonstration
try-title = The demonstration
try-about = These people and their hospitals are invented. Choose one to see what the role sees.
try-enter = Sign in
