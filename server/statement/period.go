package statement

import (
	"net/url"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
)

// period is the time that a statement is about, from (inclusive) to (exclusive); nil is no bound.
type period struct{ from, to *time.Time }

// parse reads the parameters from and to, each an RFC 3339 time or a date, which begins at 00:00 UTC.
func parse(raw string) (p period, err error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return p, fault.New(fault.BadUserInput, "the query is not escaped as it must be")
	}
	for name, values := range query {
		at := map[string]**time.Time{"from": &p.from, "to": &p.to}[name]
		switch {
		case at == nil:
			return p, fault.Invalid(name, "there is no such parameter: a statement has from and to")
		case len(values) > 1:
			return p, fault.Invalid(name, "%s is given twice", name)
		}
		t, err := instant(values[0])
		if err != nil {
			return p, fault.Invalid(name, "%s is a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z", name)
		}
		*at = &t
	}
	if p.from != nil && p.to != nil && !p.from.Before(*p.to) {
		return p, fault.Invalid("to", "to is not after from")
	}
	return p, nil
}

// instant reads a time. A "+" that was not escaped arrives as a space.
func instant(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, strings.ReplaceAll(text, " ", "+"))
}

// name is what the file is saved under.
func (p period) name(now time.Time) string {
	to := now
	if p.to != nil {
		to = *p.to
	}
	from := ""
	if p.from != nil {
		from = stamp(*p.from) + "-to-"
	}
	return "statement-" + from + stamp(to) + ".csv"
}

// stamp writes a time as file systems like it.
func stamp(t time.Time) string {
	t = t.UTC()
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T150405Z")
}
