package routing

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/resourcepool/resourcepool/server/ids"
)

// recorded is how many of the best candidates a record keeps.
const recorded = 10

// Record is what is kept of a decision for admins. Numbers are kept to six decimals.
type Record struct {
	Chosen     ids.ID            `json:"chosen,omitempty"` // "" where nobody could serve
	Reason     Reason            `json:"reason,omitempty"`
	Candidates []Scored          `json:"candidates"` // the best ten, the chosen one first
	Eligible   int               `json:"eligible"`   // how many were scored, the ten included
	LeftOut    map[Exclusion]int `json:"left_out"`   // how many were left out for which reason
}

// Record returns what is kept of d.
func (d Decision) Record() Record {
	r := Record{
		Reason:     d.Reason,
		Candidates: make([]Scored, min(len(d.Order), recorded)),
		Eligible:   len(d.Order),
		LeftOut:    map[Exclusion]int{},
	}
	for i := range r.Candidates {
		r.Candidates[i] = d.Candidates[i].rounded()
	}
	r.Chosen, _ = d.Chosen()
	for _, c := range d.Candidates[len(d.Order):] {
		r.LeftOut[c.Excluded]++
	}
	return r
}

// rounded is s as it is kept.
func (s Scored) rounded() Scored {
	p := &s.Parts
	for _, x := range [...]*float64{&s.Score, &p.Expiring, &p.Cheapness, &p.Speed, &p.Success, &p.History, &p.Stability} {
		*x = math.Round(*x*1e6) / 1e6
	}
	s.combine()
	if len(s.Penalties) > 0 {
		s.Penalties = slices.Clone(s.Penalties)
		for i := range s.Penalties {
			s.Penalties[i].Factor = math.Round(s.Penalties[i].Factor*1e6) / 1e6
		}
	}
	return s
}

// combine makes cost, performance and reliability of their parts.
func (s *Scored) combine() {
	s.Cost = (s.Parts.Expiring + s.Parts.Cheapness) / 2
	s.Performance = (s.Parts.Speed + s.Parts.Success) / 2
	s.Reliability = (s.Parts.History + s.Parts.Stability) / 2
}

// JSON returns r as it is stored. It is written for every request, so it is short enough to stay in its row: a candidate is
// a list of its id, whether it is a backup, its score, its six parts, and its penalties by name.
//
//	{"chosen":"res_…","reason":"fastest","eligible":2,"left_out":{"cooling_down":1},
//	 "candidates":[["res_…",0,0.628,0,1,1,0.95,0.95,1,{"platform_owned":0.8}],…]}
func (r Record) JSON() json.RawMessage {
	b := append(make([]byte, 0, 96+len(r.Candidates)*128), '{')
	if r.Chosen != "" {
		b = append(strconv.AppendQuote(append(b, `"chosen":`...), string(r.Chosen)), ',')
	}
	if r.Reason != "" {
		b = append(strconv.AppendQuote(append(b, `"reason":`...), string(r.Reason)), ',')
	}
	b = strconv.AppendInt(append(b, `"eligible":`...), int64(r.Eligible), 10)
	b = append(b, `,"left_out":{`...)
	for i, why := range slices.Sorted(maps.Keys(r.LeftOut)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(strconv.AppendQuote(b, string(why)), ':'), int64(r.LeftOut[why]), 10)
	}
	b = append(b, `},"candidates":[`...)
	for i := range r.Candidates {
		if i > 0 {
			b = append(b, ',')
		}
		b = r.Candidates[i].append(b)
	}
	return append(b, "]}"...)
}

// append appends a candidate. Ids and names are of our own making: quoting them is no more than quotes.
func (s *Scored) append(b []byte) []byte {
	b = append(strconv.AppendQuote(append(b, '['), string(s.ID)), ",0"...)
	if s.Backup {
		b[len(b)-1] = '1'
	}
	p := &s.Parts
	for _, x := range [...]float64{s.Score, p.Expiring, p.Cheapness, p.Speed, p.Success, p.History, p.Stability} {
		b = strconv.AppendFloat(append(b, ','), x, 'f', -1, 64)
	}
	b = append(b, ",{"...)
	for i, p := range s.Penalties {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(append(strconv.AppendQuote(b, p.Name), ':'), p.Factor, 'f', -1, 64)
	}
	return append(b, "}]"...)
}

// UnmarshalRecord reads what JSON wrote, and what earlier versions did, which named each figure.
func UnmarshalRecord(b json.RawMessage) (Record, error) {
	var r struct {
		Record
		Candidates []candidate `json:"candidates"`
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return Record{}, fmt.Errorf("routing: a stored decision can't be read: %w", err)
	}
	r.Record.Candidates = make([]Scored, len(r.Candidates))
	for i, c := range r.Candidates {
		r.Record.Candidates[i] = Scored(c)
	}
	return r.Record, nil
}

// candidate is a Scored in either form.
type candidate Scored

// UnmarshalJSON reads a candidate.
func (c *candidate) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return json.Unmarshal(b, (*Scored)(c))
	}
	var backup int
	penalties := map[string]float64{}
	p := &c.Parts
	if err := json.Unmarshal(b, &[]any{&c.ID, &backup, &c.Score, &p.Expiring, &p.Cheapness, &p.Speed, &p.Success, &p.History, &p.Stability, &penalties}); err != nil {
		return err
	}
	c.Backup, c.Penalties = backup == 1, []Penalty{}
	(*Scored)(c).combine()
	for _, name := range penaltyNames {
		if f, ok := penalties[name]; ok {
			c.Penalties = append(c.Penalties, Penalty{name, f})
		}
	}
	return nil
}
