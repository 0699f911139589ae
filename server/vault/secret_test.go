package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
)

const canary = "sk-CANARY0123456789abcdef9f3c"

func TestSecretIsNeverPrinted(t *testing.T) {
	s := NewSecret(canary)
	type holder struct {
		hidden Secret
		Shown  Secret
		ptr    *Secret
		list   []Secret
		byName map[string]Secret
	}
	h := holder{hidden: s, Shown: s, ptr: &s, list: []Secret{s}, byName: map[string]Secret{"k": s}}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%p", "%10.3s", "%U"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", h)
		fmt.Fprintf(&out, verb+"\n", []any{s, &h})
	}
	fmt.Fprint(&out, s, h)
	fmt.Fprintln(&out, errors.New(fmt.Sprint(s)), fmt.Errorf("failed with %v and %v", s, h))
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(handler)
		log.Info("key", "key", s, "ptr", &s, "holder", h, slog.Any("any", s), slog.Group("g", "key", s))
		log.With("key", s).Error(s.String())
	}
	for _, form := range []string{canary, "CANARY", fmt.Sprintf("%x", "CANARY"), fmt.Sprintf("%X", "CANARY")} {
		assert.False(t, strings.Contains(out.String(), form), "a form of the key was printed")
	}
	assert.Contains(t, out.String(), redacted)
	assert.Equal(t, canary, s.Reveal())
}

func TestSecretIsNeverEncoded(t *testing.T) {
	s := NewSecret(canary)
	for name, encode := range map[string]func() error{
		"json":          func() error { _, err := json.Marshal(s); return err },
		"json pointer":  func() error { _, err := json.Marshal(&s); return err },
		"json in a map": func() error { _, err := json.Marshal(map[string]any{"key": s}); return err },
		"text":          func() error { _, err := s.MarshalText(); return err },
		"binary":        func() error { _, err := s.MarshalBinary(); return err },
		"sql parameter": func() error { _, err := s.Value(); return err },
	} {
		t.Run(name, func(t *testing.T) {
			err := encode()
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "CANARY")
		})
	}
}

func TestKeyIsCleanedOfWhatCopyingAdds(t *testing.T) {
	for _, raw := range []string{
		canary, "  " + canary + "\r\n", `"` + canary + `"`, "“" + canary + "”", "'" + canary + "'", "`" + canary + "`",
		"Bearer " + canary, "bearer  " + canary, "Authorization: Bearer " + canary, "\ufeff" + canary, canary + "\u200b",
		"sk-\u200dCANARY0123456789abcdef9f3c", "\u00a0" + canary, `" Bearer ` + canary + ` "`,
	} {
		key, err := ParseKey("input.apiKey", raw)
		require.NoError(t, err)
		assert.Equal(t, canary, key.Reveal())
		assert.Equal(t, canary, NewSecret(raw).Reveal())
	}
}

func TestParseKeyRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing": "", "spaces": " \n", "quotes": `""`, "two words": "sk-a sk-CANARY", "a line break": "sk-CANARY\nX-Evil: 1",
		"other letters": "sk-CANARYé", "a control character": "sk-CANARY\x00", "too much": strings.Repeat("CANARY", 2000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKey("input.apiKey", raw)
			f, ok := fault.As(err)
			require.True(t, ok)
			assert.Equal(t, fault.BadUserInput, f.Code)
			assert.Equal(t, "input.apiKey", f.Field)
			assert.NotContains(t, f.Error(), "CANARY")
		})
	}
}

func TestMask(t *testing.T) {
	for key, want := range map[string]string{
		canary: "sk-…9f3c", "gsk_0123456789": "gsk_…6789", "AIzaSyA0123456789": "…6789", "sk-123456789": "…", "": "…",
		"012345678-abcdef": "…cdef",
	} {
		assert.Equal(t, want, Mask(hide(key)))
	}
}
