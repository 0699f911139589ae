package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

const maxRequest = 32 << 20

// Call is a recorded call.
type Call struct {
	At     time.Time   `json:"at"`
	Key    string      `json:"key"`
	Path   string      `json:"path"`
	Body   string      `json:"body"`
	Header http.Header `json:"header"`
}

// call is one that has a key and is being answered.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	body    []byte // valid JSON, nil of a GET
	at      time.Time
	dialect dialect
	name    string // of the key
	key     *key
	fault   *Fault // nil where none is due, or it left nothing to do
	latency Latency
}

func (c *call) refuse(t trouble) { refuse(c.w, c.dialect, t) }

// wait is the latency of the first byte; false where the caller left meanwhile.
func (c *call) wait() bool { return pause(c.r, c.latency.FirstByte) }

// endpoint makes a handler of serve, which answers what is left to be answered of the calls on an endpoint.
func (s *Server) endpoint(on string, d dialect, serve func(*call)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{w: w, r: r, at: s.clock.Now(), dialect: d, name: d.credential(r)}
		if r.Method != http.MethodGet && !c.read() {
			return
		}
		if !s.enter(c, on) {
			return
		}
		defer s.end(c.key)
		if c.fault != nil {
			if c.fault.Kind != Stall && !pause(r, c.fault.Delay) {
				return
			}
			if c.fault.fail(c) {
				return
			}
		}
		serve(c)
	}
}

// enter takes a call: it finds the key, counts, records, and takes the fault that is due. Where it returns false, the call
// is answered already.
func (s *Server) enter(c *call, on string) bool {
	s.mu.Lock()
	k := s.keys[c.name]
	s.total.count(on)
	if s.opts.Recording > 0 {
		if len(s.calls) >= s.opts.Recording {
			s.calls = slices.Delete(s.calls, 0, len(s.calls)/4+1)
		}
		s.calls = append(s.calls, Call{At: c.at, Key: c.name, Path: c.r.URL.Path, Body: string(c.body), Header: c.r.Header.Clone()})
	}
	if k != nil {
		k.calls.count(on)
	}
	if k == nil || k.revoked {
		s.mu.Unlock()
		c.refuse(trouble{code: badKey, key: masked(c.name)})
		return false
	}
	admitted := k.begin()
	if admitted {
		c.fault = s.next(c.name, on)
	}
	c.key, c.latency = k, s.latency
	if k.spec.Latency != nil {
		c.latency = *k.spec.Latency
	}
	org := k.spec.Organization
	s.mu.Unlock()
	if org != "" {
		h := c.w.Header()
		h.Set("Openai-Organization", org)
		h.Set("Set-Cookie", "__cf_bm="+org+"; path=/; HttpOnly; Secure")
		h.Set("Cf-Ray", "9a1b2c3d4e5f6789-"+org)
		if _, ok := c.dialect.(anthropic); ok {
			h.Set("Anthropic-Organization-Id", org)
		}
	}
	if !admitted {
		c.refuse(trouble{code: tooFast, message: "Too many concurrent requests", retryAfter: time.Second})
	}
	return admitted
}

// model finds the price of a model; where it returns false, the call is answered already.
func (s *Server) model(c *call, name string) (Price, bool) {
	s.mu.Lock()
	price, ok := s.prices[name]
	s.mu.Unlock()
	if !ok || !c.key.may(name) {
		c.refuse(trouble{code: noModel})
		return Price{}, false
	}
	return price, true
}

// read reads a JSON body; where it returns false, the call is answered already.
func (c *call) read() bool {
	r, body := c.r, make([]byte, 0, min(max(c.r.ContentLength, 512)+1, maxRequest))
	var err error
	if r.ContentLength >= 0 && r.ContentLength < maxRequest {
		body = body[:r.ContentLength]
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(c.w, r.Body, maxRequest))
	}
	// gjson is the faster and recursive; a large body may be nested beyond the stack.
	valid := gjson.ValidBytes
	if len(body) > 64<<10 {
		valid = json.Valid
	}
	if err != nil || !valid(body) {
		c.refuse(trouble{code: unreadable, message: "We could not parse the JSON body of your request."})
		return false
	}
	c.body = body
	return true
}

// pause waits for d, and returns false where the caller left meanwhile.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // only a caller who left can't be answered
}

// Calls returns the recorded calls whose body holds text, oldest first; "" returns all.
func (s *Server) Calls(text string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls {
		if strings.Contains(c.Body, text) {
			out = append(out, c)
		}
	}
	return out
}
