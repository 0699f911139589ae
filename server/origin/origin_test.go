package origin_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/resourcepool/resourcepool/server/origin"
)

func TestOriginGoesWithTheContext(t *testing.T) {
	assert.Zero(t, origin.From(t.Context()))
	o := origin.Origin{Request: "req_a", Actor: "usr_a", Session: "ses_a", IP: "192.0.2.1", UserAgent: "curl/8"}
	assert.Equal(t, o, origin.From(origin.With(t.Context(), o)))
}

func TestUserAgentIsALine(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\x00c":                  "abc",
		"a\xffb":                       "ab",
		strings.Repeat("é", 200):       strings.Repeat("é", 128),
		"x" + strings.Repeat("é", 200): "x" + strings.Repeat("é", 127),
	} {
		assert.Equal(t, want, origin.From(origin.With(t.Context(), origin.Origin{UserAgent: in})).UserAgent)
	}
}
