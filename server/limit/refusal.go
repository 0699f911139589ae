package limit

import (
	"net/netip"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
)

// Refusal is the RATE_LIMITED that tells to wait, nil where there is nothing to wait for.
func Refusal(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	return fault.New(fault.RateLimited, "too many attempts, try again later").With("retryAfterSeconds", seconds(wait))
}

// seconds rounds up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// Network is what an address is counted under: itself, or the /64 of an IPv6 address, which one person has all of.
func Network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return addr.String()
	}
	return prefix.String()
}
