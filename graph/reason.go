package graph

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/journal"
)

const maxReason = 200 // runes

// because takes the reason that somebody gives for what they ask for to the audit log.
func because(ctx context.Context, reason *string) (context.Context, error) {
	if reason == nil {
		return ctx, nil
	}
	text := strings.TrimSpace(*reason)
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxReason || strings.ContainsFunc(text, control) {
		return nil, fault.Invalid("reason", "a reason is plain text of at most %d characters", maxReason)
	}
	return journal.Because(ctx, text), nil
}
