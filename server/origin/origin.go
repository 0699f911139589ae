// Package origin says where what is done comes from: it goes with a context from the edge that took a request to the logs
// that tell of it. What has none is done by the platform itself. Imports: ids.
package origin

import (
	"context"
	"strings"

	"github.com/resourcepool/resourcepool/server/ids"
)

// maxUserAgent bounds what is kept of a User-Agent, in bytes.
const maxUserAgent = 256

// Origin is who sent a request, and from where.
type Origin struct {
	Request   ids.ID // the id that the answer names, "" on a WebSocket
	Actor     ids.ID // a user, "" where nobody is signed in
	Session   ids.ID // signed in by a session
	Token     ids.ID // or by an API token
	IP        string // as far as proxies are trusted
	UserAgent string
}

type key struct{}

// With returns a context that carries the origin. Of the User-Agent no more is kept than a line.
func With(ctx context.Context, o Origin) context.Context {
	o.UserAgent = line(o.UserAgent)
	return context.WithValue(ctx, key{}, o)
}

// From returns the origin of the context, the zero value where there is none.
func From(ctx context.Context) Origin {
	o, _ := ctx.Value(key{}).(Origin)
	return o
}

// line makes what a client sent printable, and short.
func line(s string) string {
	if len(s) > maxUserAgent {
		s = s[:maxUserAgent]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
