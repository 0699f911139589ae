package account

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/server/fault"
)

const (
	maxEmail       = 254 // RFC 5321, the path without its brackets
	maxName        = 80
	minPassword    = 8
	maxPassword    = 256
	maxTokenModels = 100
	maxModelName   = 200
)

// parseEmail returns the form in which an e-mail is stored and compared.
func parseEmail(field, text string) (string, error) {
	email := normaliseEmail(text)
	if email == "" || len(email) > maxEmail {
		return "", fault.Invalid(field, "an e-mail has 1 to %d characters", maxEmail)
	}
	addr, err := mail.ParseAddress(email)
	// A display name, a comment or a quoted part would make two spellings of one address.
	if err != nil || addr.Address != email || strings.ContainsFunc(email, func(r rune) bool {
		return r <= ' ' || r == '"' || r == 0x7f || !unicode.IsPrint(r)
	}) {
		return "", fault.Invalid(field, "this is not an e-mail address")
	}
	return email, nil
}

func normaliseEmail(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// parseName returns a trimmed name of 1 to 80 characters that shows as what it is.
func parseName(field, text string) (string, error) {
	name := strings.TrimSpace(text)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName {
		return "", fault.Invalid(field, "a name has 1 to %d characters", maxName)
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, misleading) || !strings.ContainsFunc(name, visible) {
		return "", fault.Invalid(field, "a name has visible characters and neither line breaks nor direction marks")
	}
	return name, nil
}

// misleading are controls, line breaks and the marks that turn the direction of what follows.
func misleading(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

func visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

func checkPassword(field, password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return fault.Invalid(field, "a password has %d to %d characters", minPassword, maxPassword)
	}
	return nil
}

// parseModels returns the models of a token, each once; nil for all.
func parseModels(field string, models []string) ([]string, error) {
	if models == nil {
		return nil, nil
	}
	if len(models) == 0 || len(models) > maxTokenModels {
		return nil, fault.Invalid(field, "name 1 to %d models, or leave them out for all", maxTokenModels)
	}
	var out []string
	seen := map[string]bool{}
	for _, m := range models {
		m = strings.TrimSpace(m)
		if m == "" || len(m) > maxModelName || !utf8.ValidString(m) || strings.ContainsFunc(m, unicode.IsControl) {
			return nil, fault.Invalid(field, "a model's name has 1 to %d characters", maxModelName)
		}
		if !seen[m] {
			seen[m] = true
			out = append(out, m)
		}
	}
	return out, nil
}
