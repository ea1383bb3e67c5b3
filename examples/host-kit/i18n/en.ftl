### The kit's own words. What a host says is in the host's files.

## The frame of each page
skip = Skip to the content
menu = Main menu
sign-out = Sign out
session-ends = You will be signed out in two minutes
session-nothing-lost = What you have typed stays on this page.
session-stay = Stay signed in
error-prefix = Error:

## Forms
problem = There is a problem
does-not-fit = This answer does not fit
optional = optional
choose = Choose one
day = Day
month = Month
year = Year
cancel = Cancel

## Lists
filters = Filters
filter = Filter
filters-clear = Show all
all = All
pages = Pages
page-first = First page
page-next = Next page

## Steps and charts
steps = Steps
step-done = done
step-now = now
show-as-table = Show as a table
no-data = no data

## Signing in
sign-in = Sign in
email = E-mail address
password = Password
login-wrong = The address or the password is not right
second-step = Second step
code = Code
code-hint = The six digits of your authenticator app, or a recovery code
code-wrong = This code is not right, or it was used before
choose-password = Choose a new password
new-password = New password
new-password-hint = At least 15 characters, or 8 with a second factor. A few words that you can remember are good.
password-weak = Choose a longer password, without your name or your hospital's
proceed = Continue
signed-out-title = You are signed out
signed-out = Sign in again.

## The own account
account = My account
name = Name
role = Role
logins = Where I am signed in
login-since = Since { $moment }
this-login = this device
end-login = Sign out there
change-password = Change password
password-changed = The password is changed. Other devices are signed out.
password-wrong = This is not your password
factor = Second factor
factor-on = set up
factor-off = not set up
factor-set-up = Set up
factor-why = With a second factor, a stolen password is not enough to read reports. You need an authenticator app on your phone.
factor-by-hand = Type it by hand instead
first-code-hint = Scan the picture with your authenticator app, and type the six digits that it shows
factor-done = The second factor is set up.
recovery-codes = Keep these codes on paper. Each signs you in once if your phone is lost. They are not shown again.
codes-written-down = I have written them down
prove = Confirm that it is you
prove-why = This action asks once more for your password.
prove-elsewhere = Confirm it in a new tab, then come back here
code-where-set-up = If you have set up a second factor
proof-wrong = The password or the code is not right

## Refusals
to-the-start = Go to the start
sign-in-elsewhere = Sign in in a new tab, then come back here
nothing-lost = Nothing of what you have typed is lost.
send-again = Send again
denied-title = You may not do this
denied = Your role does not allow it. Ask your quality office if you need it.
not-found-title = There is nothing here
not-found = The record does not exist, or it is not one of yours.
conflict-title = The record was changed
conflict = Another person has changed this record. Open it again to see the change.
too-many-title = Too many requests
too-many = Wait a minute, and try again.
too-large-title = This is too large
too-large = Send less text or fewer files.
unavailable-title = Not available for the moment
unavailable = Nothing was lost. Look whether your change is there before you send it again.
internal-title = Something is wrong on our side
internal = The error was recorded. Try again later.
refused-title = This is not possible now
refused = The record does not allow it in its present state, or something is missing.

## Samples of /ui
sample-new = new
sample-open = open
sample-closed = closed
sample-number = Number
sample-sentence = Please look at the pump in room 12.

## Pages of a kind
number = Number
state = State
made-on = Made on
facts = Facts
actions = What can be done now
history = History
reason = Reason
nothing-here = There is nothing here.
needed = Fill this in
yes = Yes
no = No
unreadable = This text cannot be read: its key was destroyed.
trail-broken = The history of this record is damaged. Management has been told.
changed-meanwhile = Another person has changed this record meanwhile. What you typed is still below; look at the change, then send it again.
