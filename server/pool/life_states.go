package pool

import (
	"slices"

	"github.com/resourcepool/resourcepool/ent"
)

// Status is a state of a resource.
type Status string

// The states of a resource.
const (
	Active    Status = "ACTIVE"
	Paused    Status = "PAUSED"
	Suspended Status = "SUSPENDED"
	Depleted  Status = "DEPLETED"
	Expired   Status = "EXPIRED"
	Withdrawn Status = "WITHDRAWN"
)

// Suspender is who suspended a resource.
type Suspender string

// Who may suspend a resource.
const (
	ByProvider Suspender = "PROVIDER"
	ByMonitor  Suspender = "MONITOR"
	ByAdmin    Suspender = "ADMIN"
)

// state is a status and, of a SUSPENDED resource, by whom.
type state struct {
	status Status
	by     Suspender
}

func (s state) String() string {
	if s.by == "" {
		return string(s.status)
	}
	return string(s.status) + " by " + string(s.by)
}

func (s state) in(states []state) bool { return slices.Contains(states, s) }

func stateOf(r *ent.PoolResource) state {
	s := state{status: Status(r.Status)}
	if r.SuspendedBy != nil {
		s.by = Suspender(*r.SuspendedBy)
	}
	return s
}

var (
	active    = []state{{status: Active}}
	paused    = []state{{status: Paused}}
	lifted    = []state{{Suspended, ByAdmin}, {Suspended, ByMonitor}}                // by an admin's resume
	testable  = []state{{status: Active}, {status: Paused}, {Suspended, ByProvider}} // and where a key may be replaced
	refused   = []state{{Suspended, ByProvider}}
	refusable = []state{{status: Active}, {status: Paused}} // by the provider, in a request
	stoppable = []state{{status: Active}, {status: Paused}, {Suspended, ByProvider}, {Suspended, ByMonitor}}
	living    = append([]state{{Suspended, ByAdmin}}, stoppable...)
)
