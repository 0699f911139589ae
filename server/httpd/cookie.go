package httpd

import (
	"net/http"
	"net/url"
	"time"
)

// cookie is the session's. Where people use https it is bound to the host by its name.
type cookie struct {
	name   string
	secure bool
}

func newCookie(public *url.URL) cookie {
	if public.Scheme == "https" {
		return cookie{name: "__Host-pool_session", secure: true}
	}
	return cookie{name: "pool_session"}
}

func (c cookie) read(r *http.Request) string {
	got, err := r.Cookie(c.name)
	if err != nil {
		return ""
	}
	return got.Value
}

func (c cookie) set(w http.ResponseWriter, secret string, expiresAt time.Time) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure is set where people use https
		Name: c.name, Value: secret, Path: "/", Expires: expiresAt, HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c cookie) clear(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // likewise
		Name: c.name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}
