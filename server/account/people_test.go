package account_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/page"
)

func TestRolesActAtOnceAndAreAudited(t *testing.T) {
	f := setUp(t)
	admin := f.admin(t, "root@b.example")
	tom, secret := f.person(t, "tom@b.example")

	u, err := f.SetRoles(t.Context(), admin, tom.ID, []access.Role{access.Contributor, access.Admin})
	require.NoError(t, err)
	assert.Equal(t, []access.Role{access.User, access.Contributor, access.Admin}, account.Roles(u))
	now, err := f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	assert.True(t, now.Has(access.Admin))

	u, err = f.SetRoles(t.Context(), admin, tom.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, []access.Role{access.User}, account.Roles(u), "USER everybody keeps")
	now, err = f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	assert.False(t, now.Has(access.Admin))

	_, err = f.SetRoles(t.Context(), admin, tom.ID, []access.Role{access.User})
	require.NoError(t, err)
	assert.Equal(t, 2, f.count(t, "audit_events WHERE action = 'user.roles' AND subject = $1 AND actor_id = $2 AND detail ? 'from'", string(tom.ID), string(admin.ID)),
		"what changed nothing leaves no trace")
}

func TestFrozenPeopleCanSignIn(t *testing.T) {
	f := setUp(t)
	admin := f.admin(t, "root@b.example")
	tom, secret := f.person(t, "tom@b.example")
	u, err := f.SetStatus(t.Context(), admin, tom.ID, user.StatusFROZEN)
	require.NoError(t, err)
	assert.Equal(t, user.StatusFROZEN, u.Status)
	now, err := f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	assert.True(t, now.Frozen)
	_, _, err = f.signIn(t, "tom@b.example", password, "")
	assert.NoError(t, err)
	_, err = f.SetStatus(t.Context(), admin, tom.ID, user.StatusACTIVE)
	require.NoError(t, err)
	assert.Equal(t, 2, f.count(t, "audit_events WHERE action = 'user.status'"))
}

func TestTheLastActiveAdminStays(t *testing.T) {
	f := setUp(t)
	admin, frozen := f.admin(t, "root@b.example"), f.admin(t, "frozen@b.example")
	_, err := f.SetStatus(t.Context(), admin, frozen.ID, user.StatusFROZEN)
	require.NoError(t, err)

	_, err = f.SetRoles(t.Context(), admin, admin.ID, nil)
	assertCode(t, fault.Conflict, err)
	_, err = f.SetStatus(t.Context(), admin, admin.ID, user.StatusFROZEN)
	assertCode(t, fault.Conflict, err)
	_, err = f.SetRoles(t.Context(), frozen, admin.ID, nil)
	assertCode(t, fault.Forbidden, err)
	_, err = f.SetRoles(t.Context(), admin, frozen.ID, nil)
	assert.NoError(t, err, "a frozen admin is not the last active one")
	_, err = f.SetRoles(t.Context(), admin, admin.ID, []access.Role{access.Contributor, access.Admin})
	assert.NoError(t, err)
}

func TestAdminsWhoDemoteEachOtherAtOnceLeaveOne(t *testing.T) {
	f := setUp(t)
	admins := make([]*access.Actor, 4)
	for i := range admins {
		admins[i] = f.admin(t, fmt.Sprintf("root%d@b.example", i))
	}
	for round := range 5 {
		_, err := f.db.ExecContext(t.Context(), `UPDATE users SET admin = true, status = 'ACTIVE'`)
		require.NoError(t, err)
		var wg sync.WaitGroup
		for i, by := range admins {
			victim := admins[(i+1)%len(admins)].ID
			wg.Go(func() {
				if (i+round)%2 == 0 {
					_, err := f.SetRoles(t.Context(), by, victim, nil)
					assertRefusedOrDone(t, err)
					return
				}
				_, err := f.other.SetStatus(t.Context(), by, victim, user.StatusFROZEN)
				assertRefusedOrDone(t, err)
			})
		}
		wg.Wait()
		assert.GreaterOrEqual(t, f.count(t, "users WHERE admin AND status = 'ACTIVE'"), 1)
	}
}

func assertRefusedOrDone(t *testing.T, err error) {
	t.Helper()
	assert.Contains(t, []fault.Code{"", fault.Conflict, fault.Forbidden}, fault.CodeOf(err), "%v", err)
}

func TestUnknownPeopleAreNotFound(t *testing.T) {
	f := setUp(t)
	admin := f.admin(t, "root@b.example")
	for _, id := range []ids.ID{"usr_00000000000000000000000000", "garbage", "usr_\x00", ""} {
		_, err := f.User(t.Context(), id)
		assertCode(t, fault.NotFound, err)
		_, err = f.SetRoles(t.Context(), admin, id, nil)
		assertCode(t, fault.NotFound, err)
		_, err = f.SetStatus(t.Context(), admin, id, user.StatusFROZEN)
		assertCode(t, fault.NotFound, err)
	}
}

