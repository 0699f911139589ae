package access

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
)

// What each way to sign in is good for. Of an admin, so that nothing but the means stands in the way.
func TestMeans(t *testing.T) {
	stale := admin()
	stale.Fresh = false
	who := map[string]*Actor{
		"fresh": admin(), "session": stale, "token": token(admin()), "limited": limitedToken(admin()),
		"completions": token(admin(), Completions), "read": token(admin(), Read), "resources": token(admin(), Resources),
		"admins": token(admin(), Admins), "all": token(admin(), Scopes...), "none": token(admin()),
		"unheard of": token(admin(), "fresh", "session", "token"),
	}
	who["none"].TokenScopes = []Scope{}
	sessions := []string{"fresh", "session"}
	tokens := append([]string{"token", "all"}, sessions...)
	everybody := append([]string{"limited", "completions", "read", "resources", "admins", "none", "unheard of"}, tokens...)

	p := policy(t)
	for object, may := range map[string][]string{
		"Query.models":               everybody,
		"Mutation.complete":          append([]string{"limited", "completions"}, tokens...),
		"Subscription.walletChanged": append([]string{"limited", "read", "resources", "admins"}, tokens...),
		"Query.usageLogs":            append([]string{"limited", "read", "resources", "admins"}, tokens...),
		"Mutation.deposit":           append([]string{"resources"}, tokens...),
		"Mutation.pauseResource":     append([]string{"resources"}, tokens...),
		"Query.users":                append([]string{"admins"}, tokens...),
		"Mutation.setModelPrice":     append([]string{"admins"}, tokens...),
		"Mutation.updateSettings":    append([]string{"admins"}, tokens...),
		"Mutation.suspendResource":   append([]string{"admins"}, tokens...),
		"Mutation.signOut":           sessions,
		"Mutation.reauthenticate":    sessions,
		"Mutation.revokeApiToken":    sessions,
		"Mutation.grantCredits":      sessions,
		"Mutation.createApiToken":    {"fresh"},
		"Mutation.withdrawResource":  {"fresh"},
		"Mutation.rotateResourceKey": {"fresh"},
		"Mutation.addPasskey":        {"fresh"},
		"Mutation.removePasskey":     {"fresh"},
		"Mutation.linkIdentity":      {"fresh"},
		"Mutation.unlinkIdentity":    {"fresh"},
		"Mutation.changePassword":    {"fresh"},
		"Mutation.deleteAccount":     {"fresh"},
		"Mutation.setRoles":          {"fresh"},
		"Mutation.setUserStatus":     {"fresh"},
		"Mutation.saveCustomRole":    {"fresh"},
		"Mutation.removeCustomRole":  {"fresh"},
		"Mutation.setCustomRoles":    {"fresh"},
	} {
		for name, a := range who {
			want := fault.Code("")
			if !slices.Contains(may, name) {
				want = fault.Forbidden
				if name == "session" {
					want = fault.ReauthenticationRequired
				}
			}
			assert.Equal(t, want, fault.CodeOf(p.Check(a, "call", object, "")), "%s by %s", object, name)
		}
	}
}

func TestARefusalSaysWhatIsMissing(t *testing.T) {
	p := policy(t)
	frozen := user()
	frozen.Frozen, frozen.Fresh = true, false
	stranger := user()
	stranger.Fresh = false
	for _, c := range []struct {
		actor  *Actor
		object string
		want   *fault.Error
	}{
		{token(user()), "Mutation.createApiToken", errToken},
		{limitedToken(user()), "Mutation.createApiToken", errToken},
		{token(user(), Completions), "Mutation.createApiToken", errToken},
		{limitedToken(user()), "Mutation.deposit", errLimited},
		{token(user(), Completions), "Mutation.deposit", errScopes},
		{token(user(), Admins), "Query.users", errDenied},
		{frozen, "Mutation.withdrawResource", errFrozen},
		{frozen, "Mutation.rotateResourceKey", errStale},
		{stranger, "Mutation.setRoles", errDenied},
	} {
		require.ErrorIs(t, p.Check(c.actor, "call", c.object, ""), c.want, c.object)
	}
}

// A decision is remembered for all that the matcher reads: no two of these may share one.
func TestRememberedDecisionsAreToldApart(t *testing.T) {
	p := policy(t)
	stale := user()
	stale.Fresh = false
	frozen := user()
	frozen.Frozen = true
	for range 2 {
		for _, c := range []struct {
			actor *Actor
			want  bool
		}{{user(), true}, {stale, false}, {frozen, false}, {token(user()), false}, {nil, false}, {token(user(), Scopes...), false}} {
			assert.Equal(t, c.want, p.Can(c.actor, "call", "Mutation.createApiToken", ""))
		}
	}
}
