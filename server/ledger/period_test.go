package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPeriodsBeginAndEndInUTC(t *testing.T) {
	east := time.FixedZone("", 14*3600)
	for _, c := range []struct {
		period     Period
		at         time.Time
		start, end string
	}{
		{Day, time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), "2026-11-25", "2026-11-26"},
		{Day, time.Date(2026, 11, 25, 23, 59, 59, 999_999_999, time.UTC), "2026-11-25", "2026-11-26"},
		{Day, time.Date(2026, 11, 26, 13, 59, 0, 0, east), "2026-11-25", "2026-11-26"},
		{Day, time.Date(2028, 2, 28, 12, 0, 0, 0, time.UTC), "2028-02-28", "2028-02-29"},
		{Week, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), "2026-11-23", "2026-11-30"},
		{Week, time.Date(2026, 11, 29, 23, 59, 0, 0, time.UTC), "2026-11-23", "2026-11-30"},
		{Week, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), "2026-12-28", "2027-01-04"},
		{Month, time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC), "2026-02-01", "2026-03-01"},
		{Month, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), "2026-12-01", "2027-01-01"},
	} {
		start := c.period.start(c.at)
		assert.Equal(t, c.start+"T00:00:00Z", start.Format(time.RFC3339), "%s of %s", c.period, c.at)
		assert.Equal(t, c.end+"T00:00:00Z", c.period.end(start).Format(time.RFC3339), "%s of %s", c.period, c.at)
	}
}

func TestABudgetIsRenewedForwardsAlone(t *testing.T) {
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	b := budgetRow{limited: true, limit: 10, spent: 7, held: 2, period: Day, since: Day.start(at)}
	for _, c := range []struct {
		at    time.Time
		spent int64
	}{{at, 7}, {at.Add(12*time.Hour - 1), 7}, {at.AddDate(0, 0, -1), 7}, {at.Add(12 * time.Hour), 0}, {at.AddDate(0, 1, 0), 0}} {
		got := b
		got.renew(c.at)
		assert.EqualValues(t, c.spent, got.spent, c.at)
		assert.EqualValues(t, 2, got.held)
	}
	once := budgetRow{limited: true, limit: 10, spent: 7}
	once.renew(at)
	assert.Equal(t, budgetRow{limited: true, limit: 10, spent: 7}, once)
}
