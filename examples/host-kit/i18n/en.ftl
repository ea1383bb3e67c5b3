### The kit's own words. What a host says is in the host's files.

## The frame of each page
skip = Skip to the content
menu = Main menu
sign-out = Sign out
error-prefix = Error:

## Forms
problem = There is a problem
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
