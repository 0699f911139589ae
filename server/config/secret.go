package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a setting that is never printed. It is held in a func, which no printer looks into. The zero value is empty.
type Secret struct {
	reveal func() string
}

// NewSecret returns s as a secret.
func NewSecret(s string) Secret { return Secret{reveal: func() string { return s }} }

// Reveal returns the plain text.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Empty reports whether there is nothing in it.
func (s Secret) Empty() bool { return s.Reveal() == "" }

func (Secret) String() string { return redacted }

// Format answers every verb alike.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is for slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText fails: a secret has no place in an encoding.
func (Secret) MarshalText() ([]byte, error) {
	return nil, errors.New("config: a secret can't be encoded")
}
