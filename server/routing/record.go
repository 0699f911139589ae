package routing

import (
	"encoding/json"
	"fmt"

	"github.com/resourcepool/resourcepool/server/ids"
)

// recorded is how many of the best candidates a record keeps.
const recorded = 10

// Record is what is kept of a decision for admins. Its JSON is stored: fields may be added, none renamed.
type Record struct {
	Chosen     ids.ID            `json:"chosen,omitempty"` // "" where nobody could serve
	Reason     Reason            `json:"reason,omitempty"`
	Candidates []Scored          `json:"candidates"` // the best ten, the chosen one first
	Eligible   int               `json:"eligible"`   // how many were scored, the ten included
	LeftOut    map[Exclusion]int `json:"left_out"`   // how many were left out for which reason
}

// Record returns what is kept of d. It shares memory with d.
func (d Decision) Record() Record {
	r := Record{
		Reason:     d.Reason,
		Candidates: d.Candidates[:min(len(d.Order), recorded)],
		Eligible:   len(d.Order),
		LeftOut:    map[Exclusion]int{},
	}
	r.Chosen, _ = d.Chosen()
	for _, c := range d.Candidates[len(d.Order):] {
		r.LeftOut[c.Excluded]++
	}
	return r
}

// JSON returns r as it is stored.
func (r Record) JSON() (json.RawMessage, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("routing: a decision can't be written: %w", err)
	}
	return b, nil
}

// UnmarshalRecord reads what JSON wrote.
func UnmarshalRecord(b json.RawMessage) (Record, error) {
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return Record{}, fmt.Errorf("routing: a stored decision can't be read: %w", err)
	}
	return r, nil
}
