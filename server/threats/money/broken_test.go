package money_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

var requestID = regexp.MustCompile(`req_[0-9a-z]{26}`)

// Whatever ends a stream in its middle: its client is told so by its last event, in its dialect, and what that cost. A
// repetition is told the same.
func TestAStreamThatBreaksOffTellsItsClientInEveryDialect(t *testing.T) {
	t.Parallel()
	up, p, tom, all := routes(t, dbtest.URL(t))
	token := tom.APIToken()
	read := func(t *testing.T, r route, key string) (text, charged string) {
		t.Helper()
		resp, err := post(p, r, token, "Idempotency-Key", key)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		text = requestID.ReplaceAllString(string(readAll(t, resp.Body)), "")
		return text, resp.Trailer.Get("X-Credits-Charged")
	}
	for _, r := range all {
		for _, f := range []sandbox.Kind{sandbox.CutStream, sandbox.StreamError} {
			t.Run(string(r.kind)+" at "+r.at+" "+string(f), func(t *testing.T) {
				key := string(r.kind) + r.at + string(f)
				up.Script(keyAt(r.at), sandbox.Fault{Kind: f, On: "any", Chunks: 3})
				text, charged := read(t, r, key)
				require.NotRegexp(t, ends, text)
				events := strings.Split(strings.TrimSpace(text), "\n\n")
				require.Equal(t, ": credits charged "+charged, events[len(events)-1])
				last := events[len(events)-2]
				name, data, named := strings.Cut(last, "\n")
				if !named {
					name, data = "", last
				}
				e := gjson.Parse(strings.TrimPrefix(data, "data: "))
				switch r.kind {
				case provider.KindMessages:
					require.Equal(t, "event: error error api_error", name+" "+e.Get("type").String()+" "+e.Get("error.type").String(), last)
				case provider.KindResponses:
					require.Equal(t, "event: error error upstream_failed", name+" "+e.Get("type").String()+" "+e.Get("code").String(), last)
					require.Equal(t, int64(len(events)-2), e.Get("sequence_number").Int(), "it is counted like the others")
				default:
					require.Equal(t, " upstream_failed", name+" "+e.Get("error.code").String(), last)
				}
				log := tom.Must(`{ usageLogs(first: 1) { totalCount edges { node { status errorCode creditsCharged completionTokens } } } viewer { wallet { held } } }`, nil)
				row := log.Get("usageLogs.edges.0.node")
				require.Equal(t, "FAILED UPSTREAM_FAILED", row.Get("status").String()+" "+row.Get("errorCode").String())
				require.Equal(t, charged, row.Get("creditsCharged").String())
				require.InDelta(t, 12, row.Get("completionTokens").Int(), 3, "three pieces of four words")
				require.Equal(t, "0", log.Get("viewer.wallet.held").String())

				before := up.Totals().Served
				again, same := read(t, r, key)
				require.Equal(t, text, again)
				require.Equal(t, charged, same)
				require.Equal(t, before, up.Totals().Served)
				text, _ = read(t, r, key+" anew") // also to show that the key is good
				require.Regexp(t, ends, text)
			})
		}
	}
	p.Verified()
}
