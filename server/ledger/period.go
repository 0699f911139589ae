package ledger

import (
	"time"

	"github.com/resourcepool/resourcepool/server/money"
)

// Period is how often a budget begins anew, in UTC; "" is never.
type Period string

// The periods. Weeks begin on Monday.
const (
	Day   Period = "DAY"
	Week  Period = "WEEK"
	Month Period = "MONTH"
)

// start is when the period that t is in began.
func (p Period) start(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	switch p {
	case Week:
		d -= (int(t.UTC().Weekday()) + 6) % 7
	case Month:
		d = 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// end is when the period that began at start is over.
func (p Period) end(start time.Time) time.Time {
	switch p {
	case Week:
		return start.AddDate(0, 0, 7)
	case Month:
		return start.AddDate(0, 1, 0)
	}
	return start.AddDate(0, 0, 1)
}

// renew begins the period that t is in, where it is a later one: nothing of it is spent. What is held stays held, and counts in
// the period in which it is settled. A clock that goes back begins nothing.
func (b *budgetRow) renew(t time.Time) {
	if b.period == "" {
		return
	}
	if start := b.period.start(t); start.After(b.since) {
		b.since, b.spent = start, money.Credits(0)
	}
}
