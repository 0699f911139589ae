package provider

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a consumer must not learn: keys in whole or with stars in them, the account behind them, addresses.
var secretive = regexp.MustCompile(
	`(?i)\b(?:sk|pk|rk|gsk|xai|fw|tgp|key|token|bearer)[-_ ][a-z0-9_*.…-]{4,}` + // keys by their usual prefixes
		`|\b(?:org|proj|user|team|acct|req|ws)[-_][a-z0-9*]{4,}` + // accounts and requests
		`|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{14,}` + // UUIDs
		`|[a-z]+://\S+` + // addresses
		`|[^\s@]+@[^\s@]+\.[^\s@]+` +
		`|[a-z0-9_*+/=-]{24,}`) // anything as long and dense as a key

// sanitise makes a provider's reason fit for the caller: short, printable, without anything that is like a key.
func sanitise(message, key string) string {
	message = message[:min(len(message), 2000)]
	if key != "" {
		message = strings.ReplaceAll(message, key, "[redacted]")
	}
	message = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, message)
	message = secretive.ReplaceAllString(message, "[redacted]")
	message = strings.Join(strings.Fields(message), " ")
	if utf8.RuneCountInString(message) > 300 {
		message = string([]rune(message)[:300]) + "…"
	}
	return message
}
