package checkpoint

import (
	"fmt"
	"strings"
	"time"
)

// Text is what a verified receipt says, for people. c is the checkpoint that Verify returned.
func (r *Receipt) Text(c Checkpoint) string {
	t := r.Transaction
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("transaction", "#%d, %s, %s", t.Seq, t.Kind, t.Time)
	if t.User != "" {
		line("user", "%s", t.User)
	}
	if t.Usage != "" {
		line("request", "%s", t.Usage)
	}
	if t.Origin.Actor != "" {
		line("actor", "%s", t.Origin.Actor)
	}
	if t.Origin.Resource != "" {
		line("resource", "%s", t.Origin.Resource)
	}
	if t.Memo.Text != "" {
		line("memo", "%q", t.Memo.Text)
	}
	shut := 0
	for _, e := range t.Entries {
		if e.Commitment != "" {
			shut++
			continue
		}
		unit := "USD"
		if e.Asset == "CREDIT" {
			unit = "Credits"
		}
		line("entry", "%s %s on %q", e.Amount, unit, e.Account)
	}
	if shut > 0 {
		line("", "and %d entries of others that the receipt does not open", shut)
	}
	line("checkpoint", "%d transactions, signed by %s at %s", c.Size, c.Origin, c.At.Format(time.RFC3339))
	return b.String()
}
