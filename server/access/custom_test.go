package access

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
)

func auditor() *Actor {
	a := user()
	a.CustomRoles = []string{"AUDITOR"}
	return a
}

var audits = CustomRole{Name: "AUDITOR", Grants: []Grant{{"Query.ledgerTransactions", "call"}, {"Posting", "read"}, {"Mutation.setModelPrice", "call"}}}

func use(t *testing.T, p *Policy, custom ...CustomRole) {
	t.Helper()
	changed, err := p.Use(custom)
	require.NoError(t, err)
	assert.True(t, changed)
	changed, err = p.Use(custom)
	require.NoError(t, err)
	assert.False(t, changed, "again the same")
}

func TestACustomRoleHasItsRightsOnAnAdminsConditions(t *testing.T) {
	p := policy(t)
	assert.False(t, p.Can(auditor(), "call", "Query.ledgerTransactions", ""), "before the role is there")
	use(t, p, audits)
	frozen := auditor()
	frozen.Frozen = true
	for _, c := range []struct {
		name           string
		actor          *Actor
		action, object string
		want           fault.Code
	}{
		{"a right", auditor(), "call", "Query.ledgerTransactions", ""},
		{"to see others'", auditor(), "read", "Posting", ""},
		{"what everybody may", auditor(), "call", "Mutation.complete", ""},
		{"no more than it has", auditor(), "call", "Query.ledgerAudit", fault.Forbidden},
		{"no other action", auditor(), "call", "Posting", fault.Forbidden},
		{"without the role", user(), "call", "Query.ledgerTransactions", fault.Forbidden},
		{"frozen, reading", frozen, "call", "Query.ledgerTransactions", ""},
		{"frozen, changing", frozen, "call", "Mutation.setModelPrice", fault.Forbidden},
		{"by a token", token(auditor()), "call", "Query.ledgerTransactions", ""},
		{"by a limited token", limitedToken(auditor()), "call", "Query.ledgerTransactions", fault.Forbidden},
		{"by a token that reads", token(auditor(), Read), "call", "Query.ledgerTransactions", fault.Forbidden},
		{"by a token for admins", token(auditor(), Admins), "call", "Query.ledgerTransactions", ""},
	} {
		assert.Equal(t, c.want, fault.CodeOf(p.Check(c.actor, c.action, c.object, you)), c.name)
	}
	use(t, p)
	assert.False(t, p.Can(auditor(), "call", "Query.ledgerTransactions", ""), "after the role is gone")
}

func TestNoCustomRoleTakesMoreRights(t *testing.T) {
	p := policy(t)
	grants := p.Grantable()
	assert.Contains(t, grants, Grant{"Query.ledgerTransactions", "call"})
	for _, reserved := range []string{"setRoles", "setUserStatus", "setCustomRoles", "saveCustomRole", "removeCustomRole"} {
		assert.NotContains(t, grants, Grant{"Mutation." + reserved, "call"})
		grants = append(grants, Grant{"Mutation." + reserved, "call"}) // as a row of the database may say
	}
	grants = append(grants, Grant{"Mutation.unheardOf", "call"}, Grant{"Query.ledgerTransactions", "call"}, Grant{"Mutation.signOut", "call"})
	use(t, p, CustomRole{"AUDITOR", grants}, CustomRole{"ADMIN", grants}, CustomRole{"USER", grants}, CustomRole{"custom:X", grants})

	strange := auditor()
	strange.CustomRoles = append(strange.CustomRoles, "ADMIN", "custom:ADMIN")
	for _, r := range p.Rules() {
		if slices.Contains(p.file.reserved, r.Object) {
			assert.False(t, p.Can(strange, r.Action, r.Object, ""), r.Object)
		}
	}
	assert.False(t, p.Can(user(), "call", "Query.users", ""), "USER is no custom role")
	assert.False(t, p.Can(strange, "call", "Mutation.unheardOf", ""))
}

func TestNamesOfCustomRoles(t *testing.T) {
	for name, want := range map[string]bool{
		"AUDITOR": true, "PRICE_KEEPER_2": true, "ADMIN": false, "USER": false, "CONTRIBUTOR": false, "ANYONE": false, "auditor": false,
		"A": false, "": false, "A B": false, "A,B": false, "2ND": false, "custom:X": false,
	} {
		assert.Equal(t, want, ValidName(name), name)
	}
}

// Decisions are taken while the rules change again and again: none is by rules that are half there, none outlives them, and
// the race detector has nothing to say.
func TestReloadStorm(t *testing.T) {
	p := policy(t)
	const changes, askers = 200, 8
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				assert.True(t, p.Can(auditor(), "call", "Mutation.complete", ""))
				assert.False(t, p.Can(auditor(), "call", "Query.users", ""))
				assert.True(t, p.Can(admin(), "read", "User.email", you))
				assert.False(t, p.Can(user(), "call", "Query.ledgerTransactions", ""))
				p.Can(auditor(), "call", "Query.ledgerTransactions", "")
			}
		})
	}
	for i := range changes {
		given := i%2 == 0
		var roles []CustomRole
		if given {
			roles = []CustomRole{audits}
		}
		use(t, p, roles...)
		assert.Equal(t, given, p.Can(auditor(), "call", "Query.ledgerTransactions", ""))
	}
	close(stop)
	all.Wait()
}
