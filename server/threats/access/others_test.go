package access

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// TestRow08_NodeOfAnother: what belongs to another looks like what is not there, in the answer and in how long it takes.
func TestRow08_NodeOfAnother(t *testing.T) {
	u := upstreamtest.New(t)
	p, db := one(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	bob, tom, key := world(t, p, u)
	token(bob, "")
	tom.Must(`mutation { createApiToken(input: {name: "mine"}) { secret } }`, nil)
	eve := p.Person("eve")
	grant := text(t, db, `SELECT 'txn_' || seq FROM ledger_transactions WHERE kind = 'GRANT'`)

	for _, kind := range []struct{ name, id, unknown string }{
		{"user", bob.ID, "usr_00000000000000000000000000"},
		{"resource", key, "res_00000000000000000000000000"},
		{"usage", text(t, db, `SELECT id FROM usage_logs`), "use_00000000000000000000000000"},
		{"token", text(t, db, `SELECT id FROM api_tokens WHERE user_id = $1`, bob.ID), "tok_00000000000000000000000000"},
		{"transaction", grant, "txn_987654"},
		{"session", text(t, db, `SELECT id FROM sessions WHERE user_id = $1`, bob.ID), "ses_00000000000000000000000000"},
	} {
		const node = `query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { id } }`
		for _, who := range []*client{eve, p.Anonymous()} {
			there, unknown := who.Answer(node, vars{"id": kind.id}), who.Answer(node, vars{"id": kind.unknown})
			require.Equal(t, `{"data":{"node":null,"nodes":[null]}}`, there.Raw, kind.name)
			require.Equal(t, unknown.Raw, there.Raw, kind.name)
		}
		require.True(t, takeAsLong(eve, node, kind.id, kind.unknown), "a %s of another's can be told by the time it takes", kind.name)
	}
	for _, act := range []string{`pauseResource(id: $id) { id }`, `resumeResource(id: $id) { id }`, `verifyResource(id: $id) { id }`, `withdrawResource(id: $id) { fee }`,
		`rotateResourceKey(id: $id, apiKey: "sk-mine-0123456789") { id }`, `setResourceLimits(id: $id, maxConcurrency: 1) { id }`} {
		theirs := eve.Refused("NOT_FOUND", `mutation($id: ID!) { `+act+` }`, vars{"id": key})
		nobodys := eve.Refused("NOT_FOUND", `mutation($id: ID!) { `+act+` }`, vars{"id": "res_00000000000000000000000000"})
		require.Equal(t, nobodys.Message, theirs.Message)
	}
	eve.Refused("NOT_FOUND", `mutation($id: ID!) { revokeApiToken(id: $id) { id } }`, vars{"id": text(t, db, `SELECT id FROM api_tokens WHERE user_id = $1`, bob.ID)})
	eve.Refused("NOT_FOUND", `mutation($id: ID!) { revokeSession(id: $id) }`, vars{"id": text(t, db, `SELECT id FROM sessions WHERE user_id = $1`, bob.ID)})
}

// takeAsLong reports whether two ids take the same time. To find that once is enough: the machine has other things to do, too.
func takeAsLong(c *client, query, one, other string) bool {
	for range 10 {
		a, b := medians(c, query, one, other)
		if (a - b).Abs() < max(b/4, 200*time.Microsecond) {
			return true
		}
	}
	return false
}

// medians are how long two ids take, asked for in turns.
func medians(c *client, query, one, other string) (time.Duration, time.Duration) {
	const times = 31
	took := [2][]time.Duration{}
	for range times {
		for i, id := range []string{one, other} {
			began := time.Now()
			c.Answer(query, vars{"id": id})
			took[i] = append(took[i], time.Since(began))
		}
	}
	slices.Sort(took[0])
	slices.Sort(took[1])
	return took[0][times/2], took[1][times/2]
}

// TestRow09_NestedLeaves: every leaf is asked for itself, also where the way to it is one's own.
func TestRow09_NestedLeaves(t *testing.T) {
	u := upstreamtest.New(t)
	p, _ := one(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	bob, tom, key := world(t, p, u)

	const person = `{ id displayName email wallet { available } pool { id } customRoles }`
	const logs = `{ edges { node { provider costAmount creditsCharged routingReason routing { reason } user ` + person + ` resourceOwner ` + person + `
		resource { id maskedKey owner ` + person + ` } transaction { seq postings { account amount } } } } }`
	for path, list := range map[string]string{"usageLogs": `{ usageLogs ` + logs + ` }`, "viewer.usageLogs": `{ viewer { usageLogs ` + logs + ` } }`} {
		// tom asked: whose key it was is not his to know.
		got := tom.Must(list, nil)
		log := got.Get(path + ".edges.0.node")
		require.True(t, log.Exists(), got.Raw)
		for _, leaf := range []string{"provider", "costAmount", "resource", "resourceOwner", "routingReason", "routing"} {
			require.Equal(t, "null", log.Get(leaf).Raw, "%s as who asked: %s", leaf, got.Raw)
		}
		require.Equal(t, tom.ID, log.Get("user.id").String())
		for _, theirs := range []string{bob.ID, key, "bob@example.org", `"bob"`} {
			require.NotContains(t, got.Raw, theirs)
		}
		require.JSONEq(t, `["wallet:`+tom.ID+`"]`, log.Get("transaction.postings.#.account").Raw, "the other side is not his")

		// bob's key served it: who asked, and what they paid, is not his.
		got = bob.Must(list, nil)
		log = got.Get(path + ".edges.0.node")
		require.Equal(t, key, log.Get("resource.id").String(), got.Raw)
		for _, leaf := range []string{"user", "creditsCharged", "transaction", "routing"} {
			require.Equal(t, "null", log.Get(leaf).Raw, "%s as whose key it is: %s", leaf, got.Raw)
		}
		for _, theirs := range []string{tom.ID, "tom@example.org", `"tom"`} {
			require.NotContains(t, got.Raw, theirs)
		}
	}
	// A filter or an order by what is not to be seen is no way around.
	for _, filter := range []string{`filter: {userId: "` + tom.ID + `"}`, `filter: {resourceOwnerId: "` + bob.ID + `"}`, `filter: {resourceId: "` + key + `"}`, `orderBy: {field: COST_AMOUNT}`} {
		p.Person("eve"+fmt.Sprint(len(filter))).Refused("FORBIDDEN", `{ usageLogs(`+filter+`) { totalCount } }`, nil)
	}
}
