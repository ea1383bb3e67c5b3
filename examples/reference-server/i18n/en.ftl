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
needs = Needs: { $wants }
note = Note
note-hint = It is kept in the audit trail.
