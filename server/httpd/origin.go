package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// origins are the hosts that this server is reached at and the origins of pages that may call it.
type origins struct {
	hosts   map[string]bool
	origins map[string]bool // "https://host:port"
	foreign map[string]bool // those of them that are not ours: they need CORS
}

// newOrigins takes the public address. One on the loopback has the names of the loopback too: people type localhost.
func newOrigins(public *url.URL, further []string) origins {
	o := origins{hosts: map[string]bool{}, origins: map[string]bool{}, foreign: map[string]bool{}}
	for _, host := range aliases(public) {
		o.hosts[host] = true
		o.origins[public.Scheme+"://"+host] = true
	}
	for _, origin := range further {
		origin = strings.ToLower(origin)
		if !o.origins[origin] {
			o.origins[origin], o.foreign[origin] = true, true
		}
	}
	return o
}

func aliases(public *url.URL) []string {
	host := canonical(public.Scheme, public.Host)
	name, port := public.Hostname(), public.Port()
	ip, err := netip.ParseAddr(name)
	if name != "localhost" && (err != nil || !ip.IsLoopback() && !ip.IsUnspecified()) {
		return []string{host}
	}
	out := []string{host}
	for _, alias := range []string{"localhost", "127.0.0.1", "::1"} {
		if alias = net.JoinHostPort(alias, port); port == "" {
			alias = strings.TrimSuffix(alias, ":")
		}
		out = append(out, canonical(public.Scheme, alias))
	}
	return out
}

// canonical writes a host in lower case and without the scheme's own port, as browsers do.
func canonical(scheme, host string) string {
	host = strings.ToLower(host)
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// host reports whether the request was meant for this server: a page that had its name point here was not.
func (o origins) host(r *http.Request) bool {
	return o.hosts[strings.ToLower(r.Host)] || o.hosts[canonical("http", r.Host)] || o.hosts[canonical("https", r.Host)]
}

func (o origins) allowed(r *http.Request) bool {
	return o.origins[strings.ToLower(r.Header.Get("Origin"))]
}

// misdirected refuses requests for other hosts.
func (s *Server) misdirected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.origins.host(r) {
			s.refuse(w, r, http.StatusMisdirectedRequest, "this server is not reached under that name")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// crossOrigin refuses what pages of other origins send, and tells the browsers of allowed ones that they may.
func (s *Server) crossOrigin(next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for origin := range s.origins.origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusForbidden, "pages of this origin may not call this server")
	}))
	protected := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		origin := strings.ToLower(r.Header.Get("Origin"))
		if s.origins.foreign[origin] {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Expose-Headers", "X-Request-Id, RateLimit-Policy, RateLimit, Retry-After")
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				h.Set("Access-Control-Allow-Methods", "POST")
				h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization")
				h.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		protected.ServeHTTP(w, r)
	}), nil
}
