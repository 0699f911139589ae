// Package graphql proves from outside that no document costs the server more than a document may: rows 1 to 6 of the
// threats. server/threats/off takes their controls away.
package graphql

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/programtest"
)

type (
	client = programtest.Client
	vars   = programtest.Vars
)

var pool = programtest.NewShared()

func TestMain(m *testing.M) { programtest.Main(m) }

// repeat is n times a piece of a document, each with its number.
func repeat(n int, piece string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, piece, i)
	}
	return b.String()
}

// nested opens a selection n times around a leaf.
func nested(n int, open, leaf string) string {
	return strings.Repeat(open, n) + leaf + strings.Repeat("}", n*strings.Count(open, "{"))
}

// errorsOf sends a document and returns the errors it is answered with, and how long that takes at best of some times.
func errorsOf(c *client, document string, times int) (errors gjson.Result, best time.Duration) {
	c.T.Helper()
	for i := range times {
		began := time.Now()
		errors = c.Answer(document, nil).Get("errors")
		if took := time.Since(began); i == 0 || took < best {
			best = took
		}
	}
	return errors, best
}

// refusedAs wants one error, with this code.
func refusedAs(t *testing.T, code string, errors gjson.Result) {
	t.Helper()
	require.Equal(t, int64(1), errors.Get("#").Int(), "%.300s", errors.Raw)
	require.Equal(t, code, errors.Get("0.extensions.code").String(), "%.300s", errors.Raw)
}
