package sandbox

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/money"
)

const (
	noQuota    = "You exceeded your current quota, please check your plan and billing details."
	maxRequest = 32 << 20
)

// Call is a recorded call.
type Call struct {
	At     time.Time   `json:"at"`
	Key    string      `json:"key"`
	Path   string      `json:"path"`
	Body   string      `json:"body"`
	Header http.Header `json:"header"`
}

// enter takes a call: it finds the key, counts, records, and takes the fault that is due. Where it returns nil, the call is
// answered already.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, on string, body []byte) (*key, *Fault, Latency) {
	name, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	k := s.keys[name]
	s.total.count(on)
	if s.opts.Recording > 0 {
		if len(s.calls) >= s.opts.Recording {
			s.calls = slices.Delete(s.calls, 0, len(s.calls)/4+1)
		}
		s.calls = append(s.calls, Call{At: s.clock.Now(), Key: name, Path: r.URL.Path, Body: string(body), Header: r.Header.Clone()})
	}
	if k == nil || k.revoked {
		if k != nil {
			k.calls.count(on)
		}
		s.mu.Unlock()
		problem(w, http.StatusUnauthorized, "invalid_request_error", "invalid_api_key", "Incorrect API key provided: "+masked(name)+".")
		return nil, nil, Latency{}
	}
	k.calls.count(on)
	fault := s.next(name, on)
	latency := s.latency
	if k.spec.Latency != nil {
		latency = *k.spec.Latency
	}
	org := k.spec.Organization
	s.mu.Unlock()
	if org != "" {
		w.Header().Set("Openai-Organization", org)
	}
	if fault != nil {
		if !pause(r, fault.Delay) || fault.fail(w, name) {
			return nil, nil, Latency{}
		}
	}
	return k, fault, latency
}

func (c *Counts) count(on string) {
	switch on {
	case "models":
		c.Models++
	case "balance":
		c.Balances++
	case "chat":
		c.Chats++
	case "embeddings":
		c.Embeddings++
	}
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

// spend takes a call's cost from the key's account. Where nothing is left it refuses, and takes nothing.
func (s *Server) spend(k *key, cost money.USD) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.account.used >= k.account.quota {
		return false
	}
	k.account.used += cost
	k.used += cost
	k.calls.Served++
	s.total.Served++
	return true
}

func (s *Server) left(k *key) money.USD {
	s.mu.Lock()
	defer s.mu.Unlock()
	return k.account.quota - k.account.used
}

func (s *Server) price(model string) (Price, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.prices[model]
	return p, ok
}

func (s *Server) serveModels(w http.ResponseWriter, r *http.Request) {
	k, _, latency := s.enter(w, r, "models", nil)
	if k == nil || !pause(r, latency.FirstByte) {
		return
	}
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	list := []model{}
	s.mu.Lock()
	for _, name := range slices.Sorted(maps.Keys(s.prices)) {
		if k.may(name) {
			list = append(list, model{name, "model", 1700000000, "sandbox"})
		}
	}
	s.mu.Unlock()
	reply(w, map[string]any{"object": "list", "data": list})
}

// serveBalance answers as DeepSeek does.
func (s *Server) serveBalance(w http.ResponseWriter, r *http.Request) {
	k, _, latency := s.enter(w, r, "balance", nil)
	if k == nil || !pause(r, latency.FirstByte) {
		return
	}
	left := max(s.left(k), 0)
	currency := k.spec.Currency
	if currency == "" {
		currency = "USD"
	}
	reply(w, map[string]any{"is_available": left > 0, "balance_infos": []any{
		map[string]any{"currency": currency, "total_balance": left.String(), "granted_balance": "0", "topped_up_balance": left.String()},
	}})
}

func (s *Server) serveEmbeddings(w http.ResponseWriter, r *http.Request) {
	body, ok := read(w, r)
	if !ok {
		return
	}
	k, _, latency := s.enter(w, r, "embeddings", body)
	if k == nil || !pause(r, latency.FirstByte) {
		return
	}
	model, price, ok := s.model(w, k, body)
	if !ok {
		return
	}
	texts := gjson.GetBytes(body, "input").Array()
	if len(texts) == 0 || len(texts) > 2048 {
		problem(w, http.StatusBadRequest, "invalid_request_error", "invalid_value", "'input' must be a text or a list of texts")
		return
	}
	size := 1536
	if d := gjson.GetBytes(body, "dimensions"); d.Exists() {
		if size = int(d.Int()); size < 1 || size > 4096 {
			problem(w, http.StatusBadRequest, "invalid_request_error", "invalid_value", "'dimensions' is out of range")
			return
		}
	}
	var tokens int64
	b := []byte(`{"object":"list","data":[`)
	for i, t := range texts {
		if t.Type != gjson.String {
			problem(w, http.StatusBadRequest, "invalid_request_error", "invalid_value", "'input' must be a text or a list of texts")
			return
		}
		tokens += max(textTokens(t.Str), 1)
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, `{"object":"embedding","index":`...), strconv.Itoa(i)...), `,"embedding":[`...)
		b = append(appendVector(b, t.Str, size), `]}`...)
	}
	cost, err := money.Price(money.Line[money.USD]{Tokens: tokens, PerMillion: price.Input})
	if err != nil || !s.spend(k, cost) {
		problem(w, http.StatusTooManyRequests, "insufficient_quota", "insufficient_quota", noQuota)
		return
	}
	count := strconv.FormatInt(tokens, 10)
	b = append(b, `],"model":`...)
	b = gjson.AppendJSONString(b, model)
	b = append(b, `,"usage":{"prompt_tokens":`+count+`,"total_tokens":`+count+`}}`...)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}

// model finds the model of a request; where it returns false, the call is answered already.
func (s *Server) model(w http.ResponseWriter, k *key, body []byte) (string, Price, bool) {
	name := gjson.GetBytes(body, "model").String()
	price, ok := s.price(name)
	if !ok || !k.may(name) {
		problem(w, http.StatusNotFound, "invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it.")
		return "", Price{}, false
	}
	return name, price, true
}

// read reads a JSON body; where it returns false, the call is answered already.
func read(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body := make([]byte, 0, min(max(r.ContentLength, 512)+1, maxRequest))
	var err error
	if r.ContentLength >= 0 && r.ContentLength < maxRequest {
		body = body[:r.ContentLength]
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	}
	// gjson is the faster and recursive; a large body may be nested beyond the stack.
	valid := gjson.ValidBytes
	if len(body) > 64<<10 {
		valid = json.Valid
	}
	if err != nil || !valid(body) {
		problem(w, http.StatusBadRequest, "invalid_request_error", "", "We could not parse the JSON body of your request.")
		return nil, false
	}
	return body, true
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
