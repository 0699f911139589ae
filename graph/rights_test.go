package graph

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/gateway"
)

// asleep is a socket's timing by which it finds out nothing by itself.
func asleep(w *timing) { w.check = time.Hour }

func TestASocketIsToldThatSomethingChanged(t *testing.T) {
	for name, change := range map[string]struct {
		to   *access.Actor
		code int
	}{
		"the role":        {&access.Actor{ID: admin, Roles: []access.Role{access.User}, CustomRoles: []string{"WATCHER"}}, closeForbidden},
		"the custom role": {&access.Actor{ID: admin, Roles: []access.Role{access.User, access.Admin}}, closeForbidden},
		"the session":     {nil, closeUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			e.timing(asleep)
			e.people.set(admin, &access.Actor{ID: admin, Roles: []access.Role{access.User, access.Admin}, CustomRoles: []string{"WATCHER"}}, nil)
			url := e.listen(t)
			c, other := signIn(t, url, admin), signIn(t, url, tom)
			e.people.set(admin, change.to, nil)
			e.Recheck(tom)
			other.subscribe("v", `{ viewer { id } }`)
			other.want("next", "v")
			e.Recheck(admin)
			c.wantClose(change.code)
		})
	}
}

// A completion needs an account that is active, also while it runs; what does not goes on.
func TestWhatRunsEndsWithItsRight(t *testing.T) {
	e := newEdge(t)
	e.timing(asleep)
	ended := make(chan struct{})
	e.stream.stream = func(ctx context.Context) (<-chan gateway.Chunk, error) {
		pieces := make(chan gateway.Chunk, 1)
		pieces <- gateway.Chunk{Text: "a"}
		context.AfterFunc(ctx, func() { close(ended) })
		return pieces, nil
	}
	url := e.listen(t)
	reading, asking := signIn(t, url, tom), signIn(t, url, tom)
	reading.subscribe("w", walletQuery)
	reading.want("next", "w")
	asking.subscribe("c", completionQuery)
	asking.want("next", "c")

	e.people.set(tom, &access.Actor{ID: tom, Roles: []access.Role{access.User}, SessionID: "ses_tom", Frozen: true}, nil)
	e.Recheck("")
	asking.wantClose(closeForbidden)
	<-ended
	reading.subscribe("v", `{ viewer { id } }`)
	reading.want("next", "v")
}

// A right that came with a custom role goes when the role is another.
func TestWhatRunsEndsWhenARoleIsAnother(t *testing.T) {
	e := newEdge(t)
	e.timing(asleep)
	policy := e.sockets.policy.(*access.Policy)
	role := func(grants ...access.Grant) {
		changed, err := policy.Use([]access.CustomRole{{Name: "WATCHER", Grants: grants}})
		require.NoError(t, err)
		require.True(t, changed)
		e.Recheck("")
	}
	e.people.set(tom, &access.Actor{ID: tom, Roles: []access.Role{access.User}, CustomRoles: []string{"WATCHER"}, SessionID: "ses_tom"}, nil)
	role(access.Grant{Object: "Subscription.transactionFeed", Action: "call"}, access.Grant{Object: "Query.settings", Action: "call"})
	url := e.listen(t)
	watching, reading := signIn(t, url, tom), signIn(t, url, tom)
	reading.subscribe("w", walletQuery)
	reading.want("next", "w")
	watching.subscribe("f", `subscription { transactionFeed { cursor } }`)
	watching.subscribe("v", `{ viewer { id } }`)
	watching.want("next", "v")
	watching.want("complete", "v")

	role(access.Grant{Object: "Subscription.transactionFeed", Action: "call"})
	watching.subscribe("v", `{ viewer { id } }`)
	watching.want("next", "v")
	watching.want("complete", "v")
	role(access.Grant{Object: "Query.settings", Action: "call"})
	watching.wantClose(closeForbidden)
	reading.subscribe("v", `{ viewer { id } }`)
	reading.want("next", "v")
}