func TestUsersAreFilteredAndOrdered(t *testing.T) {
	f := setUp(t)
	for i, u := range []struct {
		email, name, status string
		contributor, admin  bool
	}{
		{"tom@b.example", "Tom", "ACTIVE", false, false},
		{"bob@b.example", "bob", "ACTIVE", true, false},
		{"eve_x@b.example", "100% Eve", "FROZEN", false, false},
		{"root@b.example", "Ann", "ACTIVE", true, true},
	} {
		_, err := f.db.ExecContext(t.Context(), `INSERT INTO users (id, email, display_name, password_hash, status, contributor, admin, created_at)
			VALUES ($1, $2, $3, '', $4, $5, $6, now() + $7 * interval '1 s')`, fmt.Sprintf("usr_%d", 9-i), u.email, u.name, u.status, u.contributor, u.admin, i)
		require.NoError(t, err)
	}
	for name, c := range map[string]struct {
		filter account.UserFilter
		order  account.UserOrder
		want   []string
	}{
		"all, oldest first":      {account.UserFilter{}, account.UserOrder{}, []string{"Tom", "bob", "100% Eve", "Ann"}},
		"newest first":           {account.UserFilter{}, account.UserOrder{By: account.ByCreatedAt, Desc: true}, []string{"Ann", "100% Eve", "bob", "Tom"}},
		"by name, whatever case": {account.UserFilter{}, account.UserOrder{By: account.ByDisplayName}, []string{"100% Eve", "Ann", "bob", "Tom"}},
		"part of a name":         {account.UserFilter{Search: ptr("0% E")}, account.UserOrder{}, []string{"100% Eve"}},
		"part of an e-mail":      {account.UserFilter{Search: ptr("ROOT@")}, account.UserOrder{}, []string{"Ann"}},
		"percent is no wildcard": {account.UserFilter{Search: ptr("t%b.")}, account.UserOrder{}, []string{}},
		"nor is the underscore":  {account.UserFilter{Search: ptr("b_b")}, account.UserOrder{}, []string{}},
		"nor is the backslash":   {account.UserFilter{Search: ptr(`\tom`)}, account.UserOrder{}, []string{}},
		"admins":                 {account.UserFilter{Role: ptr(access.Admin)}, account.UserOrder{}, []string{"Ann"}},
		"contributors":           {account.UserFilter{Role: ptr(access.Contributor)}, account.UserOrder{}, []string{"bob", "Ann"}},
		"everybody is a user":    {account.UserFilter{Role: ptr(access.User)}, account.UserOrder{}, []string{"Tom", "bob", "100% Eve", "Ann"}},
		"frozen":                 {account.UserFilter{Status: ptr(user.StatusFROZEN)}, account.UserOrder{}, []string{"100% Eve"}},
	} {
		t.Run(name, func(t *testing.T) {
			whole, err := f.Users(t.Context(), c.filter, c.order, page.Args{})
			require.NoError(t, err)
			got := []string{}
			for _, u := range whole.Nodes() {
				got = append(got, u.DisplayName)
			}
			assert.Equal(t, c.want, got)
			n, err := whole.TotalCount(t.Context())
			require.NoError(t, err)
			assert.Equal(t, len(c.want), n)

			var walked []string
			for args := (page.Args{First: ptr(1)}); len(c.want) > 0; {
				p, err := f.Users(t.Context(), c.filter, c.order, args)
				require.NoError(t, err)
				walked = append(walked, p.Edges[0].Node.DisplayName)
				if args.After = p.PageInfo.EndCursor; !p.PageInfo.HasNextPage {
					assert.Equal(t, c.want, walked)
					break
				}
			}
		})
	}
	for _, search := range []string{"", "to", "日本", "a\x00bc", "\xffbcd", strings.Repeat("a", 300)} {
		_, err := f.Users(t.Context(), account.UserFilter{Search: &search}, account.UserOrder{}, page.Args{})
		assertInvalid(t, "filter.search", err)
	}
}

func TestFirstAdmin(t *testing.T) {
	t.Run("is made once, by many servers at once", func(t *testing.T) {
		f := setUp(t)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { assert.NoError(t, f.EnsureAdmin(t.Context(), "Root@b.example", password)) })
		}
		wg.Wait()
		require.NoError(t, f.EnsureAdmin(t.Context(), "other@b.example", password))
		require.NoError(t, f.EnsureAdmin(t.Context(), "root@b.example", "another password"))
		assert.Equal(t, 1, f.count(t, "users"))
		u, _, err := f.signIn(t, "root@b.example", password, "")
		require.NoError(t, err)
		assert.True(t, u.Admin)
	})
	t.Run("is not whoever has the e-mail already", func(t *testing.T) {
		f := setUp(t)
		f.person(t, "root@b.example")
		err := f.EnsureAdmin(t.Context(), "root@b.example", "another password")
		assert.ErrorContains(t, err, "POOL_ADMIN_EMAIL")
		assert.Zero(t, f.count(t, "users WHERE admin"))
		require.NoError(t, f.EnsureAdmin(t.Context(), "root@b.example", password), "unless the password is theirs")
		assert.Equal(t, 1, f.count(t, "users WHERE admin"))
	})
	t.Run("is not wanted", func(t *testing.T) {
		f := setUp(t)
		require.NoError(t, f.EnsureAdmin(t.Context(), "", ""))
		assert.Zero(t, f.count(t, "users"))
	})
	t.Run("bad settings are named", func(t *testing.T) {
		f := setUp(t)
		assert.ErrorContains(t, f.EnsureAdmin(t.Context(), "root", password), "POOL_ADMIN_EMAIL")
		assert.ErrorContains(t, f.EnsureAdmin(t.Context(), "", password), "POOL_ADMIN_EMAIL")
		assert.ErrorContains(t, f.EnsureAdmin(t.Context(), "root@b.example", "short"), "POOL_ADMIN_PASSWORD")
	})
}
