package account

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
)

const maxNetworks = 50

// Period is how often a spend limit begins anew, in UTC.
type Period string

// The periods. Weeks begin on Monday.
const (
	Day   Period = "DAY"
	Week  Period = "WEEK"
	Month Period = "MONTH"
)

// Scopes are those of a token, nil where it has no fewer than others.
func Scopes(t *ent.APIToken) []access.Scope {
	if t.Scopes == nil {
		return nil
	}
	out := make([]access.Scope, len(t.Scopes))
	for i, s := range t.Scopes {
		out[i] = access.Scope(s)
	}
	return out
}

// parseScopes returns the scopes of a token, each once; nil for all.
func parseScopes(field string, scopes []access.Scope) ([]string, error) {
	if scopes == nil {
		return nil, nil
	}
	var out []string
	for _, s := range scopes {
		if !slices.Contains(access.Scopes, s) {
			return nil, fault.Invalid(field, "%q is no scope", s)
		}
		if !slices.Contains(out, string(s)) {
			out = append(out, string(s))
		}
	}
	if out == nil {
		return nil, fault.Invalid(field, "name some scopes, or leave them out for all")
	}
	return out, nil
}

// parseNetworks returns prefixes in the form in which they are compared, each once; nil for everywhere.
func parseNetworks(field string, networks []string) ([]string, error) {
	if networks == nil {
		return nil, nil
	}
	if len(networks) == 0 || len(networks) > maxNetworks {
		return nil, fault.Invalid(field, "name 1 to %d networks, or leave them out for all", maxNetworks)
	}
	var out []string
	for _, n := range networks {
		p, ok := parseNetwork(strings.TrimSpace(n))
		if !ok {
			return nil, fault.Invalid(field, "a network is an address or a prefix, such as 192.0.2.0/24 or 2001:db8::/32")
		}
		if !slices.Contains(out, p.String()) {
			out = append(out, p.String())
		}
	}
	return out, nil
}

// parseNetwork reads an address or a prefix. One of IPv4 addresses that are written as IPv6 ones is of IPv4.
func parseNetwork(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, false
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// within reports whether an address is in one of the networks. One that can't be read is in none.
func within(networks []netip.Prefix, ip string) bool {
	a, err := netip.ParseAddr(ip)
	return err == nil && slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a.Unmap().WithZone("")) })
}
