package provider

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/resourcepool/resourcepool/server/fault"
)

// ValidateBaseURL returns the address that an admin named, in the form in which it is kept: https at port 443 of a public
// host, without credentials, query and fragment, and without a slash at its end. Names are judged by what they resolve to
// at every connection, not here. It returns a BadUserInput on "baseUrl".
func ValidateBaseURL(raw string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Scheme != "https" || u.Opaque != "" {
		return "", fault.Invalid("baseUrl", "the address must be an https:// URL")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", fault.Invalid("baseUrl", "the address can't have credentials, a query or a fragment")
	}
	if port := u.Port(); strings.HasSuffix(u.Host, ":") || (port != "" && port != "443") {
		return "", fault.Invalid("baseUrl", "the address must use port 443")
	}
	host := strings.ToLower(u.Hostname())
	if !publicHost(host) {
		return "", fault.Invalid("baseUrl", "the address must be a public host")
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	if len(path) > 200 || strings.Contains(path, "..") {
		return "", fault.Invalid("baseUrl", "the address has an unusable path")
	}
	return "https://" + host + path, nil
}

// Address returns where an admin's key of p is sent: raw in the form of ValidateBaseURL, at a host and a path that p can
// have. For Azure any page of the resource will do: the API's path is known. It returns a BadUserInput on "baseUrl".
func (p *Provider) Address(raw string) (string, error) {
	address, err := ValidateBaseURL(raw)
	if err != nil || len(p.hosts) == 0 {
		return address, err
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(address, "https://"), "/")
	if !slices.ContainsFunc(p.hosts, func(end string) bool { return strings.HasSuffix(host, end) }) {
		return "", fault.Invalid("baseUrl", "the address of %s must be a host that ends with %s", p.Name, strings.Join(p.hosts, " or "))
	}
	return "https://" + host + p.path, nil
}

// publicHost refuses what names this machine or its network by itself. A host whose last label looks like a number is an
// address to some resolvers (127.1, 2130706433, 0x7f.1), so it must be a plain public one.
func publicHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == "" && publicAddr(ip)
	}
	if len(host) > 253 || !strings.Contains(host, ".") {
		return false
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	if _, err := strconv.ParseUint(last, 0, 64); err == nil || last[0] >= '0' && last[0] <= '9' {
		return false
	}
	switch last {
	case "localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "onion", "test", "invalid", "example":
		return false
	}
	return true
}

var reserved = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	// Of IPv6 only 2000::/3 is public, less what embeds another address or leads nowhere.
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var global6 = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func publicAddr(ip netip.Addr) bool {
	ip = ip.Unmap()
	if ip.Is6() && !global6.Contains(ip) {
		return false
	}
	for _, p := range reserved {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// errBlocked ends a connection to an address that is not public.
var errBlocked = errors.New("provider: the host resolves to an address that is not public")

// publicOnly runs at every connection, after the name was resolved: what a name meant when it was saved does not count.
func publicOnly(_, address string, _ syscall.RawConn) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port != "443" {
		return errBlocked
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" || !publicAddr(ip) {
		return errBlocked
	}
	return nil
}
