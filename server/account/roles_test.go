package account_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/schema"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

var reading = []schema.Grant{{Object: "Query.ledgerTransactions", Action: "call"}}

// withPolicies gives each of the two servers a policy of its own, as two processes have.
func withPolicies(t *testing.T) (f fixture, here, there *access.Policy) {
	t.Helper()
	var policies []*access.Policy
	f = setUp(t, func(d *account.Deps) {})
	for range 2 {
		p, err := access.New()
		require.NoError(t, err)
		policies = append(policies, p)
	}
	f.Service, f.other = f.WithPolicy(policies[0]), f.other.WithPolicy(policies[1])
	return f, policies[0], policies[1]
}

func TestACustomRoleIsMadeGivenChangedAndRemoved(t *testing.T) {
	f, here, there := withPolicies(t)
	admin := f.admin(t, "root@b.example")
	tom, secret := f.person(t, "tom@b.example")
	now := func(s *account.Service) *access.Actor {
		a, err := s.ActorBySession(t.Context(), secret)
		require.NoError(t, err)
		return a
	}
	may := func(p *access.Policy, s *account.Service, object string) bool {
		return p.Can(now(s), "call", object, "")
	}

	role, err := f.SaveCustomRole(t.Context(), admin, account.CustomRoleInput{Name: "AUDITOR", Description: " Reads ", Grants: append(reading, reading...)})
	require.NoError(t, err)
	assert.Equal(t, reading, role.Grants)
	assert.Equal(t, "Reads", role.Description)
	assert.False(t, may(here, f.Service, "Query.ledgerTransactions"))
	u, err := f.SetCustomRoles(t.Context(), admin, tom.ID, []string{"AUDITOR", "AUDITOR"})
	require.NoError(t, err)
	assert.Equal(t, []string{"AUDITOR"}, u.CustomRoles)
	assert.True(t, may(here, f.Service, "Query.ledgerTransactions"), "at once")

	f.other.LoadRoles(t.Context())
	f.clock.Advance(time.Second)
	assert.True(t, may(there, f.other, "Query.ledgerTransactions"))
	changed, err := f.SaveCustomRole(t.Context(), admin, account.CustomRoleInput{Name: "AUDITOR", Grants: []schema.Grant{{Object: "Query.ledgerAudit", Action: "call"}}})
	require.NoError(t, err)
	assert.Equal(t, role.ID, changed.ID)
	assert.False(t, may(here, f.Service, "Query.ledgerTransactions"), "at once")
	assert.True(t, may(here, f.Service, "Query.ledgerAudit"))

	gone, err := f.RemoveCustomRole(t.Context(), admin, "AUDITOR")
	require.NoError(t, err)
	assert.True(t, gone)
	assert.False(t, may(here, f.Service, "Query.ledgerAudit"), "at once")
	gone, err = f.RemoveCustomRole(t.Context(), admin, "AUDITOR")
	require.NoError(t, err)
	assert.False(t, gone)
	_, err = f.SaveCustomRole(t.Context(), admin, account.CustomRoleInput{Name: "AUDITOR", Grants: reading})
	require.NoError(t, err)
	assert.Empty(t, now(f.Service).CustomRoles, "another role of the name is nobody's yet")

	for action, times := range map[string]int{"role.save": 3, "role.remove": 1, "user.customRoles": 1} {
		assert.Equal(t, times, f.count(t, "audit_events WHERE action = $1 AND actor_id = $2", action, string(admin.ID)), action)
	}
	assert.Equal(t, 4, f.count(t, "changes WHERE kind = 'roles' AND ref = 'AUDITOR'"))
	all, err := f.CustomRoles(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.NotEmpty(t, f.GrantableRights())
}

func TestCustomRolesAreRefused(t *testing.T) {
	f, _, _ := withPolicies(t)
	admin := f.admin(t, "root@b.example")
	for field, in := range map[string]account.CustomRoleInput{
		"input.name":                  {Name: "ADMIN", Grants: reading},
		"input.description":           {Name: "AUDITOR", Description: "a\nb", Grants: reading},
		"input.description ":          {Name: "AUDITOR", Description: strings.Repeat("x", 501), Grants: reading},
		"input.grants":                {Name: "AUDITOR"},
		"input.grants of no object":   {Name: "AUDITOR", Grants: []schema.Grant{{Object: "Query.nothing", Action: "call"}}},
		"input.grants of no action":   {Name: "AUDITOR", Grants: []schema.Grant{{Object: "Query.ledgerAudit", Action: "read"}}},
		"input.grants that escalate":  {Name: "AUDITOR", Grants: append(reading, schema.Grant{Object: "Mutation.setRoles", Action: "call"})},
		"input.grants that escalate2": {Name: "AUDITOR", Grants: append(reading, schema.Grant{Object: "Mutation.saveCustomRole", Action: "call"})},
		"input.grants of everybody":   {Name: "AUDITOR", Grants: []schema.Grant{{Object: "Mutation.withdrawResource", Action: "call"}}},
	} {
		_, err := f.SaveCustomRole(t.Context(), admin, in)
		field, _, _ = strings.Cut(field, " ")
		assertInvalid(t, field, err)
	}
	_, err := f.SetCustomRoles(t.Context(), admin, admin.ID, []string{"AUDITOR"})
	assertInvalid(t, "roles", err)
	_, err = f.SetCustomRoles(t.Context(), admin, ids.System().New(ids.User), nil)
	assertCode(t, fault.NotFound, err)

	_, err = f.db.ExecContext(t.Context(), `UPDATE users SET admin = false`)
	require.NoError(t, err)
	_, err = f.SaveCustomRole(t.Context(), admin, account.CustomRoleInput{Name: "AUDITOR", Grants: reading})
	assertCode(t, fault.Forbidden, err)
	_, err = f.RemoveCustomRole(t.Context(), admin, "AUDITOR")
	assertCode(t, fault.Forbidden, err)
	_, err = f.SetCustomRoles(t.Context(), admin, admin.ID, nil)
	assertCode(t, fault.Forbidden, err)
	assert.Zero(t, f.count(t, "custom_roles")+f.count(t, "audit_events WHERE action LIKE 'role.%'"))
}

func TestThereAreNotTooManyCustomRoles(t *testing.T) {
	f, _, _ := withPolicies(t)
	admin := f.admin(t, "root@b.example")
	_, err := f.db.ExecContext(t.Context(), `INSERT INTO custom_roles SELECT 'rol_' || n, 'ROLE_' || n, '', '[]', now() FROM generate_series(1, 100) n`)
	require.NoError(t, err)
	_, err = f.SaveCustomRole(t.Context(), admin, account.CustomRoleInput{Name: "AUDITOR", Grants: reading})
	assertCode(t, fault.Conflict, err)
	_, err = f.SaveCustomRole(t.Context(), admin, account.CustomRoleInput{Name: "ROLE_7", Grants: reading})
	require.NoError(t, err)
}

func TestWithoutTheCustomRolesNobodyHasTheirRights(t *testing.T) {
	f, here, _ := withPolicies(t)
	admin := f.admin(t, "root@b.example")
	_, err := f.SaveCustomRole(t.Context(), admin, account.CustomRoleInput{Name: "AUDITOR", Grants: reading})
	require.NoError(t, err)
	tom := &access.Actor{ID: "usr_tom", CustomRoles: []string{"AUDITOR"}}
	require.True(t, here.Can(tom, "call", "Query.ledgerTransactions", ""))

	told := 0
	f.OnChange(func(ids.ID) { told++ })
	_, err = f.db.ExecContext(t.Context(), `ALTER TABLE custom_roles RENAME TO custom_roles_away`)
	require.NoError(t, err)
	f.LoadRoles(t.Context())
	assert.False(t, here.Can(tom, "call", "Query.ledgerTransactions", ""))
	assert.Equal(t, 1, told)
	_, err = f.db.ExecContext(t.Context(), `ALTER TABLE custom_roles_away RENAME TO custom_roles`)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.KeepRoles(ctx) }()
	assert.Eventually(t, func() bool { return here.Can(tom, "call", "Query.ledgerTransactions", "") }, 5*time.Second, 5*time.Millisecond)
	_, err = f.db.ExecContext(t.Context(), `DELETE FROM custom_roles`)
	require.NoError(t, err)
	f.RolesChanged()
	assert.Eventually(t, func() bool { return !here.Can(tom, "call", "Query.ledgerTransactions", "") }, 500*time.Millisecond, time.Millisecond)
	cancel()
	require.NoError(t, <-done)
}

// Roles are saved, removed and given at once: whoever has one in the end has one that is there.
func TestNobodyHasARoleThatIsNotThere(t *testing.T) {
	f, _, _ := withPolicies(t)
	admin := f.admin(t, "root@b.example")
	tom, _ := f.person(t, "tom@b.example")
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			for n := range 20 {
				name := fmt.Sprint("ROLE_", n%2)
				switch i {
				case 0:
					_, _ = f.SaveCustomRole(t.Context(), admin, account.CustomRoleInput{Name: name, Grants: reading})
				case 1:
					_, _ = f.RemoveCustomRole(t.Context(), admin, name)
				default:
					_, _ = f.SetCustomRoles(t.Context(), admin, tom.ID, []string{name})
				}
			}
		})
	}
	all.Wait()
	assert.Zero(t, f.count(t, "users u, jsonb_array_elements_text(u.custom_roles) r WHERE NOT EXISTS (SELECT FROM custom_roles c WHERE c.name = r)"))
}
